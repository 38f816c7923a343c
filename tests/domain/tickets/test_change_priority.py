"""Another priority moves the targets from their beginning, and counts nothing as missed that was not."""

from datetime import timedelta

import pytest

from helpdesk.domain import tickets
from helpdesk.domain.sla import Metric
from helpdesk.errors import Invalid
from helpdesk.storage.transaction import Transaction
from tests.domain.tickets.changing import (
    HOUR,
    change,
    clock_of,
    events_of,
    names_of,
    promised,
)
from tests.factories import (
    a_ticket,
)


async def test_a_higher_priority_shrinks_the_target_from_the_beginning(tx: Transaction) -> None:
    ticket = await promised(tx)
    assert ticket.due_at == tx.now + 4 * HOUR

    tx.now += HOUR / 2
    await change(tx, ticket, priority=1)

    assert (ticket.impact, ticket.urgency, ticket.priority) == (1, 1, 1)
    assert ticket.due_at == ticket.created_at + HOUR
    assert ticket.rank_at == ticket.due_at - timedelta(minutes=9 + 10)
    changed, told = (await events_of(tx, ticket))[-2:]
    assert changed.data == {"impact": 1, "urgency": 1, "priority": 1, "previous": 3}
    assert (told.name, told.data["because"]) == ("PromiseChanged", "priority")


async def test_a_lower_priority_stretches_the_target(tx: Transaction) -> None:
    ticket = await promised(tx)

    await change(tx, ticket, impact=3, urgency=3)

    assert ticket.priority == 5
    assert ticket.due_at == ticket.created_at + 8 * HOUR


async def test_a_priority_with_a_time_of_its_own_has_that_one_and_the_next_has_its_own_again(
    tx: Transaction,
) -> None:
    ticket = await promised(tx, priority_targets={"email": {"first_response": {"P1": 3 * 3600}}})

    await change(tx, ticket, priority=1)
    assert ticket.due_at == ticket.created_at + 3 * HOUR
    assert ticket.rank_at == ticket.due_at - timedelta(minutes=9 + 10)

    await change(tx, ticket, priority=2)
    assert ticket.due_at == ticket.created_at + 2 * HOUR


async def test_what_only_one_priority_is_promised_counts_from_when_it_has_it(tx: Transaction) -> None:
    own = {"email": {"first_response": {"P1": 1800}}}
    ticket = await promised(tx, targets={}, priority_targets=own)
    assert ticket.due_at is None

    tx.now += HOUR
    await change(tx, ticket, priority=1)

    assert ticket.due_at == tx.now + HOUR / 2


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
