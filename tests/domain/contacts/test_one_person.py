"""Two contacts are one person: everything goes over, old ids lead on, and within a day it goes back."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from helpdesk.actors import Role
from helpdesk.domain import contacts, tickets, widgets
from helpdesk.domain.contacts import Contact, IdentityKind
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import InboundMessage, Message, Sender, one_person
from helpdesk.errors import Conflict, Forbidden, Invalid, NotFound
from helpdesk.storage.tables import EventRow
from helpdesk.storage.transaction import Transaction
from tests.factories import (
    a_company_of,
    a_contact,
    a_ticket,
    an_agent,
    an_inbox,
    as_agent,
    as_contact,
)

HOUR = timedelta(hours=1)


async def two(tx: Transaction) -> tuple[Contact, Contact]:
    """One person who wrote from the office and from home."""
    office = await a_contact(tx, "Kim Berg", email="kim@cafe.example")
    return office, await a_contact(tx, "Kim", email="kim@home.example")


async def merge(tx: Transaction, into: Contact, merged: Contact) -> contacts.ContactMerge:
    return await one_person.merge(as_agent(tx, await an_agent(tx)), into.id, merged.id)


async def part(tx: Transaction, merged: Contact) -> Contact:
    return await one_person.part(as_agent(tx, await an_agent(tx)), merged.id)


async def addresses(tx: Transaction, contact: Contact) -> list[str]:
    return sorted(one.value for one in await contacts.identities_of(tx, contact.id))


async def a_mail(tx: Transaction, inbox_id: UUID, address: str) -> tickets.Ticket:
    """A first mail from an address."""
    said = await tickets.receive_message(
        tx,
        InboundMessage(
            inbox_id=inbox_id,
            channel=Channel.EMAIL,
            sender=Sender(IdentityKind.EMAIL, address),
            body="The mill again.",
            mail={"sender": address},
        ),
    )
    return await tickets.get(tx, said.ticket_id)


async def owner_of(tx: Transaction, ticket: tickets.Ticket) -> UUID:
    await tx.session.refresh(ticket, ["contact_id"])
    return ticket.contact_id


async def test_tickets_and_what_was_said_on_them_are_the_ones_who_stays(tx: Transaction) -> None:
    office, home = await two(tx)
    ticket = await a_ticket(tx, contact=home)

    await merge(tx, office, home)

    assert await owner_of(tx, ticket) == office.id
    authors = await tx.session.scalars(select(Message.author_id).where(Message.ticket_id == ticket.id))
    assert set(authors) == {office.id}
    told = await tx.session.scalar(
        select(EventRow).where(EventRow.ticket_id == ticket.id, EventRow.name == "ContactMerged")
    )
    assert told is not None
    assert told.data["previous_id"] == str(home.id)


async def test_addresses_go_over_with_their_proof(tx: Transaction) -> None:
    office, home = await two(tx)
    await contacts.leave_address(tx, home.id, "typed@home.example")

    await merge(tx, office, home)

    proven = {one.value: one.verified_at is not None for one in await contacts.identities_of(tx, office.id)}
    assert proven == {"kim@cafe.example": True, "kim@home.example": True, "typed@home.example": False}


async def test_what_one_had_typed_is_proven_by_the_other(tx: Transaction) -> None:
    office, home = await two(tx)
    await contacts.leave_address(tx, office.id, "kim@home.example")

    await merge(tx, office, home)
    found = await contacts.by_identity(tx, IdentityKind.EMAIL, "kim@home.example")

    assert found is not None
    assert found.id == office.id
    await part(tx, home)
    found = await contacts.by_identity(tx, IdentityKind.EMAIL, "kim@home.example")
    assert found is not None
    assert found.id == home.id
    typed = {one.value: one.verified_at for one in await contacts.identities_of(tx, office.id)}
    assert typed["kim@home.example"] is None


async def test_the_old_id_leads_to_the_one_who_stays(tx: Transaction) -> None:
    office, home = await two(tx)
    await merge(tx, office, home)

    assert (await contacts.get(tx, home.id)).id == office.id
    assert await contacts.known_as(tx, home.id) == (office.id, "Kim Berg")
    assert [one.id for one in await contacts.search(tx, "home.example", 5)] == [office.id]


async def test_a_mail_from_either_address_is_the_same_persons(tx: Transaction) -> None:
    office, home = await two(tx)
    inbox = await an_inbox(tx)
    await merge(tx, office, home)

    ticket = await a_mail(tx, inbox.id, "kim@home.example")

    assert ticket.contact_id == office.id


async def test_what_both_have_the_one_who_stays_keeps_and_what_is_lacking_is_taken(tx: Transaction) -> None:
    office, home = await two(tx)
    company = await a_company_of(tx, home)
    home.time_zone = "Europe/Paris"
    office.locale, home.locale = "sv", "fr"
    shown = await one_person.preview(as_agent(tx, await an_agent(tx)), office.id, home.id)

    await merge(tx, office, home)

    assert (office.name, office.locale) == ("Kim Berg", "sv")
    assert (office.company_id, office.time_zone) == (company.id, "Europe/Paris")
    assert shown["differences"] == [
        {"field": "name", "kept": "Kim Berg", "other": "Kim"},
        {"field": "company", "kept": company.name, "other": None},
        {"field": "locale", "kept": "sv", "other": "fr"},
        {"field": "time_zone", "kept": "Europe/Paris", "other": None},
    ]


async def test_a_preview_counts_what_moves_and_changes_nothing(tx: Transaction) -> None:
    office, home = await two(tx)
    await a_ticket(tx, contact=home)
    visitor = await contacts.create(tx, name="Kim")

    shown = await one_person.preview(as_agent(tx, await an_agent(tx)), office.id, home.id)
    unproven = await one_person.preview(as_agent(tx, await an_agent(tx)), office.id, visitor.id)

    assert (shown["tickets"], shown["open_tickets"], shown["unproven"]) == (1, 1, [])
    assert [one.value for one in shown["identities"]] == ["kim@home.example"]
    assert unproven["unproven"] == [visitor.id]
    assert home.merged_into is None


async def test_a_company_plan_and_promise_of_a_ticket_stay(tx: Transaction) -> None:
    office, home = await two(tx)
    theirs = await a_company_of(tx, home)
    ours = await a_company_of(tx, office)
    ticket = await a_ticket(tx, contact=home)
    due_at = ticket.due_at

    await merge(tx, office, home)

    assert (ticket.company_id, ticket.due_at, office.company_id) == (theirs.id, due_at, ours.id)


async def test_who_was_blocked_stays_blocked(tx: Transaction) -> None:
    office, home = await two(tx)
    await widgets.blocking.block(tx, home.id, "Threats")

    await merge(tx, office, home)

    assert await widgets.blocking.is_blocked(tx, office.id)
    await part(tx, home)
    assert not await widgets.blocking.is_blocked(tx, office.id)
    assert await widgets.blocking.is_blocked(tx, home.id)


async def test_nobody_is_merged_twice_in_a_circle_or_into_themselves(tx: Transaction) -> None:
    office, home = await two(tx)
    third = await a_contact(tx)
    await merge(tx, office, home)

    for into, merged in ((third, home), (home, office), (home, third), (office, home)):
        with pytest.raises(Conflict, match="contact_merged"):
            await merge(tx, into, merged)
    with pytest.raises(Invalid, match="contact_merge_into_itself"):
        await merge(tx, third, third)


async def test_who_was_merged_before_is_led_along(tx: Transaction) -> None:
    office, home = await two(tx)
    third = await a_contact(tx)
    await merge(tx, office, home)
    await merge(tx, third, office)

    assert (await contacts.get(tx, home.id)).id == third.id
    with pytest.raises(Conflict, match="contact_merged_on"):
        await part(tx, home)
    await part(tx, office)
    assert (await contacts.get(tx, home.id)).id == office.id
    await part(tx, home)
    assert await addresses(tx, home) == ["kim@home.example"]


async def test_after_a_day_a_merge_stands(tx: Transaction) -> None:
    office, home = await two(tx)
    await merge(tx, office, home)
    tx.now += 25 * HOUR

    with pytest.raises(Conflict, match="merge_too_old"):
        await part(tx, home)


async def test_what_came_since_by_an_address_of_theirs_is_theirs_and_the_rest_stays(tx: Transaction) -> None:
    office, home = await two(tx)
    inbox = await an_inbox(tx)
    before = await a_ticket(tx, inbox=inbox, contact=home)
    await merge(tx, office, home)
    tx.now += HOUR
    from_home = await a_mail(tx, inbox.id, "kim@home.example")
    from_office = await a_mail(tx, inbox.id, "kim@cafe.example")

    await part(tx, home)

    assert [await owner_of(tx, one) for one in (before, from_home, from_office)] == [
        home.id,
        home.id,
        office.id,
    ]
    author = await tx.session.scalar(select(Message.author_id).where(Message.ticket_id == from_home.id))
    assert author == home.id


async def test_a_chat_begun_since_in_their_browser_is_theirs_again(tx: Transaction) -> None:
    office, home = await two(tx)
    chat = await an_inbox(tx, Channel.CHAT)
    await merge(tx, office, home)
    browser = as_contact(tx, office.id, chat.id)
    object.__setattr__(browser.actor, "came_as", home.id)

    begun = await a_ticket(browser, inbox=chat, contact=office)
    await part(tx, home)

    assert await owner_of(tx, begun) == home.id


async def test_a_call_logged_since_with_their_number_is_theirs_again(tx: Transaction) -> None:
    office, home = await two(tx)
    await an_inbox(tx, Channel.PHONE)
    await contacts.add_identity(tx, home, IdentityKind.PHONE, "+46701740612", verified=True)
    await merge(tx, office, home)

    logged = await tickets.log_call(
        as_agent(tx, await an_agent(tx)),
        tickets.LoggedCall(caller="+46701740612", notes="Rang again."),
    )
    assert logged.contact_id == office.id
    await part(tx, home)

    assert await owner_of(tx, logged) == home.id


async def test_only_who_sees_all_their_inboxes_may_say_that_they_are_one(tx: Transaction) -> None:
    office, home = await two(tx)
    seen, unseen = await an_inbox(tx), await an_inbox(tx)
    await a_ticket(tx, inbox=seen, contact=office)
    agent = await an_agent(tx)
    limited = as_agent(tx, agent, frozenset({seen.id}))

    with pytest.raises(NotFound):
        await one_person.merge(limited, office.id, home.id)
    await a_ticket(tx, inbox=seen, contact=home)
    await a_ticket(tx, inbox=unseen, contact=home)
    for ask in (one_person.merge, one_person.preview):
        with pytest.raises(Forbidden, match="contact_elsewhere"):
            await ask(limited, office.id, home.id)
    await merge(tx, office, home)
    with pytest.raises(Forbidden, match="contact_elsewhere"):
        await one_person.part(limited, home.id)


async def test_neither_contacts_nor_light_agents_merge_people(tx: Transaction) -> None:
    office, home = await two(tx)
    chat = await an_inbox(tx, Channel.CHAT)
    light = as_agent(tx, await an_agent(tx, role=Role.LIGHT))

    for nobody in (as_contact(tx, office.id, chat.id), light):
        with pytest.raises(Forbidden):
            await one_person.merge(nobody, office.id, home.id)
        with pytest.raises(Forbidden):
            await one_person.part(nobody, home.id)


_STATE = """
    SELECT 'contact' AS what, id::text AS a,
      name || coalesce(company_id::text, '') || locale || time_zone AS b,
      merged_into::text AS c FROM contacts WHERE id = ANY(:both)
    UNION ALL SELECT 'identity', kind || value, contact_id::text, verified_at::text
      FROM identities WHERE contact_id = ANY(:both)
    UNION ALL SELECT 'ticket', id::text, contact_id::text,
      concat_ws(' ', company_id, plan_id, status, due_at, rank_at) FROM tickets WHERE contact_id = ANY(:both)
    UNION ALL SELECT 'message', id::text, author_id::text, author_name
      FROM messages WHERE author_id = ANY(:both)
    UNION ALL SELECT 'visit', inbox_id::text, contact_id::text, page FROM visits WHERE contact_id = ANY(:both)
    UNION ALL SELECT 'block', id::text, contact_id::text, reason
      FROM visitor_blocks WHERE contact_id = ANY(:both)
    UNION ALL SELECT 'mark', ticket_id::text, reader_id::text, upto::text
      FROM read_marks WHERE reader_id = ANY(:both)
    UNION ALL SELECT 'rating', ticket_id::text, contact_id::text, score::text
      FROM ratings WHERE contact_id = ANY(:both)
    UNION ALL SELECT 'upload', id::text, owner_id::text, name FROM attachments WHERE owner_id = ANY(:both)
    ORDER BY 1, 2, 3, 4
