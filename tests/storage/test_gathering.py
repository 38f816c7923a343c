"""Group commit: who arrives while others are being written shares the next batch, with an answer each."""

import asyncio

import pytest

from helpdesk.errors import Conflict, Unavailable
from helpdesk.storage import database as storage
from helpdesk.storage import gathering
from helpdesk.storage.gathering import Gathering


class Book:
    """Writes what it is given once it is let; remembers the batches."""

    def __init__(self, refuse=None):
        self.batches, self.may_write, self._refuse = [], asyncio.Event(), refuse

    async def write(self, items):
        self.batches.append(list(items))
        await self.may_write.wait()
        if self._refuse is not None:
            self._refuse(items)
        return [item * 2 for item in items]


async def added(book, count, most=None):
    """So many at once, after a first one that is already being written."""
    gathered = Gathering(book.write, most=most)
    waiting = [asyncio.create_task(gathered.add(0))]
    while not book.batches:
        await asyncio.sleep(0)
    waiting += [asyncio.create_task(gathered.add(number)) for number in range(1, count + 1)]
    await asyncio.sleep(0)
    return waiting


async def test_the_first_goes_at_once_and_who_comes_meanwhile_goes_together_in_order():
    book = Book()
    waiting = await added(book, 5)

    book.may_write.set()

    assert await asyncio.gather(*waiting) == [0, 2, 4, 6, 8, 10]
    assert book.batches == [[0], [1, 2, 3, 4, 5]]


async def test_a_crowd_is_split(monkeypatch):
    monkeypatch.setattr(gathering, "MOST", 4)
    book = Book()
    waiting = await added(book, 9)

    book.may_write.set()

    assert await asyncio.gather(*waiting) == [number * 2 for number in range(10)]
    assert [len(batch) for batch in book.batches] == [1, 4, 4, 1]


async def test_how_many_go_together_is_asked_before_each_batch():
    book, sizes = Book(), iter([1, 3])
    waiting = await added(book, 4, most=lambda: next(sizes))

    book.may_write.set()

    await asyncio.gather(*waiting)
    assert book.batches == [[0], [1], [2, 3, 4]]


async def test_what_one_breaks_the_others_do_not_feel():
    def refuse(items):
        if 3 in items:
            raise Conflict("already_exists")

    book = Book(refuse)
    waiting = await added(book, 4)
    book.may_write.set()

    told = await asyncio.gather(*waiting, return_exceptions=True)

    assert told[:3] + told[4:] == [0, 2, 4, 8]
    assert isinstance(told[3], Conflict)


async def test_without_a_database_everybody_is_told_at_once_and_the_next_may_try():
    is_there = []

    def refuse(items):
        if not is_there:
            raise Unavailable("database_unavailable")

    book = Book(refuse)
    waiting = await added(book, 3)
    book.may_write.set()

    assert {type(one) for one in await asyncio.gather(*waiting, return_exceptions=True)} == {Unavailable}
    assert len(book.batches) == 2

    is_there.append(True)
    assert await Gathering(book.write).add(4) == 8


async def test_whoever_stops_waiting_keeps_nobody_from_an_answer():
    book = Book()
    waiting = await added(book, 3)

    waiting[2].cancel()
    book.may_write.set()

    assert await asyncio.gather(waiting[0], waiting[1], waiting[3]) == [0, 2, 6]
    assert book.batches == [[0], [1, 2, 3]]
    with pytest.raises(asyncio.CancelledError):
        await waiting[2]


async def test_who_asks_again_as_soon_as_answered_goes_with_one_who_waited_meanwhile():
    batches = []

    async def write(items):
        batches.append(items)
        for _ in range(3):
            await asyncio.sleep(0)
        return items

    gathered = Gathering(write)

    async def ask_thrice(name):
        for _ in range(3):
            await gathered.add(name)

    async def come_late():
        while len(batches) < 2:
            await asyncio.sleep(0)
        await gathered.add("late")

    await asyncio.gather(*map(ask_thrice, "abcd"), come_late())

    assert ["".join(sorted(batch)) for batch in batches] == ["a", "abcd", "abcdlate", "bcd"]


async def test_who_comes_again_at_once_shares_the_next_batch_with_the_others(database):
    batches = []

    async def act(tx, items):
        batches.append(items)
        return items

    async def thrice(name):
        return [await database.together(act, f"{name}{turn}") for turn in range(3)]

    assert await asyncio.gather(*map(thrice, "abc")) == [
        [f"{name}{turn}" for turn in range(3)] for name in "abc"
    ]
    assert [sorted(batch) for batch in batches] == [
        ["a0"],
        *(["a1", "b0", "c0"], ["a2", "b1", "c1"], ["b2", "c2"]),
    ]


async def test_what_went_together_once_is_not_remembered_for_ever(database, monkeypatch):
    monkeypatch.setattr(storage, "_GATHERINGS", 3)
    held = asyncio.Event()

    async def act(tx, items):
        if "slow" in items:
            await held.wait()
        return items

    slow = asyncio.create_task(database.together(act, "slow", apart="slow"))
    await asyncio.sleep(0)
    for number in range(9):
        assert await database.together(act, number, apart=number) == number

    assert len(database._gatherings) <= 3
    held.set()
    assert await slow == "slow"


async def test_who_comes_alone_and_is_stopped_leaves_the_place_free():
    book = Book()
    gathered = Gathering(book.write)
    stopped = asyncio.create_task(gathered.add(1))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(gathered.add(2))
    await asyncio.sleep(0)

    stopped.cancel()
    book.may_write.set()

    assert await waiting == 4
    assert await gathered.add(3) == 6
    assert gathered.is_idle
    assert book.batches == [[1], [2], [3]]


@pytest.mark.parametrize("others", [0, 2], ids=["alone", "among others"])
async def test_a_batch_that_never_ends_is_given_up(others):
    gathered = Gathering(Book().write, within=0.05)

    told = await asyncio.gather(
        *(gathered.add(number) for number in range(1 + others)), return_exceptions=True
    )

    assert [type(one) for one in told] == [Unavailable] * (1 + others)
    assert gathered.is_idle
