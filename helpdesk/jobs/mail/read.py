"""Reads a stored mail in a killable child, decides which ticket it belongs to, and says it there."""

from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

import structlog

from helpdesk.actors import SYSTEM
from helpdesk.channels import uploads
from helpdesk.channels.email import framing
from helpdesk.channels.email.mail import Address, Mail, Part
from helpdesk.channels.email.reading.addresses import is_address
from helpdesk.domain import agents, contacts, tickets
from helpdesk.domain.contacts import IdentityKind
from helpdesk.domain.events import AlsoReceived
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import RawMail
from helpdesk.domain.tickets.attachments import StoredFile
from helpdesk.domain.tickets.mail import references, threading
from helpdesk.domain.tickets.mail.threading import Action, Decision
from helpdesk.errors import Conflict, Invalid, Unavailable
from helpdesk.jobs.mail import following_up, forgeries, reports
from helpdesk.jobs.mail.facts import Gathered, House, gather
from helpdesk.jobs.workshop import Workshop
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

TRIES = 3
"""Reading attempts before a mail goes to quarantine."""

LONGEST_BODY = 200_000
_SHOWN_PEOPLE = 100

log = structlog.get_logger(__name__)


async def read_mail(workshop: Workshop, job: dict[str, Any]) -> None:
    """Ends with the mail in exactly one state. Nothing in it can stop the next one."""
    mail_id = UUID(job["mail_id"])
    async with workshop.database.transaction(SYSTEM) as tx:
        found = await tickets.mail.intake.bytes_to_read(tx, mail_id)
    if found is None:
        return
    raw, is_wide = found
    try:
        mail = await workshop.readers.read_safely(raw, wide=is_wide)
    except Invalid as failure:
        await _count_failure(workshop, mail_id, failure)
        return
    files = [await _stored(workshop, part) for part in mail.attachments]
    try:
        said = [await _place(workshop, one, mail, files) for one in await _in_order(workshop, mail_id, mail)]
    except (Unavailable, Conflict):
        raise
    except Exception as failure:  # whatever it is, this mail must not stay unread without a word
        log.exception("mail_not_placed", mail=str(mail_id))
        await _count_failure(workshop, mail_id, Invalid("mail_not_placed", type(failure).__name__))
        return
    if not any(said):  # a duplicate, a bounce, an answering machine: nobody will ask for its files
        for file in files:
            await workshop.files.delete(file.key)


async def _stored(workshop: Workshop, part: Part) -> StoredFile:
    """On the disk. Should the commit that names it fail, or only its answer be lost, it stays until it is
    swept: a message without its file would be worse. Only what the HTML really shows has a Content-ID."""
    content_id = part.content_id if part.inline else None
    return uploads.describe(await workshop.files.put(part.data), part.name, part.data, content_id)


async def _in_order(workshop: Workshop, mail_id: UUID, mail: Mail) -> list[UUID]:
    """Before it its copies for inboxes that its writer named first, should they wait as well: one ticket,
    in the inbox that was meant most."""
    named = [one.key for one in (*mail.to, *mail.cc)]
    if len(named) < 2:
        return [mail_id]
    async with workshop.database.transaction(SYSTEM) as tx:
        return [*await tickets.mail.intake.named_before(tx, mail_id, named), mail_id]


async def _place(workshop: Workshop, mail_id: UUID, mail: Mail, files: list[StoredFile]) -> bool:
    """On its ticket, in one transaction. Answers whether something was said there."""
    known = (workshop.authserv_ids, workshop.arc_sealers)
    house = House(workshop.carriers, await workshop.instance(), *known)
    async with workshop.database.transaction(SYSTEM) as tx:
        kept = await tickets.mail.intake.to_read(tx, mail_id)
        if kept is None:
            return False
        mail = _with_sender(mail, kept.envelope_from)
        gathered = await gather(tx, kept, mail, house)
        await forgeries.note(tx, gathered)
        decision = _decide(gathered)
        said = await _act(tx, kept, gathered, decision, files)
        kept.rfc_message_id, kept.fingerprint = mail.message_id, gathered.fingerprint
        kept.state = "on_ticket" if said else _ended(decision)
        kept.cause = f"row {decision.row}" + (f": {', '.join(decision.flags)}" if decision.flags else "")
        kept.message_id = said or (gathered.original.message_id if gathered.original else None)
    return said is not None


def _with_sender(mail: Mail, envelope_from: str) -> Mail:
    """Who named no address in the mail is at the one it was handed over with, if any.

    That proves no more than a From would, and no automatic answer goes there.
    """
    if mail.bounce is not None or (mail.sender and mail.sender.email) or not is_address(envelope_from):
        return mail
    return replace(mail, sender=Address(mail.sender.name if mail.sender else "", envelope_from))


async def _count_failure(workshop: Workshop, mail_id: UUID, failure: Invalid) -> None:
    """A mail that cannot be read is tried again, then kept apart for an administrator."""
    async with workshop.database.transaction(SYSTEM) as tx:
        if await tickets.mail.intake.count_attempt(tx, mail_id) >= TRIES:
            await tickets.mail.intake.quarantine(tx, mail_id, failure.code)
            return
    raise Unavailable("mail_not_read_yet", failure.code)


def _decide(gathered: Gathered) -> Decision:
    sender = gathered.mail.sender
    is_person = sender is not None and sender.email and gathered.mail.bounce is None
    if is_person and gathered.blocked:
        return Decision("0", Action.DROP, flags=("blocked",))
    return threading.decide(gathered.facts)


