"""What is promised to a ticket: by its plan and the first SLA policy it fits, and what that leads to."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from helpdesk.actors import ActorKind, Role
from helpdesk.domain import agents, contacts, inboxes, oncall, plans, sla
from helpdesk.domain.events import PlanLeftOut, PriorityChanged, PromiseChanged, SlaStepTaken
from helpdesk.domain.sla.steps import words
from helpdesk.domain.tickets import queue
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.mail import mailing
from helpdesk.domain.tickets.model import Status, Ticket
from helpdesk.domain.tickets.queue.placing import place, place_of
from helpdesk.domain.tickets.unanswered import said_on
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction
from helpdesk.translation import translator

_PREVIEWED = 500
"""Open tickets a preview looks at."""

UNRESOLVED = (Status.OPEN.value, Status.PENDING.value, Status.SNOOZED.value)
RULES = frozenset({"calendar", "plan", "company", "policy"})
"""Reasons of a replay by which a ticket may stand elsewhere in the queue though it is due as before."""

ANSWERS = frozenset({sla.Metric.FIRST_RESPONSE.value, sla.Metric.NEXT_RESPONSE.value})

_LESS_URGENT_FIRST = {5: (2, 3), 4: (2, 2), 3: (1, 2), 2: (1, 1)}
"""Impact and urgency one priority higher."""


def standing(ticket: Ticket) -> sla.Standing:
    return sla.Standing(ticket.inbox_id, ticket.plan_id, ticket.company_id, ticket.priority, ticket.tags)


async def agree(tx: Transaction, ticket: Ticket) -> sla.Terms | None:
    """Find the policy that a ticket falls under now, note it on the ticket, and answer with its terms."""
    policy = await sla.policy_for(tx, standing(ticket))
    ticket.policy_id = policy.id if policy else None
    return sla.terms_of(await _plan(tx, ticket.plan_id), policy)


async def terms_of(tx: Transaction, ticket: Ticket) -> sla.Terms | None:
    """The terms it was given before."""
    policy = await _policy(tx, ticket.policy_id)
    return sla.terms_of(await _plan(tx, ticket.plan_id), policy)


async def falls_elsewhere(tx: Transaction, ticket: Ticket) -> bool:
    """Whether another policy than the one it was given fits it by now."""
    policy = await sla.policy_for(tx, standing(ticket))
    return (policy.id if policy else None) != ticket.policy_id


async def agree_again(tx: Transaction, ticket: Ticket, because: str) -> None:
    """Priority, tags or the rules have changed: its whole history is measured by the terms of now. What was
    never promised before counts from now on. `because` is PromiseChanged's."""
    await _measure(tx, ticket, None, because)


async def renew(tx: Transaction, ticket: Ticket, because: str) -> None:
    """By the plan of now as well: taken up again after it was done, or its company's plan is another."""
    inbox = await inboxes.get(tx, ticket.inbox_id)
    served = await contacts.plan_of(tx, ticket.company_id, inbox.plan_id, ticket.channel)
    await _measure(tx, ticket, served, because)


async def _measure(tx: Transaction, ticket: Ticket, served: contacts.Served | None, because: str) -> None:
    """The one place where promises are replayed; what it moves says why in the timeline."""
    due, before = await sla.earliest_due(tx, ticket.id), (ticket.plan_id, ticket.policy_id)
    if served is not None:
        await serve(tx, ticket, served)
    terms = await agree(tx, ticket)
    if terms is not None:
        await sla.replan(tx, ticket, terms, ticket.channel, ticket.priority)
        anew = await promised_anew(tx, ticket, terms, await sla.held_clocks(tx, ticket.id))
        await sla.start(tx, ticket, terms, ticket.channel, ticket.priority, anew)
        await keep_time(tx, ticket)
    await _tell_change(tx, ticket, due[1] if due else None, before, because)


async def _tell_change(
    tx: Transaction,
    ticket: Ticket,
    due_before: datetime | None,
    before: tuple[UUID | None, UUID | None],
    because: str,
) -> None:
    if ticket.status not in UNRESOLVED:
        return
    due, plan = await sla.earliest_due(tx, ticket.id), await _plan(tx, ticket.plan_id)
    due_at = due[1] if due else None
    is_moved = because in RULES and place_of(ticket, due, plan).rank_at != ticket.rank_at
    if due_at == due_before and before == (ticket.plan_id, ticket.policy_id) and not is_moved:
        return
    plan_before, policy_before = await _plan(tx, before[0]), await _policy(tx, before[1])
    policy = await _policy(tx, ticket.policy_id)
    names = (one.name if one else None for one in (plan_before, plan, policy_before, policy))
    await tx.record(ticket, PromiseChanged(because, due_before, due_at, *names))


async def _plan(tx: Transaction, plan_id: UUID | None) -> plans.Plan | None:
    return await plans.get(tx, plan_id) if plan_id else None


async def _policy(tx: Transaction, policy_id: UUID | None) -> sla.SlaPolicy | None:
    return await tx.find(sla.SlaPolicy, policy_id) if policy_id else None


async def serve(tx: Transaction, ticket: Ticket, served: contacts.Served) -> None:
    """It has that plan from now on; where the company's own leaves its channel out the timeline says so."""
    was_left_out_by, ticket.left_out_plan_id = ticket.left_out_plan_id, served.left_out_id
    ticket.plan_id = served.plan_id
    if served.left_out_id is not None and served.left_out_id != was_left_out_by:
        plan = await plans.get(tx, served.left_out_id)
        await tx.record(ticket, PlanLeftOut(plan.name, ticket.channel))


