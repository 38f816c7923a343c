"""1. The demo: two commands, a living company; stops cleanly, starts again, survives a kill."""

import contextlib
import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
from email.message import EmailMessage

import psutil
import pytest

from tests.ports import is_free
from tests.scenarios.conftest import ADesk, FirstRun
from tests.scenarios.desk import PROJECT, Desk, a_mail
from tests.waiting import eventually

ORDINARY = "nobody"


def test_on_an_empty_directory_it_says_where_to_look_and_everything_is_there(first_run: FirstRun):
    for thing in ("Workspace", "maja@demo.localhost", "nordkvarn-demo", "/demo", "/support", "SMTP on"):
        assert thing in first_run.printed

    assert len(first_run.answers) >= 5
    assert set(first_run.answers.values()) == {200}, first_run.answers
    assert first_run.greeting == 250


def test_ctrl_c_stops_everything(first_run: FirstRun):
    assert first_run.exit_code == 0  # it is how a demo is meant to end: make has no error to tell
    assert not first_run.left_running
    assert first_run.ports_free


async def test_a_second_start_says_at_once_that_it_is_running_already(desk: Desk):
    second = await desk.run("demo")

    told = second.stderr.decode()
    assert second.returncode not in (0, None)
    assert "running already" in told
    assert desk.address in told
    assert "Traceback" not in told


async def test_a_restart_and_a_kill_lose_nothing(a_desk: ADesk):
    desk = await (await a_desk()).start()
    await _log_call(desk, "Before the restart")
    assert await desk.stop(signal.SIGTERM) in (0, 143, -signal.SIGTERM)
    assert desk.postgres is None

    await desk.start()
    assert await _subjects(desk) >= {"Before the restart"}
    await _log_call(desk, "Before the kill")
    await desk.stop(signal.SIGKILL)

    await desk.start()
    assert await _subjects(desk) >= {"Before the restart", "Before the kill"}
    assert await desk.stop(signal.SIGINT) in (0, 130)
    assert desk.postgres is None
    assert is_free(desk.port)


@pytest.mark.skipif(os.geteuid() != 0, reason="already run as an ordinary user")
async def test_an_ordinary_user_can_run_it_too(a_desk: ADesk):
    user = pwd.getpwnam(ORDINARY)
    if not _may_use_python(user.pw_uid):
        pytest.skip(f"{ORDINARY} cannot run the helpdesk with {sys.executable} as it stands here")
    desk = await (await a_desk(as_user=user.pw_uid)).start()

    await _log_call(desk, "Logged under another account")

    postgres = desk.postgres
    assert postgres is not None
    assert postgres.uids().effective == user.pw_uid
    assert await desk.stop() in (0, 130)
    assert desk.postgres is None


async def test_it_starts_its_database_again_when_that_dies_and_goes_on_working(desk: Desk):
    postgres = desk.postgres
    assert postgres is not None

    postgres.kill()

    async def is_back() -> bool:
        return desk.postgres not in (None, postgres) and await _answers(desk)

    await eventually(is_back, failing=lambda: desk.printed[-1500:])
    await _arrives(desk, a_mail("After the database died", "Is anybody there?"))
    row = await (await desk.api()).row("After the database died")
    assert row["channel"] == "email"
    assert not desk.has_ended


async def test_background_work_runs_beside_the_web_process_and_comes_back_when_it_is_killed(desk: Desk):
    web = psutil.Process(desk.pid)

    async def works() -> psutil.Process | None:
        return _worker(web)

    first = await eventually(works)
    assert first is not None
    assert first.nice() > web.nice()

    first.kill()

    async def is_back() -> bool:
        return _worker(web) not in (None, first)

    await eventually(is_back, failing=lambda: desk.printed[-1500:])
    await _arrives(desk, a_mail("After the worker died", "Is anybody there?"))
    assert (await (await desk.api()).row("After the worker died"))["channel"] == "email"


async def test_a_mail_port_that_is_taken_is_told_with_the_way_out_before_anything_is_made(a_desk: ADesk):
    desk = await a_desk()
    with socket.create_server(("127.0.0.1", desk.smtp_port)):
        told = await desk.run("demo")

    assert told.returncode == 3
    assert f"127.0.0.1:{desk.smtp_port} is used by another server already" in told.stderr.decode()
    assert "HELPDESK_SMTP_IN_PORT; 0 turns" in told.stderr.decode()
    assert "sample company" not in told.stderr.decode()
    assert "Traceback" not in told.stderr.decode()


def _worker(web: psutil.Process) -> psutil.Process | None:
    """The one that another process, between the two, keeps running."""
    for between in web.children():
        with contextlib.suppress(psutil.Error):
            if between.name() != "postgres" and (kept := between.children()):
                return kept[0]
    return None


def _may_use_python(user: int) -> bool:
    if shutil.which("setpriv") is None:
        return False
    command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    command += [sys.executable, "-c", "import helpdesk.cli.commands"]
    return subprocess.run(command, cwd=PROJECT, capture_output=True).returncode == 0


async def _arrives(desk: Desk, mail: EmailMessage) -> None:
    """Handed in as mail servers do it: what is not taken now is brought again later."""

    async def is_taken() -> bool:
        with contextlib.suppress(smtplib.SMTPException, OSError):
            await desk.mail(mail)
            return True
        return False

    await eventually(is_taken, failing=lambda: desk.printed[-1500:])


async def _log_call(desk: Desk, notes: str) -> None:
    await (await desk.api()).post("calls", caller="+46701740699", notes=notes, subject=notes, duration=30)


async def _subjects(desk: Desk) -> set[str]:
    return {row["subject"] for row in await (await desk.api()).queue(view="open")}


async def _answers(desk: Desk) -> bool:
    async with desk.ask() as caller:
        return (await caller.post("/widget/session", json={"inbox": "web"})).is_success
