"""Looks up what the decision table of mail threading asks about one mail."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from helpdesk.channels.email import authentication
from helpdesk.channels.email.carriers import Carrier, Carriers
from helpdesk.channels.email.composing import LOOP_HEADER
from helpdesk.channels.email.forwards import is_forward_subject
from helpdesk.channels.email.mail import Mail
from helpdesk.domain import agents, contacts, inboxes, permissions
from helpdesk.domain.contacts import IdentityKind
from helpdesk.domain.tickets import Message, OutgoingMail, RawMail, Status, Ticket
from helpdesk.domain.tickets.attachments import StoredFile
from helpdesk.domain.tickets.mail import following, references
from helpdesk.domain.tickets.mail.threading import Facts, Match, Proof, Target
from helpdesk.errors import Invalid
from helpdesk.jobs.mail import agents_answers
from helpdesk.storage.transaction import Transaction

LONG_CLOSED = timedelta(days=30)
"""An answer that comes later than this opens a ticket of its own, linked to the old one."""

_GONE = frozenset({"spam", "deleted"})


@dataclass(frozen=True)
class Gathered:
    """`original` is the earlier copy of the same mail, if there is one."""

    mail: Mail
    inbox: inboxes.Inbox
    facts: Facts
    staff: agents.Agent | None
    bounced_mail_id: UUID | None
    original: RawMail | None
    source_id: str | None
    fingerprint: str
    blocked: bool
    verdict: authentication.Verdict


@dataclass(frozen=True)
class House:
    """What this installation knows its own mails and servers by."""

    carriers: Carriers
    instance: str
    authserv_ids: frozenset[str] = frozenset()
    arc_sealers: frozenset[str] = frozenset()


async def gather(
    tx: Transaction, kept: RawMail, mail: Mail, house: House, files: Sequence[StoredFile] = ()
) -> Gathered:
    """Everything `threading.decide` wants to know, from the mail (with its `files`) and the database."""
    cited, own, fingerprint = _cited_ids(mail), mail.message_id, _fingerprint(mail)
    inbox = await inboxes.get(tx, kept.inbox_id)
    sender = mail.sender.key if mail.sender else ""
    seen = await references.glance(tx, kept, sender, own, cited)
    staff = await agents.by_email(tx, sender) if sender and seen.staff else None
    staff = staff if staff is not None and staff.disabled_at is None else None
    recipients = [kept.envelope_to, *(one.email for one in (*mail.to, *mail.cc))]
    found = house.carriers.read_all(recipients, [*mail.references, *mail.in_reply_to], mail.text)
    valid = [carrier for carrier in found if carrier.valid]
    bounced = await _bounced_mail(tx, kept, mail, house.carriers)
    here, elsewhere = await _copies(tx, kept, own, fingerprint) if own and seen.copied else (None, None)
    verdict = authentication.judge(mail, house.authserv_ids, house.arc_sealers)
    seek = _Seeker(tx, inbox.id, sender, staff)
    strong = await seek.strong(valid)
    held_back = await agents_answers.held_back(tx, strong, kept, mail, files, staff, house.carriers)
    facts = Facts(
        own_loop=await _is_own_loop(tx, mail, house),
        bounce=mail.bounce is not None or mail.auto == "bounce" or _came_back(kept, house.carriers),
        bounce_known=bounced is not None,
        duplicate=here is not None,
        other_inbox=await seek.of_message(elsewhere.message_id if elsewhere else None),
        strong=strong,
        strong_forged=bool(found) and not valid and await _claims_ours(tx, recipients, cited, mail, house),
        weak=await seek.weak(cited) if seen.known else None,
        cited=await seek.cited(own, cited) if seen.cited else None,
        staff=staff is not None,
        proof=Proof(verdict.proof),
        auto=mail.auto,
        may_acknowledge=mail.may_acknowledge,
        looks_forwarded=mail.forwarded is not None
        and (mail.forwarded.attached or is_forward_subject(mail.subject)),
        held_back=held_back,
        automatic_opens_ticket=bool(inbox.settings.get("automatic_opens_ticket", True)),
    )
    source_id = await _source_id(tx, kept, own, fingerprint) if seen.known else own
    return Gathered(
        mail=mail, inbox=inbox, facts=facts, staff=staff, bounced_mail_id=bounced, original=here or elsewhere,
        source_id=source_id, fingerprint=fingerprint, blocked=seen.blocked, verdict=verdict,
    )  # fmt: skip


class _Seeker:
    """Looks for tickets as seen by one sender in one inbox."""

    def __init__(self, tx: Transaction, inbox_id: UUID, sender: str, staff: agents.Agent | None) -> None:
        self._tx, self._inbox_id, self._sender, self._staff = tx, inbox_id, sender, staff

    async def strong(self, valid: list[Carrier]) -> Match | None:
        """The ticket of the first signed carrier that still leads to one; any of them may name the sender."""
        for carrier in valid:
            ticket = await _ticket_of(self._tx, carrier)
            if ticket is not None:
                own = [one for one in valid if self._staff is not None and one.is_for(self._staff.id)]
                return await self._match(ticket, issued=any(one.ticket == ticket.number for one in own))
        return None

    async def weak(self, cited: list[str]) -> Match | None:
        """The ticket of a message that this mail cites by an id of the outside world."""
        message = await references.known_by(self._tx, self._inbox_id, cited) if cited else None
        return await self.of_message(message.id if message else None)

    async def cited(self, own: str | None, cited: list[str]) -> Match | None:
        """Row 9b. Who was sent an answer's copy may follow with the mail it answers: its writer had it.
        A common ancestor alone proves less, so there the sender must be on the ticket."""
        for message in await references.citing(self._tx, self._inbox_id, [own]) if own else []:
            match = await self.of_message(message.id)
            if match is not None and (match.participant or self._sender in _addressed(message)):
                return replace(match, participant=True)
        for message in await references.citing(self._tx, self._inbox_id, cited) if cited else []:
            match = await self.of_message(message.id)
            if match is not None and match.participant:
                return match
        return None

    async def of_message(self, message_id: UUID | None) -> Match | None:
        message = await self._tx.session.get(Message, message_id) if message_id else None
        return (
            await self._match(await self._tx.session.get_one(Ticket, message.ticket_id)) if message else None
        )

    async def _match(self, ticket: Ticket, *, issued: bool = False) -> Match:
        ticket = await _followed(self._tx, ticket)
        is_contact = await _is_contact(self._tx, ticket, self._sender)
        participant = self._staff is not None or is_contact
        participant = participant or await following.follows(self._tx, ticket.id, self._sender)
        is_own = is_contact and self._staff is not None
        issued = issued and await self._may_answer(ticket)
        return Match(ticket.id, participant, issued, _target(self._tx, ticket), is_own)

    async def _may_answer(self, ticket: Ticket) -> bool:
        """What was allowed when the mark was made may not be now."""
        if self._staff is None:
            return False
        return permissions.may_reply(await agents.actor_of(self._tx, self._staff), ticket.inbox_id)


def ids_of(mail: Mail) -> list[str]:
    """Its own and those it cites: what threads hang on."""
    return [*([mail.message_id] if mail.message_id else []), *_cited_ids(mail)]


def _cited_ids(mail: Mail) -> list[str]:
    """The nearest first: In-Reply-To, then References from the newest to the root."""
    return list(dict.fromkeys([*mail.in_reply_to, *reversed(mail.references)]))[:60]


def _fingerprint(mail: Mail) -> str:
    sender = mail.sender.key if mail.sender else ""
    date = mail.date.isoformat() if mail.date else ""
    return hashlib.sha256(f"{sender}\n{date}\n{mail.body_hash}".encode()).hexdigest()


def _addressed(message: Message) -> set[str]:
    sent = message.mail or {}
    return {str(one).lower() for one in [*sent.get("to", []), *sent.get("cc", [])]}


def _target(tx: Transaction, ticket: Ticket) -> Target:
    if ticket.status in _GONE:
        return Target.GONE
    ended = ticket.resolved_at if ticket.status in (Status.RESOLVED, Status.CLOSED) else None
    return Target.LONG_CLOSED if ended is not None and tx.now - ended > LONG_CLOSED else Target.OPEN


async def _followed(tx: Transaction, ticket: Ticket) -> Ticket:
    """A merged ticket's mail lands in the ticket it was merged into."""
    for _ in range(20):
        if ticket.status != Status.MERGED or ticket.merged_into is None:
            break
        ticket = await tx.session.get_one(Ticket, ticket.merged_into)
    return ticket


