"""The child process that reads mail: raw bytes in, a packed `Mail` out, until its pipe closes."""

import gc
import os
import resource
import signal
import sys
from dataclasses import replace

from helpdesk.channels.email.authentication import sealed, signed_by
from helpdesk.channels.email.mail import pack
from helpdesk.channels.email.reader import read

_NICENESS = 5
"""Whoever waits for an answer on a page goes first."""

READY, READ, REFUSED = b"\x00", b"\x01", b"\x02"


def main(memory: int, seconds: int, *, checks: frozenset[str] = frozenset()) -> None:
    """`seconds` is a second line of defence: should the parent die, nobody else would stop a runaway."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(_NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    _answer(sink, READY, b"")
    while len(head := source.read(4)) == 4:
        raw = source.read(int.from_bytes(head, "big"))
        signal.alarm(seconds)
        kind, answer = _read(raw, checks)
        signal.alarm(0)
        _answer(sink, kind, answer)


def _read(raw: bytes, checks: frozenset[str]) -> tuple[bytes, bytes]:
    try:
        mail = read(raw)
        if "dkim" in checks:
            mail = replace(mail, signed_by=signed_by(raw))
        if "arc" in checks:
            sealers, results = sealed(raw)
            mail = replace(mail, sealed_by=sealers, sealed_results=results)
        return READ, pack(mail)
    except MemoryError:
        gc.collect()
        return REFUSED, b"MemoryError"
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the next mail
        return REFUSED, f"{type(error).__name__}: {error}"[:500].encode("utf-8", "replace")


def _answer(sink: object, kind: bytes, answer: bytes) -> None:
    write = sink.write  # type: ignore[attr-defined]
    write(len(answer).to_bytes(4, "big") + kind)
    write(answer)
    sink.flush()  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), checks=frozenset(sys.argv[3:]))
