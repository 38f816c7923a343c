"""Pure: what an edit would change: who gains and who loses which hours, before anybody saves it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from helpdesk.domain.oncall.rota.restrictions import Span as Stretch
from helpdesk.domain.oncall.rota.restrictions import united
from helpdesk.domain.oncall.rota.shifts import Span


@dataclass(frozen=True, slots=True)
class Difference:
    """One person's part in an edit, as separate stretches in order of time."""

    person: str
    gains: tuple[Stretch, ...]
    loses: tuple[Stretch, ...]

    @property
    def gained(self) -> timedelta:
        return _length(self.gains)

    @property
    def lost(self) -> timedelta:
        return _length(self.loses)


@dataclass(frozen=True, slots=True)
class Comparison:
    people: tuple[Difference, ...]
    new_gaps: tuple[Stretch, ...]
    closed_gaps: tuple[Stretch, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.people or self.new_gaps or self.closed_gaps)


def compare(before: Sequence[Span], after: Sequence[Span]) -> Comparison:
    """Both are `final` over the same time."""
    gains: dict[str, list[Stretch]] = defaultdict(list)
    loses: dict[str, list[Stretch]] = defaultdict(list)
    opened: list[Stretch] = []
    closed: list[Stretch] = []
    for start, end, old, new in _aligned(before, after):
        for person in set(new) - set(old):
            gains[person].append((start, end))
        for person in set(old) - set(new):
            loses[person].append((start, end))
        if old and not new:
            opened.append((start, end))
        if new and not old:
            closed.append((start, end))
    people = sorted({*gains, *loses})
    found = (Difference(one, tuple(united(gains[one])), tuple(united(loses[one]))) for one in people)
    return Comparison(tuple(found), tuple(united(opened)), tuple(united(closed)))


def _aligned(
    before: Sequence[Span], after: Sequence[Span]
) -> Iterable[tuple[datetime, datetime, tuple[str, ...], tuple[str, ...]]]:
    i = j = 0
    while i < len(before) and j < len(after):
        old, new = before[i], after[j]
        start, end = max(old.start, new.start), min(old.end, new.end)
        if start < end:
            yield start, end, old.people, new.people
        i, j = i + (old.end == end), j + (new.end == end)


def _length(stretches: Iterable[Stretch]) -> timedelta:
    return sum((end - start for start, end in stretches), timedelta())
