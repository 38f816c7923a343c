"""A ticket is found by the words of its messages, by whoever may see it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete

from helpdesk.domain import contacts, tickets
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import TicketChange, search
from helpdesk.domain.tickets.search import asking, finding, snippets, statements
from helpdesk.errors import Invalid
from helpdesk.storage.transaction import Transaction
from tests.factories import a_contact, a_ticket, an_agent, an_inbox, as_agent

MANY = 1000


async def found(tx: Transaction, sought: str, **asked: Any) -> list[int]:
    """Numbers of tickets in their order, once new messages and waiting jobs are in the index."""
    await search.index_new(tx, MANY)
    for job in [one.payload for one in tx.jobs if one.name == "index_again"]:
        if "contact_id" in job:
            await search.index_contact(tx, UUID(job["contact_id"]), None, MANY)
        else:
            await search.index_ticket(tx, UUID(job["ticket_id"]), None, MANY)
    rows, _ = await search.page(tx, sought, **asked)
    return [row["number"] for row in rows]


async def test_what_is_not_found_yet_is_counted_whether_new_or_old(tx: Transaction) -> None:
    await a_ticket(tx)
    tx.now += timedelta(minutes=1)
    await a_ticket(tx, contact=await a_contact(tx, "Bo Ek"))
    counts = [await search.unindexed(tx, MANY), await search.unindexed(tx, 1)]
    await search.index_new(tx, MANY)
    counts.append(await search.unindexed(tx, MANY))

    await tx.session.execute(delete(search.MessageWords))
    counts.append(await search.unindexed(tx, MANY))
    await search.look_through(tx)
    counts.append(await search.unindexed(tx, MANY))

    assert counts == [2, 1, 0, 1, 2]  # of the last ten seconds, then of all


async def test_a_ticket_is_found_by_words_of_all_that_was_said(tx: Transaction) -> None:
    kim = await a_contact(tx, "Kim Lund", email="kim.lund@odd.example")
    await contacts.add_identity(tx, kim, contacts.IdentityKind.PHONE, "+46701234567", verified=True)
    wanted = await a_ticket(
        tx, contact=kim, subject="Kvarnen står", body="Lågt vattentryck? En gasket läcker."
    )
    agent = as_agent(tx, await an_agent(tx))
    await tickets.add_note(agent, wanted.id, "Hemligt: delivery is late")
    await tickets.reply(agent, wanted.id, "Prova en sköljning av det sista filtret.")
    await a_ticket(tx, contact=await a_contact(tx, "Bo Ek"), subject="Something else", body="Nothing of it.")

    for sought in (
        "vattentryck",  # a customer's word
        "sköljning",  # an answer's
        "hemligt",  # a note's
        "skoljning",  # without its dots
        "SKÖLJNINGEN gaskets deliveries",  # other forms, in both languages and in several messages
        "vattent",  # while it is being typed
        "vattentryck e",
        '"sista filtret"',
        "kvarn lund@odd",  # of the subject and the address
        "070-123 45 67",
        "from:lund",
        "vattentryck is:pend from:",  # an operator that is still being typed
        "vattentryck is:pending channel:email from:kim assignee:aoife",
    ):
        assert await found(agent, sought) == [wanted.number], sought


async def test_what_does_not_fit_is_not_found(tx: Transaction) -> None:
    await a_ticket(tx, subject="Kvarnen", body="Vattentryck i sista filtret, packningar")
    agent = as_agent(tx, await an_agent(tx))

    for sought in (
        "tryck",  # the end of a word
        '"filtret sista"',
        '"packn"',
        "kvarnen nowhere",
        "kvarnen from:vattentryck",
        "kvarnen is:resolved",
        "kvarnen channel:chat",
        "kvarnen tag:vip",
        "kvarnen assignee:me",
        "  ",
    ):
        assert await found(agent, sought) == [], sought


async def test_of_foreign_inboxes_nothing_is_found_by_word_or_number(tx: Transaction) -> None:
    own, foreign = await an_inbox(tx), await an_inbox(tx)
    mine, theirs = (
        await a_ticket(tx, inbox=own, body="Cogwheel"),
        await a_ticket(tx, inbox=foreign, body="Cogwheel lost"),
    )
    limited = as_agent(tx, await an_agent(tx), frozenset({own.id}))

    assert await found(limited, "cogwheel") == [mine.number]
    assert await found(limited, "cogwheel lost") == []
    assert await found(limited, f"#{theirs.number}") == []
    assert await found(limited, "is:open") == [mine.number]


async def test_a_message_that_moved_shows_nothing_to_those_who_see_its_old_ticket(tx: Transaction) -> None:
    own, foreign = await an_inbox(tx), await an_inbox(tx)
    mine, theirs = await a_ticket(tx, inbox=own, body="Cogwheel"), await a_ticket(tx, inbox=foreign)
    limited = as_agent(tx, await an_agent(tx), frozenset({own.id}))
    await found(tx, "cogwheel")
    await (await tx.driver()).execute(
        "UPDATE messages SET ticket_id = $2 WHERE ticket_id = $1", mine.id, theirs.id
    )

    [row], _ = await search.page(limited, "cogwheel")

    assert row["found"]["message"] is None


async def test_whole_words_come_before_beginnings_then_what_is_newest(tx: Transaction) -> None:
    whole = [await a_ticket(tx, body="The filter"), await a_ticket(tx, body="A filter!")]
    begun = [await a_ticket(tx, body="Filterholder"), await a_ticket(tx, body="Filters")]
    agent = as_agent(tx, await an_agent(tx))

    assert await found(agent, "filter") == [one.number for one in (*reversed(whole), *reversed(begun))]


async def test_pages_go_back_to_the_first_ticket_and_name_each_once(
    tx: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "WINDOW", 4)
    monkeypatch.setattr(finding, "WINDOW", 4)
    agent = as_agent(tx, await an_agent(tx))
    made = [await a_ticket(tx, body="Cogwheel") for _ in range(7)]
    for one in (made[0], made[5]):
        await tickets.reply(agent, one.id, "Which cogwheel?")
    await found(tx, "cogwheel")

    told, after, pages = [], None, 0
    while pages == 0 or after:
        rows, after = await search.page(agent, "cogwheel", limit=2, after=after)
        told += [row["number"] for row in rows]
        pages += 1

    numbers = [one.number for one in made]
    assert told == [numbers[5], numbers[0], numbers[6], *reversed(numbers[1:5])]
    with pytest.raises(Invalid, match="cursor_invalid"):
        await search.page(agent, "cogwheel", after="nonsense")


async def test_a_ticket_is_found_by_what_it_and_its_contact_are_called_now(tx: Transaction) -> None:
    kim = await a_contact(tx, "Kim Lund")
    kim.created_at = tx.now.replace(year=2025)
    ticket = await a_ticket(tx, contact=kim, inbox=await an_inbox(tx, Channel.CHAT), subject="Cogwheel")
    agent = as_agent(tx, await an_agent(tx))
    assert await found(agent, "lund cogwheel") == [ticket.number]

    await contacts.rename(agent, kim.id, "Kim Falk")
    await contacts.leave_address(tx, kim.id, "falk@odd.example")
    await tickets.change_ticket(agent, ticket.id, TicketChange(frozenset({"subject"}), subject="Grinder"))

    assert await found(agent, "falk odd grinder") == [ticket.number]
    assert await found(agent, "cogwheel") == []


async def test_what_was_split_off_is_found_where_it_went(tx: Transaction) -> None:
    ticket = await a_ticket(tx, body="The mill is broken.")
    agent = as_agent(tx, await an_agent(tx))
    said = await tickets.receive_message(
        tx,
        tickets.InboundMessage(
            inbox_id=ticket.inbox_id,
            channel=Channel.EMAIL,
            contact_id=ticket.contact_id,
            body="And an invoice is missing.",
            ticket_id=ticket.id,
        ),
    )
    assert await found(agent, "invoice") == [ticket.number]

    new = await tickets.split(agent, ticket.id, [said.message_id], "Invoice")

    assert await found(agent, "missing invoice") == [new.number]


async def test_a_search_that_takes_too_long_is_asked_in_another_way(tx: Transaction) -> None:
    before = await tx.connection.fetchval("SHOW statement_timeout")

    found = await statements._run(tx, "SELECT pg_sleep(60)", "SELECT 'by index' AS way", [])

    assert [one["way"] for one in found] == ["by index"]
    assert await tx.connection.fetchval("SHOW statement_timeout") == before
    assert await tx.connection.fetchval("SHOW enable_seqscan") == "on"


def test_a_line_around_the_word_is_shown_with_it_marked() -> None:
    is_sought = snippets.matcher(asking.asked("åska fakturor").terms, {"fakturor": ["faktur"]})
    text = "Hej! " * 30 + "\n\nEn ASKA, en faktura " + "och mer " * 40

    shown = snippets.snippet(text, is_sought)

    assert [part for part, is_marked in shown if is_marked] == ["ASKA", "faktura"]
    assert shown[0] == ("… ", False)
    assert shown[-1] == (" …", False)
    assert len("".join(part for part, _ in shown)) < snippets.LENGTH + 10
    assert snippets.snippet("Ingenting", is_sought) == [("Ingenting", False)]


async def test_of_a_ticket_called_so_the_message_that_says_it_is_shown(tx: Transaction) -> None:
    ticket = await a_ticket(tx, subject="Cogwheel", body="Where is my cogwheel?")
    agent = as_agent(tx, await an_agent(tx))
    await tickets.reply(agent, ticket.id, "On its way.")
    await found(agent, "cogwheel")

    [row], _ = await search.page(agent, "cogwheels")

    assert row["found"]["message"]["text"] == [("Where is my ", False), ("cogwheel", True), ("?", False)]
