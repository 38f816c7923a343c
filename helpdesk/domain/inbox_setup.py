"""A further inbox, and changing where one listens, who answers there and what is promised by default."""

import re
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from helpdesk.actors import Role
from helpdesk.domain import agents, permissions, plans
from helpdesk.domain.contacts.identities import email_address, phone_number
from helpdesk.domain.inboxes import Channel, Inbox, get
from helpdesk.errors import Conflict, Invalid
from helpdesk.parsing import visible_line
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

LONGEST_NAME = 100
GREETING = {"en": "Hello! What can we help you with?", "sv": "Hej! Vad kan vi hjälpa till med?"}
"""What a new chat says until somebody writes something better."""


@dataclass(frozen=True)
class InboxDraft:
    """`address`: where mail comes in, or the number that is called; a chat has none."""

    name: str
    channel: Channel
    address: str = ""
    team_id: UUID | None = None
    plan_id: UUID | None = None


async def check(tx: Transaction, standing: Inbox | None, draft: InboxDraft) -> tuple[str, str | None]:
    """The name and the address as they would be kept; nothing is written. Errors: as `save`."""
    permissions.require_role(tx.actor, Role.ADMIN)
    if standing is not None and standing.channel != draft.channel:
        raise Conflict("channel_fixed", "An inbox keeps its channel.", field="channel")
    name = visible_line(draft.name)[:LONGEST_NAME].strip()
    if not name:
        raise Invalid("name_missing", field="name")
    address = await _address(tx, draft, standing)
    await agents.require_open_team(tx, draft.team_id, standing.team_id if standing else None)
    await plans.require_sold(tx, draft.plan_id, standing.plan_id if standing else None)
    return name, address


async def save(tx: Transaction, inbox_id: UUID | None, draft: InboxDraft) -> Inbox:
    """A new inbox, or other words for an old one, which keeps its channel and its key: snippets on websites
    name it. Errors: NotFound, Invalid name_missing, address_missing, email_invalid, phone_invalid,
    team_archived, plan_archived, Conflict address_taken, address_of_agent, channel_fixed."""
    found = await get(tx, inbox_id) if inbox_id else None
    name, address = await check(tx, found, draft)
    if found is None:
        found = Inbox(
            id=tx.new_id(),
            key=await _free_key(tx, name, draft.channel),
            channel=draft.channel.value,
            settings=first_settings(draft.channel),
            created_at=tx.now,
        )
        tx.session.add(found)
    is_sold_otherwise = found.plan_id != draft.plan_id
    found.name, found.address = name, address
    found.team_id, found.plan_id = draft.team_id, draft.plan_id
    await tx.flush()
    tx.enqueue("distribute")
    if is_sold_otherwise and inbox_id is not None:
        tx.enqueue("replay_clocks", inbox_id=str(inbox_id))
    return found


def first_settings(channel: Channel) -> Json:
    """Of a new inbox."""
    return {"greeting": GREETING} if channel is Channel.CHAT else {}


async def _address(tx: Transaction, draft: InboxDraft, standing: Inbox | None) -> str | None:
    """As it is compared. Mail needs one, a phone line may have a number."""
    given = draft.address.strip()
    match draft.channel:
        case Channel.EMAIL if not given:
            raise Invalid("address_missing", field="address")
        case Channel.EMAIL:
            address = email_address(given)
            if "+" in address.partition("@")[0]:
                raise Invalid("email_invalid", "What follows a + is ours to use.", field="address")
        case Channel.PHONE if given:
            address = phone_number(given)
        case _:
            return None
    taken = await tx.session.scalar(select(Inbox.id).where(func.lower(Inbox.address) == address.lower()))
    if taken is not None and (standing is None or taken != standing.id):
        raise Conflict("address_taken", "Another inbox has this address.", field="address")
    if taken is None and await agents.by_email(tx, address) is not None:
        raise Conflict("address_of_agent", "This is an agent's own address.", field="address")
    return address


async def _free_key(tx: Transaction, name: str, channel: Channel) -> str:
    """Of the name what an address may carry, with a number when it is taken."""
    base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or channel.value
    keys = set(await tx.session.scalars(select(Inbox.key).where(Inbox.key.startswith(base, autoescape=True))))
    numbered = (f"{base}-{number}" for number in range(2, len(keys) + 3))
    return next(key for key in (base, *numbered) if key not in keys)
