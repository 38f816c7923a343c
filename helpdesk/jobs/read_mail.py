"""Reads a stored mail in a killable child, decides which ticket it belongs to, and says it there."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from helpdesk.actors import SYSTEM
from helpdesk.channels import uploads
from helpdesk.channels.email.mail import Address, Mail
from helpdesk.domain import agents, tickets
from helpdesk.domain.contacts import IdentityKind
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import threading
from helpdesk.domain.tickets.attachments import StoredFile
from helpdesk.domain.tickets.threading import Action, Decision
from helpdesk.errors import Invalid, Unavailable
from helpdesk.jobs.mail_facts import Gathered, gather
from helpdesk.jobs.workshop import Workshop
from helpdesk.storage.transaction import Transaction

TRIES = 3
"""Reading attempts before a mail goes to quarantine."""

LONGEST_BODY = 200_000


async def read_mail(workshop: Workshop, job: dict[str, Any]) -> None:
    """Ends with the mail in exactly one state. Nothing in it can stop the next one."""
    mail_id = UUID(job["mail_id"])
    async with workshop.database.transaction(SYSTEM) as tx:
        kept = await tickets.mail_intake.to_read(tx, mail_id)
        if kept is None:
            return
        raw = kept.raw
    try:
        mail = await workshop.readers.read_safely(raw)
    except Invalid as failure:
        await _count_failure(workshop, mail_id, failure)
        return
    files = [
        uploads.describe(await workshop.files.put(part.data), part.name, part.data, part.content_id)
        for part in mail.attachments
    ]
    instance = await workshop.instance()
    async with workshop.database.transaction(SYSTEM) as tx:
        kept = await tickets.mail_intake.to_read(tx, mail_id)
        if kept is None:
            return
        gathered = await gather(tx, kept, mail, workshop.carriers, instance)
        decision = threading.decide(gathered.facts)
        said = await _act(tx, gathered, decision, files)
        kept.state = "on_ticket" if said else _ended(decision)
        kept.cause = f"row {decision.row}" + (f": {', '.join(decision.flags)}" if decision.flags else "")
        kept.message_id = said


async def _count_failure(workshop: Workshop, mail_id: UUID, failure: Invalid) -> None:
    """A mail that cannot be read is tried again, then kept apart for an administrator."""
    async with workshop.database.transaction(SYSTEM) as tx:
        if await tickets.mail_intake.count_attempt(tx, mail_id) >= TRIES:
            await tickets.mail_intake.quarantine(tx, mail_id, failure.code)
            return
    raise Unavailable("mail_not_read_yet", failure.code)


async def _act(
    tx: Transaction, gathered: Gathered, decision: Decision, files: list[StoredFile]
) -> UUID | None:
    """What the decision says; answers with the message that came of it, if any."""
    if decision.action in (Action.DROP, Action.DUPLICATE, Action.ALSO_RECEIVED):
        return None
    if decision.action is Action.BOUNCE:
        await _note_bounce(tx, gathered)
        return None
    attachment_ids = [(await tickets.attachments.add(tx, file)).id for file in files]
    mail = gathered.mail
    if decision.action is Action.STAFF_REPLY and gathered.staff and decision.ticket_id:
        tx.actor = await agents.actor_of(tx, gathered.staff)
        said = await tickets.reply(tx, decision.ticket_id, mail.new_text[: tickets.BODY_LIMIT])
        return said.message_id
    inbound = tickets.InboundMessage(
        inbox_id=gathered.inbox_id,
        channel=Channel.EMAIL,
        sender=_sender(mail.sender),
        subject=mail.subject or _subject_of(mail),
        body=mail.new_text.strip()[:LONGEST_BODY],
        html=mail.html,
        quoted=(mail.signature_text + mail.quoted_text).strip()[:LONGEST_BODY] or None,
        attachment_ids=tuple(attachment_ids),
        ticket_id=decision.ticket_id,
        source_id=mail.message_id,
        automatic=mail.auto is not None,
        unverified=_unverified(decision),
    )
    if decision.action is Action.NEW_FOR_OTHER and mail.forwarded and mail.forwarded.sender:
        inbound = _forwarded(inbound, mail)
    return (await tickets.receive_message(tx, inbound)).message_id


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
        quoted=inner.comment or None,
    )


async def _note_bounce(tx: Transaction, gathered: Gathered) -> None:
    """A delivery report marks the answer it is about; a delay is only a delay."""
    bounce = gathered.mail.bounce
    if bounce is None or gathered.bounced_mail_id is None or bounce.kind != "failed" or not bounce.permanent:
        return
    why = "; ".join(f"{one.address}: {one.diagnostic or one.status}" for one in bounce.recipients)
    await tickets.mailing.bounced(tx, gathered.bounced_mail_id, why or "The mail came back.")


def _sender(address: Address | None) -> tickets.Sender | None:
    if address is None or not address.email:
        return None
    return tickets.Sender(IdentityKind.EMAIL, address.email, address.name)


def _subject_of(mail: Mail) -> str:
    return next((line.strip() for line in mail.text.splitlines() if line.strip()), "(no subject)")[:80]


def _ended(decision: Decision) -> str:
    return "duplicate" if decision.action in (Action.DUPLICATE, Action.ALSO_RECEIVED) else "dropped"
