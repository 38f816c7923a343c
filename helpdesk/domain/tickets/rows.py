"""A ticket as a row among others: what is read for it, and how it is told to its reader."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from helpdesk.domain.tickets import queue
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction
from helpdesk.translation import Translator, translator

ROW = """
    SELECT t.id, t.number, t.subject, t.preview, t.channel, t.status, t.priority, t.impact, t.urgency, t.tags,
      t.unread, t.waiting_since, t.due_at, t.start_by, t.rank_at, t.place, t.last_message_at, t.snoozed_until,
      t.created_at, t.resolved_at, t.version, t.public_version, t.contact_id, c.name AS contact_name,
      c.locale AS contact_locale, c.time_zone AS contact_time_zone, t.company_id, k.name AS company_name,
      t.plan_id, p.name AS plan_name, t.left_out_plan_id,
      (SELECT name FROM plans WHERE id = t.left_out_plan_id) AS left_out_plan_name,
      t.team_id, m.name AS team_name, t.assignee_id, a.name AS assignee_name,
      t.inbox_id, i.name AS inbox_name, t.pool_id, t.skills, t.policy_id, t.merged_into, t.split_from,
      (SELECT value FROM identities WHERE contact_id = t.contact_id AND kind = 'email'
        ORDER BY verified_at IS NULL, created_at LIMIT 1) AS email,
      (SELECT value FROM identities WHERE contact_id = t.contact_id AND kind = 'phone'
        ORDER BY verified_at IS NULL, created_at LIMIT 1) AS phone
    FROM tickets t
    JOIN contacts c ON c.id = t.contact_id
    JOIN inboxes i ON i.id = t.inbox_id
    LEFT JOIN companies k ON k.id = t.company_id
    LEFT JOIN plans p ON p.id = t.plan_id
    LEFT JOIN teams m ON m.id = t.team_id
    LEFT JOIN agents a ON a.id = t.assignee_id
"""


def listed(tx: Transaction, record: asyncpg.Record) -> Json:
    """A row among others, with the pool it waits in."""
    return row(tx, record) | {"pool_id": record["pool_id"]}


def reached(told: Json, reach: Mapping[UUID, Json]) -> Json:
    """A row that waits, with why the reader's "next" could not be it."""
    is_waiting = told["status"] == "open" and told["assignee"] is None
    return told | {"out_of_reach": reach.get(told["pool_id"]) if is_waiting else None}


def row(tx: Transaction, record: asyncpg.Record) -> Json:
    """What ROW read, in the reader's language and zone."""
    same = ("number", "subject", "preview", "channel", "status", "priority", "impact", "urgency", "tags")
    times = ("waiting_since", "due_at", "start_by", "rank_at", "last_message_at", "snoozed_until")
    return {
        "ticket_id": record["id"],
        **{key: record[key] for key in (*same, "unread", *times, "version")},
        "contact": {
            "id": record["contact_id"],
            "name": record["contact_name"],
            "email": record["email"],
            "phone": record["phone"],
        },
        "company": _named(record, "company"),
        "plan": _named(record, "plan"),
        "left_out_plan": _named(record, "left_out_plan"),
        "team": _named(record, "team"),
        "assignee": _named(record, "assignee"),
        "inbox": _named(record, "inbox"),
        "why": _why(tx, record),
        "why_parts": record["place"],
    }


def _why(tx: Transaction, record: asyncpg.Record) -> str:
    """Why it stands where it does; of what does not wait for us no time is named that nobody promised."""
    t = translator(tx.actor.locale, "workspace")
    if record["due_at"] is None and record["status"] == "pending":
        return t("Waits for the contact; nothing is due until they write")
    if record["due_at"] is None and record["status"] == "snoozed":
        return t("Snoozed; its clocks go on when it wakes")
    if record["due_at"] is None and record["status"] in ("resolved", "closed", "merged"):
        return t("Done; nothing is due")
    parts, zone = record["place"], _zone(tx)
    heads = tuple((part["reason"], part["name"], part["minutes"]) for part in parts["head_start"])
    sentence = _sentence(parts["due_at"], parts["handling_minutes"], heads, _today(tx.now, zone), zone, t)
    return f"{sentence}; {_left_out(record, t)}" if record["left_out_plan_id"] is not None else sentence


def _left_out(record: asyncpg.Record, t: Translator) -> str:
    """That the company's own plan is not what it goes by."""
    channels = {"chat": t("chat"), "email": t("email"), "phone": t("phone")}
    channel = channels.get(record["channel"], "API")
    return t("{plan} does not include {channel}", plan=record["left_out_plan_name"], channel=channel)


@lru_cache(maxsize=5_000)
def _sentence(
    due_at: str,
    handling_minutes: int,
    heads: tuple[tuple[str, str, int], ...],
    today: datetime,
    zone: tzinfo,
    t: Translator,
) -> str:
    """The same rows are read again and again, and their sentences were a third of what that costs."""
    head_start = [{"reason": reason, "name": name, "minutes": minutes} for reason, name, minutes in heads]
    place = queue.Place.parse(
        {"due_at": due_at, "metric": None, "handling_minutes": handling_minutes, "head_start": head_start}
    )
    return queue.why(place, today, zone, t)


@lru_cache(maxsize=64)
def _today(now: datetime, zone: tzinfo) -> datetime:
    """All that a sentence needs of the moment."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _named(record: asyncpg.Record, what: str) -> Json | None:
    found = record[f"{what}_id"]
    return {"id": found, "name": record[f"{what}_name"]} if found is not None else None


def _zone(tx: Transaction) -> tzinfo:
    return ZoneInfo(tx.actor.time_zone)
