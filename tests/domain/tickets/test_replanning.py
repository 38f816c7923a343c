"""The rules of promises change while tickets are open: what is foreseen is what happens, and once."""

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import func, select

from helpdesk.domain import contacts, plans, sla, tickets
from helpdesk.domain.sla import CalendarHours, calendars
from helpdesk.domain.sla.business_time import Calendar
from helpdesk.domain.tickets.model import Ticket
from helpdesk.domain.tickets.replanning import Proposal, Scope, replay, would_move
from helpdesk.storage.tables import EventRow
from helpdesk.storage.transaction import Transaction
from tests.factories import OFFICE_HOURS, a_contact, a_plan, a_ticket, an_inbox

HOUR = timedelta(hours=1)
SHORTER = CalendarHours(
    "Europe/Stockholm", week={day: [["08:00", "14:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
)


async def an_office_ticket(tx: Transaction) -> tuple[Ticket, plans.Plan]:
    """Four office hours from 13:00 on: due at 17:00 in Stockholm, 16:00 UTC."""
    plan = await a_plan(tx, hours=OFFICE_HOURS)
    ticket = await a_ticket(tx, inbox=await an_inbox(tx, plan=plan))
    return ticket, plan


def after(tx: Transaction, span: timedelta) -> Transaction:
    """The same transaction later, with nothing remembered."""
    return replace(tx, now=tx.now + span, held={}, known={})


async def events_of(tx: Transaction, ticket: Ticket) -> list[str]:
    await tx.session.flush()
    query = select(EventRow.name).where(EventRow.ticket_id == ticket.id).order_by(EventRow.version)
    return list(await tx.session.scalars(query))


async def test_other_hours_move_open_tickets_as_the_preview_said(tx: Transaction) -> None:
    ticket, plan = await an_office_ticket(tx)
    due_before, tx = ticket.due_at, after(tx, HOUR / 2)
    hours = Calendar.parse(calendars.stored(SHORTER, tx.now))

    foreseen = await would_move(
        tx, Scope(calendar_id=plan.calendar_id), Proposal(calendars={plan.calendar_id: hours})
    )
    row = await calendars.save_calendar(tx, plan.calendar_id, "Shorter", SHORTER)
    await replay(tx, ticket.id, "calendar")

    [move] = foreseen.moves
    assert (move.before, move.after, move.late) == (due_before, ticket.due_at, False)
    assert ticket.due_at == tx.now + 21.5 * HOUR  # one hour today, three tomorrow from 08:00
    assert tx.jobs[-1].name == "replay_clocks"
    assert tx.jobs[-1].payload == {"calendar_id": str(row.id)}


async def test_replaying_twice_changes_nothing_more(tx: Transaction) -> None:
    ticket, plan = await an_office_ticket(tx)
    tx = after(tx, HOUR / 2)
    await calendars.save_calendar(tx, plan.calendar_id, "Shorter", SHORTER)
    await replay(tx, ticket.id, "calendar")
    before = await events_of(tx, ticket), [clock.facts for clock in await sla.clocks_of(tx, ticket.id)]

    await replay(tx, ticket.id, "calendar")

    assert before[0][-1] == "PromiseChanged"
    assert (
        await events_of(tx, ticket),
        [clock.facts for clock in await sla.clocks_of(tx, ticket.id)],
    ) == before


async def test_what_was_missed_only_by_the_change_is_left_out_of_the_figures(tx: Transaction) -> None:
    ticket, plan = await an_office_ticket(tx)
    later = after(tx, 2 * HOUR)
    wanted = await values_of(plan) | {"targets": {"email": {"first_response": 3600}}}
    proposed = plans.Plan(id=plan.id, created_at=tx.now, **wanted)

    foreseen = await would_move(later, Scope(plan_id=plan.id), Proposal(sold={plan.id: proposed}))
    await plans.save(later, plan.id, wanted)
    await replay(later, ticket.id, "plan")

    assert [move.late for move in foreseen.moves] == [True]
    [clock] = await sla.clocks_of(later, ticket.id)
    assert (clock.breached_at, clock.cause) == (tx.now + HOUR, "policy_change")


async def test_what_was_missed_by_the_old_hours_stays_missed(tx: Transaction) -> None:
    ticket, plan = await an_office_ticket(tx)
    later = after(tx, 5 * HOUR)

    await calendars.save_calendar(later, plan.calendar_id, "Shorter", SHORTER)
    await replay(later, ticket.id, "calendar")

    [clock] = await sla.clocks_of(later, ticket.id)
    assert (clock.breached_at, clock.cause) == (tx.now + 4 * HOUR, "time")


async def test_why_this_deadline_counts_by_the_hours_of_now_after_a_change(tx: Transaction) -> None:
    ticket, plan = await an_office_ticket(tx)
    tx = after(tx, HOUR / 2)
    await calendars.save_calendar(tx, plan.calendar_id, "Shorter", SHORTER)
    await replay(tx, ticket.id, "calendar")

    [clock] = await sla.clocks_of(tx, ticket.id)
    told = await sla.explained(tx, clock)

    assert [line["seconds"] for line in told] == [3600, 3 * 3600]


async def test_a_company_that_buys_another_plan_is_promised_by_it_at_once(tx: Transaction) -> None:
    standard, better = await a_plan(tx), await a_plan(tx, targets={"email": {"first_response": 1800}})
    contact = await a_contact(tx, plan=standard)
    ticket = await a_ticket(tx, contact=contact)
    company = await contacts.company(tx, contact.company_id)

    foreseen = await would_move(
        tx, Scope(company_id=company.id), Proposal(company_plans={company.id: better.id})
    )
    company.plan_id = better.id
    await replay(tx, ticket.id, "company")

    assert [move.after for move in foreseen.moves] == [tx.now + HOUR / 2]
    assert (ticket.plan_id, ticket.due_at) == (better.id, tx.now + HOUR / 2)


async def test_resolved_tickets_are_left_alone(tx: Transaction) -> None:
    ticket, plan = await an_office_ticket(tx)
    ticket.status = tickets.Status.RESOLVED.value
    await tx.session.flush()
    hours = Calendar.parse(calendars.stored(SHORTER, tx.now))

    foreseen = await would_move(
        tx, Scope(calendar_id=plan.calendar_id), Proposal(calendars={plan.calendar_id: hours})
    )

    assert foreseen.touched == 0


async def test_saving_equal_hours_replays_nothing(tx: Transaction) -> None:
    row = await calendars.save_calendar(tx, None, "Shop", SHORTER)
    revisions = select(func.count()).select_from(sla.CalendarRevision)

    await calendars.save_calendar(tx, row.id, "Shop floor", SHORTER)

    assert row.name == "Shop floor"
    assert tx.jobs == []
    assert await tx.session.scalar(revisions) == 0


async def test_days_off_come_from_the_country_the_feed_and_by_hand(tx: Transaction) -> None:
    said = replace(
        SHORTER, country="SE", days_off={"2026-12-28": "Inventory"}, feed_days={"2027-01-04": "Feed"}
    )

    row = await calendars.save_calendar(tx, None, "Shop", said)

    closed = Calendar.parse(row.hours).holidays
    assert closed[date(2026, 12, 28)] == "Inventory"
    assert closed[date(2027, 1, 4)] == "Feed"
    assert date(2027, 1, 6) in closed  # Epiphany
    assert calendars.said_of(row) == said


async def values_of(plan: plans.Plan) -> dict[str, object]:
    names = ("key", "name", "calendar_id", "head_start_minutes", "may_page", "tells_contact", "targets")
    return {name: getattr(plan, name) for name in names}
