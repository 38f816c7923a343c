"""Pure: what a policy does before and after a due time; nothing is due while the clock stands still.

A step is {"at_percent": 80} of the budget, {"before_minutes": 30} or {"after_minutes": 15} of the due time,
with "do": notify_assignee, notify_leads, notify_team, raise_priority or alert, and optionally "metrics".
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from helpdesk.domain.sla.clocks import Clock
from helpdesk.domain.sla.model import Metric
from helpdesk.errors import Invalid

ACTIONS = ("notify_assignee", "notify_leads", "notify_team", "raise_priority", "alert")
MOMENTS = ("at_percent", "before_minutes", "after_minutes")
MOST = 30
MOST_MINUTES = 30 * 24 * 60
"""Further from the due time nobody means a step; one beyond all dates would let no clock start."""

Step = Mapping[str, Any]


def checked(steps: Sequence[Step]) -> list[Step]:
    """Steps as they are stored. Errors: Invalid step_invalid."""
    if len(steps) > MOST:
        raise Invalid("steps_too_many", f"A policy has at most {MOST} steps.", field="steps")
    for step in steps:
        if not _is_step(step):
            raise Invalid("step_invalid", "A step has one moment and one action.", field="steps")
    return list(steps)


def for_metric(steps: Sequence[Step], metric: str, clock: Clock) -> list[Step]:
    """The steps a clock of this metric will take, in the order of their moments."""
    own = [step for step in steps if not step.get("metrics") or metric in step["metrics"]]
    return sorted(own, key=lambda step: moment(step, clock) or clock.started_at)


def moment(step: Step, clock: Clock) -> datetime | None:
    """When a step is due; None while the clock stands still. A share of the budget is service time."""
    if clock.due_at is None or clock.running_since is None:
        return None
    if "at_percent" in step:
        left = clock.target * step["at_percent"] / 100 - clock.consumed
        return clock.calendar.add(clock.running_since, left) if left > 0 else clock.running_since
    if "before_minutes" in step:
        return clock.due_at - timedelta(minutes=step["before_minutes"])
    return clock.due_at + timedelta(minutes=step["after_minutes"])


def in_order(steps: Sequence[Step], taken: int, clock: Clock) -> list[Step]:
    """Those that were taken, then the others by their moments, which a pause may have put another way: a
    share of the budget is counted in service time, minutes are not."""
    if clock.due_at is None or clock.running_since is None:
        return list(steps)
    return [*steps[:taken], *sorted(steps[taken:], key=lambda step: moment(step, clock) or clock.started_at)]


def next_at(steps: Sequence[Step], taken: int, clock: Clock) -> datetime | None:
    """When the next step that is not yet taken is due."""
    return moment(steps[taken], clock) if taken < len(steps) else None


def words(step: Step) -> str:
    """A step's moment as the timeline names it."""
    if "at_percent" in step:
        return f"{step['at_percent']} %"
    if "before_minutes" in step:
        return f"-{step['before_minutes']} min"
    return f"+{step['after_minutes']} min"


def _is_step(step: Step) -> bool:
    moments = [name for name in MOMENTS if name in step]
    if len(moments) != 1 or step.keys() - {*MOMENTS, "do", "metrics"}:
        return False
    count, most = step[moments[0]], 99 if moments == ["at_percent"] else MOST_MINUTES
    metrics = step.get("metrics") or []
    return (
        type(count) is int
        and 0 < count <= most
        and step.get("do") in ACTIONS
        and isinstance(metrics, list | tuple)
        and all(one in tuple(Metric) for one in metrics)
    )
