"""How a mail of the outbox reads before it is frozen: answer, forward, acknowledgement or notice."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from babel.dates import format_datetime
from sqlalchemy import select

from helpdesk.channels.email import composing, markdown
from helpdesk.channels.email.composing import Quote
from helpdesk.channels.email.mail import Address, Part
from helpdesk.domain import agents, contacts, inboxes, permissions, tickets
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import Message, MessageKind, OutgoingMail, Ticket
from helpdesk.domain.tickets.mail import identity, mailing, recipients
from helpdesk.jobs.workshop import Workshop
from helpdesk.storage.transaction import Transaction
from helpdesk.translation import Translator, translator


async def wanted(
    workshop: Workshop, tx: Transaction, mail: OutgoingMail, inbox: inboxes.Inbox, instance: str
) -> composing.OutgoingMail:
    """Everything `composing.compose` needs; Markdown is turned into HTML there, not in this transaction."""
    message = await tx.session.get(Message, mail.message_id) if mail.message_id else None
    ticket = await tx.session.get(Ticket, mail.ticket_id) if mail.ticket_id else None
    address = inbox.address or "helpdesk@localhost"
    people = mail.people or {"to": mail.recipients, "cc": []}
    plain = composing.OutgoingMail(
        message_id=workshop.carriers.message_id(message.id if message else mail.id, domain_of(inbox)),
        sender=Address(identity.shown_name(inbox), address),
        to=tuple(Address("", one) for one in people["to"]),
        cc=tuple(Address("", one) for one in people.get("cc", [])),
        subject=mail.subject,
        body=mail.body,
        date=mail.created_at,
        loop=instance,
        automatic=mail.kind in (*mailing.TO_AGENTS, "acknowledgement"),
        brand=identity.shown_name(inbox),
    )
    if ticket is not None and mail.kind in ("acknowledgement", "transcript"):
        return await _acknowledgement(workshop, tx, plain, ticket, inbox)
    if message is None or ticket is None:
        reader = await agents.by_email(tx, mail.recipients[0]) if mail.recipients else None
        letter = replace(_letter(workshop, plain), locale=reader.locale if reader else plain.locale)
        if ticket is None or reader is None or mail.kind not in mailing.TO_AGENTS:
            return letter
        return await _answerable(workshop, tx, letter, ticket, inbox, reader)
    signed = await _signed(workshop, tx, plain, message, ticket, inbox)
    if mail.kind == "forward":
        return await _forward(workshop, tx, signed, message)
    return await _answer(workshop, tx, signed, message, ticket, inbox)


def _letter(workshop: Workshop, plain: composing.OutgoingMail) -> composing.OutgoingMail:
    return replace(plain, title=plain.subject, own_address=workshop.settings.address)


async def _answerable(
    workshop: Workshop,
    tx: Transaction,
    letter: composing.OutgoingMail,
    ticket: Ticket,
    inbox: inboxes.Inbox,
    agent: agents.Agent,
) -> composing.OutgoingMail:
    """With marks of the agent's own, where they may answer the ticket: their answer goes to the contact."""
    can_reach = ticket.channel == Channel.CHAT or await recipients.usual(tx, ticket) is not None
    if not can_reach or not permissions.may_reply(await agents.actor_of(tx, agent), ticket.inbox_id):
        return letter
    contact = await contacts.get(tx, ticket.contact_id)
    t = translator(agent.locale, "pages")
    hint = t("An answer to this mail goes to {name} as yours.", name=contact.name or f"#{ticket.number}")
    return replace(
        letter,
        body=f"{letter.body}\n\n{hint}",
        reply_to=_reply_address(workshop, inbox, ticket, agent.id),
        marker=workshop.carriers.marker(ticket.number, agent.id),
    )


def _reply_address(workshop: Workshop, inbox: inboxes.Inbox, ticket: Ticket, person_id: UUID) -> str | None:
    """Signed, so that the answer finds its ticket; None where it would not reach us: then From does."""
    if not identity.takes_plus(inbox):
        return None
    own = inbox.address or "helpdesk@localhost"
    return workshop.carriers.reply_address(own, ticket.number, person_id)


def domain_of(inbox: inboxes.Inbox) -> str:
    return (inbox.address or "helpdesk@localhost").rpartition("@")[2]


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
        _letter(workshop, plain),
        reply_to=_reply_address(workshop, inbox, ticket, ticket.contact_id),
        marker=workshop.carriers.marker(ticket.number, ticket.contact_id),
        in_reply_to=first,
        references=(
            workshop.carriers.thread_root(ticket.number, domain_of(inbox)),
            *([first] if first else []),
        ),
        locale=(await contacts.get(tx, ticket.contact_id)).locale,
        signature=str(inbox.settings.get("signature") or "").replace("{agent}", plain.brand).strip(),
    )


