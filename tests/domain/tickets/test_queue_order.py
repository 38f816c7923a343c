"""What makes one ticket more urgent than another, and why."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from helpdesk.domain.sla import clocks
from helpdesk.domain.tickets import queue
from helpdesk.domain.tickets.queue import DEFAULTS, Place, PlanStanding, QueueSettings, Take
from helpdesk.errors import Invalid
from helpdesk.settings import Settings

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
ENTERPRISE = PlanStanding("enterprise", "Enterprise")
BUSINESS = PlanStanding("business", "Business")
STANDARD = PlanStanding("standard", "Standard")


@dataclass(frozen=True)
class Row:
    id: UUID
    rank_at: datetime
    start_by: datetime


def clock(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-23T{text}:00+00:00")


def promised(
    channel: str, plan: PlanStanding, created_at: datetime, minutes: float, priority: int = 3
) -> Place:
    due_at = created_at + timedelta(minutes=minutes)
    return queue.place(
        channel=channel,
        created_at=created_at,
        due_at=due_at,
        metric="first_response",
        plan=plan,
        priority=priority,
    )


def a_row(number: int, rank: int, start_by: int) -> Row:
    """Minutes from now."""
    return Row(UUID(int=number), NOW + timedelta(minutes=rank), NOW + timedelta(minutes=start_by))


WORKED_EXAMPLE = [
    (promised("chat", ENTERPRISE, NOW, 1), "10:01", "09:21"),
    (promised("email", ENTERPRISE, clock("09:40"), 15, priority=1), "09:55", "09:26"),
    (promised("chat", STANDARD, NOW, 5), "10:05", "09:35"),
    (promised("phone", BUSINESS, clock("09:50"), 15, priority=2), "10:05", "09:57"),
    (promised("email", STANDARD, clock("22:30") - timedelta(days=1), 12 * 60), "10:30", "10:21"),
    (promised("email", BUSINESS, clock("08:00"), 4 * 60), "12:00", "11:48"),
]


@pytest.mark.parametrize(("place", "due", "rank"), WORKED_EXAMPLE)
def test_the_worked_example_of_the_design_to_the_minute(place: Place, due: str, rank: str) -> None:
    assert place.due_at == clock(due)
    assert place.rank_at == clock(rank)


def test_the_worked_example_stands_in_this_order() -> None:
    places = [place for place, _, _ in WORKED_EXAMPLE]
    shuffled = random.Random(1).sample(places, len(places))

    assert sorted(shuffled, key=lambda place: place.rank_at) == places


def test_the_sentence_says_why_and_adds_up() -> None:
    place = promised("email", ENTERPRISE, clock("14:00"), 45)

    assert (
        queue.why(place, NOW) == "Start by 14:36 (due 14:45, typically 9 min); 10 min head start: Enterprise"
    )


def test_several_reasons_are_named_with_their_minutes() -> None:
    place = promised("chat", ENTERPRISE, NOW, 5, priority=1)

    sentence = queue.why(place, NOW)

    assert sentence == "Start by 10:05 (due 10:05); 50 min head start: Enterprise 10, P1 10, live chat 30"


def test_without_a_head_start_there_is_nothing_to_explain() -> None:
    assert (
        queue.why(promised("email", STANDARD, NOW, 60), NOW) == "Start by 10:51 (due 11:00, typically 9 min)"
    )


def test_times_are_the_readers_with_a_date_when_it_is_not_today() -> None:
    place = promised("phone", STANDARD, clock("22:50"), 60)

    sentence = queue.why(place, NOW, ZoneInfo("Europe/Stockholm"))

    assert sentence == "Start by 2026-11-24 00:50 (due 2026-11-24 00:50)"


def test_the_sentence_is_said_in_the_readers_language() -> None:
    swedish = {
        "Start by {start_by} (due {due}, typically {minutes} min)": "Börja {start_by} (klart {due})",
        "{minutes} min head start: {names}": "{minutes} min försprång: {names}",
    }

    def translate(message: str, **values: object) -> str:
        return swedish[message].format(**values)

    sentence = queue.why(promised("email", ENTERPRISE, clock("14:00"), 45), NOW, translate=translate)

    assert sentence == "Börja 14:36 (klart 14:45); 10 min försprång: Enterprise"


@pytest.mark.parametrize(("place", "due", "rank"), WORKED_EXAMPLE)
def test_the_stored_parts_add_up_and_say_the_same(place: Place, due: str, rank: str) -> None:
    stored = place.to_dict()

    parts = sum(part["minutes"] for part in stored["head_start"])
    assert datetime.fromisoformat(stored["start_by"]) - timedelta(minutes=parts) == clock(rank)
    assert Place.parse(stored) == place


@pytest.mark.parametrize("channel", ["chat", "phone", "email", "api", "a later one"])
def test_without_an_sla_a_ticket_is_due_all_the_same(channel: str) -> None:
    place = queue.place(channel=channel, created_at=NOW)

    assert place.metric is None
    assert NOW < place.due_at <= NOW + timedelta(hours=12)


def test_a_plan_may_bring_its_own_minutes() -> None:
    place = queue.place(
        channel="email", created_at=NOW, due_at=NOW, metric="resolution", plan=PlanStanding("gold", "Gold", 7)
    )

    assert place.head_start_minutes == 7


def test_impact_and_urgency_give_the_priority() -> None:
    table = [[queue.priority_of(impact, urgency) for urgency in (1, 2, 3)] for impact in (1, 2, 3)]

    assert table == [[1, 2, 3], [2, 3, 4], [3, 4, 5]]
    assert clocks.priority_factor(table[2][2]) == 2
    with pytest.raises(Invalid, match="impact_invalid"):
        queue.priority_of(0, 1)


def test_while_the_team_keeps_up_the_first_is_taken() -> None:
    rows = [a_row(1, -50, -1), a_row(2, -60, 5), a_row(3, -10, 20)]

    chosen = queue.choose(rows, NOW, online_agents=1, claim_number=1)

    assert chosen is not None
    assert chosen.id == UUID(int=2)


def test_in_overload_what_can_still_be_met_goes_first() -> None:
    rows = [a_row(1, -50, -1), a_row(2, -60, -5), a_row(3, -10, 20), a_row(4, -5, 30)]

    chosen = queue.choose(rows, NOW, online_agents=1, claim_number=4)

    assert chosen is not None
    assert chosen.id == UUID(int=3)


def test_every_fifth_claim_in_overload_rescues_a_late_one() -> None:
    rows = [a_row(1, -50, -1), a_row(2, -60, -5), a_row(3, -90, 20)]

    chosen = [queue.choose(rows, NOW, 1, number) for number in range(1, 11)]

    assert [row and row.id.int for row in chosen] == [3, 3, 3, 3, 2, 3, 3, 3, 3, 2]


def test_when_nothing_can_be_met_any_more_the_first_is_taken() -> None:
    rows = [a_row(1, -50, -1), a_row(2, -60, -5)]

    chosen = queue.choose(rows, NOW, online_agents=0, claim_number=1)

    assert chosen is not None
    assert chosen.id == UUID(int=2)
    assert queue.choose([], NOW, 0, 1) is None


def test_the_guard_needs_only_a_count() -> None:
    assert queue.take(late=3, online_agents=3, claim_number=5) is Take.FIRST
    assert queue.take(late=4, online_agents=3, claim_number=4) is Take.MEETABLE
    assert queue.take(late=4, online_agents=3, claim_number=5) is Take.LATE


def test_relative_order_never_changes_with_the_clock() -> None:
    """Two tickets placed now and placed again from stored parts a day later stand as before."""
    places = [place for place, _, _ in WORKED_EXAMPLE]

    later = [Place.parse(place.to_dict()) for place in places]

    assert [place.rank_at for place in later] == [place.rank_at for place in places]


def test_the_settings_of_an_installation_without_any_are_those_of_the_design() -> None:
    assert QueueSettings(**Settings(demo=True).queue) == DEFAULTS


def test_an_installation_may_choose_other_minutes_and_other_rescues() -> None:
    chosen = Settings(
        demo=True, queue_p1_head_start=60, queue_mail_minutes=20, queue_mail_due=240, queue_rescue_every=3
    )
    queue.use(QueueSettings(**chosen.queue))
    try:
        placed = queue.place(channel="email", created_at=NOW, priority=1)

        assert placed.rank_at == NOW + timedelta(minutes=240 - 20 - 60)
        assert [queue.take(9, 1, claim) for claim in (2, 3)] == [Take.MEETABLE, Take.LATE]
    finally:
        queue.use(DEFAULTS)
