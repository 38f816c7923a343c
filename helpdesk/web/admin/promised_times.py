"""The times that plans and SLA policies promise, as a form shows them and as it is read."""

from collections.abc import Mapping
from typing import Any

from helpdesk.domain import plans, sla
from helpdesk.domain.sla.clocks import PRIORITY_FACTORS
from helpdesk.errors import Invalid
from helpdesk.web.admin.durations import seconds_of, shown

CHANNELS = ("chat", "email", "phone")
METRICS = tuple(metric.value for metric in sla.Metric)
OTHERS = {f"P{priority}": factor for priority, factor in PRIORITY_FACTORS.items() if priority != 3}
"""Priorities that may have a time of their own, and what multiplies that of P3 where they have none."""


def fields_of(row: plans.Plan | sla.SlaPolicy) -> dict[str, str]:
    """Names and values of the fields: `chat.resolution`, and `chat.resolution.P1`."""
    fields = {
        f"{channel}.{metric}": shown(seconds)
        for channel, metrics in row.targets.items()
        for metric, seconds in metrics.items()
    }
    for channel, metrics in row.priority_targets.items():
        for metric, times in metrics.items():
            fields |= {f"{channel}.{metric}.{one}": shown(seconds) for one, seconds in times.items()}
    return fields


def values_of(given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """`targets` and `priority_targets` as they are stored. Errors: Invalid with the field."""
    targets: dict[str, dict[str, int]] = {}
    own: dict[str, dict[str, dict[str, int]]] = {}
    for name in (f"{channel}.{metric}" for channel in CHANNELS for metric in METRICS):
        channel, metric = name.split(".")
        if (seconds := seconds_of(given.get(name, ""), name)) is not None:
            targets.setdefault(channel, {})[metric] = seconds
        for priority in OTHERS:
            field = f"{name}.{priority}"
            if (seconds := seconds_of(given.get(field, ""), field)) is not None:
                own.setdefault(channel, {}).setdefault(metric, {})[priority] = seconds
    # What a program writes is answered like a mail.
    for promised in (targets, own):
        if "email" in promised:
            promised["api"] = promised["email"]  # type: ignore[assignment]
    return {"targets": targets, "priority_targets": own}


def names_others(given: Mapping[str, Any]) -> bool:
    """Whether a single priority has a time of its own."""
    return any(given.get(name) for name in given if name.rpartition(".")[2] in OTHERS)


def scaled(text: str, factor: float) -> str:
    """A typed time at another priority; nothing where it is none."""
    try:
        seconds = seconds_of(text, "")
    except Invalid:
        return ""
    return shown(max(1, round(seconds * factor))) if seconds else ""