"""

_PERSON = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["", "Kim"]),
        "zone": st.sampled_from(["UTC", "Europe/Paris"]),
        "company": st.booleans(),
        "typed": st.sets(st.sampled_from(["a@x.example", "b@x.example"])),
        "proven": st.sets(st.sampled_from(["a@x.example", "b@x.example"])),
        "mails": st.integers(0, 2),
        "chats": st.integers(0, 2),
        "visits": st.booleans(),
        "blocked": st.booleans(),
        "writes_to_the_other": st.booleans(),
    }
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(one=_PERSON, other=_PERSON)
async def test_undoing_a_merge_leaves_everything_as_it_was(
    tx: Transaction, one: dict[str, object], other: dict[str, object]
) -> None:
    nested = await tx.session.begin_nested()
    mail, chat = await an_inbox(tx), await an_inbox(tx, Channel.CHAT)
    both = [await _a_person(tx, made, mail, chat) for made in (one, other)]
    for made, contact, their in ((one, both[0], both[1]), (other, both[1], both[0])):
        if made["writes_to_the_other"]:
            ticket = await a_ticket(tx, inbox=mail, contact=their)
            tx.session.add(_said_by(tx, ticket, contact))
    await tx.flush()
    asked = text(_STATE), {"both": [contact.id for contact in both]}
    before = (await tx.session.execute(*asked)).all()

    await merge(tx, both[0], both[1])
    merged = (await tx.session.execute(*asked)).all()
    await part(tx, both[1])

    assert (await tx.session.execute(*asked)).all() == before
    assert len(merged) >= len(before)  # nothing is lost on the way
    left = {row.b for row in merged if row.what in ("ticket", "message", "rating", "mark")}
    assert left <= {str(both[0].id)}
    await nested.rollback()
    tx.known.clear()
    tx.jobs.clear()


async def _a_person(tx: Transaction, made: dict[str, object], mail: object, chat: object) -> Contact:
    contact = await contacts.create(tx, name=str(made["name"]), time_zone=str(made["zone"]))
    if made["company"]:
        await a_company_of(tx, contact)
    for address in sorted(made["typed"]):  # type: ignore[call-overload]
        await contacts.add_identity(tx, contact, IdentityKind.EMAIL, address, verified=False)
    for address in sorted(made["proven"]):  # type: ignore[call-overload]
        if await contacts.by_identity(tx, IdentityKind.EMAIL, address) is None:
            await contacts.add_identity(tx, contact, IdentityKind.EMAIL, address, verified=True)
    for inbox, count in ((mail, made["mails"]), (chat, made["chats"])):
        for _ in range(int(str(count))):
            ticket = await a_ticket(tx, inbox=inbox, contact=contact)  # type: ignore[arg-type]
            reader = as_contact(tx, contact.id, ticket.inbox_id)
            await tickets.mark_read(reader, ticket.id, ticket.public_version)
            if inbox is chat:
                tx.session.add(
                    tickets.chatting.Rating(
                        ticket_id=ticket.id, contact_id=contact.id, score=4, rated_at=tx.now
                    )
                )
    if made["visits"]:
        page = widgets.visits.Page("https://shop.example/" + str(contact.id), None)
        await widgets.visits.seen(tx, contact.id, chat.id, page, None)  # type: ignore[attr-defined]
    if made["blocked"]:
        await widgets.blocking.block(tx, contact.id, "Threats")
    return contact


def _said_by(tx: Transaction, ticket: tickets.Ticket, contact: Contact) -> Message:
    """On somebody else's ticket."""
    return Message(
        id=tx.new_id(),
        ticket_id=ticket.id,
        inbox_id=ticket.inbox_id,
        kind="message",
        channel="email",
        author_kind="contact",
        author_id=contact.id,
        author_name=contact.name,
        body="Me too.",
        created_at=tx.now,
    )
