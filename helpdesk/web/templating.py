"""Pages from templates: in the reader's language, with addresses of today's files, escaped throughout."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from helpdesk import translation
from helpdesk.web.assets import Assets

LANGUAGE_COOKIE = "helpdesk_language"
_REGION = {"en": "en_GB"}  # English as most of its readers write times: 14:30, 21 November
_YEAR = 365 * 24 * 3600


class Pages:
    """`name` is what the company calls itself; `zone` shown where a browser cannot say its own zone."""

    def __init__(
        self, assets: Assets, *, name: str = "Helpdesk", zone: str = "UTC", demo: bool = False
    ) -> None:
        self.zone, self.company = zone, name
        self._environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            asset=assets.url, preloads=assets.preloads, company=name, demo=demo, languages=language_names()
        )
        self._environment.filters.update(iso=iso, initials=initials)

    def render(
        self, request: Request, template: str, *, status: int = 200, locale: str | None = None, **values: Any
    ) -> HTMLResponse:
        """`locale` wins over the browser's wish where we know the reader."""
        language, csrf = locale or language_of(request), getattr(request.state, "csrf", "")
        t = translation.translator(language, "pages")
        text = self._environment.get_template(template).render(
            t=t,
            _=t,
            locale=language,
            when=Times(language, values.pop("zone", None) or self.zone),
            nonce=getattr(request.state, "nonce", ""),
            csrf=csrf,
            request_id=getattr(request.state, "request_id", ""),
            path=request.url.path,
            in_language=_in_language(request),
            language_by=_language_by(request, locale, csrf),
            here=_here(request),
            status=status,
            **values,
        )
        answer = HTMLResponse(text, status, {"Content-Language": language, "Vary": "Accept-Language, Cookie"})
        if request.query_params.get("language") == language:
            remember_language(answer, language)
        return answer


class Times:
    """Times in words, in one language and zone; the browser puts them into the reader's own zone."""

    def __init__(self, language: str, zone: str) -> None:
        self._locale = Locale.parse(_REGION.get(language, language))
        self._zone = ZoneInfo(zone)

    def clock(self, at: datetime) -> str:
        return format_time(at, "short", tzinfo=self._zone, locale=self._locale)

    def day(self, at: datetime) -> str:
        return format_date(at.astimezone(self._zone), "EEEE d MMMM", locale=self._locale)

    def day_and_clock(self, at: datetime) -> str:
        return format_datetime(at, "EEEE HH:mm", tzinfo=self._zone, locale=self._locale)

    def long_date(self, on: date) -> str:
        return format_date(on, "d MMM y", locale=self._locale)

    def date(self, on: date) -> str:
        return format_date(on, "EEE d MMM", locale=self._locale)

    def short_day(self, at: datetime) -> str:
        return format_date(at.astimezone(self._zone), "EEE d MMM", locale=self._locale)

    def day_and_clock_short(self, at: datetime) -> str:
        return format_datetime(at, "EEE d MMM HH:mm", tzinfo=self._zone, locale=self._locale)

    def form_value(self, at: datetime) -> str:
        """For a datetime-local field."""
        return at.astimezone(self._zone).strftime("%Y-%m-%dT%H:%M")

    def full(self, at: datetime) -> str:
        return format_datetime(at, "medium", tzinfo=self._zone, locale=self._locale)

    def ago(self, at: datetime, now: datetime) -> str:
        return format_timedelta(at - now, add_direction=True, locale=self._locale)

    def span(self, seconds: float) -> str:
        """The two largest units, in letters every language here reads: 3 d 4 h, 12 min."""
        minutes = max(0, round(seconds / 60))
        days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
        parts = [(days, "d"), (hours, "h"), (minutes, "min")]
        first = next((place for place, (number, _) in enumerate(parts) if number), 2)
        told = [f"{number}\u00a0{unit}" for number, unit in parts[first : first + 2] if number]
        return " ".join(told) or "0\u00a0min"

    def weekday(self, number: int) -> str:
        """0 is Monday."""
        name: str = self._locale.days["stand-alone"]["wide"][number]
        return name[:1].upper() + name[1:]


def language_of(request: Request) -> str:
    """Chosen on this page, chosen before, or preferred by the browser."""
    for choice in (request.query_params.get("language"), request.cookies.get(LANGUAGE_COOKIE)):
        if choice in translation.languages():
            return choice
    return translation.best_locale(request.headers.get("accept-language"))


def remember_language(answer: Response, language: str) -> None:
    """For this browser, also before anybody signs in."""
    answer.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR, samesite="lax", httponly=True)


def language_names() -> Sequence[tuple[str, str]]:
    """Each language under its own name, as its readers look for it."""
    return [
        (code, (Locale.parse(code).get_display_name(code) or code).capitalize())
        for code in translation.languages()
    ]


def _language_by(request: Request, locale: str | None, csrf: str) -> str:
    """How a page's reader changes its language: by a link, in their profile, or not here (a refused form
    would lose what was typed; a link to one alert speaks its reader's language)."""
    if locale is None:
        return "link"
    return "profile" if csrf and request.method == "GET" else ""


def _here(request: Request) -> str:
    """This page again, without the notice of what was just done."""
    url = request.url.remove_query_params(["saved", "language"])
    return url.path + (f"?{url.query}" if url.query else "")


def _in_language(request: Request) -> Callable[[str], str]:
    """The same page in another language."""
    return lambda code: "?" + request.url.include_query_params(language=code).query


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def initials(name: str) -> str:
    words = name.split() or ["?"]
    return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper()
