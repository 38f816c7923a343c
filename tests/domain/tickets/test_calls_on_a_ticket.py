"""A call logged onto a ticket: having spoken is an answer, having missed each other asks for one."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from helpdesk.actors import Role
from helpdesk.domain import tickets
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.sla import Metric, clocks_of
from helpdesk.errors import Conflict, Forbidden, Invalid, NotFound
from helpdesk.storage.transaction import Transaction
from tests.factories import a_plan, a_ticket, an_agent, an_inbox, as_agent

HOUR = timedelta(hours=1)
PROMISED = {"first_response": 3600, "next_response": 1800, "resolution": 8 * 3600, "callback": 3600}


async def a_mail(tx: Transaction) -> tickets.Ticket:
    """A ticket by mail whose plan promises answers and calls."""
    plan = await a_plan(tx, targets={"email": PROMISED})
    ticket = await a_ticket(tx, inbox=await an_inbox(tx, Channel.EMAIL, plan=plan))
    await tx.session.flush()
    return ticket


async def at_desk(tx: Transaction) -> Transaction:
    return as_agent(tx, await an_agent(tx))


async def under_way(tx: Transaction, ticket: tickets.Ticket) -> set[str]:
    return {one.metric for one in await clocks_of(tx, ticket.id) if not one.met_at and not one.stopped_at}


def call(ticket: tickets.Ticket, direction: str = "outbound", **rest: object) -> tickets.LoggedCall:
    given = {"ticket_id": ticket.id, "direction": direction, "notes": "Comes on Friday."} | rest
    return tickets.LoggedCall(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("direction", ["outbound", "inbound"])
async def test_having_spoken_is_an_answer(tx: Transaction, direction: str) -> None:
    ticket, desk = await a_mail(tx), await at_desk(tx)

    logged = await tickets.log_call(desk, call(ticket, direction, duration=180))

    assert logged.id == ticket.id
    assert await under_way(tx, ticket) == {Metric.RESOLUTION}
    assert (ticket.status, ticket.waiting_since, ticket.unread) == ("pending", None, False)
    assert ticket.assignee_id == desk.actor.agent_id


async def test_it_stands_in_the_timeline_as_a_call_that_the_contact_does_not_read(tx: Transaction) -> None:
    ticket, desk = await a_mail(tx), await at_desk(tx)
    seen = ticket.public_version

    await tickets.log_call(desk, call(ticket, caller="+46701234567", duration=180, began_at=desk.now - HOUR))

    events, _ = await tickets.timeline.events_after(desk, ticket.id, 0, 100)
    [logged] = [one["data"] for one in events if one["name"] == "CallLogged"]
    assert (logged["body"], logged["channel"], logged["duration"], logged["caller"]) == (
        "Comes on Friday.", "phone", 180, "+46701234567"
    )  # fmt: skip
    assert datetime.fromisoformat(logged["began_at"]) == desk.now - HOUR
    assert ticket.public_version == seen


async def test_not_having_reached_them_changes_nothing_of_whose_turn_it_is(tx: Transaction) -> None:
    ticket, desk = await a_mail(tx), await at_desk(tx)
    waiting_since = ticket.waiting_since

    await tickets.log_call(desk, call(ticket, answered=False))

    assert await under_way(tx, ticket) == {Metric.FIRST_RESPONSE, Metric.RESOLUTION}
    assert (ticket.status, ticket.waiting_since) == ("open", waiting_since)
    assert ticket.assignee_id is None


async def test_a_call_nobody_took_opens_what_was_put_away_and_is_owed_one(tx: Transaction) -> None:
    ticket, desk = await a_mail(tx), await at_desk(tx)
    await tickets.reply(desk, ticket.id, "Turn it off and on.")
    assert ticket.status == "pending"

    await tickets.log_call(desk, call(ticket, "inbound", answered=False))

    assert (ticket.status, ticket.waiting_since, ticket.unread) == ("open", desk.now, True)
    assert await under_way(tx, ticket) == {Metric.NEXT_RESPONSE, Metric.CALLBACK, Metric.RESOLUTION}


async def test_a_call_promised_keeps_the_ticket_with_us_until_then(tx: Transaction) -> None:
    ticket, desk = await a_mail(tx), await at_desk(tx)

    await tickets.log_call(desk, call(ticket, "inbound", callback_at=desk.now + 2 * HOUR))
    assert (ticket.status, ticket.due_at) == ("open", desk.now + 2 * HOUR)
    assert await under_way(tx, ticket) == {Metric.CALLBACK, Metric.RESOLUTION}

    await tickets.log_call(desk, call(ticket, "outbound"))
    assert ticket.status == "pending"
    assert await under_way(tx, ticket) == {Metric.RESOLUTION}


async def test_it_pays_the_call_that_another_ticket_owes_them_also_in_an_inbox_one_may_not_see(
    tx: Transaction,
) -> None:
    ticket, everybody = await a_mail(tx), await at_desk(tx)
    line = await an_inbox(tx, Channel.PHONE, plan=await a_plan(tx, targets={"phone": PROMISED}))
    missed = await tickets.log_call(
        everybody, tickets.LoggedCall(contact_id=ticket.contact_id, direction="inbound", answered=False)
    )
    await tx.session.flush()
    assert (missed.inbox_id, Metric.CALLBACK in await under_way(tx, missed)) == (line.id, True)
    by_mail_alone = as_agent(tx, await an_agent(tx), inbox_ids=frozenset({ticket.inbox_id}))

    await tickets.log_call(by_mail_alone, call(ticket))

    assert Metric.CALLBACK not in await under_way(tx, missed)


async def test_who_calls_about_what_was_resolved_opens_it_again(tx: Transaction) -> None:
    ticket, desk = await a_mail(tx), await at_desk(tx)
    resolved = tickets.TicketChange(frozenset({"status"}), status=tickets.Status.RESOLVED)
    await tickets.change_ticket(desk, ticket.id, resolved)

    await tickets.log_call(desk, call(ticket, "outbound"))
    assert ticket.status == "resolved"

    await tickets.log_call(desk, call(ticket, "inbound"))
    assert ticket.status == "pending"


@pytest.mark.parametrize("reached", [True, False])
async def test_who_was_not_reached_still_waits_when_an_agent_opens_it_again(
    tx: Transaction, reached: bool
) -> None:
    ticket, desk = await a_mail(tx), await at_desk(tx)
    written_at = ticket.waiting_since
    await tickets.log_call(desk, call(ticket, answered=reached))
    for status in (tickets.Status.RESOLVED, tickets.Status.OPEN):
        await tickets.change_ticket(
            desk, ticket.id, tickets.TicketChange(frozenset({"status"}), status=status)
        )

    assert (ticket.status, ticket.waiting_since) == ("open", None if reached else written_at)


async def test_it_is_logged_once_under_one_client_id(tx: Transaction) -> None:
    ticket, desk, key = await a_mail(tx), await at_desk(tx), uuid4()
    await tickets.log_call(desk, call(ticket, client_id=key))
    version = ticket.version

    again = await tickets.log_call(desk, call(ticket, client_id=key))

    assert (again.id, ticket.version) == (ticket.id, version)
    with pytest.raises(Conflict, match="client_id_reused"):
        await tickets.log_call(desk, call(ticket, client_id=key, notes="Something else"))


async def test_who_may_not_answer_may_log_no_call(tx: Transaction) -> None:
    ticket = await a_mail(tx)
    light = as_agent(tx, await an_agent(tx, role=Role.LIGHT))
    elsewhere = as_agent(tx, await an_agent(tx), inbox_ids=frozenset({(await an_inbox(tx)).id}))

    with pytest.raises(Forbidden, match="light_agent"):
        await tickets.log_call(light, call(ticket))
    with pytest.raises(NotFound, match="ticket_not_found"):
        await tickets.log_call(elsewhere, call(ticket))


async def test_no_call_is_logged_before_it_begins(tx: Transaction) -> None:
    ticket, desk = await a_mail(tx), await at_desk(tx)

    with pytest.raises(Invalid, match="call_in_future"):
        await tickets.log_call(desk, call(ticket, began_at=desk.now + HOUR))
