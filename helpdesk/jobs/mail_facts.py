"""Looks up what the decision table of mail threading asks about one mail."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from helpdesk.channels.email.carriers import Carrier, Carriers
from helpdesk.channels.email.composing import LOOP_HEADER
from helpdesk.channels.email.mail import Mail
from helpdesk.domain import agents, contacts, inboxes
from helpdesk.domain.contacts import IdentityKind
from helpdesk.domain.tickets import Message, OutgoingMail, RawMail, Status, Ticket
from helpdesk.domain.tickets.threading import Facts, Match, Target
from helpdesk.errors import Invalid
from helpdesk.storage.transaction import Transaction

_FORWARDED = ("fwd:", "fw:", "wg:", "tr:", "vb:", "vs:", "rv:", "i:")


@dataclass(frozen=True)
class Gathered:
    mail: Mail
    inbox_id: UUID
    facts: Facts
    staff: agents.Agent | None
    bounced_mail_id: UUID | None


async def gather(
    tx: Transaction, kept: RawMail, mail: Mail, carriers: Carriers, instance: str
) -> Gathered:
    """Everything `threading.decide` wants to know, from the mail and the database."""
    inbox = await inboxes.get(tx, kept.inbox_id)
    sender = mail.sender.key if mail.sender else ""
    staff = await agents.by_email(tx, sender) if sender else None
    recipients = [kept.envelope_to, *(one.email for one in (*mail.to, *mail.cc))]
    found = carriers.read_all(recipients, [*mail.references, *mail.in_reply_to], mail.text)
    valid = [carrier for carrier in found if carrier.valid]
    bounced = await _bounced_mail(tx, kept, mail, carriers)
    facts = Facts(
        own_loop=mail.header(LOOP_HEADER.lower()) == instance,
        bounce=mail.bounce is not None or mail.auto == "bounce",
        bounce_known=bounced is not None,
        duplicate=await _is_seen(tx, inbox.id, mail.message_id),
        strong=await _strong(tx, valid, sender, staff),
        strong_forged=bool(found) and not valid,
        weak=await _weak(tx, inbox.id, mail, sender, staff),
        staff=staff is not None and staff.disabled_at is None,
        auto=mail.auto,
        may_acknowledge=mail.may_acknowledge,
        looks_forwarded=mail.forwarded is not None and mail.subject.lower().startswith(_FORWARDED),
    )
    return Gathered(mail, inbox.id, facts, staff, bounced)


async def _strong(
    tx: Transaction, valid: list[Carrier], sender: str, staff: agents.Agent | None
) -> Match | None:
    """The ticket of the first signed carrier that still leads to one."""
    for carrier in valid:
        ticket = await _ticket_of(tx, carrier)
        if ticket is not None:
            issued = staff is not None and carrier.is_for(staff.id)
            return await _match(tx, ticket, sender, staff, issued=issued)
    return None


async def _weak(
    tx: Transaction, inbox_id: UUID, mail: Mail, sender: str, staff: agents.Agent | None
) -> Match | None:
    """The ticket of a message that this mail cites by an id of the outside world."""
    cited = [*mail.in_reply_to, *reversed(mail.references)][:60]
    if not cited:
        return None
    rows = await tx.session.scalars(
        select(Message).where(Message.inbox_id == inbox_id, Message.source_id.in_(cited))
    )
    by_id = {message.source_id: message for message in rows}
    first = next((by_id[one] for one in cited if one in by_id), None)
    if first is None:
        return None
    return await _match(tx, await tx.session.get_one(Ticket, first.ticket_id), sender, staff)


async def _match(
    tx: Transaction, ticket: Ticket, sender: str, staff: agents.Agent | None, *, issued: bool = False
) -> Match:
    ticket = await _followed(tx, ticket)
    participant = staff is not None or await _is_participant(tx, ticket, sender)
    return Match(ticket.id, participant, issued, Target.OPEN)


async def _followed(tx: Transaction, ticket: Ticket) -> Ticket:
    """A merged ticket's mail lands in the ticket it was merged into."""
    while ticket.status == Status.MERGED and ticket.merged_into is not None:
        ticket = await tx.session.get_one(Ticket, ticket.merged_into)
    return ticket


async def _is_participant(tx: Transaction, ticket: Ticket, sender: str) -> bool:
    """The ticket's contact, by any address of theirs."""
    try:
        address = contacts.normalise(IdentityKind.EMAIL, sender)
    except Invalid:
        return False
    known = await contacts.identities_of(tx, ticket.contact_id)
    return any(one.kind == IdentityKind.EMAIL and one.value == address for one in known)


async def _ticket_of(tx: Transaction, carrier: Carrier) -> Ticket | None:
    if carrier.ticket is not None:
        found: Ticket | None = await tx.session.scalar(select(Ticket).where(Ticket.number == carrier.ticket))
        return found
    if carrier.message_id is not None:
        message = await tx.session.get(Message, carrier.message_id)
        return await tx.session.get_one(Ticket, message.ticket_id) if message else None
    return None


async def _is_seen(tx: Transaction, inbox_id: UUID, message_id: str | None) -> bool:
    if message_id is None:
        return False
    query = select(Message.id).where(Message.inbox_id == inbox_id, Message.source_id == message_id)
    return await tx.session.scalar(query) is not None


async def _bounced_mail(tx: Transaction, kept: RawMail, mail: Mail, carriers: Carriers) -> UUID | None:
    """The mail of ours that a delivery report is about: by its return address, else by its Message-ID."""
    carrier = carriers.read_address(kept.envelope_to)
    if carrier is not None and carrier.valid and carrier.outbox_id is not None:
        return carrier.outbox_id
    cited = mail.bounce.message_ids if mail.bounce else ()
    found: UUID | None = await tx.session.scalar(
        select(OutgoingMail.id).where(OutgoingMail.rfc_message_id.in_(cited)).limit(1)
    )
    return found
