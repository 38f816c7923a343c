"""The times that plans and SLA policies promise, as a form shows them and as it is read."""

from collections.abc import Mapping
from typing import Any

from helpdesk.domain import plans, sla
from helpdesk.domain.sla.clocks import PRIORITY_FACTORS
from helpdesk.errors import Invalid
from helpdesk.web.admin.durations import seconds_of, shown

CHANNELS = ("chat", "email", "phone")
METRICS = tuple(metric.value for metric in sla.Metric)
_FIELDS = tuple(
    f"{channel}.{metric}"
    for channel in CHANNELS
    for metric in METRICS
    if metric != sla.Metric.CALLBACK or channel == "phone"
)
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


def values_of(
    given: Mapping[str, Any], stored: plans.Plan | sla.SlaPolicy | None
) -> dict[str, dict[str, Any]]:
    """`targets` and `priority_targets` as they are stored, with what no field shows as it was. What a program
    writes is answered like a mail, unless something else was promised for it. Errors: Invalid with field."""
    targets, own = _typed(given)
    were = (stored.targets, stored.priority_targets) if stored else ({}, {})
    for promised, before in zip((targets, own), were, strict=True):
        for channel, metric in ((one, metric) for one in before for metric in before[one]):
            if channel in CHANNELS and f"{channel}.{metric}" not in _FIELDS:
                promised.setdefault(channel, {})[metric] = before[channel][metric]
        source = before if serves_programs_otherwise(stored) else promised
        if metrics := source.get("api" if source is before else "email"):
            promised["api"] = dict(metrics)
    return {"targets": targets, "priority_targets": own}


def serves_programs_otherwise(stored: plans.Plan | sla.SlaPolicy | None) -> bool:
    """Whether what a program writes is promised something else than a mail, which no field shows."""
    if stored is None:
        return False
    return any(one.get("api") != one.get("email") for one in (stored.targets, stored.priority_targets))


def _typed(given: Mapping[str, Any]) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    targets: dict[str, dict[str, Any]] = {}
    own: dict[str, dict[str, Any]] = {}
    for name in _FIELDS:
        channel, metric = name.split(".")
        if (seconds := seconds_of(given.get(name, ""), name)) is not None:
            targets.setdefault(channel, {})[metric] = seconds
        for priority in OTHERS:
            field = f"{name}.{priority}"
            if (seconds := seconds_of(given.get(field, ""), field)) is not None:
                own.setdefault(channel, {}).setdefault(metric, {})[priority] = seconds
    return targets, own


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
