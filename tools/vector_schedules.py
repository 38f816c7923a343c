"""Vectors of schedules, their overrides and swaps, asked of the product's own functions."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from helpdesk.domain.oncall.alerting import escalation
from helpdesk.domain.oncall.rota import coverage, ledger, overrides, restrictions, rotations
from helpdesk.domain.oncall.rota.overrides import Change, Duty, Override, Temporary
from helpdesk.domain.oncall.rota.rotations import Rotation, Unit
from helpdesk.domain.oncall.rota.shifts import Layer, Record, Schedule, final, on_call_at
from helpdesk.errors import Invalid
from tools.vector_shapes import (
    MONDAY,
    Answer,
    Case,
    NotApplicableError,
    at,
    hour,
    need,
    rotation,
    taking_turns,
    window,
    zone,
)

_DAY = timedelta(days=1)
_TEMPORARIES = ("temps", "temp", "temporary", "temporaries", "temp_schedules", "temporary_schedules")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def final_shifts(given: Case, expect: Case) -> Answer:
    tz = zone(given)
    start, end = (at(text) for text in given["window"])
    layers = []
    for number, rule in enumerate(given.get("rules", ())):
        turning = rule.get("rotation", _rotations(given).get(rule["target"]))
        who: dict[str, Any] = {"people": (rule["target"],)}
        if turning is not None:
            who = {"rotation": Rotation(rule["target"], (rotation(turning, tz),))}
        layers.append(Layer(f"rule {number}", windows=(window(rule),), **who))
    record = None
    if "history" in given:
        duties = (
            Duty(h["user"], _by_minute(h["start"]), h.get("end") and _by_minute(h["end"]))
            for h in given["history"]
        )
        record = Record(at(given["now"]), tuple(duties))
    schedule = Schedule(
        "s",
        tz.key,
        layers=tuple(layers),
        overrides=tuple(_override(n, o) for n, o in enumerate(given.get("overrides", ()))),
        temporaries=tuple(_temporary(t) for t in _several(given, *_TEMPORARIES)),
        record=record,
    )
    got = sorted((s.person, s.start, s.end, s.truncated) for s in coverage.shifts(schedule, start, end))
    wanted = [(s["user"], at(s["start"]), at(s["end"]), s.get("truncated", False)) for s in expect["shifts"]]
    return got, sorted(wanted)


def _rotations(given: Case) -> dict[str, Case]:
    """One named "rot", several by name, or a list of them with their ids."""
    several: Any = given.get("rotations", {})
    if not isinstance(several, dict):
        several = {one["id"]: one for one in several}
    return {"rot": given["rotation"], **several} if "rotation" in given else dict(several)


def override_apply(given: Case, expect: Case) -> Answer:
    """Events in seconds of one day."""
    first, last, person = given["override"]
    override = Override("1", Change.REPLACE, _second(first), _second(last), MONDAY, person)
    events = [Duty(who, _second(a), _second(b)) for who, a, b in given["events"]]
    start, end = min(e[1] for e in given["events"]), max(e[2] for e in given["events"])
    schedule = Schedule(
        "s",
        "UTC",
        temporaries=(_by_hand(events, _second(start), _second(end)),),
        overrides=(replace(override, created_at=MONDAY + _DAY),),
    )
    got = [(s.person, s.start, s.end) for s in coverage.shifts(schedule, _second(start), _second(end))]
    return got, [(who, _second(a), _second(b)) for who, a, b in expect["events"]]


def override_map(given: Case, expect: Case) -> Answer:
    schedule = Schedule(
        "s",
        "UTC",
        layers=(Layer("l", people=tuple(given["on_call"])),),
        overrides=tuple(_override(n, o) for n, o in enumerate(given["overrides"])),
    )
    return sorted(on_call_at(schedule, MONDAY).people), sorted(expect["on_call_set"])


def override_validation(given: Case, expect: Case) -> Answer:
    """Symbolic times: the same name is the same moment."""
    names = sorted({given["start"], given["end"]})
    start, end = (hour(names.index(given[edge])) for edge in ("start", "end"))
    return _accepted(start, end, given.get("add", "A"), given.get("remove")), expect["result"]


def temp_schedule(given: Case, expect: Case) -> Answer:
    if "merge" in given and not isinstance(given["merge"], bool):
        given = {**given, "temps": given["merge"]}
    if "temp" in given:
        one = _temporary(given["temp"])
        start = at(given["trim_start"]) if "trim_start" in given else one.start
        end = at(given["trim_end"]) if "trim_end" in given else one.end
        left = one.within(start, end)
        return (None if left is None else _plain(left)), _plain(_temporary(expect))
    several = [_temporary(one) for one in given["temps"]]
    if "delete" in given:
        several = overrides.without_span(several, at(given["delete"][0]), at(given["delete"][1]))
    else:
        several = overrides.merged(several)
    return [_plain(one) for one in several], [_plain(_temporary(one)) for one in expect["temps"]]


def swap(given: Case, expect: Case) -> Answer:
    """Two shifts of one rotation exchange people; the rest of the series stays."""
    if "exchanged" not in expect["result"]:
        raise NotApplicableError("another result")
    people = (given["a"]["user"], given["b"]["user"])
    before = Schedule("s", "UTC", layers=(Layer("l", rotation=taking_turns(Unit.DAY, people)),))
    first, second = (Duty(who, MONDAY + n * _DAY, MONDAY + (n + 1) * _DAY) for n, who in enumerate(people))
    after = replace(before, overrides=overrides.swapped(first, second, MONDAY, "swap"))
    got = [on_call_at(after, MONDAY + n * _DAY).people[0] for n in range(4)]
    return got, [people[1], people[0], people[0], people[1]]


def schedule_notify(given: Case, expect: Case) -> Answer:
    moved = coverage.change(given["was_on_call"], given["now_on_call"], MONDAY)
    return ([] if moved is None else list(given["rules_without_time"])), expect["notify"]


def pick_next(given: Case, expect: Case) -> Answer:
    carried = {str(person): float(value) for person, value in given.get("carried", {}).items()}
    picked = ledger.pick_next([str(p) for p in given["roster"]], {str(p) for p in given["busy"]}, carried)
    wanted = expect["picked"]
    return picked, None if wanted is None else str(wanted)


def schedule_rule(given: Case, expect: Case) -> Answer:
    if "base" in given:
        return _overridden_day(given, expect)
    if "override" in given:
        return _accepted(*(hour(h) for h in given["override"]["h"])), expect["result"]
    if "time_off" in given:
        return _time_off(given, expect)
    if "event" in given:
        return _somebody_removed(given, expect)
    if "final" in given:
        spans = [Duty(who, _clock(a), _clock(b)) for who, a, b in given["final"]]
        start, end = _clock(given["final"][0][1]), _clock(given["final"][-1][2])
        schedule = Schedule("s", "UTC", temporaries=(_by_hand(spans, start, end),))
        return len(coverage.handoffs(final(schedule, start, end))), need(expect, "handoff_notifications")
    raise NotApplicableError("unknown shape")


def _overridden_day(given: Case, expect: Case) -> Answer:
    left: dict[str, datetime] = {}
    made = []
    for number, asked in enumerate(given["overrides"]):
        user = re.fullmatch(r"(\w+)(?: \(deactivated at (\d+)\))?", asked["user"])
        if user is None:
            raise NotApplicableError(asked["user"])
        if user[2]:
            left[user[1]] = hour(int(user[2]))
        start, end = (hour(h) for h in asked["h"])
        made.append(Override(str(number), Change.REPLACE, start, end, _created(number, asked), user[1]))
    base = [Duty(who, hour(a), hour(b)) for who, a, b in given["base"]]
    covered = [(hour(a), hour(b)) for _, a, b in given["base"]] + [(o.start, o.end) for o in made]
    start, end = min(a for a, _ in covered), max(b for _, b in covered)
    layers = (_by_hand(base, start, end),)
    schedule = Schedule("s", "UTC", temporaries=layers, overrides=tuple(made), left=left)
    got: list[Any] = [(s.person, s.start, s.end) for s in coverage.shifts(schedule, start, end)]
    wanted: list[Any] = [(who, hour(a), hour(b)) for who, a, b in expect["final"] if who]
    if expect.get("event") == "warning":
        got.append(any(coverage.doubts(schedule, override) for override in made))
        wanted.append(True)
    return got, wanted


def _time_off(given: Case, expect: Case) -> Answer:
    said = re.fullmatch(r"daily (\w+(?:,\w+)*)", given["rotation"])
    if said is None:
        raise NotApplicableError(given["rotation"])
    off = []
    for person, names in given["time_off"].items():
        for name in names.split(",") if isinstance(names, str) else names:
            start = MONDAY + _WEEKDAYS.index(name.strip().lower()) * _DAY
            off.append(Duty(person, start, start + _DAY))
    layer = Layer("l", rotation=taking_turns(Unit.DAY, said[1].split(",")))
    schedule = Schedule("s", "UTC", layers=(layer,), time_off=tuple(off))
    asked = {day: MONDAY + n * _DAY for n, day in enumerate(_WEEKDAYS) if day in expect}
    got: list[Any] = [(on_call_at(schedule, start).people or (None,))[0] for start in asked.values()]
    wanted = [expect[day] for day in asked]
    if "gap" in expect:
        got.append(bool(coverage.findings(schedule, MONDAY, MONDAY + 7 * _DAY)))
        wanted.append(True)
    if expect.get("escalation") == "next step at once":
        empty = next(start for day, start in asked.items() if expect[day] is None)
        got.append(_goes_on_at_once(schedule, empty))
        wanted.append(True)
    return got, wanted


def _goes_on_at_once(schedule: Schedule, moment: datetime) -> bool:
    """A schedule without anybody in the first step: the second is taken in the same breath."""
    target = escalation.Target(escalation.TargetKind.SCHEDULE, schedule.id)
    backup = escalation.Target(escalation.TargetKind.PERSON, "backup")
    policy = escalation.Policy((escalation.Step((target,)), escalation.Step((backup,))))

    def resolve(asked: escalation.Target) -> Sequence[str]:
        return on_call_at(schedule, moment).people if asked is target else (asked.id,)

    taken = escalation.advance(policy, escalation.begin(moment), moment, resolve).taken
    return [step.people for step in taken] == [(), ("backup",)]


def _somebody_removed(given: Case, expect: Case) -> Answer:
    said = re.fullmatch(r"(daily|weekly) (\w+(?:,\w+)+); (\w+) on call since Monday", given["rotation"])
    event = re.fullmatch(r"(\w+) removed (\w+)", given["event"])
    if said is None or event is None or said[1] != "weekly":
        raise NotApplicableError("another story")
    people = said[2].split(",")
    turning = taking_turns(Unit.WEEK, people, people.index(said[3]))
    moment = MONDAY + _WEEKDAYS.index(event[2][:3].lower()) * _DAY
    after = rotations.without(turning, event[1], moment)
    turns = (after.turn_at(start) for start in (moment, MONDAY + 7 * _DAY, MONDAY + 14 * _DAY))
    return [turn and turn.people[0] for turn in turns], [text.split()[0] for text in expect["final"]]


def _override(number: int, given: Case) -> Override:
    change = Change.REMOVE if "add" not in given else Change.REPLACE if "remove" in given else Change.ADD
    start = at(given["start"]) if "start" in given else MONDAY - _DAY
    end = at(given["end"]) if "end" in given else MONDAY + _DAY
    created_at = MONDAY + timedelta(minutes=number)
    return Override(str(number), change, start, end, created_at, given.get("add"), given.get("remove"))


def _created(number: int, given: Case) -> datetime:
    order = re.sub(r"\D", "", str(given.get("created", number + 1)))
    return MONDAY + timedelta(minutes=int(order))


def _accepted(start: datetime, end: datetime, add: str | None = "A", remove: str | None = None) -> str:
    change = Change.ADD if remove is None else Change.REPLACE if add is not None else Change.REMOVE
    try:
        Override("1", change, start, end, MONDAY, add, remove)
    except Invalid:
        return "rejected"
    return "accepted"


def _temporary(given: Case) -> Temporary:
    rows = ((s["user"], s["start"], s["end"]) if isinstance(s, dict) else s for s in given["shifts"])
    shifts = tuple((who, at(a), at(b)) for who, a, b in rows)
    return Temporary("t", at(given["start"]), at(given["end"]), MONDAY, shifts)


def _several(given: Case, *names: str) -> list[Case]:
    found: Any = next((given[name] for name in names if name in given), [])
    return [found] if isinstance(found, dict) else list(found)


def _by_hand(duties: Sequence[Duty], start: datetime, end: datetime) -> Temporary:
    shifts = tuple((duty.person, duty.start, duty.end or end) for duty in duties)
    return Temporary("base", start, end, MONDAY - _DAY, shifts)


def _plain(one: Temporary) -> Any:
    return one.start, one.end, sorted(one.shifts)


def _by_minute(text: str) -> datetime:
    """The histories of these cases are read by the minute; ours are exact."""
    return at(text).replace(second=0, microsecond=0)


def _second(value: float) -> datetime:
    return MONDAY + timedelta(seconds=value)


def _clock(text: str) -> datetime:
    return MONDAY + timedelta(minutes=restrictions.minutes(text))


KINDS = {
    name: check
    for name, check in list(globals().items())
    if callable(check) and not name.startswith("_") and getattr(check, "__module__", "") == __name__
}
