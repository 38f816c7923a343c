"""A real helpdesk server from outside: its process, its ports, its commands, what its callers get."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import smtplib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from typing import Any, Self

import httpx2
import psutil

from helpdesk.actors import SYSTEM
from helpdesk.auth import api_keys
from helpdesk.clock import SystemClock
from helpdesk.domain import agents
from helpdesk.storage.database import Database
from helpdesk.storage.embedded import url_of_running
from tests.ports import free_port
from tests.waiting import PATIENCE, eventually

PROJECT = Path(__file__).resolve().parents[2]
PASSWORD = "nordkvarn-demo"
SUPPORT = "support@demo.localhost"


class Desk:
    """`helpdesk demo` in a data directory; `settings` are further HELPDESK_* by lower-case name."""

    def __init__(self, folder: Path, *, as_user: int | None = None, **settings: str) -> None:
        self.folder = folder
        self.port, self.smtp_port = free_port(), free_port()
        self._as_user = as_user
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._output = folder / "output.log"
        self._tokens: dict[str, str] = {}

    async def start(self, within: float = PATIENCE) -> Self:
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                self.command("demo"),
                cwd=PROJECT,
                env=self.environment,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        await eventually(self._is_up, within=within, failing=lambda: self.printed[-2000:])
        return self

    async def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Its exit code, once it has ended."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(number)
        return await asyncio.to_thread(self._process.wait, PATIENCE)

    def command(self, *words: str) -> list[str]:
        lent: list[str] = []
        if self._as_user is not None:
            lent = ["setpriv", f"--reuid={self._as_user}", f"--regid={self._as_user}", "--clear-groups"]
        return [*lent, sys.executable, "-m", "helpdesk", *words]

    async def run(self, *words: str, said: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """A command beside the server, in the same data directory."""
        return await asyncio.to_thread(
            subprocess.run, self.command(*words), cwd=PROJECT, env=self.environment, input=said,
            capture_output=True, timeout=PATIENCE,
        )  # fmt: skip

    @property
    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("HELPDESK_")}
        ports = {"HELPDESK_PORT": str(self.port), "HELPDESK_SMTP_IN_PORT": str(self.smtp_port)}
        further = {f"HELPDESK_{name.upper()}": value for name, value in self._settings.items()}
        plain = {"HELPDESK_DATA_DIR": str(self.folder), "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}
        return own | ports | plain | further

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def printed(self) -> str:
        return self._output.read_text(errors="replace")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    @property
    def postgres(self) -> psutil.Process | None:
        """The bundled database's process, while it runs; also one that outlived its server."""
        around = psutil.process_iter() if self.has_ended else psutil.Process(self.pid).children()
        for process in around:
            with contextlib.suppress(psutil.Error):
                ours = process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE
                if ours and process.cwd().startswith(str(self.folder)):
                    return process
        return None

    def ask(self, token: str = "") -> httpx2.AsyncClient:
        """A program that calls the API with a token, or somebody who has none."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx2.AsyncClient(base_url=self.address, headers=headers, timeout=PATIENCE)

    async def api(self, agent: str = "maja") -> "Api":
        """The API as the token of one of the sample company's agents may use it."""
        if agent not in self._tokens:
            async with self.database() as database, database.transaction(SYSTEM) as tx:
                found = await agents.by_email(tx, email_of(agent))
                assert found is not None
                self._tokens[agent] = await api_keys.create(
                    tx, name=f"scenario {agent}", scopes=frozenset({"all"}), agent_id=found.id
                )
        return Api(self.ask(self._tokens[agent]))

    def database(self) -> "_Opened":
        """This server's own database, for what no entrance lets a test arrange."""
        return _Opened(self._settings.get("database_url") or url_of_running(self.folder / "postgres"))

    async def mail(self, mail: EmailMessage, to: str = SUPPORT, sender: str = "kim@customer.example") -> None:
        """Delivers by SMTP, as any mail server would. Errors: those of smtplib."""

        def deliver() -> None:
            with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=PATIENCE) as server:
                server.send_message(mail, from_addr=sender, to_addrs=[to])

        await asyncio.to_thread(deliver)

    async def _is_up(self) -> bool:
        if self.has_ended:
            raise AssertionError(f"The server ended by itself:\n{self.printed[-2000:]}")
        try:
            async with self.ask() as caller:
                return (await caller.get("/health/ready")).status_code == 200
        except httpx2.TransportError:
            return False


