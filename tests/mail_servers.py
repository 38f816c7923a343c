"""A real Dovecot of the test's own, where one is installed."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

needs_dovecot = pytest.mark.skipif(
    shutil.which("dovecot") is None,
    reason="no Dovecot here: install dovecot-imapd to run this against a real one",
)

_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
first_valid_uid = 1
mail_location = maildir:{folder}/maildir
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}
}}
"""


@dataclass
class Dovecot:
    port: int
    maildir: Path

    def deliver(self, name: str, raw: bytes) -> None:
        """As a mail server would: written aside, then moved in."""
        aside = self.maildir / "tmp" / name
        aside.write_bytes(raw)
        aside.chmod(0o666)
        aside.rename(self.maildir / "new" / name)

    def renumber(self) -> None:
        """What a restored or moved mailbox looks like: the same mails under a new UIDVALIDITY."""
        for path in self.maildir.glob("dovecot*"):
            path.unlink()
        for path in (self.maildir / "cur").iterdir():
            path.rename(self.maildir / "new" / path.name.partition(":")[0])
        time.sleep(1.1)  # the new number is made of the second it is given in


@contextmanager
def running_dovecot(folder: Path) -> Iterator[Dovecot]:
    port = _free_port()
    user, group = "dovecot", "dovecot"
    for part in ("run", "state", "maildir/new", "maildir/cur", "maildir/tmp"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for path in (folder, *folder.parents):
        if path.stat().st_mode & 0o005 != 0o005 and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o055)
    subprocess.run(["chown", "-R", f"{user}:{group}", str(folder)], check=True)
    configuration = folder / "dovecot.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder, port=port, user=user, group=group))
    server = subprocess.Popen(["dovecot", "-F", "-c", str(configuration)])
    try:
        _wait_for(port, server, folder)
        yield Dovecot(port, folder / "maildir")
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(port: int, server: subprocess.Popen[bytes], folder: Path) -> None:
    ends = time.monotonic() + 15
    while time.monotonic() < ends and server.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as talk:
                if talk.recv(100).startswith(b"* OK"):
                    return
        except OSError:
            time.sleep(0.1)
    log = folder / "dovecot.log"
    raise RuntimeError(log.read_text()[-2000:] if log.exists() else "Dovecot did not start")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
