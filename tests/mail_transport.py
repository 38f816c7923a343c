"""A real Postfix of the test's own, where one is installed and may be started."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

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
relay_domains = demo.localhost, customer.example
recipient_delimiter = +
smtputf8_enable = no
transport_maps = inline:{{
  {{ demo.localhost = {inward} }}, {{ customer.example = smtp:[127.0.0.1]:{outward} }} }}
smtpd_recipient_restrictions = permit_mynetworks, reject
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
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
"""


@contextmanager
def running_postfix(inward: str, outward: int) -> Iterator[int]:
    """Its port. Mail to demo.localhost goes `inward` (a transport), mail to customer.example to the SMTP
    port `outward`."""
    with tempfile.TemporaryDirectory(prefix="helpdesk-postfix-") as made:
        folder, port = Path(made), _free_port()
        folder.chmod(0o755)
        for part in ("queue", "data", "etc"):
            (folder / part).mkdir()
        shutil.chown(folder / "data", "postfix")
        (folder / "etc/main.cf").write_text(_MAIN.format(folder=folder, inward=inward, outward=outward))
        (folder / "etc/master.cf").write_text(_MASTER.format(port=port))
        command = ["postfix", "-c", str(folder / "etc")]
        started = subprocess.run([*command, "start"], capture_output=True, text=True, timeout=60, check=False)
        try:
            _wait_for(port, started.stderr, folder / "mail.log")
            yield port
        finally:
            subprocess.run([*command, "stop"], capture_output=True, timeout=60, check=False)


def _wait_for(port: int, said: str, log: Path) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as talk:
                if talk.recv(100).startswith(b"220"):
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(said + (log.read_text()[-2000:] if log.exists() else "Postfix did not start"))


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