class Api:
    """JSON in and out; whatever is not a success fails the test with the server's own words."""

    def __init__(self, caller: httpx2.AsyncClient) -> None:
        self.caller = caller

    async def get(self, path: str, **query: Any) -> Any:
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, **body: Any) -> Any:
        return await self._ask("POST", path, json=body)

    async def patch(self, path: str, **body: Any) -> Any:
        return await self._ask("PATCH", path, json=body)

    async def queue(self, **query: Any) -> list[Any]:
        """All rows of a view, page by page."""
        rows, after = [], None
        while True:
            page = await self.get("queue", limit=100, **query, **({"after": after} if after else {}))
            rows += page["items"]
            after = page["next"]
            if after is None:
                return rows

    async def row(self, subject: str, **query: Any) -> Any:
        """The one row with this subject, as soon as it stands there."""

        async def found() -> Any:
            return next((row for row in await self.queue(**query) if row["subject"] == subject), None)

        return await eventually(found)

    async def colleagues_take(self, rows: list[Any], agent: str = "jonas") -> None:
        """What would stand in the way of a test is somebody's already."""
        people = (await self.get("agents", limit=100))["items"]
        someone = next(one["id"] for one in people if one["email"] == email_of(agent))
        for row in rows:
            await self.patch(f"tickets/{row['ticket_id']}", assignee_id=someone)

    async def events(self, ticket_id: str) -> list[Any]:
        items: list[Any] = (await self.get(f"tickets/{ticket_id}/events", limit=200))["items"]
        return items

    async def messages(self, ticket_id: str) -> list[str]:
        said = ("MessageReceived", "ReplySent")
        return [one["data"]["body"] for one in await self.events(ticket_id) if one["name"] in said]

    async def _ask(self, method: str, path: str, **request: Any) -> Any:
        answer = await self.raw(method, path, **request)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    async def raw(self, method: str, path: str, **request: Any) -> httpx2.Response:
        """Whatever the answer is."""
        return await self.caller.request(method, f"/api/v1/{path}", **request)


class _Opened:
    def __init__(self, url: str | None) -> None:
        assert url is not None, "the bundled database is not running"
        self._database = Database(url, SystemClock(), pool_size=4)

    async def __aenter__(self) -> Database:
        return self._database

    async def __aexit__(self, *_: object) -> None:
        await self._database.close()


def a_mail(
    subject: str, text: str, *, sender: str = "Kim Berg <kim@customer.example>", **headers: str
) -> EmailMessage:
    """A mail as a mail program writes it; header names with underscores for hyphens."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, SUPPORT, subject
    mail["Message-ID"] = make_msgid(domain="customer.example")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def email_of(agent: str) -> str:
    return f"{agent}@demo.localhost"


def copy_of(folder: Path, target: Path, owner: int | None = None) -> Path:
    """A stopped server's data, with owners and rights as they were or as somebody's own."""
    subprocess.run(["cp", "-a", folder, target], check=True)
    (target / "output.log").write_bytes(b"")
    if owner is not None:
        subprocess.run(["chown", "-R", str(owner), target], check=True)
    return target


def addresses_in(printed: str) -> list[str]:
    return re.findall(r"http://127\.0\.0\.1:\d+\S*", printed)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Everybody may enter it: as root, PostgreSQL runs as somebody else."""
    folder = Path(tempfile.mkdtemp(prefix="helpdesk-scenario-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
