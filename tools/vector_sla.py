"""Vectors of service time: due times, elapsed time and rules, asked of the product's own functions."""

import re
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from helpdesk.domain.sla import clocks
from helpdesk.domain.sla.business_time import DAYS, Calendar
from helpdesk.domain.sla.clocks import Fact, Kind
from helpdesk.domain.tickets import queue
from helpdesk.errors import Invalid
from tools.vector_shapes import Answer, Case, NotApplicableError, at, days, need, zone

_STARTS = ("clock_start", "start", "start_at", "started_at", "from", "a")
_ENDS = ("clock_end", "clock_stop", "end", "stop", "end_at", "to", "until", "at", "now", "b")
_ZONES = ("tz", "time_zone", "timezone")
_WEEKS = ("business_hours", "hours", "week", "working_hours", "intervals")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(d|h|m(?:in)?|s)", re.IGNORECASE)
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_SECONDS = {
    "ms": 0.001,
    "s": 1,
    "seconds": 1,
    "min": 60,
    "minutes": 60,
    "h": 3600,
    "hours": 3600,
    "d": 86400,
    "days": 86400,
}


def _readable(ask: Callable[[Case, Case], Callable[[], Answer]]) -> Callable[[Case, Case], Answer]:
    """What cannot be read in the shape it was written in does not apply; what then fails is the product's."""

    @wraps(ask)
    def check(given: Case, expect: Case) -> Answer:
        try:
            answer = ask(given, expect)
        except Invalid:
            raise
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as why:
            raise NotApplicableError(f"cannot be read: {why}") from why
        return answer()

    return check


@_readable
def sla_due(given: Case, expect: Case) -> Callable[[], Answer]:
    given = _flat(given)
    facts = _facts(given, _seconds(given, "target", "budget"))
    wanted = need(expect, "due", "due_at")
    due = None if wanted is None else at(wanted, _zone(given))
    return lambda: (clocks.replay(facts).due_at, due)


@_readable
def sla_elapsed(given: Case, expect: Case) -> Callable[[], Answer]:
    """Service time between two moments, pauses left out."""
    given = _flat(_spread(given))
    until = at(need(given, *_ENDS), _zone(given))
    facts = [fact for fact in _facts(given, 0.0) if fact.at < until]
    wanted = _seconds(expect, "elapsed", "consumed", "business", "service", "")
    return lambda: (clocks.meet(clocks.replay(facts), until).consumed, wanted)


@_readable
def sla_rule(given: Case, expect: Case) -> Callable[[], Answer]:
    """Only what can be told from the fields: a refused calendar, a priority, a due time, elapsed time.
    A rule told in words alone is not applicable here."""
    given = _flat(given)
    if (wanted := _verdict(expect)) is not None:
        return lambda: (_accepted(given), wanted)
    if {"impact", "urgency"} <= given.keys() and "priority" in expect:
        impact, urgency, priority = int(given["impact"]), int(given["urgency"]), _number(expect["priority"])
        return lambda: (queue.priority_of(impact, urgency), priority)
    if "due" in expect or "due_at" in expect:
        return lambda: sla_due(given, expect)
    if any(name.startswith(("elapsed", "consumed", "business", "service")) for name in expect):
        return lambda: sla_elapsed(given, expect)
    raise NotApplicableError("told in words, or in fields that are not known here: " + ", ".join(expect))


def _verdict(expect: Case) -> str | None:
    """What a case says becomes of its calendar; None when that is not what it asks."""
    for name in ("result", "outcome", "calendar"):
        if expect.get(name) in ("rejected", "refused", "invalid", "error"):
            return "rejected"
        if expect.get(name) in ("accepted", "valid", "ok"):
            return "accepted"
    for name, is_good in (("valid", True), ("accepted", True), ("rejected", False), ("refused", False)):
        if isinstance(expect.get(name), bool):
            return "accepted" if expect[name] is is_good else "rejected"
    return "rejected" if expect.get("error") else None


def _spread(given: Case) -> Case:
    """`window` or `interval` as the two moments it names."""
    for name in ("window", "interval", "between"):
        if isinstance(given.get(name), list) and len(given[name]) == 2:
            return {**given, "clock_start": given[name][0], "clock_end": given[name][1]}
    return given


