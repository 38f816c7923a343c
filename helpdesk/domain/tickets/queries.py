"""Reading tickets: pages of the queue, one ticket, a contact's own. Plain dicts, ready for JSON.

The hot statements are plain SQL on the session's own driver connection.
"""

import base64
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy import select

from helpdesk.domain import permissions, plans, sla, widgets
from helpdesk.domain.contacts import identities_of
from helpdesk.domain.tickets import alerting, rows, views
from helpdesk.domain.tickets.locking import get
from helpdesk.domain.tickets.model import Ticket
from helpdesk.domain.tickets.queue import reach as reaching
from helpdesk.errors import Invalid
from helpdesk.parsing import known_moment
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

_OF_CONTACT = f"""{rows.ROW}
    WHERE t.contact_id = (SELECT coalesce(merged_into, id) FROM contacts WHERE id = $1)
      AND t.status <> 'merged' AND ($2::uuid[] IS NULL OR t.inbox_id = ANY($2))
    ORDER BY t.last_message_at DESC NULLS LAST, t.id DESC LIMIT $3
"""

# Every count stops at a thousand, each walks an index of its own, and none looks at a ticket that is done.
_COUNTS = """
    WITH seen AS MATERIALIZED (SELECT id, channel FROM inboxes WHERE $1::uuid[] IS NULL OR id = ANY($1))
    SELECT {waiting} AS queue, {chat} AS chat, {email} AS email, {phone} AS phone,
      {open} AS open, {snoozed} AS snoozed, {pending} AS pending,
      (SELECT count(*) FROM (SELECT FROM tickets
        WHERE assignee_id = $2 AND status IN ('open', 'pending') LIMIT 1000) AS counted) AS mine
""".format(
    **{
        name: f"""(SELECT count(*) FROM (
        SELECT FROM seen JOIN pools q ON q.inbox_id = seen.id CROSS JOIN LATERAL (
          SELECT FROM tickets WHERE waiting AND pool_id = q.id LIMIT 1000) AS one
        {only} LIMIT 1000) AS counted)"""
        for name, only in {
            "waiting": "",
            "chat": "WHERE seen.channel = 'chat'",
            "email": "WHERE seen.channel = 'email'",
            "phone": "WHERE seen.channel = 'phone'",
        }.items()
    },
    **{
        status: f"""(SELECT count(*) FROM (
        SELECT FROM seen CROSS JOIN LATERAL (
          SELECT FROM tickets WHERE inbox_id = seen.id AND status = '{status}' LIMIT 1000) AS one
        LIMIT 1000) AS counted)"""
        for status in ("open", "snoozed", "pending")
    },
)

COUNTED_TO = 1000
"""A count of so many means that many or more."""


async def queue_page(
    tx: Transaction,
    *,
    view: str = "queue",
    channel: str | None = None,
    limit: int = 50,
    after: str | None = None,
    out_of_reach: Mapping[UUID, Json] | None = None,
) -> tuple[list[Json], str | None]:
    """Rows of a view in its order, and the cursor of the next page or None. Each row that waits says why the
    reader's "next" could not be it, by `out_of_reach` where that was asked before.

    Errors: Invalid for an unknown view or a cursor that is none of ours.
    """
    permissions.require_reader(tx.actor)
    if view not in views.VIEWS:
        raise Invalid("view_unknown", f"There is no view {view}.", field="view")
    last_at, last_id = _read_cursor(after) if after else (None, None)
    connection = await tx.driver()
    inboxes = list(tx.actor.inbox_ids) if tx.actor.inbox_ids is not None else None
    asked = (inboxes, tx.actor.agent_id, channel, last_at, last_id)
    await tx.plan_once()
    found = await connection.fetch(views.PAGES[view].format(row=rows.ROW, limit=limit + 1), *asked)
    reach = await reaching.out_of_reach(tx) if out_of_reach is None else out_of_reach
    page = [rows.reached(rows.listed(tx, record), reach) for record in found[:limit]]
    return page, _cursor(found[limit - 1], views.VIEWS[view].by) if len(found) > limit else None


