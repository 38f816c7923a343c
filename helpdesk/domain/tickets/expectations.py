"""What a contact may honestly expect: open or closed, until when, and the usual first answer."""

import math
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from helpdesk.domain import contacts, inboxes, plans, sla, wall_clock
from helpdesk.domain.sla.business_time import Calendar
from helpdesk.domain.tickets import queries
from helpdesk.domain.tickets.model import Ticket
from helpdesk.storage.ids import new_id
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction
from helpdesk.translation import translator

LOOK_BACK = timedelta(days=7)
UNHEARD = "UTC"
"""The zone of contacts who never told theirs."""

_ENOUGH = 3
"""Answers needed before their median says anything."""

# How long the first answer took half of those who asked, and nine in ten (Kaplan-Meier): who still waits has
# waited at least so long, and is not left out as if nobody waited. Of the newest, by ids that sort by time.
_WAITS = """
    WITH lately AS (
      SELECT id FROM (SELECT id, inbox_id FROM tickets WHERE id > $2 ORDER BY id DESC LIMIT 20000) AS newest
      WHERE inbox_id = $1 LIMIT 1000
    ), waits AS (
      SELECT c.id, c.met_at IS NOT NULL AS answered,
        extract(epoch FROM coalesce(c.met_at, $3) - c.started_at)::float AS seconds
      FROM lately t JOIN sla_clocks c ON c.ticket_id = t.id AND c.metric = 'first_response'
      WHERE c.met_at IS NOT NULL OR c.stopped_at IS NULL
    ), ranked AS (
      SELECT *, row_number() OVER (ORDER BY seconds DESC, answered, id DESC) AS left_then FROM waits
    ), surviving AS (
      SELECT answered, seconds, exp(sum(CASE WHEN NOT answered THEN 0 WHEN left_then = 1 THEN -99
        ELSE ln(1 - 1.0::float / left_then) END) OVER (ORDER BY left_then DESC)) AS share
      FROM ranked
    )
    SELECT count(*) FILTER (WHERE answered) AS answers, min(seconds) FILTER (WHERE share < 0.501) AS usual,
      coalesce(min(seconds) FILTER (WHERE share < 0.101), max(seconds)) AS slow
    FROM surviving
"""

# How many of the whole order stand before a ticket, up to a hundred: others' work is before it too.
_BEFORE = """
    SELECT count(*) FROM (
      SELECT FROM tickets WHERE waiting AND (rank_at, id) < ($1, $2) ORDER BY rank_at, id LIMIT 100
    ) AS before
"""


async def of_inbox(tx: Transaction, inbox: inboxes.Inbox, contact_id: UUID | None = None) -> Json:
    """`open` and `next_opening` by the contact's own plan before the inbox's. From the last 7 days
    `reply_seconds` and `range_minutes`, an honest range, both None while too few were answered to say, or
    most still wait."""
    told: Json = {"open": True, "next_opening": None, "hours": None}
    plan_id = await _plan_id(tx, inbox, contact_id)
    if plan_id is not None:
        plan = await plans.get(tx, plan_id)
        calendar = await sla.open_calendar(tx, plan.calendar_id)
        told["open"] = calendar.is_open(tx.now)
        told["hours"] = {key: value for key, value in calendar.to_dict().items() if key != "holidays"}
        if not told["open"]:
            told["next_opening"] = calendar.next_opening(tx.now)
    waits = await (await tx.driver()).fetchrow(_WAITS, inbox.id, new_id(tx.now - LOOK_BACK), tx.now)
    is_enough = waits["answers"] >= _ENOUGH and waits["usual"] is not None
    told["reply_seconds"] = round(waits["usual"]) if is_enough else None
    told["range_minutes"] = honest_range(waits["usual"], waits["slow"]) if is_enough else None
    return told


async def of_visitor(tx: Transaction, inbox: inboxes.Inbox, contact_id: UUID) -> Json:
    """As of_inbox, in the widget's words; `queue` has the place of what they wait for."""
    waiting = await queries.waiting_of(tx, contact_id, inbox.id)
    expected = await of_inbox(tx, inbox, contact_id)
    return {
        "hours": expected["hours"],
        "open": expected["open"],
        "next_opening": expected["next_opening"],
        "reply_time": expected["reply_seconds"],
        "queue": {
            "position": await position_of(tx, waiting),
            "range_minutes": expected["range_minutes"],
        },
    }


