"""Whatever a schedule looks like, its spans tile time and an instant agrees with the interval around it."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk.domain.oncall.rota import coverage
from helpdesk.domain.oncall.rota.overrides import Change, Duty, Override
from helpdesk.domain.oncall.rota.restrictions import Window
from helpdesk.domain.oncall.rota.rotations import Rotation, Unit, Version
from helpdesk.domain.oncall.rota.shifts import Layer, Schedule, final, on_call_at

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
windows = st.builds(
    Window, st.frozensets(st.integers(0, 6), min_size=1), st.integers(0, 1439), st.integers(0, 1440)
)
names = st.sampled_from(["a", "b", "c", "d"])
spans = st.tuples(st.integers(-48, 300), st.integers(1, 100))
MARCH = datetime(2026, 3, 26, tzinfo=UTC)


def a_generated_schedule(
    zone: str,
    unit: Unit,
    length: int,
    layers: list[tuple[int, list[str], list[Window]]],
    changes: list[tuple[tuple[int, int], str, str | None]],
    off: list[tuple[tuple[int, int], str]],
) -> Schedule:
    """Handoffs at 02:30, over the weekend the clocks go forward in Europe."""
    anchor = datetime.fromisoformat("2026-03-02T02:30")
    return Schedule(
        "s",
        zone,
        layers=tuple(
            Layer(
                str(n), priority, turning(Version(anchor, zone, unit, length, slots(who))), windows=tuple(own)
            )
            for n, (priority, who, own) in enumerate(layers)
        ),
        overrides=tuple(a_generated_override(n, *change) for n, change in enumerate(changes)),
        time_off=tuple(Duty(person, *between(span)) for span, person in off),
    )


def a_generated_override(number: int, span: tuple[int, int], person: str, target: str | None) -> Override:
    change = Change.REMOVE if person == target else Change.REPLACE if target else Change.ADD
    created_at = MONDAY + timedelta(minutes=number)
    stand_in = None if change is Change.REMOVE else person
    return Override(str(number), change, *between(span), created_at, stand_in, target)


def turning(version: Version) -> Rotation:
    return Rotation("r", (version,))


def slots(who: list[str]) -> tuple[tuple[str, ...], ...]:
    return tuple((person,) for person in who)


def between(span: tuple[int, int]) -> tuple[datetime, datetime]:
    start = MARCH + timedelta(hours=span[0])
    return start, start + timedelta(hours=span[1])


schedules = st.builds(
    a_generated_schedule,
    st.sampled_from(["Europe/Stockholm", "America/Chicago", "Australia/Lord_Howe"]),
    st.sampled_from([Unit.HOUR, Unit.DAY, Unit.WEEK]),
    st.integers(1, 7),
    st.lists(
        st.tuples(st.integers(0, 1), st.lists(names, min_size=1, max_size=3), st.lists(windows, max_size=2)),
        min_size=1,
        max_size=3,
    ),
    st.lists(st.tuples(spans, names, st.none() | names), max_size=4),
    st.lists(st.tuples(spans, names), max_size=2),
)


@settings(max_examples=60)
@given(schedules, st.integers(0, 240), st.integers(1, 120))
def test_spans_tile_time_and_edges_equal_the_moment(schedule: Schedule, start: int, hours: int) -> None:
    """Asked whole, in two halves, or moment by moment, the answer is the same."""
    begin, end = MARCH + timedelta(hours=start), MARCH + timedelta(hours=start + hours)

    whole = final(schedule, begin, end)

    assert whole[0].start == begin
    assert whole[-1].end == end
    assert all(a.end == b.start for a, b in pairwise(whole))
    for span in whole:
        last = span.end - timedelta(microseconds=1)
        assert on_call_at(schedule, span.start).seats == on_call_at(schedule, last).seats == span.seats
    middle = begin + (end - begin) / 2
    halves = final(schedule, begin, middle) + final(schedule, middle, end)
    assert coverage.shifts_of(halves) == coverage.shifts_of(whole)
