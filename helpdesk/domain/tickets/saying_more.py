"""What contacts add in the chat while their tickets wait already: everyday messages, many in one statement.

Only where nothing else follows from it: no reopening, no clock to start, no file. Everything else is
`receive_message`, whose rows this writes one for one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import orjson

from helpdesk.actors import Actor, ActorKind
from helpdesk.domain import limits
from helpdesk.domain.events import MessageReceived
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.sla import Metric
from helpdesk.domain.tickets import messages, timeline
from helpdesk.domain.tickets.envelopes import Said
from helpdesk.domain.tickets.model import MessageKind
from helpdesk.domain.widgets import visits
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

# What does not fit is not in `fits`, and of it nothing is written. Rows that somebody else has locked are
# passed over: one busy ticket must not keep the others waiting, and two batches can never block each other.
_SAY = """
    WITH given AS MATERIALIZED (
      SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[],
        $8::bytea[], $9::bytea[], $10::uuid[], $11::uuid[], $12::text[])
      AS one (contact_id, actor_name, inbox_id, ticket_id, client_id, body, preview,
        network, bucket, message_id, event_id, data)
    ), room AS MATERIALIZED (
      SELECT b.key, b.started_at <= $14 OR b.started_at > $13 AS is_over FROM rate_buckets b
      WHERE b.key = ANY($9) AND (b.count < $15 OR b.started_at <= $14 OR b.started_at > $13)
      FOR NO KEY UPDATE SKIP LOCKED
    ), fits AS MATERIALIZED (
      SELECT given.*, c.name AS author_name, room.is_over
      FROM given JOIN room ON room.key = given.bucket
        JOIN contacts c ON c.id = given.contact_id
        JOIN tickets t ON t.id = given.ticket_id
      WHERE t.contact_id = given.contact_id AND t.inbox_id = given.inbox_id
        AND t.status = 'open' AND t.waiting_since IS NOT NULL AND t.merged_into IS NULL
        AND (t.plan_id IS NULL AND t.policy_id IS NULL OR EXISTS (
          SELECT FROM sla_clocks s WHERE s.ticket_id = t.id AND s.metric = ANY($16)
            AND s.met_at IS NULL AND s.stopped_at IS NULL))
        AND NOT EXISTS (SELECT FROM visitor_blocks b
          WHERE b.contact_id = given.contact_id OR b.network = given.network AND b.ends_at > $13)
        AND NOT EXISTS (SELECT FROM events e
          WHERE e.actor_id = given.contact_id AND e.client_id = given.client_id)
      FOR NO KEY UPDATE OF t SKIP LOCKED
    ), moved AS (
      UPDATE tickets t SET version = t.version + 1, public_version = t.public_version + 1, unread = true,
        last_message_at = $13, preview = fits.preview
      FROM fits WHERE t.id = fits.ticket_id
      RETURNING fits.*, t.number, t.version, t.public_version
    ), counted AS (
      UPDATE rate_buckets b SET count = CASE WHEN fits.is_over THEN 1 ELSE b.count + 1 END,
        started_at = CASE WHEN fits.is_over THEN $13 ELSE b.started_at END
      FROM fits WHERE b.key = fits.bucket
    ), said AS (
      INSERT INTO messages (id, ticket_id, inbox_id, kind, channel, author_kind, author_id, author_name, body,
        attachments, hidden, created_at)
      SELECT message_id, ticket_id, inbox_id, $17, $18, 'contact', contact_id, author_name, body, '[]', false,
        $13 FROM moved
    ), told AS (
      INSERT INTO events (ticket_id, version, public_version, id, name, actor_kind, actor_id, actor_name, at,
        client_id, message_id, data)
      SELECT ticket_id, version, public_version, event_id, $19, 'contact', contact_id, actor_name, $13,
        client_id, message_id, data::jsonb FROM moved
    )
    SELECT contact_id, author_name, number, version, public_version, (SELECT epoch FROM installation) AS epoch
    FROM moved
"""

_GIVEN = (
    "contact_id",
    "actor_name",
    "inbox_id",
    "ticket_id",
    "client_id",
    "body",
    "preview",
    "network",
    "bucket",
    "message_id",
    "event_id",
    "data",
)
"""Its first parameters, a list for each."""

_ALWAYS = {
    **timeline.AS_SAID,
    "name": MessageReceived.__name__,
    "message_kind": MessageKind.MESSAGE.value,
    "channel": Channel.CHAT.value,
    "actor_kind": ActorKind.CONTACT.value,
    "author_kind": ActorKind.CONTACT.value,
}


@dataclass(frozen=True)
class Saying:
    """What a contact says in the chat, in words alone. `address` is where they call from."""

    actor: Actor
    inbox_id: UUID
    ticket_id: UUID
    client_id: UUID
    body: str
    address: str | None = None


async def say_more(tx: Transaction, sayings: Sequence[Saying]) -> list[Said | None]:
    """The only statement of its transaction. None where more follows from it, or it may not be said: nothing
    was written of it then. Of one contact the first alone; the next must not pass it by.

    Errors: Conflict already_exists, for all, where one is being said on another connection.
    """
    if tx.reactions.get(MessageReceived.__name__):
        return [None] * len(sayings)
    first = {one.actor.contact_id: one for one in reversed(sayings) if one.body.strip()}
    given = {contact_id: _given(tx, one) for contact_id, one in first.items()}
    said: dict[object, Said] = {}
    for record in await _write(tx, list(given.values())) if given else ():
        told = _told(tx, given[record["contact_id"]], record)
        tx.told.append(told)
        tx.touched[told["ticket_id"]] = told["version"]
        said[record["contact_id"]] = _said(tx, record["number"], told)
    return [
        said.get(one.actor.contact_id) if one is first.get(one.actor.contact_id) else None for one in sayings
    ]


async def _write(tx: Transaction, given: Sequence[Json]) -> Sequence[asyncpg.Record]:
    limit = limits.MESSAGES
    written: Sequence[asyncpg.Record] = await (await tx.driver()).fetch(
        _SAY,
        *([row[name] for row in given] for name in _GIVEN),
        tx.now,
        tx.now - limit.window,
        limit.most,
        [Metric.FIRST_RESPONSE.value, Metric.NEXT_RESPONSE.value],
        MessageKind.MESSAGE.value,
        Channel.CHAT.value,
        MessageReceived.__name__,
    )
    return written


def _given(tx: Transaction, one: Saying) -> Json:
    event = MessageReceived(tx.new_id())
    body = one.body.replace("\x00", "")
    return {
        "contact_id": one.actor.contact_id,
        "actor_name": one.actor.name,
        "inbox_id": one.inbox_id,
        "ticket_id": one.ticket_id,
        "client_id": one.client_id,
        "body": body,
        "preview": messages.preview_of(body),
        "network": visits.digest_of(one.address),
        "bucket": limits.key_of(limits.MESSAGES, one.actor.contact_id),
        "message_id": event.message,
        "event_id": tx.new_id(),
        "data": orjson.dumps(event.data()).decode(),
    }


def _told(tx: Transaction, given: Json, record: asyncpg.Record) -> Json:
    """The event as timeline.fresh_events reads it."""
    return {
        **_ALWAYS,
        "ticket_id": given["ticket_id"],
        "owner_id": given["contact_id"],
        "epoch": record["epoch"],
        "version": record["version"],
        "public_version": record["public_version"],
        "id": given["event_id"],
        "actor_id": given["contact_id"],
        "actor_name": given["actor_name"],
        "at": tx.now,
        "client_id": given["client_id"],
        "data": {"message_id": str(given["message_id"])},
        "message_id": given["message_id"],
        "body": given["body"],
        "author_id": given["contact_id"],
        "author_name": record["author_name"],
    }


def _said(tx: Transaction, number: int, told: Json) -> Said:
    return Said(told["ticket_id"], number, told["message_id"], told["public_version"], tx.now)