async def of_contact(tx: Transaction, contact_id: UUID, limit: int = 50) -> list[Json]:
    """A contact's tickets that the reader may see, done ones too, what was said last first."""
    permissions.require_reader(tx.actor)
    connection = await tx.driver()
    inboxes = list(tx.actor.inbox_ids) if tx.actor.inbox_ids is not None else None
    found = await connection.fetch(_OF_CONTACT, contact_id, inboxes, limit)
    return [rows.listed(tx, record) for record in found]


async def rows_of(tx: Transaction, ticket_ids: list[UUID]) -> list[Json]:
    """Rows of tickets that the reader was found to be allowed to see, as `queue_page` has them; unordered."""
    connection = await tx.driver()
    found = await connection.fetch(f"{rows.ROW} WHERE t.id = ANY($1)", ticket_ids)
    reach = await reaching.out_of_reach(tx)
    return [rows.reached(rows.listed(tx, record), reach) for record in found]


async def queue_rows(tx: Transaction, ticket_ids: list[UUID]) -> list[Json]:
    """Whole rows of these tickets, for everybody who watches the queue: what each reader is out of reach of
    follows from the `pool_id` and what the reader was last told about the pools."""
    connection = await tx.driver()
    found = await connection.fetch(f"{rows.ROW} WHERE t.id = ANY($1)", ticket_ids)
    return [rows.listed(tx, record) | {"inbox_id": record["inbox_id"]} for record in found]


async def counts(tx: Transaction) -> dict[str, int]:
    """How many tickets stand in each view, for this actor; a thousand means so many or more."""
    permissions.require_reader(tx.actor)
    connection = await tx.driver()
    inboxes = list(tx.actor.inbox_ids) if tx.actor.inbox_ids is not None else None
    record = await connection.fetchrow(_COUNTS, inboxes, tx.actor.agent_id)
    return dict(record) if record else {}


async def ticket(tx: Transaction, ticket_id: UUID) -> Json:
    """One ticket with its contact, clocks and place. Errors: NotFound."""
    await get(tx, ticket_id)
    connection = await tx.driver()
    record = await connection.fetchrow(f"{rows.ROW} WHERE t.id = $1", ticket_id)
    assert record is not None  # `get` has just seen it in this transaction
    row = rows.row(tx, record)
    row["id"] = row.pop("ticket_id")
    row["contact"] |= {
        "locale": record["contact_locale"],
        "time_zone": record["contact_time_zone"],
        "identities": [
            {"kind": known.kind, "value": known.value, "verified": known.verified_at is not None}
            for known in await identities_of(tx, record["contact_id"])
        ],
    }
    row |= {key: record[key] for key in ("created_at", "resolved_at", "public_version")}
    row["visitor"] = await _visitor(tx, record["contact_id"], row["inbox"]["id"])
    row["alerts"] = await alerting.alerts_of(tx, ticket_id)
    row["clocks"] = [
        _clock(clock)
        | {
            "calendar": (await plans.calendar(tx, clock.calendar_id)).name,
            "why": await sla.explained(tx, clock),
        }
        for clock in await sla.clocks_of(tx, ticket_id)
    ]
    policy = await tx.find(sla.SlaPolicy, record["policy_id"]) if record["policy_id"] else None
    row["policy"] = {"id": policy.id, "name": policy.name} if policy else None
    row["held_replies"] = await _held_replies(connection, ticket_id)
    row |= {key: record[key] for key in ("skills", "policy_id", "merged_into", "split_from")}
    return row