def _flat(given: Case) -> Case:
    """A calendar that is told apart, as if its fields stood beside the others."""
    calendar = given.get("calendar")
    return {**calendar, **given} if isinstance(calendar, dict) else given


def _zone(given: Case) -> ZoneInfo:
    return zone({"tz": next((given[name] for name in _ZONES if name in given), "UTC")})


def _facts(given: Case, target: float) -> list[Fact]:
    start = at(need(given, *_STARTS), _zone(given))
    facts = [Fact(Kind.STARTED, start, _scaled(given, target), _calendar(given))]
    for pause in given.get("pauses") or ():
        if isinstance(pause, dict):
            ends = (pause[name] for name in _ENDS if name in pause)
            since, to = need(pause, *_STARTS), next(ends, None)
        else:
            since, to = pause
        facts.append(Fact(Kind.PAUSED, at(since, _zone(given))))
        if to is not None:
            facts.append(Fact(Kind.RESUMED, at(to, _zone(given))))
    return facts


def _scaled(given: Case, target: float) -> float:
    priority = given.get("priority")
    return target if priority is None else target * clocks.priority_factor(_number(priority))


def _calendar(given: Case) -> Calendar:
    week = next((given[name] for name in _WEEKS if name in given), None)
    always = given.get("always") is True or week is None or week in ("24/7", "24x7", "always")
    shape = {"time_zone": _zone(given).key, "always": always, "week": {} if always else _week(week)}
    holidays = given.get("holidays") or {}
    if isinstance(holidays, list):
        holidays = [day["date"] if isinstance(day, dict) else day for day in holidays]
    return Calendar.parse({**shape, "holidays": holidays})


def _week(week: Any) -> dict[str, list[list[str]]]:
    """Days by any spelling of their names, each with one interval or several, or a list of spans of days."""
    found: dict[str, list[list[str]]] = {}
    if isinstance(week, list):  # [{"days": "mon,tue", "start": "09:00", "end": "17:00"}]
        for span in week:
            named = days(span.get("days", span.get("days_sun_to_sat", span.get("day"))))
            for number in sorted(named):
                found.setdefault(DAYS[number], []).append(_interval(span))
        return found
    for name, intervals in week.items():
        several = intervals if isinstance(intervals, list) else [intervals]
        if len(several) == 2 and all(isinstance(one, str) and "-" not in one for one in several):
            several = [several]  # ["09:00", "17:00"]
        found[name[:3].lower()] = [_interval(one) for one in several]
    return found


def _interval(value: Any) -> list[str]:
    if isinstance(value, str):
        value = re.split(r"\s*[-–]\s*", value)
    if isinstance(value, dict):
        value = [need(value, "start", "from", "open", "opens"), need(value, "end", "to", "close", "closes")]
    opens, closes = value
    return [opens, closes]


def _accepted(given: Case) -> str:
    """Refused when it is written, or when it is asked: one that never opens has no next opening."""
    need(given, *_WEEKS)
    try:
        calendar = _calendar(given)
        if any(name in given for name in _STARTS):
            calendar.add(at(need(given, *_STARTS), _zone(given)), 1)
    except Invalid:
        return "rejected"
    return "accepted"


def _seconds(fields: Case, *names: str) -> float:
    """`target_s`, `elapsed_hours`, `seconds`… as seconds."""
    for name, unit in _spellings(names):
        if name in fields:
            return _span(fields[name]) if isinstance(fields[name], str) else float(fields[name]) * unit
    raise NotApplicableError(f"no field like {names[0]}_s")


def _span(text: str) -> float:
    """ "4h", "1 h 30 min", "PT90M", "01:30:00" or a number, in seconds."""
    if re.fullmatch(r"\d+:\d\d(:\d\d)?", text):
        hours, minutes, seconds = [*(int(one) for one in text.split(":")), 0][:3]
        return hours * 3600 + minutes * 60 + seconds
    parts = _SPAN.findall(text)
    return sum(float(number) * _UNITS[unit[0].lower()] for number, unit in parts) if parts else float(text)


def _spellings(names: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    for name in names:
        for unit, seconds in _SECONDS.items():
            yield (f"{name}_{unit}" if name else unit), seconds
        if name:
            yield name, 1


def _number(priority: Any) -> int:
    return int(str(priority).lstrip("Pp"))


KINDS = {"sla_due": sla_due, "sla_elapsed": sla_elapsed, "sla_rule": sla_rule}
