"""Whoever rang and was not reached is owed a call; so is whoever was promised one."""

from datetime import datetime, timedelta

import pytest

from helpdesk.domain import contacts, sla, tickets
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.sla import Metric
from helpdesk.errors import Invalid
from helpdesk.storage.transaction import Transaction
from tests.factories import a_plan, an_agent, an_inbox, as_agent

HOUR = timedelta(hours=1)
NUMBER = "+46701234567"


async def a_line(tx: Transaction) -> Transaction:
    """A phone line with a callback target of an hour, and an agent at it."""
    plan = await a_plan(tx, targets={"phone": {"callback": 3600}})
    await an_inbox(tx, Channel.PHONE, plan=plan)
    return as_agent(tx, await an_agent(tx))


async def a_call(
    tx: Transaction, *, direction: str = "inbound", answered: bool = False, back_at: datetime | None = None
) -> tickets.Ticket:
    contact = await contacts.find_or_create(tx, contacts.IdentityKind.PHONE, NUMBER)
    call = tickets.LoggedCall(
        caller=NUMBER,
        contact_id=contact.id,
        direction=direction,
        answered=answered,
        notes="Call",
        callback_at=back_at,
    )
    ticket = await tickets.log_call(tx, call)
    await tx.session.flush()
    return ticket


async def callback_of(tx: Transaction, ticket: tickets.Ticket) -> sla.SlaClock | None:
    clocks = await sla.clocks_of(tx, ticket.id)
    return next((clock for clock in clocks if clock.metric == Metric.CALLBACK), None)


async def test_an_unanswered_call_is_owed_a_callback(tx: Transaction) -> None:
    desk = await a_line(tx)

    missed, spoken = await a_call(desk), await a_call(desk, answered=True)

    clock = await callback_of(desk, missed)
    assert clock is not None
    assert (clock.due_at, missed.due_at) == (desk.now + HOUR, desk.now + HOUR)
    assert await callback_of(desk, spoken) is None


async def test_a_promised_moment_is_the_due_time_also_when_somebody_answered(tx: Transaction) -> None:
    desk = await a_line(tx)

    ticket = await a_call(desk, answered=True, back_at=desk.now + 3 * HOUR)

    assert ticket.due_at == desk.now + 3 * HOUR


async def test_calling_back_and_reaching_them_keeps_the_promise(tx: Transaction) -> None:
    desk = await a_line(tx)
    missed = await a_call(desk)

    await a_call(desk, direction="outbound", answered=False)
    still_owed = await callback_of(desk, missed)
    assert still_owed is not None
    assert still_owed.met_at is None

    await a_call(desk, direction="outbound", answered=True)

    paid = await callback_of(desk, missed)
    assert paid is not None
    assert (paid.met_at, missed.due_at) == (desk.now, None)


async def test_who_has_only_a_number_is_called_and_no_answer_is_taken_that_would_reach_nobody(
    tx: Transaction,
) -> None:
    desk = await a_line(tx)
    missed = await a_call(desk)

    with pytest.raises(Invalid, match="to_missing"):
        await tickets.reply(desk, missed.id, "We will call you back.")

    clock = await callback_of(desk, missed)
    assert clock is not None
    assert clock.met_at is None
