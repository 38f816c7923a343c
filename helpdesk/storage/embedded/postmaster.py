"""The postgres process: our direct child, watched by one thread for as long as it lives."""

import os
import signal
import subprocess
import time
from concurrent.futures import Future
from pathlib import Path
from threading import Event, Lock, Thread

import psutil

from helpdesk.errors import HelpdeskError, Unavailable
from helpdesk.storage.embedded.account import Account, Say
from helpdesk.storage.embedded.cluster import explain
from helpdesk.storage.embedded.leash import die_with_parent

START_LIMIT = 1800.0
"""Seconds; replaying the log after a crash of a busy server takes its time."""
STOP_LIMIT = 60.0
LEFTOVER_LIMIT = 60.0


class Postmaster:
    """The kernel sends the parent-death signal when the *thread* that forked ends, so the thread which starts
    postgres stays with it: it waits, and starts it again should it ever die on its own."""

    def __init__(self, command: list[str | Path], cluster: Path, account: Account, say: Say) -> None:
        self._command = command
        self._cluster = cluster
        self._account = account
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._started: Future[None] = Future()
        self._stopping = Event()
        self._launching = Lock()
        self._thread = Thread(target=self._keep, name="postgres", daemon=True)

    def start(self) -> None:
        """Return when it accepts connections."""
        self._thread.start()
        self._started.result()

    def stop(self) -> None:
        """Fast: open transactions are rolled back. Each firmer signal only if the one before did not help."""
        with self._launching:
            self._stopping.set()
        for number, patience in ((signal.SIGINT, STOP_LIMIT), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
            if not self._thread.is_alive():
                return
            if self._process is not None:
                self._process.send_signal(number)
            self._thread.join(patience)

    def _keep(self) -> None:
        try:
            process = self._first_launch()
        except BaseException as failure:  # noqa: BLE001 - carried over to the thread that waits in start()
            self._started.set_exception(failure)
            return
        self._started.set_result(None)
        while True:
            process.wait()
            if self._stopping.is_set():
                return
            self._say("The database stopped unexpectedly; it is being started again.")
            revived = self._revive()
            if revived is None:
                return
            process = revived

    def _first_launch(self) -> subprocess.Popen[bytes]:
        """Processes of a killed predecessor may take a moment to let go of the shared memory."""
        deadline = time.monotonic() + 15
        while True:
            try:
                return self._launch()
            except HelpdeskError as failure:
                held = "is still in use" in (failure.detail or "")
                if not held or time.monotonic() > deadline or self._stopping.wait(0.25):
                    raise

    def _revive(self) -> subprocess.Popen[bytes] | None:
        pause = 0.2
        while not self._stopping.wait(pause):
            try:
                return self._launch()
            except (HelpdeskError, OSError) as failure:
                pause = min(pause * 2, 30)
                self._say(f"{failure} Next try in {pause:.0f} s.")
        return None

    def _launch(self) -> subprocess.Popen[bytes]:
        beginning = self._cluster.parent / "log" / "start.log"
        with beginning.open("wb") as output, self._launching:
            if self._stopping.is_set():
                raise Unavailable("database_stopping", "The database is being stopped.")
            self._process = process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us: we stop the database after our last transaction
                preexec_fn=die_with_parent(signal.SIGINT),  # noqa: PLW1509
                **self._account.options,
            )
        self._wait_until_ready(process)
        return process

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        started = time.monotonic()
        patient = False
        while not _says_ready(self._cluster / "postmaster.pid", process.pid):
            waited = time.monotonic() - started
            if process.poll() is not None:
                raise explain(_last_words(self._cluster.parent / "log"), self._cluster.parent)
            if waited > START_LIMIT:
                process.send_signal(signal.SIGINT)
                process.wait()
                raise explain(f"not ready after {START_LIMIT:.0f} seconds", self._cluster.parent)
            if waited > 5 and not patient:
                patient = True
                self._say("The database is recovering after an interruption; this can take a few minutes.")
            time.sleep(0.01)


def end_leftover(cluster: Path, say: Say) -> None:
    """Wait for the server of an owner that was killed, and clear its marks. Only for the owner of the lock.

    The number in a stale postmaster.pid may meanwhile be a zombie's, or in a restarted container some other
    program's; postgres itself would refuse to start for both.
    """
    pid = _first_number(cluster / "postmaster.pid")
    deadline = time.monotonic() + LEFTOVER_LIMIT
    asked = False
    while pid is not None and _serves(pid, cluster):
        if not asked:
            asked = True
            say(f"Waiting for the database process {pid} of an earlier run to finish.")
            os.kill(pid, signal.SIGINT)
        if time.monotonic() > deadline:
            raise Unavailable(
                "database_still_running",
                f"A PostgreSQL of an earlier run still uses {cluster}: end it with kill -INT {pid}.",
            )
        time.sleep(0.02)
    (cluster / "postmaster.pid").unlink(missing_ok=True)


def _serves(pid: int, cluster: Path) -> bool:
    """A server works in its data directory, also after somebody renamed a folder above it."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or process.name() != "postgres":
            return False
        return Path(process.cwd()).samefile(cluster)
    except (psutil.NoSuchProcess, FileNotFoundError):
        return False


def _says_ready(pid_file: Path, pid: int) -> bool:
    try:
        lines = pid_file.read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[-1].strip() == "ready"


def _first_number(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None


def _last_words(logs: Path) -> str:
    """What it wrote before it died: to us, or to the log its collector had taken over by then."""
    beginning = logs / "start.log"
    newest = max(logs.glob("*.log"), key=lambda path: path.stat().st_mtime, default=beginning)
    return "\n".join(path.read_bytes()[-4000:].decode(errors="replace") for path in {beginning, newest})
