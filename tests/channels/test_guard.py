"""Addresses typed in for alerts never lead into our own network, whatever they resolve to."""

import socket

import pytest

from helpdesk.channels import guard, pagers
from helpdesk.channels.fetching import may_reach
from helpdesk.errors import Invalid, Unavailable
from tests.jobs.receivers import a_receiver

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


async def test_a_network_that_is_allowed_is_reached_and_the_name_kept() -> None:
    async with a_receiver() as inside:
        await pagers.post_webhook(f"http://localhost:{inside.port}/a", "secret", {}, "key", 0, HERE)
        await pagers.notify(f"json://localhost:{inside.port}/b", "Title", "Body", HERE)

    assert [got.path for got in inside.got] == ["/a", "/b"]
    assert inside.got[0].headers["host"] == f"localhost:{inside.port}"


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "syslog://", "fcm://project@key/device?keyfile=/etc/passwd", "nothing://x"],
)
def test_an_apprise_address_that_reads_this_machine_is_refused(address: str) -> None:
    with pytest.raises(Invalid, match="notify_address_invalid"):
        pagers.require_notify_address(address)


def test_only_named_networks_are_reached_besides_public_addresses() -> None:
    assert may_reach("10.1.2.3", {"10.1.0.0/16"})
    assert not may_reach("10.2.2.3", {"10.1.0.0/16"})
    assert may_reach("9.9.9.9", ())
    assert not may_reach("::1", {"127.0.0.0/8"})


def test_a_name_that_took_too_long_is_not_connected_to() -> None:
    with guard.guarded(HERE, begin_within=-1), pytest.raises(guard.TooLate):
        socket.getaddrinfo("localhost", 80)
