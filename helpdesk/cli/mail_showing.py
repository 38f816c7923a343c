"""`helpdesk mail show`: how mails are read, every field as JSON, without a database or a server."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from helpdesk.channels.email import fields
from helpdesk.channels.email.child import Readers
from helpdesk.cli.mail_import import files_in, is_mbox, mails_of
from helpdesk.errors import Invalid

STANDARD_INPUT = Path("-")
_LAID_OUT = orjson.OPT_UTC_Z | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
_IN_A_LINE = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE


async def show_mails(sources: Sequence[Path], out: BinaryIO) -> None:
    """A single mail laid out; of a folder, an mbox file or several sources each mail in a line of its own,
    with its `file`. One that would be set aside in quarantine says why in `error`."""
    is_single = len(sources) == 1 and not sources[0].is_dir() and not is_mbox(sources[0])
    readers = Readers(1)
    try:
        for name, raw in _mails(sources):
            told = await _read(readers, raw)
            line = told if is_single else {"file": name} | told
            out.write(orjson.dumps(line, option=_LAID_OUT if is_single else _IN_A_LINE))
            out.flush()
    finally:
        await readers.close()


async def _read(readers: Readers, raw: bytes) -> dict[str, Any]:
    try:
        return fields.of(await readers.read_safely(raw))
    except Invalid as failure:
        return {"error": failure.code, "detail": failure.detail}


def _mails(sources: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    """Errors: Invalid for a source that is not there."""
    for source in sources:
        if source == STANDARD_INPUT:
            yield "-", sys.stdin.buffer.read()
            continue
        for path in files_in(source):
            for raw in mails_of(path):
                yield str(path), raw