async def _is_contact(tx: Transaction, ticket: Ticket, sender: str) -> bool:
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


async def _copies(
    tx: Transaction, kept: RawMail, own: str, fingerprint: str
) -> tuple[RawMail | None, RawMail | None]:
    """(the same mail in this inbox, the same mail on a ticket of another one)."""
    same = await references.same_mail(tx, kept, own, fingerprint)
    here = next((one for one in same if one.inbox_id == kept.inbox_id), None)
    elsewhere = next(
        (one for one in same if one.inbox_id != kept.inbox_id and one.message_id is not None), None
    )
    return here, elsewhere


async def _is_own_loop(tx: Transaction, mail: Mail, house: House) -> bool:
    """Our header with our name, or one of our inboxes as the sender of a Message-ID that we made."""
    if mail.header(LOOP_HEADER.lower()) == house.instance:
        return True
    made = house.carriers.read_message_id(mail.message_id or "")
    if made is None or not made.valid or mail.sender is None:
        return False
    return await inboxes.by_address(tx, mail.sender.email) is not None


async def _claims_ours(
    tx: Transaction, recipients: list[str], cited: list[str], mail: Mail, house: House
) -> bool:
    """Whether marks that do not hold pretend to be ours. Another desk of this kind has its own: its name in
    the header of loops, or its domain behind them, tells."""
    if mail.header(LOOP_HEADER.lower()) is not None:
        return False
    named = [one for one in recipients[:100] if house.carriers.read_address(one)]
    named += [one for one in cited if house.carriers.read_message_id(one)]
    domains = list(dict.fromkeys(one.rpartition("@")[2].lower() for one in named))[:20]
    if not domains:
        return bool(house.carriers.read_body(mail.text))
    return any([await inboxes.by_domain(tx, one) is not None for one in domains])


async def _source_id(tx: Transaction, kept: RawMail, own: str | None, fingerprint: str) -> str | None:
    """Its Message-ID; with a mark behind it where another mail used the same one for other words."""
    if own is None or await references.known_by(tx, kept.inbox_id, [own]) is None:
        return own
    return f"{own} {fingerprint[:16]}"


def _came_back(kept: RawMail, carriers: Carriers) -> bool:
    """Mail to one of our signed return addresses is about a mail of ours, whatever it looks like."""
    carrier = carriers.read_address(kept.envelope_to)
    return carrier is not None and carrier.valid and carrier.outbox_id is not None


async def _bounced_mail(tx: Transaction, kept: RawMail, mail: Mail, carriers: Carriers) -> UUID | None:
    """The mail of ours that a delivery report is about: by its return address, else by its Message-ID."""
    carrier = carriers.read_address(kept.envelope_to)
    if carrier is not None and carrier.valid and carrier.outbox_id is not None:
        return carrier.outbox_id
    cited = mail.bounce.message_ids if mail.bounce else ()
    if not cited:
        return None
    found: UUID | None = await tx.session.scalar(
        select(OutgoingMail.id).where(OutgoingMail.rfc_message_id.in_(cited)).limit(1)
    )
    return found