async def promised_anew(
    tx: Transaction, ticket: Ticket, terms: sla.Terms, rows: Sequence[sla.SlaClock]
) -> list[sla.Metric]:
    """What these terms promise to an unresolved ticket that no clock of it measures or has measured."""
    promised, known = sla.promised(terms, ticket.channel, ticket.priority), {row.metric for row in rows}
    if ticket.status not in UNRESOLVED:
        return []
    anew = [sla.Metric.RESOLUTION] if sla.Metric.RESOLUTION.value in promised - known else []
    is_awaited = any(row.metric in ANSWERS and row.met_at is None and row.stopped_at is None for row in rows)
    if ticket.waiting_since is None or is_awaited or promised.isdisjoint(ANSWERS):
        return anew
    said = await said_on(tx, ticket)
    if not said or said[-1].author_kind != ActorKind.CONTACT.value:
        return anew  # a call: what is owed for it was promised then
    was_answered = any(one.author_kind != ActorKind.CONTACT.value for one in said)
    is_first = sla.Metric.FIRST_RESPONSE.value not in known and not was_answered
    return [*anew, sla.Metric.FIRST_RESPONSE if is_first else sla.Metric.NEXT_RESPONSE]


async def keep_time(tx: Transaction, ticket: Ticket) -> None:
    """Its clocks run, or stand still where its policy says so for its status."""
    policy = await _policy(tx, ticket.policy_id)
    if runs_in(ticket.status, policy.pauses_in if policy else sla.PAUSES_IN):
        await sla.resume(tx, ticket)
    else:
        await sla.pause(tx, ticket)


def runs_in(status: str, pauses_in: Sequence[str]) -> bool:
    return status in UNRESOLVED and status not in pauses_in


async def take_steps(tx: Transaction, ticket_id: UUID) -> None:
    """What its policy says to do by now. Whoever answers in time stops it: then the clock is met."""
    ticket = await lock(tx, ticket_id)
    for clock, step in await sla.steps_due(tx, ticket):
        told = await _take(tx, ticket, clock, step)
        await tx.record(
            ticket,
            SlaStepTaken(clock.metric, clock.due_at, words(step), step["do"], [str(one.id) for one in told]),
        )
    await place(tx, ticket)


async def would_change(tx: Transaction, policies: Sequence[sla.SlaPolicy]) -> list[Json]:
    """Which open tickets fall under another policy if these were the policies: nothing is written."""
    query = select(Ticket).where(Ticket.status.in_([Status.OPEN, Status.PENDING, Status.SNOOZED]))
    names = {policy.id: policy.name for policy in (*await sla.policies(tx), *policies)}
    changed = []
    for ticket in await tx.session.scalars(query.order_by(Ticket.rank_at, Ticket.id).limit(_PREVIEWED)):
        after = sla.first_match(policies, standing(ticket))
        if (after.id if after else None) != ticket.policy_id:
            changed.append(
                {
                    "id": ticket.id,
                    "number": ticket.number,
                    "subject": ticket.subject,
                    "before": names.get(ticket.policy_id) if ticket.policy_id else None,
                    "after": after.name if after else None,
                }
            )
    return changed


async def _take(tx: Transaction, ticket: Ticket, clock: sla.SlaClock, step: Json) -> list[agents.Agent]:
    match step["do"]:
        case "raise_priority":
            await _raise_priority(tx, ticket)
            return []
        case "alert":
            reason = f"{clock.metric.replace('_', ' ')} {words(step)}"
            await oncall.raise_alert(tx, ticket, f"sla:{clock.id}", reason, team_id=ticket.team_id)
            return []
        case _:
            told = await _people(tx, ticket, step["do"])
            await _tell(tx, ticket, clock, told)
            return told


async def _raise_priority(tx: Transaction, ticket: Ticket) -> None:
    if ticket.priority == 1:
        return
    previous = ticket.priority
    ticket.impact, ticket.urgency = _LESS_URGENT_FIRST[previous]
    ticket.priority = queue.priority_of(ticket.impact, ticket.urgency)
    await tx.record(ticket, PriorityChanged(ticket.impact, ticket.urgency, ticket.priority, previous))
    await agree_again(tx, ticket, "priority")


async def _people(tx: Transaction, ticket: Ticket, action: str) -> list[agents.Agent]:
    """Whom an action means; without an assignee the leads are told instead."""
    if action == "notify_assignee" and ticket.assignee_id is not None:
        return [await agents.get(tx, ticket.assignee_id)]
    members = await agents.members_of(tx, ticket.team_id) if ticket.team_id else await agents.active(tx)
    if action == "notify_team":
        return members
    leads = [one for one in members if one.role == Role.LEAD]
    return leads or [one for one in await agents.active(tx) if one.role in (Role.LEAD, Role.OWNER)][:3]


async def _tell(tx: Transaction, ticket: Ticket, clock: sla.SlaClock, told: Sequence[agents.Agent]) -> None:
    if not await inboxes.has_mail(tx):
        return  # nothing to send it from; the timeline has it all the same
    for agent in told:
        t = translator(agent.locale, "workspace")
        is_late = clock.due_at is not None and clock.due_at <= tx.now
        subject = t("Late: #{number} {subject}") if is_late else t("Due soon: #{number} {subject}")
        due = f"{clock.due_at:%Y-%m-%d %H:%M} UTC" if clock.due_at else ""
        await mailing.queue_notice(
            tx,
            recipients=[agent.email],
            subject=subject.format(number=ticket.number, subject=ticket.subject),
            body=t("Promised by {due}. What was written last:", due=due) + f"\n\n{ticket.preview}",
            ticket_id=ticket.id,
        )
