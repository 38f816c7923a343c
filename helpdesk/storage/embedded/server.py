"""The bundled database as the rest of the program sees it: start, an address, stop."""

import errno
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from helpdesk.errors import Unavailable
from helpdesk.storage.embedded import cluster as files
from helpdesk.storage.embedded.account import (
    Account,
    Say,
    account_for,
    name_of_owner,
    reachable_binaries,
    reachable_folder,
)
from helpdesk.storage.embedded.owner import Note, OwnerLock, current_owner
from helpdesk.storage.embedded.postmaster import Postmaster, end_leftover

PORT = 5432
"""Only a part of the socket's name: nothing listens on TCP."""
SOCKET_PATH = re.compile(rb"[A-Za-z0-9/._-]{1,80}")
"""The kernel takes 107 bytes with the file's name; commas and colons make a list."""


_log = logging.getLogger("helpdesk.database")


class EmbeddedDatabase:
    """PostgreSQL in `data_dir`, for one owner at a time. Calls block: from asyncio use to_thread.

    `port` is where the owner serves people; it is told to whoever tries to be a second owner.
    `say` gets one plain sentence for each thing an administrator should know.
    """

    def __init__(self, data_dir: Path, *, port: int | None = None, say: Say = _log.warning) -> None:
        self._asked = data_dir
        self._port = port
        self._say = say
        self._lock: OwnerLock | None = None
        self._postmaster: Postmaster | None = None
        self._socket: Path | None = None

    def start(self) -> str:
        """Its SQLAlchemy URL, once it accepts connections; makes the cluster on the first start."""
        try:
            with _plain_errors(self._asked):
                return self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Finish what is running and close the files in order; safe to call twice."""
        if self._postmaster is not None:
            self._postmaster.stop()
            self._postmaster = None
        if self._socket is not None:
            _remove_private(self._socket)
            self._socket = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        if self._socket is None:
            raise Unavailable("database_not_running", "The bundled database has not been started.")
        return _url(self.folder, self._socket)

    @property
    def folder(self) -> Path:
        """Where its files are: `data_dir`, unless root's lent account could not enter that."""
        return _home(self._asked)

    def _start(self) -> str:
        asked = self._asked.absolute()
        asked.mkdir(parents=True, exist_ok=True)
        folder = _home(asked)
        account = account_for(folder / "cluster")
        folder = reachable_folder(folder, account, self._say)
        if folder != asked and not (asked / "location").exists():
            (asked / "location").write_text(str(folder))

        self._lock = OwnerLock(folder)
        before = self._lock.take()
        self._lock.write(Note(os.getpid(), self._port))
        if before is not None and before.socket is not None:
            _remove_private(Path(before.socket))

        programs = reachable_binaries(files.binaries(), account, self._say)
        if (folder / "cluster").exists():
            files.check_owner(folder / "cluster", account)
            end_leftover(folder / "cluster", self._say)
        cluster = files.prepare(folder, programs, account)
        self._socket = _socket_folder(folder, account)
        command: list[str | Path] = [programs / "postgres", "-D", cluster, "-c", "listen_addresses="]
        command += ["-k", self._socket, "-p", str(PORT)]
        self._postmaster = Postmaster(command, cluster, account, self._say)
        self._postmaster.start()
        self._lock.write(Note(os.getpid(), self._port, str(self._socket)))
        return _url(folder, self._socket)


def url_of_running(data_dir: Path) -> str | None:
    """The URL of the database another process keeps there now, for commands run beside a server."""
    if not data_dir.is_dir():
        return None
    folder = _home(data_dir)
    owner = current_owner(folder)
    if owner is None or owner.socket is None:
        return None
    with _plain_errors(folder):
        return _url(folder, Path(owner.socket))


def _home(asked: Path) -> Path:
    """Where it really lives: noted beside the project, so that moving the project does not lose its data."""
    try:
        return Path((asked / "location").read_text().strip())
    except FileNotFoundError:
        return asked.absolute()


def _url(folder: Path, socket: Path) -> str:
    """Nothing in it needs escaping: SOCKET_PATH and the password's alphabet see to that."""
    secret = files.password(folder)
    return f"postgresql+asyncpg://{files.ROLE}:{secret}@/{files.DATABASE}?host={socket}"


def _socket_folder(folder: Path, account: Account) -> Path:
    """Made anew: the lock file of a killed server's socket would stop the next one."""
    socket = folder / "socket"
    shutil.rmtree(socket, ignore_errors=True)
    if SOCKET_PATH.fullmatch(bytes(socket)):
        socket.mkdir(mode=0o700)
    else:
        roomy = tempfile.gettempdir()
        short = roomy if SOCKET_PATH.fullmatch(os.fsencode(roomy)) and len(roomy) < 60 else "/tmp"  # noqa: S108
        socket = Path(tempfile.mkdtemp(prefix="helpdesk-", dir=short))
    account.give(socket)
    return socket


def _remove_private(socket: Path) -> None:
    """A socket folder outside the data directory goes when its server has gone."""
    if socket.name.startswith("helpdesk-"):
        shutil.rmtree(socket, ignore_errors=True)


@contextmanager
def _plain_errors(folder: Path) -> Iterator[None]:
    """What the system refuses, as a sentence for whoever started us."""
    try:
        yield
    except OSError as failure:
        if failure.errno in (errno.ENOSPC, errno.EDQUOT):
            raise files.disk_full(folder) from failure
        if failure.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise Unavailable("database_not_permitted", _not_permitted(failure, folder)) from failure
        raise Unavailable("database_not_started", f"{folder} cannot be used: {failure}") from failure


def _not_permitted(failure: OSError, folder: Path) -> str:
    path = Path(os.fsdecode(failure.filename)) if failure.filename else folder
    here = next((place for place in (path, *path.parents) if os.access(place, os.F_OK)), Path("/"))
    return (
        f"You may not use {path}: {here} belongs to the account {name_of_owner(here)}. "
        "Start as that account, or choose another HELPDESK_DATA_DIR."
    )
