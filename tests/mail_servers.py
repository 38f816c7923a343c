"""A real Dovecot of the test's own, where one is installed."""

import grp
import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.waiting import PATIENCE

needs_dovecot = pytest.mark.skipif(
    shutil.which("dovecot") is None,
    reason="no Dovecot here: install dovecot-imapd to run this against a real one",
)
needs_dovecot_lmtp = pytest.mark.skipif(
    shutil.which("dovecot") is None or not Path("/usr/lib/dovecot/lmtp").exists(),
    reason="no Dovecot here that takes mail: install dovecot-lmtpd to run this against a real one",
)

_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = {protocols}
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = {mechanisms}
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%n
recipient_delimiter = +
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
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp_port}
  }}
}}
protocol lmtp {{
  auth_username_format = %Ln
}}
passdb {{
  {passdb}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}
}}
"""

_BY_PASSWORD = "driver = static\n  args = password=secret"
_BY_TOKEN = "driver = oauth2\n  mechanisms = xoauth2\n  args = {folder}/oauth2.conf"
_TOKENS = """
introspection_url = {address}/introspect
introspection_mode = post
username_attribute = username
active_attribute = active
active_value = true
"""


_deliveries = itertools.count(1)


@dataclass
class Dovecot:
    """`maildir` is that of support; others have theirs beside it."""

    port: int
    maildir: Path

    def deliver(self, name: str, raw: bytes) -> None:
        """As a mail server would: written aside, then moved in, under a name that never was another mail's.

        Dovecot remembers the size of a mail by its file's name, also after the file is gone.
        """
        name = f"{next(_deliveries)}.{name}"
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
def running_dovecot(*, oauth: str = "", lmtp_port: int = 0) -> Iterator[Dovecot]:
    """`oauth` is the address of a server that is asked whether a token is good, in place of the password.
    With `lmtp_port` it takes mail there, for whomever it is addressed to."""
    with tempfile.TemporaryDirectory(prefix="helpdesk-dovecot-") as made:  # pytest's own are closed to others
        folder = Path(made)
        folder.chmod(0o755)
        yield from _dovecot(folder, oauth, lmtp_port)


def _dovecot(folder: Path, oauth: str, lmtp_port: int) -> Iterator[Dovecot]:
    """As root it runs as its own account, else as ours."""
    port, is_root = free_port(), os.geteuid() == 0
    user = "dovecot" if is_root else pwd.getpwuid(os.geteuid()).pw_name
    group = "dovecot" if is_root else grp.getgrgid(os.getegid()).gr_name
    for part in ("run", "state", "mail/support/new", "mail/support/cur", "mail/support/tmp"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    if is_root:
        subprocess.run(["chown", "-R", f"{user}:{group}", str(folder)], check=True)
    configuration = folder / "dovecot.conf"
    passdb = _BY_TOKEN.format(folder=folder) if oauth else _BY_PASSWORD
    mechanisms = "xoauth2" if oauth else "plain login"
    configuration.write_text(
        _CONFIGURATION.format(
            folder=folder,
            port=port,
            user=user,
            group=group,
            passdb=passdb,
            mechanisms=mechanisms,
            protocols="imap lmtp" if lmtp_port else "imap",
            lmtp_port=lmtp_port,
        )
    )
    (folder / "oauth2.conf").write_text(_TOKENS.format(address=oauth))
    server = subprocess.Popen(["dovecot", "-F", "-c", str(configuration)])
    try:
        _wait_for(port, server, folder)
        yield Dovecot(port, folder / "mail/support")
    finally:
        server.terminate()
        server.wait(PATIENCE)


def _wait_for(port: int, server: subprocess.Popen[bytes], folder: Path) -> None:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends and server.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as talk:
                if talk.recv(100).startswith(b"* OK"):
                    return
        except OSError:
            time.sleep(0.1)
    log = folder / "dovecot.log"
    raise RuntimeError(log.read_text()[-2000:] if log.exists() else "Dovecot did not start")
