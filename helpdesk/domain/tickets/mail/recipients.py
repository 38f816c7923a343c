"""Whom an answer goes to: what the message being answered suggests, and what an agent chose instead."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from helpdesk.domain import contacts, inboxes, permissions
from helpdesk.domain.contacts import IdentityKind, identities_of, normalise
from helpdesk.domain.tickets.locking import get
from helpdesk.domain.tickets.mail import following
from helpdesk.domain.tickets.model import Message, Ticket
from helpdesk.errors import Invalid, NotFound
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

MOST = 100
"""Addresses of one mail."""


@dataclass(frozen=True)
class People:
    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()

    @property
    def everybody(self) -> list[str]:
        return list(dict.fromkeys((*self.to, *self.cc, *self.bcc)))

    def data(self) -> Json:
        return {"to": list(self.to), "cc": list(self.cc), "bcc": list(self.bcc)}


@dataclass(frozen=True)
class Proposal:
    """`left_out` stood on the mail that is answered (first where its writer wishes answers), but nobody
    proved to have named them: an agent may add them. `answered` is that message."""

    people: People
    left_out: tuple[str, ...]
    answered: Message | None


async def usual(tx: Transaction, ticket: Ticket) -> People | None:
    """The contact, with copies to whoever follows; None for a contact without an address."""
    address = await contacts.address_of(tx, ticket.contact_id)
    if address is None:
        return None
    return People(
        (address,), tuple(one for one in await following.addresses_of(tx, ticket.id) if one != address)
    )


async def unless_chosen(tx: Transaction, ticket: Ticket) -> People | None:
    """Whom an answer goes to by itself. Errors: Invalid without an address, as of a call or a mail
    that named nobody: an answer that leaves to nobody is none."""
    people = await usual(tx, ticket)
    if people is None and ticket.channel in (inboxes.Channel.EMAIL, inboxes.Channel.PHONE):
        raise _to_missing()
    return people


async def proposal(tx: Transaction, ticket_id: UUID, message_id: UUID | None = None) -> Proposal:
    """For the answer to a message, the contact's last one unless it is named.

    Whoever wrote it stands in To, but not who only passed it on. Copies go to those who follow the ticket;
    being named on a mail that anybody could have written is not enough for that (`left_out`).
    Errors: NotFound.
    """
    permissions.require_reader(tx.actor)
    ticket = await get(tx, ticket_id)
    answered = await _answered(tx, ticket, message_id)
    people = await usual(tx, ticket)
    if people is None:
        return Proposal(People(()), (), answered)
    known = people.everybody
    mail = (answered.mail or {}) if answered is not None and not answered.hidden else {}
    writer = str(mail.get("sender") or "").lower()
    if writer in people.cc and not mail.get("forwarded_by"):
        people = People((writer,), tuple(one for one in known if one != writer))
    own = {one.value for one in await identities_of(tx, ticket.contact_id)}
    named = [str(one).lower() for field in ("reply_to", "to", "cc") for one in mail.get(field, [])]
    strangers = [one for one in dict.fromkeys(named) if one not in known and one not in own]
    left_out = [one for one in strangers if await inboxes.by_address(tx, one) is None]
    return Proposal(people, tuple(left_out), answered)


async def chosen(tx: Transaction, to: Iterable[str], cc: Iterable[str], bcc: Iterable[str]) -> People:
    """What an agent wrote into the fields, each address once. Errors: Invalid for what is no address, for
    none at all, for one of ours (it would come straight back) and for more than a hundred."""
    seen: set[str] = set()
    fields = [await _field(tx, name, given, seen) for name, given in (("to", to), ("cc", cc), ("bcc", bcc))]
    if not fields[0]:
        raise _to_missing()
    if len(seen) > MOST:
        raise Invalid("too_many_people", f"At most {MOST} addresses on one mail.", field="cc")
    return People(*fields)


def _to_missing() -> Invalid:
    return Invalid("to_missing", "Somebody has to stand in To.", field="to")


async def _field(tx: Transaction, name: str, given: Iterable[str], seen: set[str]) -> tuple[str, ...]:
    found: list[str] = []
    for one in given:
        try:
            address = normalise(IdentityKind.EMAIL, one)
        except Invalid:
            raise Invalid("email_invalid", f"{one[:100]} is no e-mail address.", field=name) from None
        if await inboxes.by_address(tx, address) is not None:
            raise Invalid("own_address", f"{address} is an address of ours.", field=name)
        if address not in seen:
            seen.add(address)
            found.append(address)
    return tuple(found)


async def _answered(tx: Transaction, ticket: Ticket, message_id: UUID | None) -> Message | None:
    if message_id is not None:
        message = await tx.session.get(Message, message_id)
        if message is None or message.ticket_id != ticket.id:
            raise NotFound("message_not_found")
        return message
    query = select(Message).where(
        Message.ticket_id == ticket.id, Message.author_kind == "contact", Message.hidden.is_(False)
    )
    found: Message | None = await tx.session.scalar(query.order_by(Message.id.desc()).limit(1))
    return found
