"""Which server holds a mailbox, told by nothing but its address."""

import pytest

from helpdesk.channels.email import discovery

RECORDS = {
    ("_imaps._tcp.firma.example", "SRV"): ["0 1 993 post.firma.example."],
    ("firma.example", "MX"): ["10 mx.google.com."],
    ("kvarn.example", "MX"): ["1 aspmx.l.google.com.", "5 alt1.aspmx.l.google.com."],
    ("kontor.example", "MX"): ["0 kontor-example.mail.protection.outlook.com."],
    ("none.example", "MX"): ["0 ."],
    ("off.example", "MX"): ["0 mx.off.example."],
    ("_imaps._tcp.off.example", "SRV"): ["0 0 0 ."],
    ("eget.example", "MX"): ["10 in.eget.example."],
}
LISTENING = {"mail.eget.example", "imap.hem.example", "mail.hem.example", "mx.off.example"}


async def ask(name: str, kind: str) -> list[str]:
    return RECORDS.get((name, kind), [])


async def knock(host: str) -> bool:
    return host in LISTENING


@pytest.mark.parametrize(
    ("address", "server"),
    [
        ("support@firma.example", "post.firma.example"),
        ("support@Kvarn.example", "imap.gmail.com"),
        ("support@kontor.example", "outlook.office365.com"),
        ("support@eget.example", "mail.eget.example"),
        ("support@hem.example", "imap.hem.example"),
        ("support@off.example", "mx.off.example"),
        ("support@none.example", None),
        ("support@localhost", None),
        ("support", None),
        ("", None),
    ],
)
async def test_a_domain_that_says_it_goes_first_then_known_houses_then_who_answers(address, server):
    assert await discovery.find(address, ask, knock) == server


async def test_a_door_that_is_closed_is_no_server():
    assert await discovery.answers("127.0.0.1") is False
