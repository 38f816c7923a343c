"""What slices in turns tell apart: a slow-down, and what chance does by itself."""

import random

from benchmarks.alternating import Pair, ratio


def pairs(times: float) -> list[Pair]:
    chance = random.Random(4)

    def slice_of(factor: float) -> dict[str, list[float]]:
        machine = chance.uniform(0.9, 1.1)
        return {"answer": [machine * factor * chance.lognormvariate(-5, 0.4) for _ in range(200)]}

    return [Pair(slice_of(1), slice_of(times)) for _ in range(10)]


def test_what_is_as_quick_as_before_shows_no_difference() -> None:
    for share in (0.5, 0.95, 0.99):
        found = ratio(pairs(1), "answer", share)
        assert found.low < found.value < found.high
        assert found.verdict == "no difference seen"


def test_what_is_slower_is_seen_and_by_how_much() -> None:
    found = ratio(pairs(1.5), "answer", 0.95)

    assert found.verdict == "slower"
    assert found.low < 1.5 < found.high
    assert ratio(pairs(0.5), "answer", 0.95).verdict == "quicker"