async def _plan_id(tx: Transaction, inbox: inboxes.Inbox, contact_id: UUID | None) -> UUID | None:
    """As a ticket gets it: what the contact's company bought, else what everybody has here."""
    contact = await contacts.get(tx, contact_id) if contact_id is not None else None
    company_id = contact.company_id if contact else None
    return (await contacts.plan_of(tx, company_id, inbox.plan_id, inbox.channel)).plan_id


async def next_opening(tx: Transaction, ticket: Ticket, inbox: inboxes.Inbox) -> datetime | None:
    """When we are back for this contact, by their own plan before the inbox's; None while we are open."""
    calendar = await _calendar(tx, ticket, inbox)
    return None if calendar is None or calendar.is_open(tx.now) else calendar.next_opening(tx.now)


async def zone_of(tx: Transaction, ticket: Ticket, inbox: inboxes.Inbox, known: str) -> ZoneInfo:
    """By whose clock to tell a contact the time: their own (`known`), and where nobody has heard it ours."""
    if known != UNHEARD:
        return wall_clock.zone(known)
    calendar = await _calendar(tx, ticket, inbox)
    return wall_clock.zone(calendar.time_zone if calendar is not None else known)


async def _calendar(tx: Transaction, ticket: Ticket, inbox: inboxes.Inbox) -> Calendar | None:
    plan_id = ticket.plan_id or inbox.plan_id
    if plan_id is None:
        return None
    return await sla.open_calendar(tx, (await plans.get(tx, plan_id)).calendar_id)


async def position_of(tx: Transaction, ticket: Ticket | None) -> int | None:
    """A contact's place in the queue: 1 is next, 100 means that or later; None when it does not wait."""
    if ticket is None or not ticket.waiting:
        return None
    before: int = await (await tx.driver()).fetchval(_BEFORE, ticket.rank_at, ticket.id)
    return min(100, before + 1)


async def in_line(tx: Transaction, ticket: Ticket | None, inbox: inboxes.Inbox) -> Json:
    """Place in the queue, and the range of minutes as of the inbox."""
    expected = await of_inbox(tx, inbox)
    return {"position": await position_of(tx, ticket), "range_minutes": expected["range_minutes"]}


def honest_range(usual: float, slow: float) -> list[int]:
    """Two round numbers of minutes: what is usual, and what nine in ten stay within."""
    low = max(1, _rounded(float(usual) / 60))
    return [low, max(low + 1, _rounded(float(slow) / 60))]


async def told(tx: Transaction, ticket: Ticket, inbox: inboxes.Inbox, locale: str, time_zone: str) -> str:
    """What an acknowledgement may say: the place in line and the usual wait; while we are closed only when we
    are back, because nobody is waited for then. Empty where there is nothing honest to say."""
    opening = await next_opening(tx, ticket, inbox)
    if opening is not None:
        zone = await zone_of(tx, ticket, inbox, time_zone)
        at = format_datetime(opening, "EEEE d MMMM HH:mm", tzinfo=zone, locale=locale)
        return translator(locale, "workspace")("We are closed now and back on {at}.", at=at)
    return in_words(await in_line(tx, ticket, inbox), locale)


def in_words(told: Json, locale: str) -> str:
    """The line an acknowledgement may carry; empty where there is nothing honest to say."""
    t = translator(locale, "workspace")
    lines = []
    if told["position"] is not None and told["position"] < 100:
        lines.append(t("You are number {position} in line.", position=told["position"]))
    if told["range_minutes"] is not None:
        low, high = told["range_minutes"]
        if high < 120:
            lines.append(t("Most people are answered within {low} to {high} minutes.", low=low, high=high))
        else:
            hours = {"low": max(1, low // 60), "high": max(low // 60 + 1, round(high / 60))}
            lines.append(t("Most people are answered within {low} to {high} hours.", **hours))
    return " ".join(lines)


def _rounded(minutes: float) -> int:
    """Minutes up to ten, fives up to an hour, then quarters of an hour: no precision that is not there."""
    step = 1 if minutes < 10 else 5 if minutes < 60 else 15
    return max(step, math.ceil(minutes / step) * step)
