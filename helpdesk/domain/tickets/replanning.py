"""When the rules of promises change: which open tickets would move, and moving each, safe twice."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, or_, select

from helpdesk.domain import contacts, inboxes, plans, sla
from helpdesk.domain.sla.business_time import Calendar
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.model import Ticket
from helpdesk.domain.tickets.promises import UNRESOLVED, agree_again, promised_anew, renew, runs_in, standing
from helpdesk.domain.tickets.queue.placing import place, place_of
from helpdesk.storage.transaction import Transaction

PREVIEWED = 300
"""Open tickets a preview works out; of more it says how many there are."""


@dataclass(frozen=True)
class Scope:
    """The unresolved tickets that a change can touch; without any of these all of them."""

    calendar_id: UUID | None = None
    plan_id: UUID | None = None
    company_id: UUID | None = None
    inbox_id: UUID | None = None


@dataclass(frozen=True)
class Proposal:
    """What would be in force in the place of what is, plans under `sold`; nothing of it is stored."""

    calendars: Mapping[UUID, Calendar] = field(default_factory=dict)
    sold: Mapping[UUID, plans.Plan] = field(default_factory=dict)
    policies: Sequence[sla.SlaPolicy] | None = None
    company_plans: Mapping[UUID, UUID | None] = field(default_factory=dict)
    inbox_plans: Mapping[UUID, UUID | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Move:
    """An open ticket's next due time now and then. `late`: past by the change alone. `ahead` is how many
    minutes further ahead it would stand in the queue, below zero further behind."""

    id: UUID
    number: int
    subject: str
    before: datetime | None
    after: datetime | None
    late: bool
    ahead: int

    @property
    def is_due_otherwise(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True)
class Foreseen:
    """`looked_at` of `touched` tickets were worked out, the most urgent first; `moves` are those that would
    be due at another time, `reranked` those that would only stand elsewhere in the queue."""

    touched: int
    looked_at: int
    moves: list[Move]
    reranked: list[Move] = field(default_factory=list)


async def would_move(tx: Transaction, scope: Scope, proposal: Proposal) -> Foreseen:
    """Which open tickets would be due at another time or stand elsewhere. Nothing is written or locked."""
    touched = await tx.session.scalar(select(func.count()).select_from(_in(scope).subquery()))
    query = _in(scope).order_by(Ticket.rank_at, Ticket.id).limit(PREVIEWED)
    found = list(await tx.session.scalars(query))
    clocks: dict[UUID, list[sla.SlaClock]] = defaultdict(list)
    for row in await tx.session.scalars(
        select(sla.SlaClock).where(sla.SlaClock.ticket_id.in_([ticket.id for ticket in found]))
    ):
        clocks[row.ticket_id].append(row)
    policies = proposal.policies if proposal.policies is not None else await sla.policies(tx)
    moves = []
    for ticket in found:
        moved = await _foreseen(tx, ticket, clocks[ticket.id], policies, proposal)
        if moved is not None:
            moves.append(moved)
    due, reranked = ([one for one in moves if one.is_due_otherwise is which] for which in (True, False))
    return Foreseen(int(touched or 0), len(found), due, reranked)


async def touched_by(tx: Transaction, scope: Scope, after: UUID | None, limit: int) -> list[UUID]:
    """Tickets to replay, in the order of their ids."""
    query = _in(scope).with_only_columns(Ticket.id)
    if after is not None:
        query = query.where(Ticket.id > after)
    return list(await tx.session.scalars(query.order_by(Ticket.id).limit(limit)))


async def replay(tx: Transaction, ticket_id: UUID, because: str) -> None:
    """Measure a ticket by the rules of now. A second time changes nothing. `because` is calendar, plan,
    company, inbox (another plan for whoever has none) or policy."""
    ticket = await lock(tx, ticket_id)
    if ticket.status not in UNRESOLVED:
        return
    if because in ("plan", "company", "inbox"):
        await renew(tx, ticket, "plan" if because == "inbox" else because)
    else:
        await agree_again(tx, ticket, because)
    await place(tx, ticket)


async def _foreseen(
    tx: Transaction,
    ticket: Ticket,
    rows: Sequence[sla.SlaClock],
    policies: Sequence[sla.SlaPolicy],
    proposal: Proposal,
) -> Move | None:
    plan = await _plan_then(tx, ticket, proposal)
    falls_under = replace(standing(ticket), plan_id=plan.id if plan else None)
    terms = sla.terms_of(plan, sla.first_match(policies, falls_under))
    then = await _clocks_then(tx, ticket, rows, terms, proposal) if terms else []
    due = [clock.due_at for clock in then if clock.due_at is not None]
    after = min(due, default=None) if terms else ticket.due_at
    rank_at = place_of(ticket, (sla.Metric.RESOLUTION, after) if after else None, plan).rank_at
    if (after, rank_at) == (ticket.due_at, ticket.rank_at):
        return None
    was_missed = {row.breached_at for row in rows}
    late = any(clock.due_at and not clock.counts and clock.breached_at not in was_missed for clock in then)
    ahead = round((ticket.rank_at - rank_at).total_seconds() / 60)
    return Move(ticket.id, ticket.number, ticket.subject, ticket.due_at, after, late, ahead)


async def _plan_then(tx: Transaction, ticket: Ticket, proposal: Proposal) -> plans.Plan | None:
    if not (proposal.sold or proposal.inbox_plans or proposal.company_plans):
        return await plans.get(tx, ticket.plan_id) if ticket.plan_id else None
    otherwise = await _plan_by(tx, await _default_then(tx, ticket.inbox_id, proposal), proposal)
    bought = await _plan_by(tx, await _bought_then(tx, ticket.company_id, proposal), proposal)
    if bought is None or (otherwise is not None and bought.id == otherwise.id):
        return otherwise
    return bought if bought.includes(ticket.channel) else otherwise


async def _default_then(tx: Transaction, inbox_id: UUID, proposal: Proposal) -> UUID | None:
    if inbox_id in proposal.inbox_plans:
        return proposal.inbox_plans[inbox_id]
    return (await inboxes.get(tx, inbox_id)).plan_id


async def _bought_then(tx: Transaction, company_id: UUID | None, proposal: Proposal) -> UUID | None:
    if company_id is None or company_id in proposal.company_plans:
        return proposal.company_plans[company_id] if company_id is not None else None
    return (await contacts.company(tx, company_id)).plan_at(tx.now)


async def _plan_by(tx: Transaction, plan_id: UUID | None, proposal: Proposal) -> plans.Plan | None:
    return (proposal.sold.get(plan_id) or await plans.get(tx, plan_id)) if plan_id else None


async def _clocks_then(
    tx: Transaction, ticket: Ticket, rows: Sequence[sla.SlaClock], terms: sla.Terms, proposal: Proposal
) -> list[sla.Clock]:
    return await sla.would_be(
        tx,
        rows,
        terms,
        ticket,
        proposal.calendars.get(terms.calendar_id),
        anew=await promised_anew(tx, ticket, terms, rows),
        runs=runs_in(ticket.status, terms.pauses_in),
    )


def _in(scope: Scope) -> Select[Ticket]:
    query = select(Ticket).where(Ticket.status.in_(UNRESOLVED))
    if scope.calendar_id is not None:
        running = select(sla.SlaClock.id).where(
            sla.SlaClock.ticket_id == Ticket.id,
            sla.SlaClock.calendar_id == scope.calendar_id,
            sla.SlaClock.met_at.is_(None),
            sla.SlaClock.stopped_at.is_(None),
        )
        query = query.where(running.exists())
    if scope.plan_id is not None:
        named = Ticket.plan_id == scope.plan_id, Ticket.left_out_plan_id == scope.plan_id
        query = query.where(or_(*named))
    if scope.company_id is not None:
        query = query.where(Ticket.company_id == scope.company_id)
    if scope.inbox_id is not None:
        query = query.where(Ticket.inbox_id == scope.inbox_id)
    return query
