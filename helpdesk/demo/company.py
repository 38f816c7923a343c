"""Nordkvarn, the sample company: its hours, plans, teams, agents, rota and inboxes, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Literal

Channel = Literal["chat", "email", "phone"]
Metric = Literal["first_response", "next_response", "resolution"]
Role = Literal["owner", "admin", "lead", "agent", "light"]

NAME = "Nordkvarn"
PASSWORD = "nordkvarn-demo"  # noqa: S105  shown on the demo's sign-in page; nothing else ever has it
TIME_ZONE = "Europe/Stockholm"
WORKING_DAYS = (0, 1, 2, 3, 4)  # Monday is 0
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
MINUTE, HOUR = 60, 3600


@dataclass(frozen=True)
class Hours:
    """A calendar. `opens == closes` means the whole day; `country` names whose holidays are closed."""

    key: str
    name: str
    days: tuple[int, ...]
    opens: time
    closes: time
    time_zone: str = TIME_ZONE
    country: str | None = "SE"
    # The eves of Midsummer, Christmas and New Year are not public holidays, yet nobody works.
    holiday_categories: tuple[str, ...] = ("public", "de_facto")


@dataclass(frozen=True)
class Target:
    channel: Channel
    metric: Metric
    seconds: int


@dataclass(frozen=True)
class Plan:
    key: str
    name: str
    hours: str
    head_start: timedelta
    pages_on_call: bool
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Team:
    key: str
    name: str
    hours: str


@dataclass(frozen=True)
class Agent:
    key: str
    name: str
    email: str
    role: Role
    locale: Literal["en", "sv"]
    teams: tuple[str, ...]
    skills: tuple[str, ...]
    time_zone: str = TIME_ZONE


@dataclass(frozen=True)
class Inbox:
    """`address` is what the outside uses: a widget key, a mail address or a telephone number."""

    key: str
    name: str
    channel: Channel
    address: str
    team: str
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rotation:
    key: str
    name: str
    team: str
    agents: tuple[str, ...]
    turn: timedelta
    anchor: datetime  # local wall clock in `time_zone`, without a zone; a handoff
    time_zone: str = TIME_ZONE


@dataclass(frozen=True)
class EscalationStep:
    """`after` counts from the step before; `key` names a rotation, an agent or a team."""

    after: timedelta
    target: Literal["rotation", "agent", "team"]
    key: str


@dataclass(frozen=True)
class EscalationPolicy:
    key: str
    name: str
    steps: tuple[EscalationStep, ...]
    repeats: int
    owner: str


def _targets(seconds: Mapping[Channel, tuple[int, int, int]]) -> tuple[Target, ...]:
    metrics: tuple[Metric, ...] = ("first_response", "next_response", "resolution")
    return tuple(
        Target(channel, metric, value)
        for channel, values in seconds.items()
        for metric, value in zip(metrics, values, strict=True)
    )


HOURS = (
    Hours("office", "Office hours", WORKING_DAYS, time(9), time(17)),
    Hours("business", "Working days 07:00–18:00", WORKING_DAYS, time(7), time(18)),
    Hours("always", "Around the clock", EVERY_DAY, time(0), time(0), country=None, holiday_categories=()),
)

# Per channel: first response, next response, resolution. P1 and P2 shrink them, P5 doubles them.
PLANS = (
    Plan(
        "standard",
        "Standard",
        "office",
        timedelta(0),
        False,
        _targets(
            {
                "chat": (5 * MINUTE, 10 * MINUTE, 16 * HOUR),
                "email": (12 * HOUR, 12 * HOUR, 40 * HOUR),
                "phone": (4 * HOUR, 8 * HOUR, 24 * HOUR),
            }
        ),
    ),
    Plan(
        "business",
        "Business",
        "business",
        timedelta(minutes=3),
        False,
        _targets(
            {
                "chat": (2 * MINUTE, 5 * MINUTE, 11 * HOUR),
                "email": (4 * HOUR, 4 * HOUR, 22 * HOUR),
                "phone": (30 * MINUTE, 2 * HOUR, 11 * HOUR),
            }
        ),
    ),
    Plan(
        "enterprise",
        "Enterprise",
        "always",
        timedelta(minutes=10),
        True,
        _targets(
            {
                "chat": (60, 2 * MINUTE, 4 * HOUR),
                "email": (60 * MINUTE, 2 * HOUR, 24 * HOUR),
                "phone": (15 * MINUTE, HOUR, 8 * HOUR),
            }
        ),
    ),
)
DEFAULT_PLAN = "standard"  # for contacts who belong to no company

TEAMS = (Team("support", "Support", "business"), Team("technical", "Technical", "business"))

AGENTS = (
    Agent("maja", "Maja Lindqvist", "maja@demo.localhost", "owner", "en", ("support",), ("sv", "en")),
    Agent(
        "oskar", "Oskar Wallin", "oskar@demo.localhost", "admin", "sv", ("support", "technical"), ("sv", "en")
    ),
    Agent(
        "priya", "Priya Raman", "priya@demo.localhost", "lead", "en", ("support", "technical"), ("en", "sv")
    ),
    Agent("jonas", "Jonas Ekberg", "jonas@demo.localhost", "agent", "sv", ("support",), ("sv", "en")),
    Agent("aoife", "Aoife Byrne", "aoife@demo.localhost", "agent", "en", ("support",), ("en", "fr")),
    Agent(
        "mikko",
        "Mikko Salonen",
        "mikko@demo.localhost",
        "agent",
        "en",
        ("technical",),
        ("en", "sv", "fi"),
        "Europe/Helsinki",
    ),
)

INBOXES = (
    Inbox(
        "web",
        "Website chat",
        "chat",
        "web",
        "support",
        {
            "shown_name": NAME,
            "theme": {"accent": "#23594a"},
            "greeting": {
                "en": "Hello! Ask us anything about grinders, brewers and beans. We read every word.",
                "sv": "Hej! Fråga oss om kvarnar, bryggare och bönor. Vi läser vartenda ord.",
            },
        },
    ),
    Inbox("support", "Nordkvarn Support", "email", "support@demo.localhost", "support"),
    Inbox("phone", "Support line", "phone", "+46846500400", "support"),
)

ROTATION = Rotation(
    "technical-week",
    "Technical, one week each",
    "technical",
    ("mikko", "priya", "oskar", "jonas"),
    timedelta(weeks=1),
    datetime.fromisoformat("2026-01-05T09:00"),
)

ESCALATION_POLICY = EscalationPolicy(
    "technical",
    "Technical on call",
    (
        EscalationStep(timedelta(0), "rotation", "technical-week"),
        EscalationStep(timedelta(minutes=5), "agent", "maja"),  # in no rotation: never who was just rung
        EscalationStep(timedelta(minutes=10), "team", "technical"),
    ),
    repeats=2,
    owner="maja",
)
