"""How much work fits on what an agent carries, whose skills fit, and who gets a ticket that is pushed."""

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from helpdesk.domain.tickets.queue.capacity import Load, Work, load_of, may_take, units_of
from helpdesk.domain.tickets.queue.routing import Candidate, Wanted, choose
from tests.conftest import NOON


def somebody(
    number: int, units: int = 0, *, skills: str = "", capacity: int = 6, minutes_ago: int | None = None
) -> Candidate:
    return Candidate(
        id=UUID(int=number),
        name=f"Agent {number}",
        skills=frozenset(skills.split()),
        load=Load(units, 0, capacity, 4),
        assigned_at=None if minutes_ago is None else NOON - timedelta(minutes=minutes_ago),
    )


EMAIL = Wanted("email", 2)


def test_chats_mails_and_calls_add_up_by_their_units() -> None:
    load = load_of([Work("chat", 1, 2), Work("email", 2), Work("phone", 3)], capacity=8, max_chats=4)

    assert (load.units, load.chats) == (7, 2)
    assert load.has_room("chat", 1)
    assert not load.has_room("email", 2)


def test_chats_are_limited_by_number_too() -> None:
    load = load_of([Work("chat", 1, 2)], capacity=6, max_chats=2)

    assert not load.has_room("chat", 1)
    assert load.has_room("email", 2)


def test_an_inbox_may_say_what_its_tickets_take() -> None:
    assert units_of("email", None) == 2
    assert units_of("email", 5) == 5


def test_nobody_is_full_while_the_smallest_ticket_fits() -> None:
    assert not Load(5, 0, 6, 4).is_full
    assert Load(6, 0, 6, 4).is_full
    assert Load(5, 4, 6, 4).is_full


def test_a_skill_waits_for_somebody_who_has_it_a_language_only_while_one_is_there() -> None:
    nobody_there, a_swede_there = frozenset[str](), frozenset({"language:sv"})

    assert may_take(["billing"], {"billing"}, nobody_there)
    assert not may_take(["billing"], {"vpn"}, nobody_there)
    assert not may_take(["language:sv"], {"language:en"}, a_swede_there)
    assert may_take(["language:sv"], {"language:en"}, nobody_there)
    assert not may_take(["billing", "language:sv"], set[str](), nobody_there)


def test_the_least_loaded_by_share_of_their_capacity_is_chosen() -> None:
    part_time, full_time = somebody(1, 2, capacity=4), somebody(2, 2, capacity=8)

    choice = choose(EMAIL, [part_time, full_time])

    assert (choice.chosen, choice.following) == (full_time, part_time)


def test_among_equals_whoever_got_nothing_for_longest_is_chosen() -> None:
    lately, long_ago, never = somebody(1, minutes_ago=1), somebody(2, minutes_ago=90), somebody(3)

    assert choose(EMAIL, [lately, long_ago]).chosen is long_ago
    assert choose(EMAIL, [lately, long_ago, never]).chosen is never


def test_the_same_language_goes_first_then_whoever_is_there() -> None:
    english, swedish = somebody(1, 0, skills="language:en"), somebody(2, 4, skills="language:sv")
    wanted = Wanted("email", 2, ["language:sv"])

    assert choose(wanted, [english, swedish]).chosen is swedish
    assert choose(wanted, [english]).chosen is english


def test_when_everybody_is_full_nobody_is_chosen_and_the_loads_are_told() -> None:
    choice = choose(EMAIL, [somebody(1, 5), somebody(2, 6)])

    assert choice.chosen is None
    assert [one["load"] for one in choice.to_dict()["candidates"]] == [5, 6]


@given(st.lists(st.integers(0, 8), max_size=8), st.sampled_from([1, 2, 3]))
def test_whoever_is_chosen_has_room_and_nobody_able_carries_less(loads: list[int], units: int) -> None:
    people = [somebody(number, load, minutes_ago=number) for number, load in enumerate(loads)]

    chosen = choose(Wanted("email", units), people).chosen

    able = [one for one in people if one.load.units + units <= 6]
    if chosen is None:
        assert able == []
    else:
        assert chosen.load.units == min(one.load.units for one in able)


def test_taking_one_more_is_counted() -> None:
    load = Load(4, 1, 6, 4).plus("email", 2)

    assert (load.units, load.chats, load.is_full) == (6, 1, True)
