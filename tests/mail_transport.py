"""A real Postfix of the test's own, where one is installed and may be started."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from helpdesk.storage.embedded.account import account_for
from tests.ports import free_port
from tests.waiting import PATIENCE

needs_postfix = pytest.mark.skipif(
    shutil.which("postfix") is None or os.geteuid() != 0,
    reason="no Postfix that may be started here: as root, install postfix to run this against a real one",
)

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.test.localhost
mydestination =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relay_domains = demo.localhost, customer.example, mailbox.example, piped.example
recipient_delimiter = +
smtputf8_enable = no
transport_maps = inline:{{
  {{ demo.localhost = lmtp:inet:127.0.0.1:{desk} }}, {{ customer.example = smtp:[127.0.0.1]:{customer} }},
  {{ mailbox.example = lmtp:inet:127.0.0.1:{mailbox} }}, {{ piped.example = helpdesk: }} }}
smtpd_recipient_restrictions = permit_mynetworks, reject
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
helpdesk unix - n n - - pipe flags=R user={caller} argv=/bin/sh {folder}/receive ${{recipient}} ${{sender}}
"""


@dataclass(frozen=True)
class Postfix:
    """Hands mail for demo.localhost on by LMTP to `desk_port`, for mailbox.example by LMTP to `mailbox_port`,
    for customer.example by SMTP to `customer_port`, and for piped.example to a script."""

    port: int
    desk_port: int
    mailbox_port: int
    customer_port: int
    folder: Path

    def calls(self, script: str) -> None:
        """For each mail, with its recipient and sender, as the account that owns the bundled database."""
        (self.folder / "receive").write_text(script)

    def tries_again(self) -> None:
        """What it kept, at once."""
        subprocess.run(["postqueue", "-c", str(self.folder / "etc"), "-f"], timeout=PATIENCE, check=True)

    def log(self) -> str:
        return (self.folder / "mail.log").read_text()


@contextmanager
def running_postfix() -> Iterator[Postfix]:
    with tempfile.TemporaryDirectory(prefix="helpdesk-postfix-") as made:
        folder = Path(made)
        server = Postfix(free_port(), free_port(), free_port(), free_port(), folder)
        folder.chmod(0o755)
        for part in ("queue", "data", "etc"):
            (folder / part).mkdir()
        shutil.chown(folder / "data", "postfix")
        ports = {
            "desk": server.desk_port,
            "mailbox": server.mailbox_port,
            "customer": server.customer_port,
        }
        (folder / "etc/main.cf").write_text(_MAIN.format(folder=folder, **ports))
        (folder / "etc/master.cf").write_text(
            _MASTER.format(port=server.port, folder=folder, caller=_caller())
        )
        command = ["postfix", "-c", str(folder / "etc")]
        started = subprocess.run(
            [*command, "start"], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        try:
            _wait_for(server.port, started.stderr, folder / "mail.log")
            yield server
        finally:
            subprocess.run([*command, "stop"], capture_output=True, timeout=PATIENCE, check=False)


def may_call_python() -> bool:
    """Not where it lies in root's home, which is closed to everybody else."""
    try:
        return subprocess.run([sys.executable, "-c", ""], user=_caller(), check=False).returncode == 0
    except PermissionError:
        return False


def _caller() -> str:
    """A mail server never calls a program as root."""
    return account_for(Path("/nonexistent")).name


def _wait_for(port: int, said: str, log: Path) -> None:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as talk:
                if talk.recv(100).startswith(b"220"):
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(said + (log.read_text()[-2000:] if log.exists() else "Postfix did not start"))
