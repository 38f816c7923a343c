"""One running measure of one promise."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk.domain.sla import clocks
from helpdesk.domain.sla.business_time import ALWAYS, Calendar, Counted, SkippedHoliday
from helpdesk.domain.sla.clocks import Cause, Clock, Fact, Kind, Paused
from helpdesk.errors import Invalid

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
OFFICE = Calendar.parse(
    {
        "time_zone": "UTC",
        "week": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
        "holidays": {"2026-11-24": "Founders' Day"},
    }
)


def hours(value: float) -> timedelta:
    return timedelta(hours=value)


def started(target: float = 3600, calendar: Calendar = ALWAYS) -> Fact:
    return Fact(Kind.STARTED, NINE, target, calendar)


def test_a_pause_moves_the_due_time_by_its_length() -> None:
    clock = clocks.start(3600, ALWAYS, NINE)

    clock = clocks.resume(clocks.pause(clock, NINE + hours(0.25)), NINE + hours(5))

    assert clock.consumed == 900
    assert clock.due_at == NINE + hours(5.75)


def test_a_paused_clock_has_no_due_time_and_cannot_be_missed() -> None:
    clock = clocks.pause(clocks.start(3600, ALWAYS, NINE), NINE + hours(0.5))

    assert clock.due_at is None
    assert clocks.breach(clock, NINE + hours(100)) == clock


def test_met_at_the_last_moment_is_kept() -> None:
    clock = clocks.meet(clocks.start(3600, ALWAYS, NINE), NINE + hours(1))

    assert clock.met_at == NINE + hours(1)
    assert clock.breached_at is None


def test_met_late_was_missed_when_it_was_due() -> None:
    clock = clocks.meet(clocks.start(3600, ALWAYS, NINE), NINE + hours(2))

    assert clock.breached_at == NINE + hours(1)
    assert clock.cause is Cause.TIME
    assert clock.counts


def test_a_missed_target_is_never_made_good() -> None:
    clock = clocks.breach(clocks.start(3600, ALWAYS, NINE), NINE + hours(1))

    later = clocks.resume(clocks.meet(clock, NINE + hours(2)), NINE + hours(3))

    assert later.breached_at == later.due_at == NINE + hours(1)


def test_a_reopened_ticket_goes_on_where_it_was_resolved() -> None:
    clock = clocks.meet(clocks.start(7200, ALWAYS, NINE), NINE + hours(1))

    clock = clocks.resume(clock, NINE + hours(10))

    assert clock.met_at is None
    assert clock.due_at == NINE + hours(11)


def test_a_change_of_priority_measures_the_whole_history_again() -> None:
    facts = [started(4 * 3600), Fact(Kind.PAUSED, NINE + hours(1)), Fact(Kind.RESUMED, NINE + hours(3))]

    clock = clocks.change(facts, 4 * 3600 * clocks.priority_factor(2), ALWAYS, NINE + hours(3.5))

    assert clock.due_at == NINE + hours(4)
    assert clock.breached_at is None


def test_a_due_time_that_a_change_puts_into_the_past_is_left_out_of_the_figures() -> None:
    clock = clocks.change([started(4 * 3600)], 3600, ALWAYS, NINE + hours(2))

    assert clock.breached_at == NINE + hours(1)
    assert clock.cause is Cause.POLICY_CHANGE
    assert not clock.counts


def test_what_was_missed_before_a_change_stays_missed() -> None:
    clock = clocks.change([started(3600)], 8 * 3600, ALWAYS, NINE + hours(2))

    assert clock.breached_at == NINE + hours(1)
    assert clock.cause is Cause.TIME


@pytest.mark.parametrize(("priority", "factor"), [(1, 0.25), (2, 0.5), (3, 1), (4, 1), (5, 2)])
def test_high_priority_shrinks_a_target(priority: int, factor: float) -> None:
    assert clocks.priority_factor(priority) == factor


def test_there_is_no_priority_six() -> None:
    with pytest.raises(Invalid, match="priority_invalid"):
        clocks.priority_factor(6)


def test_why_this_deadline_lists_what_counted_the_holiday_and_the_pause() -> None:
    facts = [
        started(9 * 3600, OFFICE),
        Fact(Kind.PAUSED, NINE + hours(1)),
        Fact(Kind.RESUMED, NINE + hours(2)),
    ]

    lines = clocks.explain(facts, NINE + hours(3))

    assert lines == [
        Counted(NINE, NINE + hours(1)),
        Paused(NINE + hours(1), NINE + hours(2)),
        Counted(NINE + hours(2), NINE + hours(8)),
        SkippedHoliday(datetime(2026, 11, 24, tzinfo=UTC).date(), "Founders' Day"),
        Counted(NINE + hours(48), NINE + hours(50)),
    ]
    assert sum(line.seconds for line in lines if isinstance(line, Counted)) == 9 * 3600


def test_a_clock_runs_short_with_less_than_a_fifth_of_its_service_time_left() -> None:
    clock = clocks.start(3600, ALWAYS, NINE)

    assert not clocks.runs_short(clock, NINE + timedelta(minutes=48))
    assert clocks.runs_short(clock, NINE + timedelta(minutes=49))


steps = st.lists(
    st.tuples(
        st.integers(1, 30_000),
        st.sampled_from([Kind.PAUSED, Kind.RESUMED, Kind.MET, Kind.CHANGED]),
        st.sampled_from([900.0, 3600.0, 20_000.0]),
        st.sampled_from([ALWAYS, OFFICE]),
    ),
    max_size=12,
)


@settings(max_examples=100)
@given(steps)
def test_replaying_the_facts_gives_the_clock_that_grew_with_them(
    history: list[tuple[int, Kind, float, Calendar]],
) -> None:
    """In between a timer finds what is due; that must make no difference either."""
    facts = [started()]
    grown, now = clocks.replay(facts), NINE
    for seconds, kind, target, calendar in history:
        now += timedelta(seconds=seconds)
        grown = clocks.breach(grown, now - timedelta(microseconds=1))
        if kind is Kind.CHANGED:
            grown = _still_missed(grown, clocks.change(facts, target, calendar, now))
            facts.append(Fact(kind, now, target, calendar))
        else:
            facts.append(Fact(kind, now))
            grown = clocks.apply(grown, facts[-1])

    replayed = clocks.replay(facts)

    assert clocks.breach(grown, now) == clocks.breach(replayed, now)


def _still_missed(before: Clock, after: Clock) -> Clock:
    if before.breached_at is not None:
        assert (after.breached_at, after.cause) == (before.breached_at, before.cause)
    return after
