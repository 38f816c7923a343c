"""The bundled PostgreSQL keeps what it was told, has one owner, and says plainly when it cannot start."""

import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import asyncpg
import psutil
import pytest

from helpdesk.errors import Invalid, Unavailable
from helpdesk.storage.embedded import AlreadyRunning, EmbeddedDatabase, binaries, url_of_running
from tests.waiting import PATIENCE, eventually

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can take another account")

OWNER = """
import asyncio, asyncpg, sys
from pathlib import Path
from helpdesk.storage.embedded import EmbeddedDatabase

async def fill(url):
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.execute("create table kept as select generate_series(1, 20000) as number")
    await connection.close()

asyncio.run(fill(EmbeddedDatabase(Path(sys.argv[1]), port=8123).start()))
print("ready", flush=True)
sys.stdin.read()
"""

STRANGER = """
import os, sys
from pathlib import Path
from helpdesk.storage.embedded import EmbeddedDatabase

os.setgroups([]), os.setgid(65534), os.setuid(65534)
try:
    with EmbeddedDatabase(Path(sys.argv[1])):
        print("started")
except Exception as failure:
    print(failure)
"""


@pytest.fixture
def place() -> Iterator[Path]:
    with _open_folder() as folder:
        yield folder / "data"


@pytest.fixture(scope="module")
def running() -> Iterator[EmbeddedDatabase]:
    """One database for the tests that only look at it."""
    with _open_folder() as folder, EmbeddedDatabase(folder / "data") as database:
        yield database


