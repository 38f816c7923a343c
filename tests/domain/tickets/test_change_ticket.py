"""What agents change on a ticket: priority, status, snoozing, assignee, tags, subject."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from helpdesk.domain import sla, tickets
from helpdesk.domain.inboxes import Channel, Inbox
from helpdesk.domain.sla import Metric
from helpdesk.domain.tickets import Status, Ticket, TicketChange
from helpdesk.errors import Conflict, Forbidden, Invalid, NotFound
from helpdesk.storage.tables import EventRow
from helpdesk.storage.transaction import Transaction
from tests.factories import (
    OFFICE_HOURS,
    a_contact,
    a_plan,
    a_team,
    a_ticket,
    an_agent,
    an_inbox,
    as_agent,
    as_contact,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TARGETS = {"email": {"first_response": 4 * 3600, "next_response": 2 * 3600, "resolution": 24 * 3600}}


async def promised(tx: Transaction, **plan: Any) -> Ticket:
    """A mail ticket of a contact whose plan promises a first answer within four hours."""
    plan.setdefault("targets", TARGETS)
    return await a_ticket(tx, contact=await a_contact(tx, plan=await a_plan(tx, **plan)))


async def change(tx: Transaction, ticket: Ticket, **what: Any) -> Ticket:
    return await tickets.change_ticket(tx, ticket.id, TicketChange(frozenset(what), **what))


async def events_of(tx: Transaction, ticket: Ticket, after: int = 0) -> list[EventRow]:
    await tx.session.flush()
    query = select(EventRow).where(EventRow.ticket_id == ticket.id, EventRow.version > after)
    return list(await tx.session.scalars(query.order_by(EventRow.version)))


async def names_of(tx: Transaction, ticket: Ticket, after: int = 0) -> list[str]:
    return [event.name for event in await events_of(tx, ticket, after)]


async def clock_of(tx: Transaction, ticket: Ticket, metric: Metric) -> sla.SlaClock:
    return [clock for clock in await sla.clocks_of(tx, ticket.id) if clock.metric == metric][-1]


async def write_again(tx: Transaction, ticket: Ticket, body: str = "And another thing.") -> None:
    await tickets.receive_message(
        tx,
        tickets.InboundMessage(
            inbox_id=ticket.inbox_id,
            channel=Channel(ticket.channel),
            contact_id=ticket.contact_id,
            ticket_id=ticket.id,
            body=body,
        ),
    )


# Priority


async def test_a_higher_priority_shrinks_the_target_from_the_beginning(tx: Transaction) -> None:
    ticket = await promised(tx)
    assert ticket.due_at == tx.now + 4 * HOUR

    tx.now += HOUR / 2
    await change(tx, ticket, priority=1)

    assert (ticket.impact, ticket.urgency, ticket.priority) == (1, 1, 1)
    assert ticket.due_at == ticket.created_at + HOUR
    assert ticket.rank_at == ticket.due_at - timedelta(minutes=9 + 10)
    assert (await events_of(tx, ticket))[-1].data == {"impact": 1, "urgency": 1, "priority": 1, "previous": 3}


async def test_a_lower_priority_stretches_the_target(tx: Transaction) -> None:
    ticket = await promised(tx)

    await change(tx, ticket, impact=3, urgency=3)

    assert ticket.priority == 5
    assert ticket.due_at == ticket.created_at + 8 * HOUR


async def test_a_target_missed_by_the_change_alone_is_not_counted_as_ours(tx: Transaction) -> None:
    ticket = await promised(tx)

    tx.now += 2 * HOUR
    await change(tx, ticket, priority=1)

    clock = await clock_of(tx, ticket, Metric.FIRST_RESPONSE)
    assert clock.breached_at == ticket.created_at + HOUR
    assert clock.cause == "policy_change"
    assert "TargetBreached" in await names_of(tx, ticket)


async def test_a_missed_target_stays_missed_under_a_lower_priority(tx: Transaction) -> None:
    ticket = await promised(tx)
    tx.now += 5 * HOUR
    await tickets.breach(tx, ticket.id)

    await change(tx, ticket, priority=5)

    clock = await clock_of(tx, ticket, Metric.FIRST_RESPONSE)
    assert clock.breached_at == ticket.created_at + 4 * HOUR
    assert clock.cause == "time"
    assert ticket.due_at == ticket.created_at + 4 * HOUR


async def test_the_same_priority_again_is_no_change(tx: Transaction) -> None:
    ticket = await promised(tx)
    version = ticket.version

    await change(tx, ticket, priority=3)

    assert ticket.version == version


async def test_a_priority_asks_whether_to_wake_somebody(tx: Transaction) -> None:
    ticket = await promised(tx)
    tx.jobs.clear()

    await change(tx, ticket, priority=1)

    assert [job.name for job in tx.jobs] == ["raise_alert_if_urgent"]


@pytest.mark.parametrize("what", [{"priority": 0}, {"priority": 6}, {"impact": 4}, {"urgency": -1}])
async def test_a_priority_that_does_not_exist_is_refused(tx: Transaction, what: dict[str, int]) -> None:
    ticket = await promised(tx)

    with pytest.raises(Invalid, match="_invalid"):
        await change(tx, ticket, **what)


async def test_without_a_plan_the_priority_still_moves_the_ticket(tx: Transaction) -> None:
    ticket = await a_ticket(tx)
    rank_at = ticket.rank_at

    await change(tx, ticket, priority=2)

    assert ticket.rank_at == rank_at - timedelta(minutes=5)


# Snoozing


async def test_a_snoozed_ticket_leaves_the_queue_and_its_clock_stands_still(tx: Transaction) -> None:
    ticket = await promised(tx)
    tx.now += HOUR

    await change(tx, ticket, snooze_until=tx.now + DAY)

    assert (ticket.status, ticket.waiting, ticket.due_at) == (Status.SNOOZED, False, None)
    assert ticket.snoozed_until == tx.now + DAY
    clock = await clock_of(tx, ticket, Metric.FIRST_RESPONSE)
    assert (clock.running_since, clock.consumed_seconds) == (None, 3600)
    assert await tickets.due_to_wake(tx) == []


async def test_it_wakes_with_what_was_left_of_its_time(tx: Transaction) -> None:
    ticket = await promised(tx)
    tx.now += HOUR
    await change(tx, ticket, status="snoozed", snooze_until=tx.now + DAY)

    tx.now += DAY
    assert await tickets.due_to_wake(tx) == [ticket.id]
    await tickets.wake(tx, ticket.id, "time")

    assert (ticket.status, ticket.waiting, ticket.snoozed_until) == (Status.OPEN, True, None)
    assert ticket.due_at == tx.now + 3 * HOUR
    assert "TicketWoken" in await names_of(tx, ticket)
    assert await tickets.due_to_wake(tx) == []


async def test_waking_twice_is_waking_once(tx: Transaction) -> None:
    ticket = await promised(tx)
    await change(tx, ticket, snooze_until=tx.now + HOUR)
    tx.now += HOUR
    await tickets.wake(tx, ticket.id, "time")
    version = ticket.version

    await tickets.wake(tx, ticket.id, "time")

    assert ticket.version == version


async def test_a_contact_who_writes_wakes_the_ticket(tx: Transaction) -> None:
    ticket = await promised(tx)
    await change(tx, ticket, snooze_until=tx.now + DAY)
    version = ticket.version

    await write_again(tx, ticket)

    assert (ticket.status, ticket.waiting, ticket.snoozed_until) == (Status.OPEN, True, None)
    assert "TicketWoken" in await names_of(tx, ticket, after=version)


async def test_an_agent_may_wake_it_earlier(tx: Transaction) -> None:
    ticket = await promised(tx)
    await change(tx, ticket, snooze_until=tx.now + DAY)

    await change(tx, ticket, status="open")

    assert (ticket.status, ticket.waiting, ticket.snoozed_until) == (Status.OPEN, True, None)
    assert ticket.due_at == ticket.created_at + 4 * HOUR


async def test_a_snooze_may_be_made_longer(tx: Transaction) -> None:
    ticket = await promised(tx)
    await change(tx, ticket, snooze_until=tx.now + DAY)

    await change(tx, ticket, snooze_until=tx.now + 2 * DAY)

    assert ticket.snoozed_until == tx.now + 2 * DAY


@pytest.mark.parametrize("until", [None, -HOUR, 0 * HOUR])
async def test_snoozing_needs_a_moment_to_come(tx: Transaction, until: timedelta | None) -> None:
    ticket = await promised(tx)

    with pytest.raises(Invalid, match="snooze_in_past"):
        await change(tx, ticket, status="snoozed", snooze_until=None if until is None else tx.now + until)


# Resolving and reopening


async def test_a_resolved_ticket_has_kept_its_resolution_target(tx: Transaction) -> None:
    ticket = await promised(tx)
    tx.now += HOUR

    await change(tx, ticket, status="resolved")

    assert (ticket.status, ticket.waiting, ticket.unread) == (Status.RESOLVED, False, False)
    assert (ticket.resolved_at, ticket.due_at, ticket.waiting_since) == (tx.now, None, None)
    resolution = await clock_of(tx, ticket, Metric.RESOLUTION)
    assert (resolution.met_at, resolution.breached_at) == (tx.now, None)
    response = await clock_of(tx, ticket, Metric.FIRST_RESPONSE)
    assert (response.met_at, response.stopped_at, response.due_at) == (None, tx.now, None)


async def test_a_ticket_resolved_too_late_has_missed_its_target(tx: Transaction) -> None:
    ticket = await promised(tx)
    tx.now += 25 * HOUR

    await change(tx, ticket, status="resolved")

    assert (await clock_of(tx, ticket, Metric.RESOLUTION)).breached_at == ticket.created_at + DAY
    breached = [e.data["metric"] for e in await events_of(tx, ticket) if e.name == "TargetBreached"]
    assert sorted(breached) == ["first_response", "resolution"]


async def test_resolving_twice_is_resolving_once(tx: Transaction) -> None:
    ticket = await promised(tx)
    await change(tx, ticket, status="resolved")
    version, at = ticket.version, ticket.resolved_at

    tx.now += HOUR
    await change(tx, ticket, status="resolved")

    assert (ticket.version, ticket.resolved_at) == (version, at)


async def test_a_reopened_ticket_goes_on_where_its_resolution_clock_stood(tx: Transaction) -> None:
    ticket = await promised(tx)
    tx.now += 2 * HOUR
    await change(tx, ticket, status="resolved")

    tx.now += DAY
    await change(tx, ticket, status="open")

    assert (ticket.status, ticket.waiting, ticket.resolved_at) == (Status.OPEN, True, None)
    assert (await clock_of(tx, ticket, Metric.RESOLUTION)).due_at == tx.now + 22 * HOUR
    [reopened] = [event for event in await events_of(tx, ticket) if event.name == "TicketReopened"]
    assert reopened.data == {"reason": "agent"}


async def test_a_contact_who_writes_to_a_resolved_ticket_is_owed_an_answer(tx: Transaction) -> None:
    ticket = await promised(tx)
    agent = as_agent(tx, await an_agent(tx))
    await tickets.reply(agent, ticket.id, "Turn it off and on again.")
    await change(agent, ticket, status="resolved")

    tx.now += HOUR
    await write_again(tx, ticket)

    assert (ticket.status, ticket.unread, ticket.waiting_since) == (Status.OPEN, True, tx.now)
    assert ticket.due_at == tx.now + 2 * HOUR  # the next answer
    assert (await clock_of(tx, ticket, Metric.RESOLUTION)).met_at is None


@pytest.mark.parametrize("status", ["pending", "snoozed"])
async def test_what_is_done_is_reopened_before_it_waits_again(tx: Transaction, status: str) -> None:
    ticket = await a_ticket(tx)
    await tickets.change_ticket(tx, ticket.id, TicketChange(frozenset({"status"}), status="resolved"))

    again = TicketChange(frozenset({"status"}), status=status, snooze_until=tx.now + timedelta(days=1))
    await tickets.change_ticket(tx, ticket.id, again)

    names = [event.name for event in await events_of(tx, ticket)]
    assert names[-2:] == ["TicketReopened", {"pending": "TicketPending", "snoozed": "TicketSnoozed"}[status]]
    assert ticket.resolved_at is None


async def test_a_closed_ticket_was_resolved_first(tx: Transaction) -> None:
    ticket = await promised(tx)
    version = ticket.version

    await change(tx, ticket, status="closed")

    assert ticket.status == Status.CLOSED
    assert ticket.resolved_at == tx.now
    assert [name for name in await names_of(tx, ticket, version) if name.startswith("Ticket")] == [
        "TicketResolved",
        "TicketClosed",
    ]


async def test_a_pending_ticket_waits_for_the_contact_and_costs_no_time(tx: Transaction) -> None:
    ticket = await promised(tx)
    tx.now += HOUR
    await change(tx, ticket, status="pending")

    tx.now += DAY
    await write_again(tx, ticket)

    assert ticket.status == Status.OPEN
    assert ticket.due_at == tx.now + 3 * HOUR


async def test_the_pause_counts_service_hours_only(tx: Transaction) -> None:
    ticket = await promised(tx, hours=OFFICE_HOURS)
    assert ticket.due_at == tx.now + 4 * HOUR  # 17:00 in Stockholm, at closing

    tx.now += HOUR
    await change(tx, ticket, status="pending")
    tx.now += 16 * HOUR + HOUR  # next morning at 07:00, an hour before opening
    await change(tx, ticket, status="open")

    assert ticket.due_at == tx.now + HOUR + 3 * HOUR


async def test_a_status_that_does_not_exist_is_refused(tx: Transaction) -> None:
    ticket = await promised(tx)

    with pytest.raises(Invalid, match="status_invalid"):
        await change(tx, ticket, status="merged")
    with pytest.raises(Invalid, match="status_invalid"):
        await change(tx, ticket, status="perhaps")


# Assignee and team


async def test_an_assigned_ticket_stands_in_no_queue(tx: Transaction) -> None:
    ticket, agent = await promised(tx), await an_agent(tx, "Jonas")

    await change(tx, ticket, assignee_id=agent.id)

    assert (ticket.assignee_id, ticket.waiting) == (agent.id, False)
    assert (await events_of(tx, ticket))[-1].data == {
        "assignee_id": str(agent.id),
        "assignee_name": "Jonas",
        "previous_id": None,
        "reason": "manual",
        "decision": None,
    }


async def test_an_agent_who_left_is_given_nothing(tx: Transaction) -> None:
    ticket, agent = await promised(tx), await an_agent(tx)
    agent.disabled_at = tx.now

    with pytest.raises(Conflict, match="agent_disabled"):
        await change(tx, ticket, assignee_id=agent.id)
    with pytest.raises(NotFound, match="agent_not_found"):
        await change(tx, ticket, assignee_id=uuid4())


async def test_another_team_takes_the_ticket_with_its_age(tx: Transaction) -> None:
    ticket, team = await promised(tx), await a_team(tx, "Technical")
    rank_at, pool_id = ticket.rank_at, ticket.pool_id

    await change(tx, ticket, team_id=team.id)

    assert (ticket.team_id, ticket.rank_at) == (team.id, rank_at)
    assert ticket.pool_id != pool_id


# Tags and subject


async def test_tags_are_told_by_what_was_added_and_removed(tx: Transaction) -> None:
    ticket = await promised(tx)
    await change(tx, ticket, tags=("Grinder", "E7"))

    await change(tx, ticket, tags=("e7", " warranty ", "e7", ""))

    assert ticket.tags == ["e7", "warranty"]
    assert (await events_of(tx, ticket))[-1].data == {"added": ["warranty"], "removed": ["grinder"]}


async def test_the_same_tags_are_no_change(tx: Transaction) -> None:
    ticket = await promised(tx)
    await change(tx, ticket, tags=("a", "b"))
    version = ticket.version

    await change(tx, ticket, tags=("A", "b"))

    assert ticket.version == version


async def test_a_subject_becomes_one_line(tx: Transaction) -> None:
    ticket = await promised(tx)

    await change(tx, ticket, subject="  Mill\nstuck \x00again ")

    assert ticket.subject == "Mill stuck again"
    assert (await events_of(tx, ticket))[-1].data == {"subject": "Mill stuck again", "previous": "Mill stuck"}


# Versions and permissions


async def test_a_change_of_what_is_no_longer_so_is_refused(tx: Transaction) -> None:
    ticket = await promised(tx)
    seen = ticket.version
    await change(tx, ticket, tags=("grinder",))

    with pytest.raises(Conflict, match="version"):
        await tickets.change_ticket(
            tx, ticket.id, TicketChange(frozenset({"priority"}), priority=1), if_version=seen
        )

    assert ticket.priority == 3


async def test_a_change_of_what_is_still_so_is_made(tx: Transaction) -> None:
    ticket = await promised(tx)

    await tickets.change_ticket(
        tx, ticket.id, TicketChange(frozenset({"priority"}), priority=1), if_version=ticket.version
    )

    assert ticket.priority == 1


async def test_the_same_client_id_changes_once(tx: Transaction) -> None:
    ticket = await promised(tx)
    agent, client_id = as_agent(tx, await an_agent(tx)), uuid4()
    wanted = TicketChange(frozenset({"status"}), status="resolved")
    before = ticket.version

    await tickets.change_ticket(agent, ticket.id, wanted, if_version=before, client_id=client_id)
    after = ticket.version
    await tickets.change_ticket(agent, ticket.id, wanted, if_version=before, client_id=client_id)

    assert ticket.version == after
    marked = [event.version for event in await events_of(tx, ticket) if event.client_id == client_id]
    assert marked == [before + 1]


async def test_a_client_id_of_another_ticket_is_refused(tx: Transaction) -> None:
    ticket, other = await promised(tx), await promised(tx)
    agent, client_id = as_agent(tx, await an_agent(tx)), uuid4()
    wanted = TicketChange(frozenset({"status"}), status="resolved")
    await tickets.change_ticket(agent, ticket.id, wanted, client_id=client_id)

    with pytest.raises(Conflict, match="client_id_reused"):
        await tickets.change_ticket(agent, other.id, wanted, client_id=client_id)

    assert other.status == Status.OPEN


async def test_several_fields_change_together(tx: Transaction) -> None:
    ticket, agent = await promised(tx), await an_agent(tx)

    await change(tx, ticket, assignee_id=agent.id, priority=2, tags=("grinder",), status="pending")

    assert (ticket.assignee_id, ticket.priority, ticket.tags) == (agent.id, 2, ["grinder"])
    assert (ticket.status, ticket.due_at) == (Status.PENDING, None)


async def test_only_agents_who_see_the_inbox_change_a_ticket(tx: Transaction) -> None:
    ticket: Ticket = await promised(tx)
    elsewhere: Inbox = await an_inbox(tx)
    stranger = as_agent(tx, await an_agent(tx), inbox_ids=frozenset({elsewhere.id}))

    with pytest.raises(NotFound, match="ticket_not_found"):
        await change(stranger, ticket, priority=1)
    with pytest.raises(Forbidden):
        await change(as_contact(tx, ticket.contact_id, ticket.inbox_id), ticket, priority=1)
