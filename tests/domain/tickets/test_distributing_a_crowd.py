"""Push where much waits: what nobody can take hides nothing, and the guard sees past what is late."""

from dataclasses import replace
from datetime import timedelta

from helpdesk.domain import availability, tickets
from helpdesk.domain.inboxes import Inbox
from helpdesk.storage.transaction import Transaction
from tests.domain.tickets.test_distributing import a_member, a_pushing_inbox
from tests.factories import a_contact, a_ticket

MORE_THAN_LOOKED_AT = 51
LONG_PAST_DUE = timedelta(hours=14)


async def a_crowd(tx: Transaction, inbox: Inbox) -> list[tickets.Ticket]:
    contact = await a_contact(tx)
    return [await a_ticket(tx, inbox=inbox, contact=contact) for _ in range(MORE_THAN_LOOKED_AT)]


async def test_many_who_wait_for_an_absent_skill_hold_up_nobody_behind_them(tx: Transaction) -> None:
    asking, plain = await a_pushing_inbox(tx, skills=["till"]), await a_pushing_inbox(tx)
    await a_member(tx, asking, "Unable")
    agent = await a_member(tx, plain, "Able")
    await a_crowd(tx, asking)
    ticket = await a_ticket(tx, inbox=plain)

    assert await tickets.distribute(tx) == 1
    assert ticket.assignee_id == agent.id


async def test_in_an_overload_what_can_still_be_met_is_assigned_however_much_is_late(tx: Transaction) -> None:
    inbox = await a_pushing_inbox(tx)
    agent = await a_member(tx, inbox)
    await a_crowd(tx, inbox)
    tx = replace(tx, now=tx.now + LONG_PAST_DUE, held={})
    await availability.seen(tx, [agent.id])
    ticket = await a_ticket(tx, inbox=inbox)

    await tickets.distribute(tx)

    assert ticket.assignee_id == agent.id


async def test_in_an_overload_every_fifth_assignment_is_a_rescue_whoever_gets_it(tx: Transaction) -> None:
    inbox = await a_pushing_inbox(tx)
    staff = [await a_member(tx, inbox, name) for name in ("One", "Two", "Three")]
    late = [await a_ticket(tx, inbox=inbox) for _ in range(6)]
    tx = replace(tx, now=tx.now + LONG_PAST_DUE, held={})
    await availability.seen(tx, [one.id for one in staff])
    fresh = [await a_ticket(tx, inbox=inbox) for _ in range(12)]

    assert await tickets.distribute(tx) == 9  # three mails each

    assert [ticket for ticket in late if ticket.assignee_id] == late[:1]
    assert [ticket for ticket in fresh if ticket.assignee_id] == fresh[:8]


async def test_a_language_is_kept_for_its_speaker_also_once_they_are_full(tx: Transaction) -> None:
    inbox = await a_pushing_inbox(tx, skills=["language:sv"])
    speaker, other = await a_member(tx, inbox, "Sven"), await a_member(tx, inbox, "Eve")
    speaker.skills, speaker.capacity = ["language:sv"], 2
    await tx.flush()
    first, second = [await a_ticket(tx, inbox=inbox) for _ in range(2)]

    await tickets.distribute(tx)
    assert (first.assignee_id, second.assignee_id) == (speaker.id, None)

    await availability.choose(tx, speaker.id, availability.State.OFFLINE)
    await tickets.distribute(tx)
    assert second.assignee_id == other.id
