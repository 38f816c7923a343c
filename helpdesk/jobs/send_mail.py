"""Sends one mail of the outbox: bytes frozen at the first try, then handed to the next server."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from helpdesk.actors import SYSTEM
from helpdesk.channels.email import composing
from helpdesk.channels.email.composing import Quote
from helpdesk.channels.email.mail import Address, Part
from helpdesk.channels.email.sending import hand_over
from helpdesk.domain import agents, contacts, inboxes, tickets
from helpdesk.domain.tickets import Message, MessageKind, OutgoingMail, Ticket
from helpdesk.errors import Invalid, Unavailable
from helpdesk.jobs.workshop import Workshop
from helpdesk.storage.job_queue import PAUSES
from helpdesk.storage.transaction import Transaction
from helpdesk.translation import translator

TRIES = len(PAUSES)
"""After so many hours of trying the agent is told on the message that it did not leave."""

KEPT = "kept"
"""The server's answer where the demo keeps a mail to be looked at."""


@dataclass(frozen=True)
class _Leased:
    raw: bytes | None
    envelope_from: str
    recipients: list[str]
    attempts: int


async def send_mail(workshop: Workshop, job: dict[str, Any]) -> None:
    """At least once: after a crash behind the final dot the same bytes with the same Message-ID go again."""
    mail_id = UUID(job["mail_id"])
    leased = await _lease(workshop, mail_id)
    if leased is None or leased.raw is None:
        return
    try:
        server_id = await _hand_over(workshop, leased, leased.raw)
    except Unavailable as failure:
        async with workshop.database.transaction(SYSTEM) as tx:
            if leased.attempts > TRIES:
                await tickets.mail.mailing.failed(tx, mail_id, failure.detail or failure.code)
                return
            await tickets.mail.mailing.put_off(tx, mail_id, str(failure))
        raise
    except Invalid as failure:
        async with workshop.database.transaction(SYSTEM) as tx:
            await tickets.mail.mailing.failed(tx, mail_id, failure.detail or failure.code)
        return
    async with workshop.database.transaction(SYSTEM) as tx:
        await tickets.mail.mailing.handed_over(tx, mail_id, server_id)


async def _lease(workshop: Workshop, mail_id: UUID) -> _Leased | None:
    instance = await workshop.instance()
    async with workshop.database.transaction(SYSTEM) as tx:
        mail = await tickets.mail.mailing.lease(tx, mail_id)
        if mail is None:
            return None
        inbox = await inboxes.get(tx, mail.inbox_id)
        sender = workshop.carriers.bounce_address(mail.id, _domain(inbox))
        recipients, raw, attempts = list(mail.recipients), mail.raw, mail.attempts
        wanted = await _wanted(workshop, tx, mail, inbox, instance) if raw is None else None
    if wanted is not None:
        try:
            raw = await asyncio.to_thread(composing.compose, wanted)
        except Invalid as failure:
            async with workshop.database.transaction(SYSTEM) as tx:
                await tickets.mail.mailing.failed(tx, mail_id, failure.detail or failure.code)
            return None
        async with workshop.database.transaction(SYSTEM) as tx:
            await tickets.mail.mailing.freeze(tx, mail_id, wanted.message_id, raw)
    return _Leased(raw, sender, recipients, attempts)


async def _hand_over(workshop: Workshop, leased: _Leased, raw: bytes) -> str:
    url = workshop.settings.smtp_out_url
    if url is None and workshop.settings.demo:
        return KEPT
    if url is None:
        raise Unavailable("smtp_out_missing", "Set HELPDESK_SMTP_OUT_URL, so that answers can leave.")
    taken = await hand_over(raw, leased.envelope_from, leased.recipients, url.get_secret_value())
    return taken.server_id or taken.answer


