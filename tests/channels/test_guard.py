"""Addresses typed in for alerts never lead into our own network, whatever they resolve to."""

import inspect
import re
import socket
import sys

import pytest
from apprise.manager_plugins import NotificationManager

from helpdesk.channels import guard, pagers
from helpdesk.channels.fetching import may_reach
from helpdesk.channels.notify_addresses import KINDS, require_notify_address
from helpdesk.errors import Invalid, Unavailable
from tests.jobs.receivers import a_receiver, gateways_may_take_their_time

__all__ = ["gateways_may_take_their_time"]

HERE = frozenset({"127.0.0.0/8"})


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0", "2130706433", "169.254.169.254"]
)
async def test_a_webhook_into_the_network_is_refused_before_anything_is_sent(host: str) -> None:
    async with a_receiver() as inside:
        with pytest.raises(
            (Invalid, Unavailable), match=r"address_refused|address_unknown|webhook_unreachable"
        ):
            await pagers.post_webhook(f"http://{host}:{inside.port}/", "secret", {}, "key", 0)

    assert inside.got == []


async def test_an_apprise_address_into_the_network_is_refused_also_by_name() -> None:
    async with a_receiver() as inside:
        for host in ("127.0.0.1", "localhost"):
            with pytest.raises(Unavailable, match="notify_failed"):
                await pagers.notify(f"json://{host}:{inside.port}/", "Title", "Body")

    assert inside.got == []


@pytest.mark.usefixtures("gateways_may_take_their_time")
async def test_a_network_that_is_allowed_is_reached_and_the_name_kept() -> None:
    async with a_receiver() as inside:
        await pagers.post_webhook(f"http://localhost:{inside.port}/a", "secret", {}, "key", 0, HERE)
        await pagers.notify(f"json://localhost:{inside.port}/b", "Title", "Body", HERE)

    assert [got.path for got in inside.got] == ["/a", "/b"]
    assert inside.got[0].headers["host"] == f"localhost:{inside.port}"


_FLOW = "workflows://host.example:443/workflow/signature"


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "syslog://",
        "RSYSLOG://127.0.0.1:514",
        "aprs://user:pass@CALL",
        "mailto://user:pass@example.com?pgppub=/etc/hostname",
        "fcm://project@key/device?keyfile=/etc/passwd",
        "slack://",
        "nothing://x",
        "nothing",
        f"{_FLOW}?template=/etc/hostname",
        f"{_FLOW}?a=b;template=/etc/hostname",
        f"{_FLOW}?a=b;TEMPLATE=/etc/hostname",
        f"{_FLOW}?%20template=/etc/hostname",
        f"{_FLOW}?te%6Dplate%20=/etc/hostname",
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ?template=/etc/hostname",
    ],
)
def test_an_apprise_address_that_leads_to_this_machine_is_refused(address: str) -> None:
    with pytest.raises(Invalid, match="notify_address_invalid"):
        require_notify_address(address)


@pytest.mark.parametrize(
    "address",
    [
        _FLOW,
        "ntfys://ntfy.example.com/topic?priority=max",
        "matrixs://token@matrix.example.com/#oncall",
        "tgram://123456789:AAF-AbcdefghijKlmnoPqrstuVWxyz12345/12315544/",
        "twilio://AC0123456789abcdef0123456789abcdef:0123456789abcdef0123456789abcdef@15551234567/15557654321",
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    ],
)
def test_an_apprise_address_that_can_ring_somebody_is_taken(address: str) -> None:
    assert require_notify_address(f" {address}\n") == address


def test_every_kind_of_apprise_address_speaks_http_and_opens_no_file_but_a_template() -> None:
    """What Apprise's next version does otherwise is seen here."""
    known = NotificationManager()
    for kind in KINDS:
        code = inspect.getsource(sys.modules[known[kind].__module__])

        assert re.search(r"^import requests$", code, re.MULTILINE), kind
        assert not re.search(r"\b(socket\.|subprocess|smtplib|dbus|HTTPPolicy|SOCK_)", code), kind
        opened = set(re.findall(r"\bopen\((\w+)\.path|self\.(\w+) = AppriseAttachment\(", code))
        assert {one for pair in opened for one in pair if one} <= {"template", "attachment", "payload"}, kind


def test_only_named_networks_are_reached_besides_public_addresses() -> None:
    assert may_reach("10.1.2.3", {"10.1.0.0/16"})
    assert not may_reach("10.2.2.3", {"10.1.0.0/16"})
    assert may_reach("9.9.9.9", ())
    assert not may_reach("::1", {"127.0.0.0/8"})


def test_a_name_that_took_too_long_is_not_connected_to() -> None:
    with guard.guarded(HERE, begin_within=-1), pytest.raises(guard.TooLate):
        socket.getaddrinfo("localhost", 80)
