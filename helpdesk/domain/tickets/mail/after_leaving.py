"""What is heard of a mail once it has left: it came back, it was reported on, it is sent once more."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from helpdesk.domain import contacts, permissions
from helpdesk.domain.events import DeliveryFailed, DeliveryReported, DeliveryRetried
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.mail.mailing import UNDER_WAY, addressed
from helpdesk.domain.tickets.model import OutgoingMail, Ticket
from helpdesk.errors import Conflict, NotFound
from helpdesk.storage.transaction import Transaction


async def bounced(tx: Transaction, mail_id: UUID, reason: str, by: Collection[str] = ()) -> list[str]:
    """It was taken and came back from these addresses (from all, when none is named): the agent sees that on
    the message it belongs to. Answers with whom it had been sent to."""
    mail = await tx.session.get(OutgoingMail, mail_id, with_for_update=True, populate_existing=True)
    if mail is None:
        return []
    named = [one for one in mail.recipients if one.lower() in by]
    gone = [one for one in named or mail.recipients if one not in mail.undelivered]
    if not gone:
        return list(mail.recipients)
    mail.undelivered = [*mail.undelivered, *gone]
    mail.state, mail.error = "failed", reason[:500]
    if mail.ticket_id is not None and mail.message_id is not None:
        ticket = await lock(tx, mail.ticket_id)
        await tx.record(ticket, DeliveryFailed(mail.message_id, gone, reason[:500], True, bounced=True))
    return list(mail.recipients)


async def reported(tx: Transaction, mail_id: UUID, what: str, reason: str, by: Collection[str] = ()) -> None:
    """Something that is not final was said about it, by these addresses (any case) or on behalf of all."""
    mail = await tx.session.get(OutgoingMail, mail_id)
    if mail is None or mail.ticket_id is None or mail.message_id is None:
        return
    named = [one for one in mail.recipients if one.lower() in by] or addressed(mail)
    ticket = await lock(tx, mail.ticket_id)
    await tx.record(ticket, DeliveryReported(mail.message_id, named, what, reason))


async def retry(tx: Transaction, ticket_id: UUID, message_id: UUID) -> OutgoingMail:
    """Sends it once more to those it did not reach: the same mail under the same Message-ID. Where only the
    contact was not reached and has another address by now, it goes there.

    Errors: NotFound, Conflict `not_failed` while it is under way or has arrived.
    """
    permissions.require_replier(tx.actor)
    ticket = await lock(tx, ticket_id)
    query = select(OutgoingMail).where(OutgoingMail.message_id == message_id).with_for_update()
    mail = await tx.session.scalar(query.execution_options(populate_existing=True))
    if mail is None or mail.ticket_id != ticket.id:
        raise NotFound("mail_not_found")
    if not mail.undelivered or mail.state in UNDER_WAY:
        raise Conflict("not_failed", "It is under way, or has arrived.")
    await _readdress(tx, ticket, mail)
    mail.state, mail.error, mail.attempts = "queued", None, 0
    await tx.record(ticket, DeliveryRetried(message_id, list(mail.undelivered)))
    tx.enqueue("send_mail", mail_id=str(mail.id))
    return mail


async def _readdress(tx: Transaction, ticket: Ticket, mail: OutgoingMail) -> None:
    known = [one.value for one in await contacts.identities_of(tx, ticket.contact_id)]
    address = await contacts.address_of(tx, ticket.contact_id)
    to = (mail.people or {}).get("to", mail.recipients[:1])
    is_theirs = mail.kind == "reply" and list(mail.undelivered) == to and (to[0] in known or len(to) == 1)
    if address is None or not is_theirs or address in mail.recipients:
        return
    mail.recipients = [address if one == to[0] else one for one in mail.recipients]
    mail.people = (mail.people or {"cc": [], "bcc": []}) | {"to": [address]}
    mail.undelivered, mail.raw = [address], None
