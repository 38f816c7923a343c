"""People first: what can wait has a fifth of the time while somebody is served, and all of it otherwise."""

import asyncio

import pytest

from helpdesk.storage import giving_way
from helpdesk.storage.bus import bus_for
from helpdesk.storage.database import Database
from helpdesk.storage.giving_way import LONGEST_REST, RESTS, SAID_EVERY, SERVED_FOR, GivingWay, People
from helpdesk.storage.wakeups import Wakeups


class Day:
    """A clock that only moves when somebody works or rests."""

    def __init__(self) -> None:
        self.now, self.rested = 1000.0, 0.0
        self.are_people_served = True
        self.giving_way = GivingWay(lambda: self.are_people_served, self.time, self.sleep)

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.rested += seconds

    async def work(self, seconds: float) -> None:
        async with self.giving_way.portion():
            self.now += seconds


@pytest.fixture
def day() -> Day:
    return Day()


async def test_while_people_are_served_it_rests_a_multiple_of_the_time_it_worked(day: Day) -> None:
    for _ in range(10):
        await day.work(0.05)

    assert day.rested == pytest.approx(9 * 0.05 * RESTS)


async def test_it_goes_on_without_a_rest_where_nobody_is_served(day: Day) -> None:
    day.are_people_served = False

    for _ in range(10):
        await day.work(0.05)

    assert day.rested == 0


async def test_however_slow_the_machine_is_it_rests_no_longer_than_that(day: Day) -> None:
    await day.work(30)
    await day.work(30)

    assert day.rested == pytest.approx(LONGEST_REST)


async def test_what_comes_seldom_never_waits(day: Day) -> None:
    for _ in range(3):
        await day.work(0.05)
        day.now += 1

    assert day.rested == 0


async def test_work_of_two_kinds_shares_the_time(day: Day) -> None:
    await asyncio.gather(day.work(0.02), day.work(0.03))

    await day.work(0.01)

    assert day.rested == pytest.approx(0.05 * RESTS)


@pytest.mark.parametrize(("are_people_served", "at_once"), [(True, 1), (False, 3)])
async def test_while_people_are_served_one_portion_comes_after_the_other(
    day: Day, are_people_served: bool, at_once: int
) -> None:
    day.are_people_served = are_people_served
    under_way: list[int] = []

    async def work() -> None:
        async with day.giving_way.portion():
            under_way.append(under_way[-1] + 1 if under_way else 1)
            await asyncio.sleep(0)
            under_way.append(under_way[-1] - 1)

    await asyncio.gather(work(), work(), work())

    assert max(under_way) == at_once


async def test_one_that_hangs_does_not_stop_the_others(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(giving_way, "LONGEST_TURN", 0.01)
    async with day.giving_way.portion():
        await day.work(0.02)

    await day.work(0.03)  # whose turn it was no longer keeps it


async def test_a_portion_that_failed_is_rested_from_as_well(day: Day) -> None:
    async def fail() -> None:
        async with day.giving_way.portion():
            day.now += 0.05
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    await day.work(0.05)

    assert day.rested == pytest.approx(0.05 * RESTS)


async def test_people_count_as_served_while_they_read_their_answer(day: Day, database: Database) -> None:
    people = People(Wakeups(database, bus_for(database, None)), day.time)
    assert not people.are_served()

    people.serve()
    day.now += SERVED_FOR - 0.1
    assert people.are_served()

    day.now += 0.1
    assert not people.are_served()


async def test_other_processes_are_told_every_few_seconds_not_of_each_request(
    day: Day, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    wakeups, told = Wakeups(database, bus_for(database, None)), list[object]()
    monkeypatch.setattr(wakeups, "spread", told.append)
    people = People(wakeups, day.time)

    for _ in range(100):
        people.serve()
    day.now += SAID_EVERY
    people.serve()

    assert len(told) == 2
