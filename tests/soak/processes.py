"""The real thing: the bundled PostgreSQL and `helpdesk serve --workers N`, and how to be cruel to them."""

import asyncio
import os
import random
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from benchmarks.desk import Company, found
from helpdesk.storage.embedded import EmbeddedDatabase
from tests.ports import free_port
from tests.waiting import PATIENCE, eventually


class Cluster:
    """`hosts` supervisors, each with so many web processes and a background process, on one PostgreSQL."""

    def __init__(self, folder: Path, *, hosts: int = 1, workers: int = 3, bus_url: str | None = None) -> None:
        self._folder = folder
        self._database = EmbeddedDatabase(folder / "postgres", say=lambda _: None)
        self._hosts, self._workers, self._bus_url = hosts, workers, bus_url
        self._supervisors: list[subprocess.Popen[bytes]] = []
        self._logs: list[Path] = []
        self.ports: list[int] = []
        self.kills = self.stops = 0

    async def start(self, agents: int) -> Company:
        self.url = await asyncio.to_thread(self._database.start)
        company = await found(self.url, agents)
        for number in range(self._hosts):
            self._serve(number)
        await eventually(self._serves, every=0.1, failing=self.log)
        return company

    async def stop(self) -> None:
        for one in self._supervisors:
            one.terminate()
        for one in self._supervisors:
            await asyncio.to_thread(one.wait, PATIENCE)
        await asyncio.to_thread(self._database.stop)

    def kill_somebody(self, chance: random.Random) -> int | None:
        """`kill -9` of a web or background process; a supervisor brings it back. Answers with its id,
        None where there was nobody to kill."""
        everybody = self.processes()
        if not everybody:
            return None
        somebody = chance.choice(everybody)
        try:
            somebody.kill()
        except psutil.NoSuchProcess:
            return None  # it has just ended, as the one before
        self.kills += 1
        return int(somebody.pid)

    def stop_postgresql(self) -> None:
        """Its immediate stop, without a checkpoint: what is not in its log is gone."""
        pid_file = self._database.folder / "cluster" / "postmaster.pid"
        try:
            os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGQUIT)
        except (OSError, ValueError, IndexError):
            return  # it is only just coming back
        self.stops += 1

    def processes(self) -> list[psutil.Process]:
        """Web and background processes, children of the process they are forked off."""
        found = []
        for supervisor in self._supervisors:
            for child in _children(supervisor.pid):
                found += _children(child.pid)
        return found

    def ids(self) -> set[int]:
        return {process.pid for process in self.processes()}

    def supervisors(self) -> list[subprocess.Popen[bytes]]:
        return list(self._supervisors)

    def log(self) -> str:
        return "\n".join(log.read_text() for log in self._logs)

    async def _serves(self) -> bool:
        dead = [log.read_text() for log, one in self._by_log() if one.poll() is not None]
        assert not dead, dead
        return all(b"Helpdesk serves" in log.read_bytes() for log in self._logs)

    def _by_log(self) -> list[tuple[Path, subprocess.Popen[bytes]]]:
        return list(zip(self._logs, self._supervisors, strict=True))

    def _serve(self, number: int) -> None:
        port, log = free_port(), self._folder / f"serve{number}.log"
        settings = {
            "DATABASE_URL": self.url,
            "DATA_DIR": str(self._folder),
            "PORT": str(port),
            "SMTP_IN_PORT": "0",
            "SECRET_KEY": _KEY,
            "LOG_LEVEL": "warning",
            "COLUMNS": "500",
        }
        if self._bus_url:
            settings["BUS_URL"] = self._bus_url
        environment = {**os.environ, **{f"HELPDESK_{name}": value for name, value in settings.items()}}
        command = [sys.executable, "-m", "helpdesk", "serve", "--workers", str(self._workers)]
        with log.open("wb") as output:
            self._supervisors.append(
                subprocess.Popen(command, env=environment, stdout=output, stderr=output, cwd=self._folder)
            )
        self.ports.append(port)
        self._logs.append(log)


_KEY = secrets.token_urlsafe(32)


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children()
    except psutil.NoSuchProcess:
        return []


async def gone(processes: list[psutil.Process], within: float) -> bool:
    """Whether they all end in time."""
    until = time.monotonic() + within
    while any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes):
        if time.monotonic() > until:
            return False
        await asyncio.sleep(0.1)
    return True
