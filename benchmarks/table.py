"""The one table a benchmark prints, and ours as a share of each floor."""

import statistics
from dataclasses import dataclass, field

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.load import Sample, percentile


@dataclass
class Line:
    """What was measured, by number of senders, a sample for each round. `floors` are what it stands on."""

    title: str
    wait: str = ""
    samples: dict[int, list[Sample]] = field(default_factory=dict)
    floors: "list[Line]" = field(default_factory=list)
    goal: str = ""

    def add(self, senders: int, sample: Sample) -> None:
        self.samples.setdefault(senders, []).append(sample)


def show(lines: list[Line], levels: list[int], foot: str) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("")
    for level in levels:
        heading = f"{level} sender" + ("s" if level > 1 else "")
        for column in (f"{heading}\nper s", "\np50 ms", "\np99 ms", "\nof floor"):
            table.add_column(column, justify="right", no_wrap=True)
    table.add_column("\ngoal", no_wrap=True)
    for line in lines:
        table.add_row(f"[bold]{line.title}[/bold]", *_cells(line, levels, None), line.goal)
        for floor in line.floors:
            table.add_row(f"  {floor.title}", *_cells(floor, levels, line), floor.goal, style="dim")
        table.add_section()
    console = Console(width=max(Console().width, 150), highlight=False)
    console.print(table)
    console.print(foot)


def _cells(line: Line, levels: list[int], ours: Line | None) -> list[str]:
    cells: list[str] = []
    for level in levels:
        samples = line.samples[level]
        waits = [wait for sample in samples for wait in sample.waits[line.wait]]
        rate = statistics.median(sample.rate for sample in samples)
        share = ratio(ours, line, level) if ours is not None else None
        cells += [
            f"{rate:,.0f}" if line.wait == "" or ours is not None else "",
            f"{percentile(waits, 0.5):.2f}",
            f"{percentile(waits, 0.99):.2f}",
            f"{share:.0%}" if share is not None else "",
        ]
    return cells


def ratio(ours: Line, floor: Line, level: int) -> float:
    """Rate over rate within each round, the median of the rounds; by p50 where only the wait is ours."""
    pairs = zip(ours.samples[level], floor.samples[level], strict=True)
    if ours.wait:
        return statistics.median(
            percentile(theirs.waits[floor.wait], 0.5) / percentile(own.waits[ours.wait], 0.5)
            for own, theirs in pairs
        )
    return statistics.median(own.rate / theirs.rate for own, theirs in pairs)


@dataclass
class Figures:
    """Rows of different things: what, ours, the floor, the share, the goal; told as they come."""

    title: str
    rows: list[tuple[str, str, str, str, str]] = field(default_factory=list)

    def add(self, what: str, ours: str, floor: str = "", share: str = "", goal: str = "") -> None:
        self.rows.append((what, ours, floor, share, goal))
        print(f"  {what}: {ours}", flush=True)

    def show(self, foot: str) -> None:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column(self.title, no_wrap=True)
        for column in ("ours", "floor", "ours / floor", "goal"):
            table.add_column(column, justify="right", no_wrap=True)
        for row in self.rows:
            table.add_row(*row)
        console = Console(width=max(Console().width, 150), highlight=False)
        console.print(table)
        console.print(foot)
