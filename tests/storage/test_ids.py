"""Ids sort by when they were made, also those of one moment."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from helpdesk.storage.ids import first_id, microseconds, new_id
from tests.conftest import NOON

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def test_ids_of_one_moment_sort_as_they_were_made_however_many_there_are() -> None:
    made = [new_id(NOON) for _ in range(40_000)]

    assert all(one < other for one, other in pairwise(made))
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}


def test_ids_of_a_later_moment_come_after_those_of_an_earlier_one() -> None:
    later = new_id(NOON + timedelta(microseconds=1))

    assert first_id(NOON) < new_id(NOON) < later < first_id(NOON + timedelta(milliseconds=1))


def test_no_microsecond_is_lost_in_this_century() -> None:
    for moment in (NOON + timedelta(days=28_000, microseconds=number) for number in range(1000)):
        assert microseconds(moment) == (moment - EPOCH) // timedelta(microseconds=1)
