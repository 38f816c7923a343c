"""Who is suggested to be the same person: by what is proven of both, never by what somebody claims."""

import pytest

from helpdesk.domain import contacts
from helpdesk.domain.contacts import Contact, IdentityKind
from helpdesk.storage.transaction import Transaction
from tests.factories import a_company_of, a_ticket, an_agent, an_inbox, as_agent


async def suggested(tx: Transaction, contact: Contact) -> list[tuple[object, str, str]]:
    found = await contacts.duplicates.of(as_agent(tx, await an_agent(tx)), contact)
    return [(one.contact.id, one.likeness.value, one.value) for one in found]


async def a_person(tx: Transaction, kind: IdentityKind, value: str, name: str = "") -> Contact:
    return await contacts.find_or_create(tx, kind, value, name=name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("kim.berg@cafe.example", "kim.berg+orders@cafe.example"),
        ("kim.berg@gmail.com", "kimberg@gmail.com"),
        ("+46701740612", "+49701740612"),
    ],
)
async def test_an_address_or_number_written_differently_is_suggested(
    tx: Transaction, one: str, other: str
) -> None:
    kind = IdentityKind.EMAIL if "@" in one else IdentityKind.PHONE
    first, second = await a_person(tx, kind, one), await a_person(tx, kind, other)

    assert await suggested(tx, first) == [(second.id, kind.value, other)]
    assert await suggested(tx, second) == [(first.id, kind.value, one)]


async def test_dots_tell_people_apart_where_the_mailbox_does(tx: Transaction) -> None:
    first = await a_person(tx, IdentityKind.EMAIL, "kim.berg@cafe.example")
    await a_person(tx, IdentityKind.EMAIL, "kimberg@cafe.example")

    assert await suggested(tx, first) == []


async def test_one_name_at_one_company_or_mail_domain_is_suggested(tx: Transaction) -> None:
    at_work = await a_person(tx, IdentityKind.EMAIL, "kim@cafe.example", "Kim Berg")
    elsewhere = await a_person(tx, IdentityKind.EMAIL, "k.berg@cafe.example", "kim berg")
    company = await a_company_of(tx, at_work)
    by_phone = await a_person(tx, IdentityKind.PHONE, "+46701740612", "Kim Berg")
    by_phone.company_id = company.id
    await tx.flush()

    assert await suggested(tx, at_work) == [
        (by_phone.id, "company", company.name),
        (elsewhere.id, "domain", "cafe.example"),
    ]


async def test_a_common_name_or_a_domain_for_everybody_says_nothing(tx: Transaction) -> None:
    first = await a_person(tx, IdentityKind.EMAIL, "kim@cafe.example", "Kim")
    await a_person(tx, IdentityKind.EMAIL, "kim2@cafe.example", "Kim")
    anna = await a_person(tx, IdentityKind.EMAIL, "anna@gmail.com", "Anna Ek")
    await a_person(tx, IdentityKind.EMAIL, "annaek@gmail.com", "Anna Ek")

    assert await suggested(tx, first) == []
    assert await suggested(tx, anna) == []


async def test_nobody_gets_near_a_person_by_claiming_to_be_them(tx: Transaction) -> None:
    known = await a_person(tx, IdentityKind.EMAIL, "kim@cafe.example", "Kim Berg")
    stranger = await contacts.create(tx, name="Kim Berg")
    await contacts.leave_address(tx, stranger.id, "kim@cafe.example")
    await contacts.leave_address(tx, stranger.id, "kim+x@cafe.example")

    assert await suggested(tx, known) == []
    assert await suggested(tx, stranger) == []


async def test_who_is_not_seen_is_not_suggested(tx: Transaction) -> None:
    first = await a_person(tx, IdentityKind.EMAIL, "kim@cafe.example")
    second = await a_person(tx, IdentityKind.EMAIL, "kim+x@cafe.example")
    inbox, other = await an_inbox(tx), await an_inbox(tx)
    await a_ticket(tx, inbox=inbox, contact=first)
    await a_ticket(tx, inbox=other, contact=second)
    limited = as_agent(tx, await an_agent(tx), frozenset({inbox.id}))

    assert await contacts.duplicates.of(limited, first) == []
    assert [one.contact.id for one in await contacts.duplicates.of(tx, first)] == [second.id]
