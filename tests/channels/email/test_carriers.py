"""A signed carrier finds its ticket again, and only ours do."""

from uuid import UUID

import pytest

from helpdesk.channels.email.carriers import Carriers, Kind

KIM = UUID("01949d3e-7c5a-7b11-9c3f-aa00bb11cc22")
BO = UUID("01949d3e-7c5a-7b11-9c3f-aa00bb11cc23")
OLD, NEW = b"o" * 32, b"n" * 32
CARRIERS = Carriers({1: OLD, 2: NEW}, 2)


def test_a_reply_address_names_ticket_and_person():
    address = CARRIERS.reply_address("support@acme.example", 1042, KIM)

    found = CARRIERS.read_address(address)

    assert found is not None
    assert (found.kind, found.valid, found.ticket) == (Kind.REPLY_ADDRESS, True, 1042)
    assert found.is_for(KIM)
    assert not found.is_for(BO)
    assert len(address.partition("@")[0]) <= 64


def test_a_server_without_plus_addresses_and_a_long_inbox_get_the_other_form():
    short = CARRIERS.reply_address("support@acme.example", 7, KIM, plus=False)
    long = CARRIERS.reply_address(f"{'s' * 60}@acme.example", 7, KIM)

    for address in (short, long):
        assert address.startswith("reply-r2.7.")
        found = CARRIERS.read_address(address)
        assert found is not None
        assert found.valid


def test_case_does_not_matter_on_the_way_back():
    found = CARRIERS.read_address(CARRIERS.reply_address("support@acme.example", 7, KIM).upper())

    assert found is not None
    assert found.valid


def test_a_message_id_a_thread_root_a_marker_and_a_bounce_address():
    own = CARRIERS.read_message_id(CARRIERS.message_id(KIM, "acme.example"))
    root = CARRIERS.read_message_id(CARRIERS.thread_root(1042, "acme.example"))
    body = CARRIERS.read_body(f"> quoted {CARRIERS.marker(1042, KIM)} text")
    bounce = CARRIERS.read_address(CARRIERS.bounce_address(KIM, "acme.example"))

    assert own is not None
    assert own.message_id == KIM
    assert root is not None
    assert root.ticket == 1042
    assert body[0].is_for(KIM)
    assert bounce is not None
    assert bounce.outbox_id == KIM


@pytest.mark.parametrize(
    "change",
    [
        lambda address: address.replace(".sw.", ".sx."),
        lambda address: address.replace("+r2.", "+r1."),
        lambda address: address.replace("+r2.", "+r9."),
        lambda address: address.replace("+r2.", "+r02."),
        lambda address: (
            address.partition("@")[0][:-1] + ("a" if address.partition("@")[0][-1] != "a" else "b") + "@x"
        ),
    ],
)
def test_a_changed_carrier_is_recognised_and_worthless(change):
    found = CARRIERS.read_address(change(CARRIERS.reply_address("support@acme.example", 1040, KIM)))

    assert found is not None
    assert not found.valid
    assert found.ticket is None
    assert not found.is_for(KIM)


@pytest.mark.parametrize(
    "address", ["support@acme.example", "support+sales@acme.example", "", "b+x@y", "r1.a.b.c@d"]
)
def test_other_addresses_are_no_carriers(address):
    assert CARRIERS.read_address(address) is None


def test_a_mac_of_one_kind_is_none_of_another():
    token = CARRIERS.thread_root(1042, "x").removeprefix("t")

    found = CARRIERS.read_message_id(f"m{token}")

    assert found is not None
    assert not found.valid


def test_an_old_key_still_verifies_until_it_is_dropped():
    before = Carriers({1: OLD}, 1)
    address = before.reply_address("support@acme.example", 7, KIM)
    bounce = before.bounce_address(KIM, "x")

    for text in (address, bounce):
        rotated, dropped = CARRIERS.read_address(text), Carriers({2: NEW}, 2).read_address(text)
        assert rotated is not None
        assert rotated.valid
        assert dropped is not None
        assert not dropped.valid


def test_all_carriers_of_a_mail_come_strongest_first():
    found = CARRIERS.read_all(
        [CARRIERS.reply_address("s@x.example", 7, KIM)],
        ["foreign@x", CARRIERS.message_id(BO, "x")],
        CARRIERS.marker(7, KIM),
    )

    assert [one.kind for one in found] == [Kind.REPLY_ADDRESS, Kind.MESSAGE_ID, Kind.BODY_MARKER]


def test_short_keys_are_refused():
    with pytest.raises(ValueError):
        Carriers({1: b"short"}, 1)
