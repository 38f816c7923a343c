"""What happened on a ticket, as its readers get it: agents all of it, the contact the public part.

Plain dicts, ready for JSON; the hot statements are plain SQL on the session's own driver connection.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg

from helpdesk.actors import ActorKind
from helpdesk.domain import permissions, pictures
from helpdesk.domain.events import public_data as events_public
from helpdesk.domain.tickets.locking import get
from helpdesk.domain.tickets.model import Message
from helpdesk.errors import NotFound
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

_EVENTS = """
    SELECT e.version, e.public_version, e.name, e.id, e.actor_kind, e.actor_id, e.actor_name, e.at,
      e.client_id, e.data, e.message_id, m.body, m.html IS NOT NULL AS html, m.quoted, m.mail, m.hidden,
      m.attachments,
      m.channel, m.author_kind, m.author_id, m.author_name, m.kind AS message_kind, f.key AS face
    FROM events e LEFT JOIN messages m ON m.id = e.message_id
    LEFT JOIN agent_pictures f ON f.agent_id = m.author_id
"""


AS_SAID: Json = {
    "html": False,
    "quoted": None,
    "mail": None,
    "hidden": False,
    "attachments": [],
    "face": None,
}
"""What the log says beside the words of a message that has nothing but words."""


async def message(tx: Transaction, message_id: UUID) -> Message:
    """One message of a ticket that this actor may see. Errors: NotFound."""
    permissions.require_reader(tx.actor)
    found = await tx.session.get(Message, message_id)
    if found is None:
        raise NotFound("message_not_found")
    await get(tx, found.ticket_id)
    return found


async def events_after(tx: Transaction, ticket_id: UUID, after: int, limit: int) -> tuple[list[Json], int]:
    """The events this actor may see after a version of its own counting, and the head of that counting.

    For contacts versions are public versions and data is the public part.
    """
    found = await get(tx, ticket_id)
    is_contact = tx.actor.kind is ActorKind.CONTACT
    counter = "public_version" if is_contact else "version"
    connection = await tx.driver()
    records = await connection.fetch(
        f"{_EVENTS} WHERE e.ticket_id = $1 AND e.{counter} > $2 ORDER BY e.{counter} LIMIT $3",
        ticket_id,
        after,
        limit,
    )
    head = found.public_version if is_contact else found.version
    if is_contact:
        return [public_envelope(record, tx.actor.contact_id) for record in records], head
    return [envelope(record) for record in records], head


async def heads(tx: Transaction, ticket_id: UUID) -> tuple[int, int]:
    """Version and public version, whoever asks. Errors: NotFound."""
    found = await (await tx.driver()).fetchrow(
        "SELECT version, public_version FROM tickets WHERE id = $1", ticket_id
    )
    if found is None:
        raise NotFound("ticket_not_found")
    return found["version"], found["public_version"]


async def public_upto(tx: Transaction, ticket_id: UUID, version: int) -> int:
    """What an agent's version is in the contact's own counting: "seen" must not promise more."""
    connection = await tx.driver()
    found = await connection.fetchval(
        """SELECT public_version FROM events WHERE ticket_id = $1 AND version <= $2
             AND public_version IS NOT NULL ORDER BY version DESC LIMIT 1""",
        ticket_id,
        version,
    )
    return found or 0


async def latest_events(
    tx: Transaction, ticket_id: UUID, before: int | None, limit: int
) -> tuple[list[Json], int]:
    """The newest events before a version, oldest first: what a thread shows when it is opened."""
    found = await get(tx, ticket_id)
    connection = await tx.driver()
    records = await connection.fetch(
        f"{_EVENTS} WHERE e.ticket_id = $1 AND e.version < $2 ORDER BY e.version DESC LIMIT $3",
        ticket_id,
        before if before is not None else 2**62,
        limit,
    )
    return [envelope(record) for record in reversed(records)], found.version


async def fresh_events(
    connection: asyncpg.Connection, cursors: dict[UUID, int]
) -> dict[UUID, list[asyncpg.Record]]:
    """For the broadcaster: the raw events of several tickets after the version each was read to, with the
    ticket's contact as `owner_id` and the database's `epoch`."""
    more = "e.ticket_id, t.contact_id AS owner_id, (SELECT epoch FROM installation) AS epoch"
    records = await connection.fetch(
        f"""{_EVENTS.replace("SELECT ", f"SELECT {more}, ", 1)}
        JOIN tickets t ON t.id = e.ticket_id
        JOIN unnest($1::uuid[], $2::bigint[]) AS seen(ticket_id, version) ON seen.ticket_id = e.ticket_id
        WHERE e.version > seen.version ORDER BY e.ticket_id, e.version""",
        list(cursors),
        list(cursors.values()),
    )
    found: dict[UUID, list[asyncpg.Record]] = {}
    for record in records:
        found.setdefault(record["ticket_id"], []).append(record)
    return found


def envelope(record: Mapping[str, Any]) -> Json:
    """An event as agents read it."""
    said = _said(record, record["author_id"])
    if said:
        said |= {"html": record["html"], "quoted": record["quoted"], "kind": record["message_kind"]}
        said |= {"mail": record["mail"], "unverified": record["hidden"]}
    told = _envelope(
        record, record["version"], record["data"] | said, record["actor_id"], record["client_id"]
    )
    return told | {"public_version": record["public_version"]}


def public_envelope(record: Mapping[str, Any], reader_id: UUID | None) -> Json:
    """An event as its contact reads it: the allow-listed part, and nobody else's ids."""
    own = record["actor_id"] if record["actor_id"] == reader_id else None
    author = record["author_id"] if record["author_id"] == reader_id else None
    data = events_public(record["name"], record["data"]) | _said(record, author)
    if record["mail"] and record["mail"].get("format") == "markdown":
        data["format"] = "markdown"  # of what a mail brought besides its words, this alone
    return _envelope(record, record["public_version"], data, own, record["client_id"] if own else None)


def _envelope(
    record: Mapping[str, Any], version: int, data: Json, actor_id: UUID | None, client_id: UUID | None
) -> Json:
    envelope: Json = {
        "version": version,
        "name": record["name"],
        "id": record["id"],
        "by": {"kind": record["actor_kind"], "id": actor_id, "name": record["actor_name"]},
        "at": record["at"],
        "data": data,
    }
    if client_id is not None:
        envelope["client_id"] = client_id
    return envelope


def _said(record: Mapping[str, Any], author_id: UUID | None) -> Json:
    """The words of the message an event carries."""
    if record["message_id"] is None:
        return {}
    author = {"kind": record["author_kind"], "id": author_id, "name": record["author_name"]}
    if record["face"]:
        author["picture"] = pictures.address(record["face"])
    return {
        "message_id": record["message_id"],
        "body": record["body"],
        "attachments": record["attachments"],
        "channel": record["channel"],
        "author": author,
    }
