"""One owner at a time: a lock the kernel drops with its process, beside a note of who holds it."""

import errno
import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from helpdesk.errors import Conflict


@dataclass(frozen=True)
class Note:
    """What others may read about the owner."""

    pid: int
    port: int | None = None
    socket: str | None = None


class AlreadyRunning(Conflict):
    """Another process keeps this data directory; `pid` and `port` are its own where it told them."""

    def __init__(self, folder: Path, note: Note | None) -> None:
        who = f"process {note.pid}" if note else "another process"
        where = f", serving on port {note.port}" if note and note.port else ""
        super().__init__("already_running", f"{who} already keeps the database in {folder}{where}.")
        self.pid = note.pid if note else None
        self.port = note.port if note else None


class OwnerLock:
    """flock, not a pid file: after kill -9 nothing is left that could be mistaken for an owner."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None

    def take(self) -> Note | None:
        """Become the owner, or raise AlreadyRunning. Answers with the note the last owner left."""
        descriptor = os.open(self._folder / "owner.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as failure:
            os.close(descriptor)
            if failure.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            raise AlreadyRunning(self._folder, _read(self._folder)) from None
        self._file = descriptor
        return _read(self._folder)

    def write(self, note: Note) -> None:
        assert self._file is not None
        text = json.dumps(asdict(note)).encode()
        os.pwrite(self._file, text, 0)
        os.ftruncate(self._file, len(text))

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def current_owner(folder: Path) -> Note | None:
    """Who keeps this folder now, if anybody does."""
    lock = OwnerLock(folder)
    try:
        lock.take()
    except AlreadyRunning:
        return _read(folder)
    except OSError:
        return None
    lock.release()
    return None


def _read(folder: Path) -> Note | None:
    try:
        fields: dict[str, Any] = json.loads((folder / "owner.lock").read_bytes())
        return Note(**fields)
    except (OSError, ValueError, TypeError):
        return None
