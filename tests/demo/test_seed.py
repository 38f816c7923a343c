"""The sample company is alive: made by the domain's own actions, each at its own moment."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from uuid import UUID

import pytest
from sqlalchemy import select, text

from helpdesk.actors import SYSTEM
from helpdesk.clock import FixedClock
from helpdesk.demo.seed import Seeded, is_seeded, populate, seed, wake
from helpdesk.demo.tickets import sample_tickets
from helpdesk.domain import agents, oncall, sla, tickets
from helpdesk.domain.sla.clocks import Fact, Kind, replay
from helpdesk.errors import Conflict
from helpdesk.storage.database import Database
from helpdesk.storage.tables import EventRow, Json
from helpdesk.storage.transaction import Transaction

NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
NIGHT = NOON + timedelta(hours=12)


class _RolledBack(Exception):
    pass


@pytest.fixture(scope="module")
async def company(_worker_engine: Database) -> AsyncIterator[tuple[Transaction, Seeded]]:
    """Seeded once on a Wednesday at noon, read by the tests below, rolled back after the last of them."""
    with contextlib.suppress(_RolledBack):
        async with _worker_engine.transaction(SYSTEM) as tx:
            tx.now, tx.reactions = NOON, {}
            seeded = await populate(tx, "a-hash")
            await tx.finish()
            yield tx, seeded
            raise _RolledBack


@pytest.fixture
def tx(company: tuple[Transaction, Seeded]) -> Transaction:
    return company[0]


async def rows_of(tx: Transaction, view: str) -> list[Json]:
    rows, after = await tickets.queries.queue_page(tx, view=view, limit=200)
    assert after is None
    return rows


async def events_of_all(tx: Transaction) -> list[EventRow]:
    query = select(EventRow).order_by(EventRow.ticket_id, EventRow.version)
    return list(await tx.session.scalars(query))


async def test_the_queue_stands_in_the_order_of_rank_at_over_all_channels(tx: Transaction) -> None:
    rows = await rows_of(tx, "queue")

    assert len(rows) > 12
    assert [row["rank_at"] for row in rows] == sorted(row["rank_at"] for row in rows)
    assert {row["channel"] for row in rows} == {"chat", "email", "phone"}
    assert all(row["status"] == "open" and row["assignee"] is None for row in rows)


async def test_every_row_says_why_and_its_parts_add_up(tx: Transaction) -> None:
    rows = [row for view in ("queue", "open", "pending", "snoozed") for row in await rows_of(tx, view)]

    for row in rows:
        parts = row["why_parts"]
        due_at = datetime.fromisoformat(parts["due_at"])
        start_by = due_at - timedelta(minutes=parts["handling_minutes"])
        assert row["why"]
        assert row["start_by"] == start_by
        assert row["rank_at"] == start_by - timedelta(minutes=sum(p["minutes"] for p in parts["head_start"]))
        assert row["due_at"] in (due_at, None)


async def test_some_are_late_and_some_are_not(tx: Transaction) -> None:
    rows = await rows_of(tx, "queue")

    late = [row for row in rows if row["due_at"] < tx.now]
    assert 0 < len(late) < len(rows) / 2


async def test_every_ticket_became_what_the_sample_says(
    company: tuple[Transaction, Seeded],
) -> None:
    tx, seeded = company
    staff: dict[UUID | None, str] = {
        agent.id: agent.email.partition("@")[0] for agent in await agents.active(tx)
    }

    for sample in sample_tickets():
        ticket = await tickets.get(tx, seeded.tickets[sample.key])
        assert (sample.key, ticket.status) == (sample.key, sample.status)
        assert (sample.key, staff.get(ticket.assignee_id)) == (sample.key, sample.assignee)
        assert (ticket.impact, ticket.urgency) == (sample.impact, sample.urgency)
        assert ticket.tags == list(sample.tags)
        assert ticket.created_at == NOON - sample.messages[0].ago
        assert ticket.last_message_at <= NOON
        if sample.snooze_for is not None:
            assert ticket.snoozed_until == NOON + sample.snooze_for
    assert len(seeded.tickets) >= 40


async def test_the_oldest_ticket_has_the_lowest_number(tx: Transaction) -> None:
    found = list(await tx.session.scalars(select(tickets.Ticket).order_by(tickets.Ticket.number)))

    assert [ticket.created_at for ticket in found] == sorted(ticket.created_at for ticket in found)


async def test_versions_are_dense_and_every_event_has_its_own_moment(tx: Transaction) -> None:
    for _, group in groupby(await events_of_all(tx), key=lambda event: event.ticket_id):
        events = list(group)
        public = [event.public_version for event in events if event.public_version is not None]
        assert [event.version for event in events] == list(range(1, len(events) + 1))
        assert public == list(range(1, len(public) + 1))
        assert [event.at for event in events] == sorted(event.at for event in events)
        assert all(event.at <= NOON for event in events)


async def test_a_contact_sees_no_note_and_no_inner_working(tx: Transaction) -> None:
    notes = set(await tx.session.scalars(select(tickets.Message.id).where(tickets.Message.kind == "note")))

    public = [event for event in await events_of_all(tx) if event.public_version is not None]

    assert notes
    assert not notes & {event.message_id for event in public}
    assert {event.name for event in public} <= {
        "TicketOpened",
        "MessageReceived",
        "ReplySent",
        "TicketResolved",
        "TicketReopened",
    }


async def test_both_languages_are_spoken(tx: Transaction) -> None:
    bodies = " ".join(await tx.session.scalars(select(tickets.Message.body)))

    assert "Hej" in bodies
    assert "Hello" in bodies


async def test_every_clock_follows_from_its_facts(tx: Transaction) -> None:
    clocks = list(await tx.session.scalars(select(sla.SlaClock)))

    for row in clocks:
        calendar = await sla.open_calendar(tx, row.calendar_id)
        facts = [
            Fact(Kind(f["kind"]), datetime.fromisoformat(f["at"]), f.get("target"), calendar)
            for f in row.facts
        ]
        clock = replay(facts)
        assert clock.consumed == pytest.approx(row.consumed_seconds)
        assert (clock.due_at, clock.met_at, clock.running_since) == (
            row.due_at,
            row.met_at,
            row.running_since,
        )
    assert {row.metric for row in clocks} == {"first_response", "next_response", "resolution", "callback"}


async def test_a_missed_target_was_recorded_when_it_was_missed(tx: Transaction) -> None:
    breaches = [event for event in await events_of_all(tx) if event.name == "TargetBreached"]

    assert breaches
    for event in breaches:
        assert event.at == datetime.fromisoformat(event.data["due_at"])
    assert await sla.tickets_overdue(tx) == []


async def test_nothing_of_the_past_is_left_to_be_sent(tx: Transaction) -> None:
    mails = await tickets.mail.mailing.kept(tx)

    assert mails
    assert {(mail.state, mail.server_id) for mail in mails} == {("sent", "sample")}
    assert tx.jobs == []
    assert await tx.session.scalar(text("SELECT count(*) FROM pgqueuer")) == 0


async def test_somebody_is_on_call_now_and_somebody_else_comes_next(tx: Transaction) -> None:
    [schedule] = await oncall.on_call_now(tx)

    [person] = schedule["agents"]
    [following] = schedule["next"]["agents"]
    assert {person["name"], following["name"]} <= {
        "Mikko Salonen",
        "Priya Raman",
        "Oskar Wallin",
        "Jonas Ekberg",
    }
    assert person["id"] != following["id"]
    assert schedule["until"] == schedule["next"]["at"] > NOON


async def test_five_minutes_later_somebody_else_is_rung_whosever_turn_it_is(tx: Transaction) -> None:
    policy = await tx.session.scalar(select(oncall.EscalationPolicyRow))
    [schedule] = await oncall.schedules.rows(tx)
    assert policy is not None
    [layer] = schedule.rota["layers"]
    [version] = layer["rotation"]["versions"]

    [[second]] = [step["targets"] for step in policy.policy["steps"][1:2]]

    assert second["id"] not in [person for slot in version["slots"] for person in slot]


async def test_in_staffed_hours_nobody_is_woken(company: tuple[Transaction, Seeded]) -> None:
    tx, seeded = company

    assert seeded.alerts == 0
    assert await oncall.alerts(tx, None) == []


async def test_plans_differ_in_what_they_promise(tx: Transaction) -> None:
    rows = await rows_of(tx, "queue")

    assert set(Counter(row["plan"]["name"] for row in rows)) == {"Standard", "Business", "Enterprise"}


async def test_at_night_the_open_p1_wakes_who_is_on_call(company: tuple[Transaction, Seeded]) -> None:
    tx, seeded = company
    assert seeded.alerts == 0
    async with tx.session.begin_nested() as night:
        tx.now = NIGHT

        [alert] = await wake(tx, seeded.tickets)

        [schedule] = await oncall.on_call_now(tx)
        notified = [one.agent_id for one in await oncall.rings_of(tx, alert.id)]
        jobs = [job.name for job in tx.jobs]
        assert alert.ticket_id == seeded.tickets["all-shops-offline"]
        assert alert.raised_at == NIGHT
        assert [str(agent_id) for agent_id in notified] == [person["id"] for person in schedule["agents"]]
        assert jobs == ["ring"]
        await night.rollback()
    tx.now = NOON
    tx.jobs.clear()


@pytest.mark.commits
async def test_seeding_twice_at_once_makes_one_company(database_url: str) -> None:
    database = Database(database_url, FixedClock(NOON))
    assert not await is_seeded(database)

    results = await asyncio.gather(
        *(seed(database_url, NOON, "a-hash") for _ in range(2)), return_exceptions=True
    )

    [seeded] = [result for result in results if isinstance(result, Seeded)]
    assert [str(result) for result in results if isinstance(result, Conflict)] != []
    assert await is_seeded(database)
    async with database.transaction(SYSTEM) as tx:
        count = await tx.session.scalar(text("SELECT count(*) FROM tickets"))
    await database.close()
    assert count == len(seeded.tickets)
