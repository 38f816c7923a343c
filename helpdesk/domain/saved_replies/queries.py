"""Reading saved replies: one's own and everybody's, as they stand or filled in for a ticket."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from helpdesk.actors import Role
from helpdesk.domain import agents, contacts, inboxes, permissions, tickets
from helpdesk.domain.saved_replies import filling
from helpdesk.domain.saved_replies.model import SavedReply
from helpdesk.errors import NotFound
from helpdesk.storage.transaction import Transaction


@dataclass(frozen=True)
class Filled:
    """`missing` are the placeholders that still stand in the body."""

    reply: SavedReply
    body: str
    missing: list[str]


async def all_of(tx: Transaction, sought: str = "") -> list[SavedReply]:
    """What this actor may use, by name; `sought` are words that each stand in the name or the text."""
    permissions.require_reader(tx.actor)
    words = [or_(_has(SavedReply.name, word), _has(SavedReply.body, word)) for word in sought.split()[:8]]
    return await _listed(tx, *words)


async def for_ticket(tx: Transaction, ticket_id: UUID) -> list[Filled]:
    """What can be said on a ticket, as it would be said. Errors: NotFound."""
    ticket = await tickets.get(tx, ticket_id)
    here = or_(SavedReply.inbox_id.is_(None), SavedReply.inbox_id == ticket.inbox_id)
    values = await _values(tx, ticket)
    pieces = [(one, filling.fill(one.body, values)) for one in await _listed(tx, here)]
    return [Filled(one, filling.text_of(parts), filling.missing_in(parts)) for one, parts in pieces]


async def get(tx: Transaction, reply_id: UUID) -> SavedReply:
    """Errors: NotFound, also for another agent's own and those of an inbox one may not see."""
    permissions.require_reader(tx.actor)
    found = await tx.session.scalar(select(SavedReply).where(SavedReply.id == reply_id, _usable(tx)))
    if found is None:
        raise NotFound("saved_reply_not_found")
    return found


def may_change(tx: Transaction, reply: SavedReply) -> bool:
    """One's own, and as a lead everybody's."""
    if reply.agent_id is None:
        return permissions.has_role(tx.actor, Role.LEAD)
    return reply.agent_id == tx.actor.agent_id and permissions.has_role(tx.actor, Role.AGENT)


async def _listed(tx: Transaction, *conditions: ColumnElement[bool]) -> list[SavedReply]:
    query = select(SavedReply).where(_usable(tx), *conditions)
    return list(await tx.session.scalars(query.order_by(func.lower(SavedReply.name), SavedReply.id)))


def _usable(tx: Transaction) -> ColumnElement[bool]:
    own = or_(SavedReply.agent_id.is_(None), SavedReply.agent_id == tx.actor.agent_id)
    if tx.actor.inbox_ids is None:
        return own
    return own & or_(SavedReply.inbox_id.is_(None), SavedReply.inbox_id.in_(tx.actor.inbox_ids))


def _has(column: InstrumentedAttribute[str], word: str) -> ColumnElement[bool]:
    return column.icontains(word, autoescape=True)


async def _values(tx: Transaction, ticket: tickets.Ticket) -> dict[str, str]:
    """What the placeholders stand for; empty where nothing is known."""
    contact = await contacts.get(tx, ticket.contact_id)
    company = await contacts.company(tx, contact.company_id) if contact.company_id else None
    agent = (await agents.get(tx, tx.actor.agent_id)).name if tx.actor.agent_id else tx.actor.name
    return {
        "contact.first_name": filling.first_name(contact.name),
        "contact.name": "" if "@" in contact.name else contact.name,
        "company.name": company.name if company else "",
        "ticket.number": str(ticket.number),
        "agent.first_name": filling.first_name(agent),
        "agent.name": agent,
        "inbox.name": (await inboxes.get(tx, ticket.inbox_id)).name,
    }
