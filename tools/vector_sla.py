"""Vectors of service time: due times, elapsed time and rules, asked of the product's own functions."""

from collections.abc import Iterator
from typing import Any

from helpdesk.domain.sla import clocks
from helpdesk.domain.sla.business_time import Calendar
from helpdesk.domain.sla.clocks import Fact, Kind
from helpdesk.domain.tickets import queue
from helpdesk.errors import Invalid
from tools.vector_shapes import Case, NotApplicableError, at, need, zone

Answer = tuple[Any, Any]
_STARTS = ("clock_start", "start", "start_at", "started_at", "from", "a")
_ENDS = ("clock_end", "clock_stop", "end", "stop", "end_at", "to", "until", "at", "now", "b")
_SECONDS = {"s": 1, "seconds": 1, "min": 60, "minutes": 60, "h": 3600, "hours": 3600}


def sla_due(given: Case, expect: Case) -> Answer:
    clock = clocks.replay(_facts(given, _seconds(given, "target", "budget")))
    wanted = need(expect, "due", "due_at")
    return clock.due_at, None if wanted is None else at(wanted, zone(given))


def sla_elapsed(given: Case, expect: Case) -> Answer:
    """Service time between two moments, pauses left out."""
    given = _spread(given)
    until = at(need(given, *_ENDS), zone(given))
    facts = [fact for fact in _facts(given, 0.0) if fact.at < until]
    clock = clocks.meet(clocks.replay(facts), until)
    return clock.consumed, _seconds(expect, "elapsed", "consumed", "business", "service", "")


def sla_rule(given: Case, expect: Case) -> Answer:
    """Only what can be told from the fields: a refused calendar, a priority, a due time, elapsed time.
    A rule told in words alone is not applicable here."""
    if (wanted := _verdict(expect)) is not None:
        return _accepted(given), wanted
    if {"impact", "urgency"} <= given.keys() and "priority" in expect:
        return queue.priority_of(given["impact"], given["urgency"]), _number(expect["priority"])
    if "due" in expect or "due_at" in expect:
        return sla_due(given, expect)
    if any(name.startswith("elapsed") for name in expect):
        return sla_elapsed(given, expect)
    raise NotApplicableError("unknown shape")


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


def _facts(given: Case, target: float) -> list[Fact]:
    start = at(need(given, *_STARTS), zone(given))
    facts = [Fact(Kind.STARTED, start, _scaled(given, target), _calendar(given))]
    for pause in given.get("pauses") or ():
        since, to = (need(pause, *_STARTS), pause.get("to")) if isinstance(pause, dict) else pause
        facts.append(Fact(Kind.PAUSED, at(since, zone(given))))
        if to is not None:
            facts.append(Fact(Kind.RESUMED, at(to, zone(given))))
    return facts


def _scaled(given: Case, target: float) -> float:
    priority = given.get("priority")
    return target if priority is None else target * clocks.priority_factor(_number(priority))


def _calendar(given: Case) -> Calendar:
    week = given.get("business_hours")
    always = week is None or week in ("24/7", "always")
    shape = {"time_zone": given.get("tz", "UTC"), "always": always, "week": {} if always else week}
    holidays = given.get("holidays") or {}
    if isinstance(holidays, list):
        holidays = [day["date"] if isinstance(day, dict) else day for day in holidays]
    return Calendar.parse({**shape, "holidays": holidays})


def _accepted(given: Case) -> str:
    """Refused when it is written, or when it is asked: one that never opens has no next opening."""
    need(given, "business_hours")
    try:
        calendar = _calendar(given)
        if any(name in given for name in _STARTS):
            calendar.add(at(need(given, *_STARTS), zone(given)), 1)
    except Invalid:
        return "rejected"
    return "accepted"


def _seconds(fields: Case, *names: str) -> float:
    """`target_s`, `elapsed_hours`, `seconds`… as seconds."""
    for name, unit in _spellings(names):
        if name in fields:
            return float(fields[name]) * unit
    raise NotApplicableError(f"no field like {names[0]}_s")


def _spellings(names: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    for name in names:
        for unit, seconds in _SECONDS.items():
            yield (f"{name}_{unit}" if name else unit), seconds
        if name:
            yield name, 1


def _number(priority: Any) -> int:
    return int(str(priority).lstrip("Pp"))


KINDS = {"sla_due": sla_due, "sla_elapsed": sla_elapsed, "sla_rule": sla_rule}
