"""Keeps several processes running: starts again what ended, stops them all together, and none outlives it."""

import gc
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from threading import Thread
from types import FrameType
from typing import Any, Self

import structlog

from helpdesk.storage.embedded.leash import die_with_parent

log = structlog.get_logger(__name__)

LOOK_EVERY = 0.2
"""Seconds between two looks whether everybody is still there."""

PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0)
"""Seconds before a process that did not come up is tried again, growing to the last."""


@dataclass(frozen=True)
class Program:
    """A function of a module, run in a process of its own. It is told how to say that it serves."""

    name: str
    run: Callable[..., None]
    arguments: tuple[Any, ...]


class Supervisor:
    """Its processes are forked off one that has loaded `modules` and nothing else has happened in: one that
    was killed is back in a moment, not after seconds of imports."""

    def __init__(self, programs: Sequence[Program], modules: Sequence[str], *, grace: float) -> None:
        """Without `modules` they are forked off this process itself: it must have no threads and no loop."""
        server, forking = get_context("forkserver"), get_context("fork")
        if modules:
            server.set_forkserver_preload(list(modules))
        self._told, self._tell = forking.Pipe(duplex=False)

        def make(program: Program) -> BaseProcess:
            if modules:
                return server.Process(target=_begin, args=(program, self._tell, signal.SIGTERM))
            return forking.Process(target=_begin, args=(program, self._tell, signal.SIGKILL))

        self._children = {program.name: _Child(program, make) for program in programs}
        self._grace = grace
        self._stopping = False

    def run(self, ready: Callable[[], None]) -> None:
        """Until SIGTERM or SIGINT. `ready` is called once every process has said that it serves."""
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        missing = set(self._children)
        try:
            while not self._stopping:
                for child in self._children.values():
                    child.keep_running()
                if wait([self._told], LOOK_EVERY):
                    name = self._told.recv()
                    self._children[name].came_up()
                    if missing == {name}:
                        ready()
                    missing.discard(name)
        finally:
            self._end()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _end(self) -> None:
        """Everybody is asked at once; who is not done after the grace is killed."""
        for child in self._children.values():
            child.ask_to_end()
        until = time.monotonic() + self._grace
        for child in self._children.values():
            child.wait(max(0.0, until - time.monotonic()))


class _Child:
    def __init__(self, program: Program, make: Callable[[Program], BaseProcess]) -> None:
        self.name = program.name
        self._program, self._make = program, make
        self._process: BaseProcess | None = None
        self._failures = 0
        self._not_before = 0.0

    def keep_running(self) -> None:
        if self._process is not None and self._process.is_alive():
            return
        now = time.monotonic()
        if self._process is not None:
            pause = PAUSES[min(self._failures, len(PAUSES) - 1)]
            log.warning("process_ended", name=self.name, code=self._process.exitcode, again_in=pause)
            self._failures += 1
            self._not_before = now + pause
            self._process.close()
            self._process = None
        if now >= self._not_before:
            self._process = self._make(self._program)
            self._process.start()

    def came_up(self) -> None:
        self._failures = 0

    def ask_to_end(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def wait(self, seconds: float) -> None:
        """What it has not finished by then it takes up again at its next start."""
        if self._process is None:
            return
        self._process.join(seconds)
        if self._process.is_alive():
            log.warning("process_killed", name=self.name)
            self._process.kill()
            self._process.join()


class Companion:
    """A program kept running beside this process, which stays free for what it does itself.

    To be made before there are threads, a loop or connections here: it is forked, and shares what is loaded.
    A process between the two starts the program again when it ends. All end at once if this one is killed.
    """

    def __init__(self, name: str, run: Callable[..., None], *, grace: float) -> None:
        context = get_context("fork")
        self._pipe, theirs = context.Pipe()
        self._grace = grace
        self._process = context.Process(target=_tend, args=(name, run, theirs, self._pipe, grace), name=name)
        gc.freeze()  # or the collector's marks would copy every page that both could share
        self._process.start()
        gc.unfreeze()
        theirs.close()

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def begin(self, *arguments: Any, within: float) -> bool:
        """Whether it serves after so many seconds; it goes on trying."""
        self._pipe.send(arguments)
        return self._pipe.poll(within) and self.is_alive

    def ask_to_end(self) -> None:
        self._process.terminate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.end()

    def end(self) -> None:
        """Asked, and waited for: what it works with may go then."""
        self.ask_to_end()
        self._process.join(self._grace * 1.5)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _tend(name: str, run: Callable[..., None], told: Connection, other: Connection, grace: float) -> None:
    """In the process between: waits for what the program needs, then keeps it running."""
    other.close()
    _die_with_parent(signal.SIGKILL)
    try:
        arguments = told.recv()
    except (EOFError, KeyboardInterrupt):
        return
    program = Program(name, run, arguments)
    Supervisor([program], [], grace=grace).run(lambda: told.send(True))


def _die_with_parent(number: signal.Signals) -> None:
    follow = die_with_parent(number, os.getppid())
    if follow is not None:
        follow()


def _begin(program: Program, tell: Connection, last: signal.Signals) -> None:
    """In the new process. It ends with the one it was forked off, and with the supervisor."""
    _die_with_parent(last)
    Thread(target=_follow_supervisor, name="supervisor", daemon=True).start()
    program.run(*program.arguments, lambda: tell.send(program.name))


def _follow_supervisor() -> None:
    supervisor = parent_process()
    if supervisor is not None:
        supervisor.join()
        os.kill(os.getpid(), signal.SIGTERM)
