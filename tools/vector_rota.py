"""Vectors of wall clocks, rotations and windows, asked of the product's own functions."""

import re
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from helpdesk.domain import wall_clock
from helpdesk.domain.oncall.rota import restrictions, rotations
from helpdesk.domain.oncall.rota.rotations import Rotation, Unit, Version
from helpdesk.domain.oncall.rota.shifts import Layer, Schedule, final
from tools.vector_shapes import (
    MONDAY,
    Answer,
    Case,
    NotApplicableError,
    at,
    days,
    duration,
    hour,
    need,
    rotation,
    same_time,
    taking_turns,
    window,
    zone,
)

_DAY = timedelta(days=1)
_SAMPLES = 500


def wall_to_instant(given: Case, expect: Case) -> Answer:
    wall = datetime.fromisoformat(f"{given['date']}T{given['clock']}")
    first, last = wall_clock.first_instant(wall, zone(given)), wall_clock.last_instant(wall, zone(given))
    if "instant" in expect:
        return last if given.get("which") == "last" else first, at(expect["instant"])
    return (first, last), (at(expect["first"]), at(expect["last"]))


def add_wall_clock(given: Case, expect: Case) -> Answer:
    tz = zone(given)
    return wall_clock.add_wall(at(given["from"], tz), duration(given["add"]), tz), at(expect["result"], tz)


def wall_hours_between(given: Case, expect: Case) -> Answer:
    moved = wall_clock.wall_between(at(given["a"], zone(given)), at(given["b"], zone(given)), zone(given))
    return moved / timedelta(hours=1), expect["hours"]


def rotation_handoffs(given: Case, expect: Case) -> Answer:
    tz = zone(given)
    version = rotation(given, tz)
    start, end = (at(text, tz) for text in given["window_local"])
    turns = list(version.turns(start, end))
    got = [turn.start for turn in turns] + [turns[-1].end]
    wanted = [at(text, tz) for text in expect["handoffs"]]
    step = max((end - start) / _SAMPLES, timedelta(seconds=30))
    moments = [start + n * step for n in range(int((end - start) / step))]
    moments += [handoff + timedelta(seconds=n) for handoff in wanted for n in (-30, -1, 0, 30)]
    for moment in moments:
        if start <= moment < end:
            turn = version.turn_at(moment)
            if not turn.start <= moment < turn.end or (turn.start, turn.end) not in pairwise(got):
                return (moment, turn.start, turn.end), wanted
    return got, wanted


def rotation_end(given: Case, expect: Case) -> Answer:
    tz = zone(given)
    moment = at(need(given, "at", "at_local"), tz)
    end = rotation(given, tz).turn_at(moment).end
    wanted = need(expect, "end", "end_local")
    got: list[Any] = [same_time(end, wanted, tz)]
    asked: list[Any] = [same_time(at(wanted, tz), wanted, tz)]
    if "elapsed_hours" in expect:
        got.append((end - moment) / timedelta(hours=1))
        asked.append(expect["elapsed_hours"])
    return got, asked


def rotation_start(given: Case, expect: Case) -> Answer:
    tz = zone(given)
    start = rotation(given, tz).turn_at(at(need(given, "at", "at_local"), tz)).start
    return start, at(need(expect, "start", "start_local"), tz)


def rotation_at(given: Case, expect: Case) -> Answer:
    tz = zone(given)
    turn = rotation(given, tz).turn_at(at(need(given, "at", "at_local"), tz))
    got = {"start": turn.start, "end": turn.end, "user": turn.people[0], "slot": turn.number}
    wanted = {name: at(value, tz) if name in ("start", "end") else value for name, value in expect.items()}
    return {name: got[name] for name in wanted}, wanted


def rotation_participant(given: Case, expect: Case) -> Answer:
    tz = zone(given)
    if "positions" in given:
        ordered = sorted(given["positions"], key=lambda person: given["positions"][person])
        version = rotation({**given, "start": MONDAY.isoformat(), "users": ordered}, tz)
        return version.turn_at(MONDAY).people[0], expect["user"]
    return rotation(given, tz).turn_at(at(given["at"], tz)).people[0], expect["user"]