async def _signed(
    workshop: Workshop,
    tx: Transaction,
    plain: composing.OutgoingMail,
    message: Message,
    ticket: Ticket,
    inbox: inboxes.Inbox,
) -> composing.OutgoingMail:
    """What an agent's mail has whoever it goes to: their name and signature, files, and the carriers."""
    carriers, contact = workshop.carriers, await contacts.get(tx, ticket.contact_id)
    agent = await tx.session.get(agents.Agent, message.author_id) if message.author_id else None
    t = translator(contact.locale, "pages")
    name = plain.brand
    if identity.names_agents(inbox) and message.author_name:
        name = t("{agent} via {team}", agent=message.author_name, team=plain.brand)
    is_markdown = (message.mail or {}).get("format") == "markdown"
    shown = markdown.uploads_in(message.body) if is_markdown else set()
    return replace(
        plain,
        sender=Address(name, plain.sender.email),
        reply_to=_reply_address(workshop, inbox, ticket, ticket.contact_id),
        signature=identity.signature(inbox, message.author_name, agent.signature if agent else ""),
        marker=carriers.marker(ticket.number, contact.id),
        attachments=tuple([await _part(workshop, one, shown, plain) for one in message.attachments]),
        is_markdown=is_markdown,
        locale=contact.locale,
    )


async def _answer(
    workshop: Workshop,
    tx: Transaction,
    signed: composing.OutgoingMail,
    message: Message,
    ticket: Ticket,
    inbox: inboxes.Inbox,
) -> composing.OutgoingMail:
    """With the words it answers below the marker."""
    contact = await contacts.get(tx, ticket.contact_id)
    own = {one.value for one in await contacts.identities_of(tx, contact.id)}
    answered = await _answered(tx, ticket, message)
    quote = None
    if answered is not None and answered.body.strip():
        t = translator(contact.locale, "pages")
        who = answered.author_name or contact.name or signed.to[0].email
        zone = await tickets.expectations.zone_of(tx, ticket, inbox, contact.time_zone)
        at = format_datetime(answered.created_at, "EEE d MMM yyyy HH:mm", zone, contact.locale)
        heading = t("{date}, {name} wrote:", date=at, name=who)
        quote = Quote(heading, answered.body)
    root = workshop.carriers.thread_root(ticket.number, domain_of(inbox))
    return replace(
        signed,
        to=tuple(Address(contact.name if one.email in own else "", one.email) for one in signed.to),
        in_reply_to=answered.source_id if answered else None,
        references=(root, *await _cited(tx, ticket, message)),
        quote=quote,
    )


async def _forward(
    workshop: Workshop, tx: Transaction, signed: composing.OutgoingMail, message: Message
) -> composing.OutgoingMail:
    """With the message that is passed on, as its reader saw it, below what the agent says to it."""
    forwarded_id = (message.mail or {}).get("forwards")
    passed_on = await tx.session.get(Message, UUID(forwarded_id)) if forwarded_id else None
    if passed_on is None:
        return signed
    t = translator(signed.locale, "pages")
    html = (passed_on.html or "").replace('src="remote:', 'src="') or None
    known = {one["id"] for one in message.attachments}
    inline = [
        await _part(workshop, one, set(), signed)
        for one in passed_on.attachments
        if one.get("content_id") and one["id"] not in known and f"cid:{one['content_id']}" in (html or "")
    ]
    quote = Quote(_heading(passed_on, t), _whole(passed_on), html=html, is_forward=True)
    return replace(signed, quote=quote, attachments=(*signed.attachments, *inline))


def _heading(message: Message, t: Translator) -> str:
    """Who wrote it to whom, as mail programs (and our own reader) say it."""
    mail = message.mail or {}
    writer = f"{message.author_name} <{mail['sender']}>" if mail.get("sender") else message.author_name
    sent = datetime.fromisoformat(mail["sent_at"]) if mail.get("sent_at") else message.created_at
    lines = [
        f"---------- {t('Forwarded message')} ----------",
        f"{t('From')}: {writer}",
        f"{t('Date')}: {sent:%Y-%m-%d %H:%M %z}",
        *([f"{t('Subject')}: {mail['subject']}"] if mail.get("subject") else []),
        *([f"{t('To')}: {', '.join(mail['to'])}"] if mail.get("to") else []),
    ]
    return "\n".join(lines)


def _whole(message: Message) -> str:
    return f"{message.body}\n\n{message.quoted or ''}".strip()


async def _part(
    workshop: Workshop, one: dict[str, Any], shown: set[str], mail: composing.OutgoingMail
) -> Part:
    """A file of the message; a picture that stands in its text travels inside the HTML."""
    content_id = one.get("content_id")
    if content_id is None and one["id"] in shown:
        content_id = f"{one['id']}@{mail.sender.email.rpartition('@')[2]}"
    data = await workshop.files.get(one["key"])
    return Part(one["name"], one["content_type"], content_id, content_id is not None, data)


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
    """The outside's ids of the thread's last messages, oldest first; of none that the contact does not see,
    whose ids would say who else is written with."""
    rows = await tx.session.scalars(
        select(Message.source_id)
        .where(
            Message.ticket_id == ticket.id,
            Message.source_id.is_not(None),
            Message.kind == MessageKind.MESSAGE.value,
            Message.hidden.is_(False),
            Message.id < message.id,
        )
        .order_by(Message.id.desc())
        .limit(20)
    )
    return [source for source in reversed(list(rows)) if source and "@" in source]