async def _wanted(
    workshop: Workshop, tx: Transaction, mail: OutgoingMail, inbox: inboxes.Inbox, instance: str
) -> composing.OutgoingMail:
    """The mail as it should read: a notice to an agent, or an answer on a ticket."""
    message = await tx.session.get(Message, mail.message_id) if mail.message_id else None
    ticket = await tx.session.get(Ticket, mail.ticket_id) if mail.ticket_id else None
    address = inbox.address or "helpdesk@localhost"
    plain = composing.OutgoingMail(
        message_id=workshop.carriers.message_id(message.id if message else mail.id, _domain(inbox)),
        sender=Address(inbox.settings.get("shown_name", inbox.name), address),
        to=tuple(Address("", one) for one in mail.recipients),
        subject=mail.subject,
        body=mail.body,
        date=mail.created_at,
        loop=instance,
        automatic=mail.kind in ("notice", "acknowledgement"),
        brand=inbox.settings.get("shown_name", inbox.name),
    )
    if ticket is not None and mail.kind == "acknowledgement":
        return await _acknowledgement(workshop, tx, plain, ticket, inbox)
    if message is None or ticket is None:
        return plain
    return await _answer(workshop, tx, plain, message, ticket, inbox)


async def _acknowledgement(
    workshop: Workshop,
    tx: Transaction,
    plain: composing.OutgoingMail,
    ticket: Ticket,
    inbox: inboxes.Inbox,
) -> composing.OutgoingMail:
    """With the carriers, so that an answer to it joins the ticket, and without a word of the other side."""
    first = await tx.session.scalar(
        select(Message.source_id).where(Message.ticket_id == ticket.id).order_by(Message.id).limit(1)
    )
    return replace(
        plain,
        reply_to=workshop.carriers.reply_address(plain.sender.email, ticket.number, ticket.contact_id),
        in_reply_to=first,
        references=(
            workshop.carriers.thread_root(ticket.number, _domain(inbox)),
            *([first] if first else []),
        ),
        locale=(await contacts.get(tx, ticket.contact_id)).locale,
    )


async def _answer(
    workshop: Workshop,
    tx: Transaction,
    plain: composing.OutgoingMail,
    message: Message,
    ticket: Ticket,
    inbox: inboxes.Inbox,
) -> composing.OutgoingMail:
    """With the carriers that bring the contact's reply back, and the words it answers below the marker."""
    carriers, contact = workshop.carriers, await contacts.get(tx, ticket.contact_id)
    agent = await tx.session.get(agents.Agent, message.author_id) if message.author_id else None
    t = translator(contact.locale, "pages")
    answered = await _answered(tx, ticket, message)
    root = carriers.thread_root(ticket.number, _domain(inbox))
    cited = await _cited(tx, ticket, message)
    quote = None
    if answered is not None and answered.body.strip():
        who = answered.author_name or contact.name or plain.to[0].email
        heading = t("{date}, {name} wrote:", date=f"{answered.created_at:%Y-%m-%d %H:%M} UTC", name=who)
        quote = Quote(heading, answered.body)
    parts = [
        Part(one["name"], one["content_type"], None, False, await workshop.files.get(one["key"]))
        for one in message.attachments
    ]
    return replace(
        plain,
        sender=Address(
            t("{agent} via {team}", agent=message.author_name, team=plain.brand), plain.sender.email
        ),
        to=(Address(contact.name, plain.to[0].email),),
        cc=plain.to[1:],
        reply_to=carriers.reply_address(plain.sender.email, ticket.number, contact.id),
        signature=agent.signature if agent and agent.signature else message.author_name,
        in_reply_to=answered.source_id if answered else None,
        references=(root, *cited),
        marker=carriers.marker(ticket.number, contact.id),
        quote=quote,
        attachments=tuple(parts),
        locale=contact.locale,
    )


async def _answered(tx: Transaction, ticket: Ticket, message: Message) -> Message | None:
    """The contact's last message before the answer."""
    found: Message | None = await tx.session.scalar(
        select(Message)
        .where(
            Message.ticket_id == ticket.id,
            Message.author_kind == "contact",
            Message.hidden.is_(False),
            Message.id < message.id,
        )
        .order_by(Message.id.desc())
        .limit(1)
    )
    return found


async def _cited(tx: Transaction, ticket: Ticket, message: Message) -> list[str]:
    """The outside's ids of the thread's last messages, oldest first."""
    rows = await tx.session.scalars(
        select(Message.source_id)
        .where(
            Message.ticket_id == ticket.id,
            Message.source_id.is_not(None),
            Message.kind == MessageKind.MESSAGE.value,
            Message.id < message.id,
        )
        .order_by(Message.id.desc())
        .limit(20)
    )
    return [source for source in reversed(list(rows)) if source and "@" in source]


def _domain(inbox: inboxes.Inbox) -> str:
    return (inbox.address or "helpdesk@localhost").rpartition("@")[2]
