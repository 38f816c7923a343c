"""Ids sort by when they were made, also those of one moment."""

from datetime import timedelta
from itertools import pairwise

from helpdesk.storage.ids import first_id, new_id
from tests.conftest import NOON


def test_ids_of_one_moment_sort_as_they_were_made_however_many_there_are() -> None:
    made = [new_id(NOON) for _ in range(40_000)]

    assert all(one < other for one, other in pairwise(made))
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}


def test_ids_of_a_later_moment_come_after_those_of_an_earlier_one() -> None:
    later = new_id(NOON + timedelta(microseconds=1))

    assert first_id(NOON) < new_id(NOON) < later < first_id(NOON + timedelta(milliseconds=1))