async def _held_replies(connection: asyncpg.Connection, ticket_id: UUID) -> list[Json]:
    """Answers that are written and have not left, the next to leave first."""
    records = await connection.fetch(
        """SELECT h.id, h.body, h.mail, h.send_at, h.state, h.reason, h.then, h.tags, h.agent_id,
             a.name AS agent_name,
             cardinality(h.uploads) AS files
           FROM held_replies h JOIN agents a ON a.id = h.agent_id
           WHERE h.ticket_id = $1 AND h.state IN ('waiting', 'failed') ORDER BY h.send_at, h.id""",
        ticket_id,
    )
    same = ("id", "body", "mail", "send_at", "state", "reason", "then", "tags", "files")
    return [
        {key: record[key] for key in same}
        | {"agent": {"id": record["agent_id"], "name": record["agent_name"]}}
        for record in records
    ]


async def _visitor(tx: Transaction, contact_id: UUID, inbox_id: UUID) -> Json | None:
    """Where the contact is on the website, as far as the chat was opened there."""
    visit = await widgets.visits.of(tx, contact_id, inbox_id)
    if visit is None:
        return None
    told = {name: getattr(visit, name) for name in ("page", "attributes", "answers", "seen_at")}
    return told | {"blocked": await widgets.blocking.is_blocked(tx, contact_id)}


async def tickets_of_contact(tx: Transaction, contact_id: UUID, inbox_id: UUID | None = None) -> list[Json]:
    """A contact's own tickets, newest first, as the widget lists them."""
    connection = await tx.driver()
    records = await connection.fetch(
        """SELECT t.id, t.number, t.subject, t.status, t.public_version, t.preview, t.last_message_at,
             coalesce(r.upto, 0) AS read_upto, t.channel, o.score, coalesce((
               SELECT e.public_version FROM events e
               WHERE e.ticket_id = t.id AND e.public_version IS NOT NULL AND e.version <= (
                 SELECT max(m.upto) FROM read_marks m WHERE m.ticket_id = t.id AND m.reader_kind <> 'contact')
               ORDER BY e.version DESC LIMIT 1), 0) AS seen
           FROM tickets t LEFT JOIN read_marks r ON r.ticket_id = t.id AND r.reader_id = t.contact_id
             LEFT JOIN ratings o ON o.ticket_id = t.id
           WHERE t.contact_id = $1 AND t.status <> 'merged' AND ($2::uuid IS NULL OR t.inbox_id = $2)
           ORDER BY t.id DESC LIMIT 20""",
        contact_id,
        inbox_id,
    )
    return [
        {
            "id": record["id"],
            "number": record["number"],
            "subject": record["subject"],
            "status": record["status"],
            "public_version": record["public_version"],
            "unread": max(0, record["public_version"] - record["read_upto"]),
            "seen": record["seen"],
            "preview": record["preview"],
            "last_message_at": record["last_message_at"],
            "rating": record["score"],
        }
        for record in records
    ]


async def waiting_of(tx: Transaction, contact_id: UUID, inbox_id: UUID) -> Ticket | None:
    """The contact's ticket that waits to be taken in this inbox; of several the first in the order."""
    query = select(Ticket).where(Ticket.contact_id == contact_id, Ticket.inbox_id == inbox_id, Ticket.waiting)
    found: Ticket | None = await tx.session.scalar(query.order_by(Ticket.rank_at, Ticket.id).limit(1))
    return found


def _clock(clock: sla.SlaClock) -> Json:
    return {
        "metric": clock.metric,
        "target_seconds": clock.target_seconds,
        "due_at": clock.due_at,
        "running": clock.running_since is not None,
        "met_at": clock.met_at,
        "breached_at": clock.breached_at,
    }


def _cursor(record: asyncpg.Record, by: str) -> str:
    return base64.urlsafe_b64encode(f"{record[by].isoformat()}|{record['id']}".encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        last_at, _, last_id = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
        return known_moment(datetime.fromisoformat(last_at)), UUID(last_id)
    except (ValueError, UnicodeDecodeError):
        raise Invalid("cursor_invalid", "That is not a cursor of ours.", field="after") from None
