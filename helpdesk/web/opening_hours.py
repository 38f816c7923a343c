"""Opening hours as people read them: open or not, until when, and the week in a few lines."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from helpdesk.domain.sla.business_time import Calendar, Minutes
from helpdesk.translation import Translator
from helpdesk.web.templating import Times


@dataclass(frozen=True)
class Line:
    """Neighbouring days with the same hours; `times` is empty where nobody is there."""

    days: str
    times: str
    is_today: bool


@dataclass(frozen=True)
class OpeningHours:
    is_open: bool
    changes_at: datetime | None
    weekly: list[Line]
    zone_name: str


def opening_hours(calendar: Calendar, now: datetime, words: Times, t: Translator) -> OpeningHours:
    """`changes_at` is when it closes while open, and when it opens while closed."""
    is_open = calendar.is_open(now)
    today = now.astimezone(calendar.zone).weekday()
    return OpeningHours(
        is_open=is_open,
        changes_at=calendar.next_closing(now) if is_open else calendar.next_opening(now),
        weekly=_around_the_clock(t) if calendar.always else _week(calendar, today, words),
        zone_name=calendar.time_zone.rpartition("/")[2].replace("_", " "),
    )


def _around_the_clock(t: Translator) -> list[Line]:
    return [Line(t("Every day"), t("around the clock"), True)]


def _week(calendar: Calendar, today: int, words: Times) -> list[Line]:
    lines = []
    for hours, group in groupby(range(7), key=lambda day: calendar.week[day]):
        days = list(group)
        first, last = words.weekday(days[0]), words.weekday(days[-1])
        name = first if len(days) == 1 else f"{first} – {last}"
        lines.append(Line(name, ", ".join(_span(opens) for opens in hours), today in days))
    return lines


def _span(minutes: Minutes) -> str:
    return "–".join(f"{moment // 60:02}:{moment % 60:02}" for moment in minutes)
