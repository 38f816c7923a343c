"""Decides which ticket a mail that was read belongs to, and says it there: several in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from uuid import UUID

from helpdesk.actors import SYSTEM
from helpdesk.channels.email import framing
from helpdesk.channels.email.mail import Address, Mail
from helpdesk.domain import agents, contacts, tickets
from helpdesk.domain.contacts import IdentityKind
from helpdesk.domain.events import AlsoReceived
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import RawMail, repeats
from helpdesk.domain.tickets.attachments import StoredFile
from helpdesk.domain.tickets.mail import references, threading
from helpdesk.domain.tickets.mail.threading import Action, Decision
from helpdesk.errors import Invalid
from helpdesk.jobs.mail import authors, following_up, forgeries, reports
from helpdesk.jobs.mail.facts import Gathered, House, gather, ids_of
from helpdesk.jobs.workshop import Workshop
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

LONGEST_BODY = 200_000
_SHOWN_PEOPLE = 100


@dataclass(frozen=True)
class ReadMail:
    """A kept mail as its reader understood it. Its files are on the disk, so it carries no bytes of them."""

    mail_id: UUID
    mail: Mail
    files: list[StoredFile]
    before: tuple[UUID, ...] = ()
    """Its copies for inboxes that its writer named first, should they wait as well: one ticket, in the inbox
    that was meant most."""

    @property
    def mail_ids(self) -> tuple[UUID, ...]:
        return (*self.before, self.mail_id)


async def place_all(workshop: Workshop, batch: Sequence[ReadMail]) -> list[bool]:
    """Each on its ticket, as they arrived, each at its own moment; all commit or none does. Answers whether
    something was said there."""
    known = (workshop.authserv_ids, workshop.arc_sealers)
    house = House(workshop.carriers, await workshop.instance(), *known)
    said: dict[int, bool] = {}
    async with workshop.database.transaction(SYSTEM) as tx:
        kept = await tickets.mail.intake.to_read(tx, [found for one in batch for found in one.mail_ids])
        own = await authors.own_addresses(tx, [one.mail for one in batch])
        await _alone_with(tx, kept, batch, own)
        for place in sorted(range(len(batch)), key=lambda place: batch[place].mail_id):
            one = batch[place]
            said[place] = any(
                [await _place(workshop, tx, kept.get(i), one, house, own) for i in one.mail_ids]
            )
    return [said[place] for place in range(len(batch))]


async def _alone_with(
    tx: Transaction, kept: Mapping[UUID, RawMail], batch: Sequence[ReadMail], own: frozenset[str]
) -> None:
    """Mails that share any id wait for each other, so that no two of them open one thread twice; so do those
    of one sender. All locks at once, in one order: no two batches wait for each other."""
    await references.one_at_a_time(tx, [found for one in batch for found in ids_of(one.mail)])
    keys: list[Sequence[object]] = []
    for one in batch:
        for row in (kept[found] for found in one.mail_ids if found in kept):
            sender = _sender(authors.settled(one.mail, row.envelope_from, own).sender)
            if sender is not None:
                keys.append(contacts.identity_key(sender.kind, sender.value))
            if one.mail.message_id:
                keys.append(repeats.source_key(row.inbox_id, one.mail.message_id))
    await tx.each_at_a_time(keys)


async def _place(
    workshop: Workshop,
    tx: Transaction,
    kept: RawMail | None,
    read: ReadMail,
    house: House,
    own: frozenset[str],
) -> bool:
    if kept is None or kept.state != "new":
        return False
    tx.now, tx.actor = workshop.database.clock.now(), SYSTEM
    mail = authors.settled(read.mail, kept.envelope_from, own)
    gathered = await gather(tx, kept, mail, house, read.files)
    await forgeries.note(tx, gathered)
    decision = _decide(gathered)
    said = await _act(tx, kept, gathered, decision, read.files)
    kept.rfc_message_id, kept.fingerprint = mail.message_id, gathered.fingerprint
    kept.state = "on_ticket" if said else _ended(decision)
    kept.cause = f"row {decision.row}" + (f": {', '.join(decision.flags)}" if decision.flags else "")
    kept.message_id = said or (gathered.original.message_id if gathered.original else None)
    await tx.update(kept)
    return said is not None


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
    is_answer = decision.action is Action.STAFF_REPLY
    if is_answer and gathered.staff is not None and decision.ticket_id is not None:
        tx.actor = await agents.actor_of(tx, gathered.staff)
        taken = [(await tickets.attachments.add(tx, file)).id for file in files]
        body = mail.new_text.strip()[: tickets.BODY_LIMIT]
        said = await tickets.reply(tx, decision.ticket_id, body, uploads=taken)
        await _show_proof(tx, said.message_id, kept, gathered)
        return said.message_id
    attachment_ids = [(await tickets.attachments.add(tx, file)).id for file in files]
    inbound = _inbound(kept, gathered, decision, tuple(attachment_ids))
    said = await tickets.receive_message(tx, inbound)
    await references.remember(tx, said.message_id, kept.inbox_id, [*mail.references, *mail.in_reply_to])
    await following_up.follow_up(tx, kept, gathered, decision, said)
    return said.message_id


async def _show_proof(tx: Transaction, message_id: UUID, kept: RawMail, gathered: Gathered) -> None:
    """What made it leave in the agent's name, for whoever asks. No more of the mail, since what is passed on
    of a message says whom it is from and its subject."""
    message = await tx.session.get_one(tickets.Message, message_id)
    proof = {"proof": gathered.verdict.proof, "proven_by": gathered.verdict.how}
    message.mail = (message.mail or {}) | {"raw": str(kept.id)} | proof
    await tx.update(message)


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
    wished = [one.key for one in mail.reply_to[:_SHOWN_PEOPLE] if one.key != shown["sender"]]
    optional = {
        "reply_to": wished or None,
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