async def _act(
    tx: Transaction, kept: RawMail, gathered: Gathered, decision: Decision, files: list[StoredFile]
) -> UUID | None:
    """What the decision says; answers with the message that came of it, if any."""
    if decision.action in (Action.DROP, Action.DUPLICATE):
        return None
    if decision.action is Action.ALSO_RECEIVED:
        await _note_copy(tx, kept, gathered, decision)
        return None
    if decision.action is Action.BOUNCE:
        await reports.note(tx, gathered)
        return None
    mail = gathered.mail
    is_answer = decision.action is Action.STAFF_REPLY and mail.new_text.strip()
    if is_answer and gathered.staff is not None and decision.ticket_id is not None:
        tx.actor = await agents.actor_of(tx, gathered.staff)
        taken = [(await tickets.attachments.add(tx, file)).id for file in files]
        body = mail.new_text.strip()[: tickets.BODY_LIMIT]
        return (await tickets.reply(tx, decision.ticket_id, body, uploads=taken)).message_id
    attachment_ids = [(await tickets.attachments.add(tx, file)).id for file in files]
    inbound = _inbound(kept, gathered, decision, tuple(attachment_ids))
    said = await tickets.receive_message(tx, inbound)
    await references.remember(tx, said.message_id, kept.inbox_id, [*mail.references, *mail.in_reply_to])
    await following_up.follow_up(tx, kept, gathered, decision, said)
    return said.message_id


def _inbound(
    kept: RawMail, gathered: Gathered, decision: Decision, attachment_ids: tuple[UUID, ...]
) -> tickets.InboundMessage:
    mail = gathered.mail
    inbound = tickets.InboundMessage(
        inbox_id=kept.inbox_id,
        channel=Channel.EMAIL,
        sender=_sender(mail.sender),
        subject=mail.subject or _subject_of(mail),
        body=mail.new_text.strip()[:LONGEST_BODY],
        html=mail.html,
        new_html=mail.new_html,
        quoted=(mail.signature_text + mail.quoted_text).strip()[:LONGEST_BODY] or None,
        attachment_ids=attachment_ids,
        ticket_id=decision.ticket_id,
        source_id=gathered.source_id,
        automatic=mail.auto is not None,
        unverified=_unverified(decision),
        mail=_shown(kept, gathered, decision),
    )
    if decision.action is Action.NEW_FOR_OTHER and mail.forwarded and mail.forwarded.sender:
        return _forwarded(inbound, mail)
    return inbound


def _shown(kept: RawMail, gathered: Gathered, decision: Decision) -> Json:
    """What agents see of a mail besides its words."""
    mail, found = gathered.mail, gathered
    shown: Json = {
        "raw": str(kept.id),
        "subject": mail.subject[:250],
        "sender": mail.sender.key if mail.sender else "",
        "to": [one.key for one in mail.to[:_SHOWN_PEOPLE]],
        "cc": [one.key for one in mail.cc[:_SHOWN_PEOPLE]],
        "sent_at": mail.date.isoformat() if mail.date else None,
        "proof": found.verdict.proof,
        "proven_by": found.verdict.how,
        "flags": list(decision.flags),
    }
    optional = {
        "auto": mail.auto,
        "collapsed": decision.collapsed or None,
        "is_rich": framing.is_rich(mail.new_html or mail.html) or None,
        "protection": mail.protection,
        "signature": _signature(mail),
        "invitation": asdict(mail.invitation) if mail.invitation else None,
        "related": str(decision.related) if decision.related else None,
        "forwarded_by": mail.sender.key if decision.action is Action.NEW_FOR_OTHER and mail.sender else None,
    }
    return shown | {key: value for key, value in optional.items() if value is not None}


def _signature(mail: Mail) -> Json | None:
    if mail.signature is None:
        return None
    is_sender = mail.sender is not None and mail.sender.key in mail.signature.addresses
    return asdict(mail.signature) | {"is_sender": is_sender}


def _unverified(decision: Decision) -> str | None:
    """Why the words are kept apart from the contact's view."""
    if decision.action in (Action.APPEND_UNVERIFIED, Action.STAFF_NOTE):
        return ", ".join(decision.flags) or "unverified"
    return None


def _forwarded(inbound: tickets.InboundMessage, mail: Mail) -> tickets.InboundMessage:
    """An agent passed a customer's mail on: the customer is the contact."""
    inner = mail.forwarded
    assert inner is not None
    return replace(
        inbound,
        sender=_sender(inner.sender),
        subject=inner.subject or inbound.subject,
        body=inner.body[:LONGEST_BODY],
        html=None,
        new_html=None,
        quoted=None,  # what stands above it is the agent's word, not the customer's
    )


async def _note_copy(tx: Transaction, kept: RawMail, gathered: Gathered, decision: Decision) -> None:
    """The first inbox has it; agents see which other address of ours it came to."""
    original = gathered.original
    if decision.ticket_id is None or original is None or original.message_id is None:
        return
    ticket = await tickets.lock(tx, decision.ticket_id)
    await tx.record(ticket, AlsoReceived(original.message_id, kept.inbox_id, kept.envelope_to))


def _sender(address: Address | None) -> tickets.Sender | None:
    """None for an address that nobody could answer: its mail becomes a ticket all the same."""
    try:
        usable = contacts.normalise(IdentityKind.EMAIL, address.email) if address else ""
    except Invalid:
        return None
    return tickets.Sender(IdentityKind.EMAIL, usable, address.name) if address and usable else None


def _subject_of(mail: Mail) -> str:
    return next((line.strip() for line in mail.text.splitlines() if line.strip()), "(no subject)")[:80]


def _ended(decision: Decision) -> str:
    return "duplicate" if decision.action in (Action.DUPLICATE, Action.ALSO_RECEIVED) else "dropped"
