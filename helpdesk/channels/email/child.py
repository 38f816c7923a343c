"""Reads mail in child processes, killed when they take too long or too much: poison stops nobody."""

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

from helpdesk.channels.email import child_main
from helpdesk.channels.email.mail import Mail, unpack
from helpdesk.errors import Invalid, Unavailable

WALL_SECONDS = 10.0
MEMORY = 1024 * 1024 * 1024
WIDE_SECONDS = 60.0
WIDE_MEMORY = 3 * 1024 * 1024 * 1024
"""For a mail that an administrator wants read again."""

_MAILS_PER_CHILD = 2000
_START_SECONDS = 30.0
_ROOT = str(Path(child_main.__file__).parents[3])


class Readers:
    """A small pool, started as needed. `read_safely` may be called by any number of tasks at once.

    `checks`: which proofs of the sender are sought, dkim and arc; both ask the DNS.
    """

    def __init__(
        self,
        size: int = 2,
        *,
        wall_seconds: float = WALL_SECONDS,
        memory: int = MEMORY,
        module: str = child_main.__name__,
        checks: tuple[str, ...] = (),
    ) -> None:
        self._free = asyncio.Semaphore(size)
        self._idle: list[_Child] = []
        self._wall_seconds = wall_seconds
        self._memory = memory
        self._module = module
        self._checks = checks
        self._closed = False
        self._busy = 0

    async def read_safely(self, raw: bytes, *, wide: bool = False) -> Mail:
        """Invalid("mail_took_too_long") or Invalid("unreadable_mail") for what must go to quarantine.

        `wide` gives it a child of its own, with more time and memory.
        """
        if wide:
            return await self._read_widely(raw)
        if self._closed:
            raise Unavailable("readers_closed")
        async with self._free:
            child = self._idle.pop() if self._idle else await self._start()
            self._busy += 1
            try:
                async with asyncio.timeout(self._wall_seconds):
                    kind, answer = await child.ask(raw)
            except TimeoutError:
                await child.kill()
                raise Invalid("mail_took_too_long", f"more than {self._wall_seconds:g} s") from None
            except (asyncio.IncompleteReadError, ConnectionError, BrokenPipeError):
                await child.kill()
                raise Invalid("unreadable_mail", "the reader died of it") from None
            except BaseException:
                await child.kill()
                raise
            finally:
                self._busy -= 1
            await self._keep(child)
        if kind != child_main.READ:
            raise Invalid("unreadable_mail", answer.decode("utf-8", "replace"))
        return unpack(answer)

    async def _read_widely(self, raw: bytes) -> Mail:
        alone = Readers(
            1,
            wall_seconds=WIDE_SECONDS,
            memory=WIDE_MEMORY,
            module=self._module,
            checks=self._checks,
        )
        try:
            return await alone.read_safely(raw)
        finally:
            await alone.close()

    @property
    def busy(self) -> int:
        """How many mails are with a child just now."""
        return self._busy

    async def close(self) -> None:
        """Idle children end; those at work end with the tasks that wait for them."""
        self._closed = True
        while self._idle:
            await self._idle.pop().kill()

    async def _start(self) -> "_Child":
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", self._module, str(self._memory), str(int(self._wall_seconds) + 5),
            *self._checks,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            env={"PYTHONPATH": _ROOT, "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "random"},  # none of our secrets
        )  # fmt: skip
        child = _Child(process)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await child.answer()
        except (TimeoutError, asyncio.IncompleteReadError) as failure:
            await child.kill()
            raise Unavailable("mail_reader_not_started") from failure
        except BaseException:
            await child.kill()
            raise
        return child

    async def _keep(self, child: "_Child") -> None:
        if self._closed or child.asked >= _MAILS_PER_CHILD:
            await child.kill()
        else:
            self._idle.append(child)


class _Child:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._in, self._out = process, process.stdin, process.stdout
        self.asked = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ask(self, raw: bytes) -> tuple[bytes, bytes]:
        self.asked += 1
        self._in.write(len(raw).to_bytes(4, "big"))
        self._in.write(raw)
        await self._in.drain()
        return await self.answer()

    async def answer(self) -> tuple[bytes, bytes]:
        head = await self._out.readexactly(5)
        size = int.from_bytes(head[:4], "big")
        return head[4:], await self._out.readexactly(size)

    async def kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        self._in.close()
        await asyncio.shield(self._process.wait())
