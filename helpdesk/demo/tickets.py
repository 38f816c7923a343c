"""The sample company's tickets, read from texts/ in English and Swedish."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import Any, Literal

from helpdesk.demo.company import Channel

Status = Literal["open", "pending", "snoozed", "resolved"]
CONTACT = "contact"  # the author of a message who is not an agent

_SPAN = re.compile(r"(-?)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?")


@dataclass(frozen=True)
class Call:
    """How a phone ticket began. `callback_in` counts from the moment of seeding; negative is overdue."""

    direction: Literal["inbound", "outbound"]
    answered: bool
    duration: timedelta
    callback_in: timedelta | None


@dataclass(frozen=True)
class Message:
    """`by` is CONTACT or an agent's key; `ago` counts back from the moment of seeding."""

    kind: Literal["message", "note", "call"]
    by: str
    ago: timedelta
    text: str


@dataclass(frozen=True)
class Ticket:
    """One ticket as it stands now: its messages oldest first, then what it has become."""

    key: str
    locale: Literal["en", "sv"]
    contact: str
    channel: Channel
    team: str
    subject: str
    impact: int
    urgency: int
    tags: tuple[str, ...]
    messages: tuple[Message, ...]
    call: Call | None
    assignee: str | None
    status: Status
    settled: timedelta  # how long ago it got its status
    snooze_for: timedelta | None  # from the moment of seeding


def sample_tickets() -> tuple[Ticket, ...]:
    """Every ticket, oldest first: the order in which they would have been numbered."""
    tickets = (*_read("en"), *_read("sv"))
    return tuple(sorted(tickets, key=lambda ticket: ticket.messages[0].ago, reverse=True))


def _read(locale: Literal["en", "sv"]) -> tuple[Ticket, ...]:
    text = files("helpdesk.demo").joinpath("texts", f"tickets_{locale}.toml").read_text("utf-8")
    return tuple(_ticket(entry, locale) for entry in tomllib.loads(text)["ticket"])


def _ticket(entry: Mapping[str, Any], locale: Literal["en", "sv"]) -> Ticket:
    messages = tuple(_message(each) for each in entry["message"])
    return Ticket(
        key=entry["key"],
        locale=locale,
        contact=entry["contact"],
        channel=entry["channel"],
        team=entry["team"],
        subject=entry["subject"],
        impact=entry.get("impact", 2),
        urgency=entry.get("urgency", 2),
        tags=tuple(entry["tags"]),
        messages=messages,
        call=_call(entry["call"]) if "call" in entry else None,
        assignee=entry.get("assignee"),
        status=entry.get("status", "open"),
        settled=_span(entry["settled"]) if "settled" in entry else messages[-1].ago,
        snooze_for=_span(entry["snooze"]) if "snooze" in entry else None,
    )


def _message(entry: Mapping[str, Any]) -> Message:
    return Message(entry.get("kind", "message"), entry["by"], _span(entry["ago"]), entry["text"].strip())


def _call(entry: Mapping[str, Any]) -> Call:
    callback = _span(entry["callback"]) if "callback" in entry else None
    return Call(entry["direction"], entry["answered"], timedelta(minutes=entry["minutes"]), callback)


def _span(text: str) -> timedelta:
    """Reads days, hours and minutes, as in 2d4h, 45m or -10m."""
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f"not a span of time: {text!r}")
    sign, *parts = match.groups(default="0")
    days, hours, minutes = (int(part) for part in parts)
    span = timedelta(days=days, hours=hours, minutes=minutes)
    return -span if sign == "-" else span
