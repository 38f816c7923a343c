"""Slices of two kinds in turns: what one makes slower, told apart from what the machine does by itself.

A ratio is one percentile over another, each of the samples of all slices of a kind. How far chance moves it
is seen by drawing the pairs of slices anew, again and again: a range that holds 1.00 has shown nothing.
"""

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.load import percentile

Waits = dict[str, list[float]]
"""Seconds, by what was waited for."""

SHARES = (0.5, 0.95, 0.99)
_DRAWN = 400
_WITHIN = 0.9


@dataclass(frozen=True)
class Pair:
    """One slice of each kind, one right after the other."""

    quiet: Waits
    busy: Waits


@dataclass(frozen=True)
class Ratio:
    """In milliseconds; the ratio lies between `low` and `high` in nine of ten draws."""

    quiet: float
    busy: float
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.busy / self.quiet

    @property
    def verdict(self) -> str:
        low, high = round(self.low, 2), round(self.high, 2)  # as they are shown
        if low <= 1 <= high:
            return "no difference seen"
        return "slower" if low > 1 else "quicker"


def ratio(pairs: Sequence[Pair], name: str, share: float) -> Ratio:
    quiet, busy = (percentile(waits, share) for waits in _pooled(pairs, name))
    chance = random.Random(1)  # the same samples give the same range
    drawn = []
    for _ in range(_DRAWN):
        again = [percentile(waits, share) for waits in _pooled(chance.choices(pairs, k=len(pairs)), name)]
        drawn.append(again[1] / again[0])
    bounds = statistics.quantiles(drawn, n=200, method="inclusive")
    beyond = round((1 - _WITHIN) / 2 * 200)
    return Ratio(quiet, busy, bounds[beyond - 1], bounds[-beyond])


def _pooled(pairs: Sequence[Pair], name: str) -> tuple[list[float], list[float]]:
    return (
        [wait for pair in pairs for wait in pair.quiet[name]],
        [wait for pair in pairs for wait in pair.busy[name]],
    )


def show(pairs: Sequence[Pair], busy: str, foot: str) -> None:
    """A line for each percentile of each thing that was waited for; `busy` is the name of the other kind."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("", "", "quiet ms", f"{busy} ms", "ratio", "nine of ten draws", ""):
        table.add_column(column, justify="left" if not column else "right", no_wrap=True)
    for name in pairs[0].quiet:
        counts = " and ".join(f"{len(waits):,}" for waits in _pooled(pairs, name))
        for share in SHARES:
            one = ratio(pairs, name, share)
            first = share == SHARES[0]
            table.add_row(
                f"[bold]{name}[/bold]" if first else f"[dim]n = {counts}[/dim]" if share == SHARES[1] else "",
                f"p{share * 100:.0f}",
                f"{one.quiet:.1f}",
                f"{one.busy:.1f}",
                f"{one.value:.2f}",
                f"{one.low:.2f}-{one.high:.2f}",
                one.verdict,
            )
        table.add_section()
    console = Console(width=max(Console().width, 120), highlight=False)
    console.print(table)
    console.print(foot)
