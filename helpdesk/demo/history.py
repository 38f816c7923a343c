"""Plays the sample tickets through the domain's own actions, each at its own moment, oldest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from helpdesk.actors import SYSTEM, Actor
from helpdesk.demo import address_book
from helpdesk.demo.organisation import Organisation
from helpdesk.demo.tickets import CONTACT, Call, Message, Ticket
from helpdesk.domain import sla, tickets
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import OutgoingMail, TicketChange
from helpdesk.storage.transaction import Transaction

SERVER_ID = "sample"
"""Stands where a mail server's answer would: no server ever saw the sample's mails."""

_PEOPLE = {person.key: person for person in address_book.CONTACTS}


@dataclass(frozen=True)
class _Moment:
    """Something is said, or (without a message) the ticket becomes what it is now."""

    at: datetime
    ticket: Ticket
    number: int
    message: Message | None


@dataclass
class _Stage:
    """The one transaction, whose moment and actor move from step to step, and what was opened so far."""

    tx: Transaction
    organisation: Organisation
    now: datetime
    ids: dict[str, UUID] = field(default_factory=dict)

    def act_as(self, actor: Actor) -> Transaction:
        self.tx.actor = actor
        return self.tx

    def agent(self, key: str) -> Actor:
        return self.organisation.agents[key]

    def contact(self, sample: Ticket) -> Actor:
        return self.organisation.contact_actor(sample.contact, sample.channel)


async def play(
    tx: Transaction, organisation: Organisation, sample: Sequence[Ticket], now: datetime
) -> dict[str, UUID]:
    """Answers with the tickets' ids by their keys. Leaves the transaction at `now`, as the system, with
    everything that is overdue by then recorded."""
    stage = _Stage(tx, organisation, now)
    for moment in sorted(_moments(sample, now), key=lambda moment: moment.at):
        await _let_time_pass(stage, moment.at)
        await _take(stage, moment)
    await _let_time_pass(stage, now)
    return stage.ids


def _moments(sample: Sequence[Ticket], now: datetime) -> Iterator[_Moment]:
    """In the order of each ticket, which a stable sort by time keeps."""
    for ticket in sample:
        for number, message in enumerate(ticket.messages):
            yield _Moment(now - message.ago, ticket, number, message)
        yield _Moment(now - ticket.settled, ticket, len(ticket.messages), None)


async def _let_time_pass(stage: _Stage, until: datetime) -> None:
    """What the timetable would have recorded on the way: each missed target at its due time."""
    tx = stage.act_as(SYSTEM)
    overdue = (
        select(sla.SlaClock.ticket_id, sla.SlaClock.due_at)
        .where(sla.SlaClock.due_at <= until, sla.SlaClock.breached_at.is_(None))
        .order_by(sla.SlaClock.due_at)
    )
    for ticket_id, due_at in (await tx.session.execute(overdue)).all():
        assert due_at is not None  # the query asks for those that are past
        tx.now = due_at
        await tickets.breach(tx, ticket_id)
    tx.now = until


async def _take(stage: _Stage, moment: _Moment) -> None:
    sample, said = moment.ticket, moment.message
    if said is None:
        await _settle(stage, sample)
        return
    if moment.number == 0:
        stage.ids[sample.key] = await _open(stage, sample, said)
    await _say(stage, moment, said)
    if moment.number == 0:
        await _route(stage, sample)


async def _open(stage: _Stage, sample: Ticket, said: Message) -> UUID:
    if sample.call is not None:
        caller = stage.act_as(stage.agent(said.by))
        return (await tickets.log_call(caller, _logged(stage, sample, said, sample.call))).id
    ticket = await tickets.open_ticket(
        stage.act_as(stage.contact(sample)),
        inbox=stage.organisation.inboxes[sample.channel],
        contact=stage.organisation.contacts[sample.contact],
        subject=sample.subject,
        impact=sample.impact,
        urgency=sample.urgency,
    )
    return ticket.id


async def _say(stage: _Stage, moment: _Moment, said: Message) -> None:
    ticket_id = stage.ids[moment.ticket.key]
    if said.kind == "call":
        return  # opening the ticket has logged it
    if said.by == CONTACT:
        tx = stage.act_as(stage.contact(moment.ticket))
        await tickets.receive_message(tx, _inbound(stage, moment, said))
    elif said.kind == "note":
        await tickets.add_note(stage.act_as(stage.agent(said.by)), ticket_id, said.text)
    else:
        answer = await tickets.reply(stage.act_as(stage.agent(said.by)), ticket_id, said.text)
        await _mark_sent(stage, answer.message_id)


async def _route(stage: _Stage, sample: Ticket) -> None:
    """What a rule would do on arrival."""
    team_id = stage.organisation.teams[sample.team]
    change = TicketChange(frozenset({"team_id", "tags"}), team_id=team_id, tags=sample.tags)
    await tickets.change_ticket(stage.act_as(SYSTEM), stage.ids[sample.key], change)


def _logged(stage: _Stage, sample: Ticket, said: Message, call: Call) -> tickets.LoggedCall:
    return tickets.LoggedCall(
        caller=_PEOPLE[sample.contact].phone or "",
        contact_id=stage.organisation.contacts[sample.contact].id,
        direction=call.direction,
        answered=call.answered,
        duration=round(call.duration.total_seconds()),
        notes=said.text,
        subject=sample.subject,
        impact=sample.impact,
        urgency=sample.urgency,
        callback_at=None if call.callback_in is None else stage.now + call.callback_in,
    )


def _inbound(stage: _Stage, moment: _Moment, said: Message) -> tickets.InboundMessage:
    """Mail carries a Message-ID, so that an answer sent from the demo can cite it."""
    sample = moment.ticket
    domain = _PEOPLE[sample.contact].email.rpartition("@")[2]
    channel = Channel(sample.channel)
    return tickets.InboundMessage(
        inbox_id=stage.organisation.inboxes[sample.channel].id,
        channel=channel,
        contact_id=stage.organisation.contacts[sample.contact].id,
        ticket_id=stage.ids[sample.key],
        body=said.text,
        source_id=f"{sample.key}.{moment.number}@{domain}" if channel is Channel.EMAIL else None,
    )


async def _mark_sent(stage: _Stage, message_id: UUID) -> None:
    """Nothing of the past may leave by a real mail server, so it counts as handed over."""
    tx = stage.act_as(SYSTEM)
    mail_id = await tx.session.scalar(select(OutgoingMail.id).where(OutgoingMail.message_id == message_id))
    if mail_id is not None:
        await tickets.deliveries.handed_over(tx, mail_id, SERVER_ID)


async def _settle(stage: _Stage, sample: Ticket) -> None:
    """Assignee and status as the sample has them, where the conversation has not led there by itself."""
    ticket = await tickets.get(stage.act_as(SYSTEM), stage.ids[sample.key])
    wanted = stage.agent(sample.assignee) if sample.assignee else SYSTEM
    differs = {
        "assignee_id": ticket.assignee_id != wanted.agent_id,
        "status": ticket.status != sample.status,
    }
    change = TicketChange(
        frozenset(name for name, differ in differs.items() if differ),
        status=sample.status if differs["status"] else None,
        assignee_id=wanted.agent_id,
        snooze_until=None if sample.snooze_for is None else stage.now + sample.snooze_for,
    )
    if change.fields:
        await tickets.change_ticket(stage.act_as(wanted), ticket.id, change)