def rotation_state(given: Case, expect: Case) -> Answer:
    turning = taking_turns(Unit.DAY, given["users"], given["active_index"])
    turn = rotations.without(turning, need(given, "delete"), MONDAY + timedelta(hours=1)).turn_at(hour(1))
    if turn is None:
        raise NotApplicableError("no version in force")
    active = turn.people[0] if turn.people else None
    got = {"active_user": active, "state": "running" if active else "ended"}
    return {name: got[name] for name in expect if name in got}, dict(expect)


def window_active(given: Case, expect: Case) -> Answer:
    asked = [(at(point["at"], zone(given)), point["active"]) for point in expect["points"]]
    windows = [window(given)]
    return [restrictions.is_active(windows, zone(given), moment) for moment, _ in asked], [
        a for _, a in asked
    ]


def window_current_or_next(given: Case, expect: Case) -> Answer:
    windows, tz = [window(given)], zone(given)
    got: list[datetime | None] = []
    wanted: list[datetime | None] = []
    for point in expect["points"]:
        span = restrictions.current_or_next(windows, tz, at(point["at"], tz))
        for edge in (edge for edge in ("start", "end") if edge in point):
            got.append(None if span is None else span[edge == "end"])
            wanted.append(_maybe(point[edge]))
    return got, wanted


def window_instances(given: Case, expect: Case) -> Answer:
    tz = zone(given)
    start, end = (at(text, tz) for text in need(given, "overlapping_local", "overlapping"))
    wanted = [(at(a, tz), at(b, tz)) for a, b in expect["intervals"]]
    return list(window(given).touching(start, end, tz)), wanted


def next_notification(given: Case, expect: Case) -> Answer:
    chosen = days(given.get("days_sun_to_sat"))
    return restrictions.next_clock(at(given["now"]), given["time"], chosen, zone(given)), _maybe(
        expect["next"]
    )


def consecutive_shifts(given: Case, expect: Case) -> Answer:
    """A week's turns that touch and all start at the same reading, over a change of the clock."""
    long = re.match(r"(\d+) week", str(given.get("duration", "")))
    if long is None:
        raise NotApplicableError("another duration")
    tz = zone(given)
    weekday, clock = given["start"].split()
    now = at(given["now"], tz)
    version = Version(_next_weekday(now, weekday, clock, given), tz.key, Unit.WEEK, int(long[1]), (("A",),))
    turns = list(version.turns(now, now + given["horizon_days"] * _DAY))
    touching = all(a.end == b.start for a, b in pairwise(turns))
    return (touching, {f"{wall_clock.reading(t.start, tz):%A %H:%M}" for t in turns}), (
        True,
        {given["start"]},
    )


def shift_starts(given: Case, expect: Case) -> Answer:
    """The zone of a weekly rotation is changed: the next starts, in the new zone."""
    epoch, old = given["last_epoch"].split()
    weekday, clock = given["start"].split()
    begun = wall_clock.first_instant(datetime.fromisoformat(epoch), wall_clock.zone(old))
    anchor = _next_weekday(begun, weekday, clock, {"tz": old})
    before = Rotation("r", (Version(anchor, old, Unit.WEEK, 1, (("A",), ("B",))),))
    changed_at = wall_clock.first_instant(anchor, wall_clock.zone(old)) + _DAY
    new = wall_clock.zone(given["tz_now"])
    handoff = datetime.fromisoformat(f"2000-01-01T{clock}").time()
    after = rotations.with_turns(before, changed_at, time_zone=new.key, handoff=handoff)
    layer = Layer("l", rotation=after)
    horizon = begun + (given["horizon_days"] + 7) * _DAY
    schedule = Schedule("s", new.key, layers=(layer,))
    starts = [wall_clock.reading(span.start, new) for span in final(schedule, changed_at, horizon)[1:]]
    return starts, [datetime.fromisoformat(text) for text in expect["starts_local"]]


def _next_weekday(after: datetime, weekday: str, clock: str, given: Case) -> datetime:
    """The first local time after a moment with this weekday and clock."""
    local = wall_clock.reading(after, zone(given))
    hours, minutes = clock.split(":")
    wall = local.replace(hour=int(hours), minute=int(minutes), second=0, microsecond=0)
    while wall <= local or f"{wall:%A}" != weekday:
        wall += _DAY
    return wall


def _maybe(text: str | None) -> datetime | None:
    return None if text is None else at(text)


KINDS = {
    name: check
    for name, check in list(globals().items())
    if callable(check) and not name.startswith("_") and getattr(check, "__module__", "") == __name__
}
