"""What an agent adds where nothing else follows from it: a note, or one more answer in a chat that waits
for the contact. In one statement each: everything else is `add_note` and `reply`, whose rows these write.
"""

from uuid import UUID

import asyncpg
import orjson

from helpdesk.domain import permissions
from helpdesk.domain.events import NoteAdded, ReplySent
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.oncall import AlertStatus
from helpdesk.domain.tickets import messages, timeline, waiting
from helpdesk.domain.tickets.chatting import unread
from helpdesk.domain.tickets.envelopes import Said
from helpdesk.domain.tickets.model import MessageKind, Status
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

# `moved` is empty where it does not fit, and then nothing else is written. Two at once with one client_id
# meet at the unique index of events.
_ADD = """
    WITH moved AS (
      UPDATE tickets t SET version = t.version + 1 {changes}
      WHERE t.id = $1 AND ($2::uuid[] IS NULL OR t.inbox_id = ANY($2))
        AND NOT EXISTS (SELECT FROM events e WHERE e.actor_id = $3 AND e.client_id = $4)
        {where}
      RETURNING t.number, t.version, {public_version} AS public_version, t.inbox_id, t.channel, t.contact_id
    ), said AS (
      INSERT INTO messages (id, ticket_id, inbox_id, kind, channel, author_kind, author_id, author_name, body,
        attachments, hidden, created_at)
      SELECT $5, $1, inbox_id, $6, channel, $7, $8, $9, $10, '[]', false, $11 FROM moved
    ), told AS (
      INSERT INTO events (ticket_id, version, public_version, id, name, actor_kind, actor_id, actor_name, at,
        client_id, message_id, data)
      SELECT $1, version, public_version, $12, $13, $7, $3, $9, $11, $4, $5, $14 FROM moved
    )
    SELECT moved.*, (SELECT epoch FROM installation) AS epoch,
      (SELECT f.key FROM agent_pictures f WHERE f.agent_id = $8) AS face
    FROM moved
"""

_NOTE = _ADD.format(changes="", where="", public_version="NULL::bigint")

# Somebody has it, no target is open or promised anew by an answer, and nobody is being woken for it.
_ANSWER = _ADD.format(
    changes=", public_version = t.public_version + 1, preview = $15, last_message_at = $11, unread = false",
    where="""AND t.status = $16 AND t.channel = $17 AND t.assignee_id IS NOT NULL AND t.waiting_since IS NULL
        AND NOT EXISTS (SELECT FROM sla_clocks s WHERE s.ticket_id = t.id AND s.metric = ANY($18)
          AND s.met_at IS NULL AND s.stopped_at IS NULL)
        AND NOT EXISTS (SELECT FROM plans p WHERE p.id = t.plan_id
          AND jsonb_path_exists(jsonb_build_array(p.targets, p.priority_targets), '$[*].*.update'))
        AND NOT EXISTS (SELECT FROM sla_policies p WHERE p.id = t.policy_id
          AND jsonb_path_exists(jsonb_build_array(p.targets, p.priority_targets), '$[*].*.update'))
        AND NOT EXISTS (SELECT FROM alerts a WHERE a.ticket_id = t.id AND a.status <> $19)""",
    public_version="t.public_version",
)


async def note_more(tx: Transaction, ticket_id: UUID, body: str, client_id: UUID) -> Said | None:
    """The only statement of its transaction. None where it may not be said, or was before: nothing was
    written then. Errors: Forbidden; Conflict already_exists when it is being said on another connection."""
    permissions.require_writer(tx.actor)
    return await _add(tx, _NOTE, ticket_id, body, client_id, MessageKind.NOTE, NoteAdded(tx.new_id()))


async def answer_more(tx: Transaction, ticket_id: UUID, body: str, client_id: UUID) -> Said | None:
    """The same inside any transaction, with the job that follows from an answer in the chat."""
    permissions.require_replier(tx.actor)
    told = ReplySent(tx.new_id())
    preview = messages.preview_of(body.replace("\x00", ""))
    metrics = [metric.value for metric in waiting.MET_BY_ANSWER]
    fits = (Status.PENDING.value, Channel.CHAT.value, metrics, AlertStatus.CLOSED.value)
    return await _add(tx, _ANSWER, ticket_id, body, client_id, MessageKind.MESSAGE, told, preview, *fits)


async def _add(
    tx: Transaction,
    statement: str,
    ticket_id: UUID,
    body: str,
    client_id: UUID,
    kind: MessageKind,
    event: NoteAdded | ReplySent,
    *fits: object,
) -> Said | None:
    body = body.replace("\x00", "")
    if not body.strip() or len(body) > messages.BODY_LIMIT or tx.reactions.get(event.name):
        return None
    event_id = tx.new_id()
    row = await (await tx.driver()).fetchrow(
        statement,
        ticket_id,
        list(tx.actor.inbox_ids) if tx.actor.inbox_ids is not None else None,
        tx.actor.id,
        client_id,
        event.message,
        kind.value,
        tx.actor.kind.value,
        tx.actor.agent_id or tx.actor.id,
        tx.actor.name,
        body,
        tx.now,
        event_id,
        event.name,
        orjson.dumps(event.data()).decode(),
        *fits,
    )
    if row is None:
        return None
    tx.touched[ticket_id] = row["version"]
    said = {"id": event_id, "client_id": client_id, "message_kind": kind.value, "body": body}
    tx.told.append(_told(tx, ticket_id, event, row) | said)
    if kind is MessageKind.MESSAGE:
        await unread.later(tx, ticket_id, row["inbox_id"])
    return Said(ticket_id, row["number"], event.message, row["version"], tx.now)


def _told(tx: Transaction, ticket_id: UUID, event: NoteAdded | ReplySent, row: asyncpg.Record) -> Json:
    """The event as timeline.fresh_events reads it, but for what was said."""
    return {
        **timeline.AS_SAID,
        "ticket_id": ticket_id,
        "owner_id": row["contact_id"],
        "epoch": row["epoch"],
        "version": row["version"],
        "public_version": row["public_version"],
        "name": event.name,
        "actor_kind": tx.actor.kind.value,
        "actor_id": tx.actor.id,
        "actor_name": tx.actor.name,
        "at": tx.now,
        "data": event.data(),
        "message_id": event.message,
        "channel": row["channel"],
        "author_kind": tx.actor.kind.value,
        "author_id": tx.actor.agent_id or tx.actor.id,
        "author_name": tx.actor.name,
        "face": row["face"],
    }