@pytest.fixture
def owner(place: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that keeps the database and has committed 20,000 rows."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(place)], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()
    _wait_for_end(place)


async def test_a_second_start_finds_what_the_first_one_wrote(place: Path) -> None:
    with EmbeddedDatabase(place) as database:
        await _ask(database.url, "create table kept as select 'Räksmörgås' as text")

    with EmbeddedDatabase(place) as database:
        assert await _ask(database.url, "select text from kept") == "Räksmörgås"


async def test_it_is_postgresql_18_in_utf8_with_a_sort_order_of_its_own(running: EmbeddedDatabase) -> None:
    version = await _ask(running.url, "show server_version_num")
    locale = await _ask(running.url, "select datlocale from pg_database where datname = 'helpdesk'")

    assert str(version).startswith("18")
    assert locale == "PG_UNICODE_FAST"
    assert await _ask(running.url, "show server_encoding") == "UTF8"
    assert await _ask(running.url, "select lower('ÅÄÖ')") == "åäö"


async def test_the_application_is_no_superuser_and_may_add_the_extensions_it_needs(
    running: EmbeddedDatabase,
) -> None:
    for extension in ("pg_trgm", "unaccent", "btree_gin", "btree_gist", "citext"):
        await _ask(running.url, f"create extension {extension}")

    assert await _ask(running.url, "select rolsuper from pg_roles where rolname = current_user") is False


async def test_a_wrong_password_is_refused(running: EmbeddedDatabase) -> None:
    guessed = re.sub(":[^:@]+@", ":guessed@", running.url)

    with pytest.raises(asyncpg.InvalidPasswordError):
        await _ask(guessed, "select 1")


def test_nothing_listens_on_the_network(running: EmbeddedDatabase) -> None:
    server = psutil.Process(_server(running.folder))
    listening = list(server.net_connections("inet"))
    for process in server.children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # some come and go
            listening += process.net_connections("inet")

    assert listening == []


def test_the_password_and_the_log_are_nobody_elses_to_read(running: EmbeddedDatabase) -> None:
    names = ("password", "log", "cluster", "socket")
    modes = {name: (running.folder / name).stat().st_mode & 0o777 for name in names}

    assert modes == {"password": 0o600, "log": 0o700, "cluster": 0o700, "socket": 0o700}
    assert list((running.folder / "log").glob("postgres-*.log"))


@as_root
def test_as_root_it_runs_as_an_ordinary_account(running: EmbeddedDatabase) -> None:
    account = psutil.Process(_server(running.folder)).username()

    assert account in {"helpdesk", "postgres", "nobody"}
    assert pwd.getpwnam(account).pw_uid == (running.folder / "cluster").stat().st_uid != 0


async def test_kill_9_of_the_owner_stops_the_server_and_loses_nothing(
    place: Path, owner: "subprocess.Popen[str]"
) -> None:
    server = psutil.Process(_server(place))

    owner.send_signal(signal.SIGKILL)

    server.wait(PATIENCE)
    with EmbeddedDatabase(place) as database:
        assert await _ask(database.url, "select count(*) from kept") == 20_000


async def test_kill_9_of_owner_and_server_at_once_loses_nothing(
    place: Path, owner: "subprocess.Popen[str]"
) -> None:
    server = psutil.Process(_server(place))

    owner.send_signal(signal.SIGKILL)
    server.send_signal(signal.SIGKILL)

    owner.wait(PATIENCE)
    with EmbeddedDatabase(place) as database:
        assert await _ask(database.url, "select count(*) from kept") == 20_000


async def test_a_server_that_dies_alone_is_started_again(place: Path) -> None:
    said: list[str] = []
    with EmbeddedDatabase(place, say=said.append) as database:
        await _ask(database.url, "create table kept as select 1 as number")

        psutil.Process(_server(place)).send_signal(signal.SIGKILL)

        assert await _ask_until_answered(database.url, "select number from kept") == 1
    assert said[0] == "The database stopped unexpectedly; it is being started again."


async def test_it_outlives_the_thread_that_started_it(place: Path) -> None:
    database = EmbeddedDatabase(place)
    starter = Thread(target=database.start)
    starter.start()
    starter.join()

    try:
        assert await _ask(database.url, "select 1") == 1
    finally:
        database.stop()


def test_a_second_owner_is_refused_and_told_who_the_first_one_is(
    place: Path, owner: "subprocess.Popen[str]"
) -> None:
    with pytest.raises(AlreadyRunning, match=f"process {owner.pid} already keeps .* port 8123") as refusal:
        EmbeddedDatabase(place).start()

    assert (refusal.value.pid, refusal.value.port) == (owner.pid, 8123)


async def test_a_command_beside_the_owner_finds_the_running_database(
    place: Path, owner: "subprocess.Popen[str]"
) -> None:
    url = url_of_running(place)

    assert url is not None
    assert await _ask(url, "select count(*) from kept") == 20_000


def test_nobody_is_running_where_nothing_was_started(place: Path) -> None:
    assert url_of_running(place) is None


async def test_a_first_start_that_was_interrupted_is_begun_anew(place: Path) -> None:
    (place / "cluster.new" / "base").mkdir(parents=True)
    (place / "cluster.new" / "PG_VERSION").write_text("18\n")

    with EmbeddedDatabase(place) as database:
        assert await _ask(database.url, "select 1") == 1


def test_the_data_of_another_major_version_is_left_alone(place: Path) -> None:
    with EmbeddedDatabase(place):
        pass
    (place / "cluster" / "PG_VERSION").write_text("17\n")

    with pytest.raises(Invalid, match="made by PostgreSQL 17 and this helpdesk brings 18: dump it"):
        EmbeddedDatabase(place).start()


async def test_a_path_too_long_for_a_socket_puts_the_socket_elsewhere(place: Path) -> None:
    deep = place / ("a folder, with: odd names " * 5)

    with EmbeddedDatabase(deep) as database:
        socket = Path(database.url.partition("?host=")[2])
        assert await _ask(database.url, "select 1") == 1
        assert not socket.is_relative_to(place)
    assert not socket.exists()


def test_a_pid_file_that_names_another_program_is_no_hindrance(place: Path) -> None:
    with EmbeddedDatabase(place):
        old = (place / "cluster" / "postmaster.pid").read_text().splitlines()
    (place / "cluster" / "postmaster.pid").write_text("\n".join([str(os.getppid()), *old[1:]]) + "\n")

    with EmbeddedDatabase(place):
        assert _server(place) != os.getppid()


@as_root
async def test_as_root_a_closed_folder_stays_closed_and_the_data_lives_elsewhere(place: Path) -> None:
    place.parent.chmod(0o700)
    said: list[str] = []
    with EmbeddedDatabase(place, say=said.append) as database:
        await _ask(database.url, "create table kept as select 1 as number")
    elsewhere = Path((place / "location").read_text())

    try:
        with EmbeddedDatabase(place) as database:
            assert await _ask(database.url, "select number from kept") == 1
        assert said == [said[0]]
        assert said[0].endswith(f"so the database lives in {elsewhere}.")
        assert elsewhere.parent == Path("/var/lib/helpdesk")
        assert place.parent.stat().st_mode & 0o777 == 0o700
    finally:
        shutil.rmtree(elsewhere)


@as_root
async def test_as_root_data_that_root_copied_is_given_back_to_the_account(place: Path) -> None:
    with EmbeddedDatabase(place) as database:
        await _ask(database.url, "create table kept as select 1 as number")
    copied = place.with_name("copied")
    shutil.copytree(place, copied)

    with EmbeddedDatabase(copied) as database:
        assert await _ask(database.url, "select number from kept") == 1


@as_root
def test_the_data_of_another_account_is_refused_by_its_name(place: Path) -> None:
    with EmbeddedDatabase(place):
        account = psutil.Process(_server(place)).username()
    for path in (place, place / "owner.lock"):
        os.chown(path, 65534, 65534)
    if account == "nobody":
        os.chown(place / "cluster", 1, 1)
        account = pwd.getpwuid(1).pw_name

    answer = _as_stranger(place)

    assert f"belongs to the account {account} and you are nobody" in answer


@as_root
def test_a_folder_one_may_not_write_to_is_named_with_its_owner(place: Path) -> None:
    place.mkdir()

    answer = _as_stranger(place)

    assert f"You may not use {place}/owner.lock: {place} belongs to the account root." in answer


@as_root
async def test_an_ordinary_account_needs_nothing_else(place: Path) -> None:
    place.mkdir()
    os.chown(place, 65534, 65534)

    assert _as_stranger(place) == "started\n"


@as_root
def test_a_full_disk_is_called_a_full_disk(place: Path) -> None:
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=755", "tmpfs", place]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("this system lets nobody mount a small disk")

    try:
        with pytest.raises(Unavailable, match=f"The disk that holds {place} is full"):
            EmbeddedDatabase(place).start()
        assert not (place / "cluster").exists()
    finally:
        subprocess.run(["umount", place], check=True)


def test_the_programs_for_a_backup_come_along() -> None:
    assert {"postgres", "pg_dump", "pg_restore", "psql"} <= {path.name for path in binaries().iterdir()}


@contextmanager
def _open_folder() -> Iterator[Path]:
    """One that other accounts may enter; pytest's own is closed to the account that root lends."""
    folder = Path(tempfile.mkdtemp(prefix="helpdesk-test-")).resolve()
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _ask(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def _ask_until_answered(url: str, statement: str) -> object:
    async def answer() -> object:
        with suppress(OSError, asyncpg.PostgresError):
            return await _ask(url, statement)
        return None

    return await eventually(answer)


def _server(place: Path) -> int:
    return int((place / "cluster" / "postmaster.pid").read_text().splitlines()[0])


def _wait_for_end(place: Path) -> None:
    try:
        psutil.Process(_server(place)).wait(PATIENCE)
    except (FileNotFoundError, psutil.NoSuchProcess):
        return


def _as_stranger(place: Path) -> str:
    asked = [sys.executable, "-c", STRANGER, str(place)]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout
