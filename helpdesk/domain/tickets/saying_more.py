"""What a contact adds in the chat while the ticket waits already: the everyday message, in one statement.

Only where nothing else follows from it: no reopening, no clock to start, no file. Everything else is
`receive_message`, whose rows this writes one for one.
"""

from datetime import datetime
from uuid import UUID

import asyncpg
import orjson

from helpdesk.domain import limits
from helpdesk.domain.events import MessageReceived
from helpdesk.domain.sla import Metric
from helpdesk.domain.tickets import actions
from helpdesk.domain.tickets.envelopes import InboundMessage, Said
from helpdesk.domain.tickets.model import MessageKind
from helpdesk.domain.widgets import visits
from helpdesk.storage.transaction import Transaction

# `moved` is empty where it does not fit, and then nothing else is written. A limit that is passed divides
# by zero, which takes back all of it. Two at once with one client_id meet at the unique index of events.
_SAY = """
    WITH moved AS (
      UPDATE tickets t SET version = t.version + 1, public_version = t.public_version + 1, unread = true,
        last_message_at = $1, preview = $2
      FROM contacts c
      WHERE t.id = $3 AND t.contact_id = $4 AND t.inbox_id = $5 AND c.id = t.contact_id
        AND t.status = 'open' AND t.waiting_since IS NOT NULL AND t.merged_into IS NULL
        AND (t.plan_id IS NULL AND t.policy_id IS NULL OR EXISTS (
          SELECT FROM sla_clocks s WHERE s.ticket_id = t.id AND s.metric = ANY($6)
            AND s.met_at IS NULL AND s.stopped_at IS NULL))
        AND NOT EXISTS (SELECT FROM visitor_blocks b
          WHERE b.contact_id = $4 OR b.network = $7 AND b.ends_at > $1)
        AND NOT EXISTS (SELECT FROM events e WHERE e.actor_id = $4 AND e.client_id = $8)
      RETURNING t.number, t.version, t.public_version, c.name
    ), counted AS (
      INSERT INTO rate_buckets AS b (key, started_at, count) SELECT $9, $1, 1 FROM moved
      ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN b.started_at <= $10 OR b.started_at > $1 THEN 1 ELSE b.count + 1 END,
        started_at = CASE WHEN b.started_at <= $10 OR b.started_at > $1 THEN $1 ELSE b.started_at END
      RETURNING count
    ), said AS (
      INSERT INTO messages (id, ticket_id, inbox_id, kind, channel, author_kind, author_id, author_name, body,
        attachments, hidden, created_at)
      SELECT $12, $3, $5, $13, $14, 'contact', $4, moved.name, $15, '[]', false, $1 FROM moved, counted
      WHERE 1 / (counted.count <= $11)::int = 1
    ), told AS (
      INSERT INTO events (ticket_id, version, public_version, id, name, actor_kind, actor_id, actor_name, at,
        client_id, message_id, data)
      SELECT $3, version, public_version, $16, $17, 'contact', $4, $18, $1, $8, $12, $19 FROM moved
    )
    SELECT number, version, public_version FROM moved, counted
"""


async def say_more(tx: Transaction, inbound: InboundMessage, address: str | None) -> Said | None:
    """The only statement of its transaction. None where more follows from it, or it may not be said:
    nothing was written then. Errors: Conflict already_exists when it is being said on another connection."""
    told = MessageReceived(tx.new_id())
    if inbound.attachment_ids or not inbound.body.strip() or tx.reactions.get(told.name):
        return None
    body = inbound.body.replace("\x00", "")
    try:
        row = await (await tx.driver()).fetchrow(
            _SAY,
            tx.now,
            actions.preview_of(body),
            inbound.ticket_id,
            inbound.contact_id,
            inbound.inbox_id,
            [Metric.FIRST_RESPONSE.value, Metric.NEXT_RESPONSE.value],
            visits.digest_of(address),
            inbound.client_id,
            *_limit(tx.now, inbound.contact_id),
            told.message,
            MessageKind.MESSAGE.value,
            inbound.channel.value,
            body,
            tx.new_id(),
            told.name,
            tx.actor.name,
            orjson.dumps(told.data()).decode(),
        )
    except asyncpg.DivisionByZeroError:
        return None
    if row is None or inbound.ticket_id is None:
        return None
    tx.touched[inbound.ticket_id] = row["version"]
    return Said(inbound.ticket_id, row["number"], told.message, row["public_version"], tx.now)


def _limit(now: datetime, contact_id: UUID | None) -> tuple[bytes, datetime, int]:
    """Key, start of the window, and how many are allowed in it."""
    limit = limits.MESSAGES
    return limits.key_of(limit, contact_id), now - limit.window, limit.most
