"""Jobs behind a change of the rules: replayed in portions, holidays fetched, the last good ones kept."""

from dataclasses import dataclass
from datetime import date

import pytest

from helpdesk.actors import SYSTEM
from helpdesk.channels import fetching
from helpdesk.domain import plans, tickets
from helpdesk.domain.sla import CalendarHours, calendars
from helpdesk.domain.sla.business_time import Calendar
from helpdesk.errors import Unavailable
from helpdesk.jobs import fetch_holidays, replay_clocks
from helpdesk.storage.database import Database
from tests.factories import a_plan, a_ticket, an_inbox

pytestmark = pytest.mark.commits

FEED = (
    b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20261224\r\nSUMMARY:Closed\r\n"
    b"END:VEVENT\r\nEND:VCALENDAR\r\n"
)
URL = "https://holidays.example/all.ics"


@dataclass
class Shop:
    """As much of a workshop as these jobs use."""

    database: Database


async def test_a_hundred_at_a_time_are_replayed_until_none_is_left(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_clocks, "AT_ONCE", 2)
    async with database.transaction(SYSTEM) as tx:
        plan = await a_plan(tx)
        inbox = await an_inbox(tx, plan=plan)
        made = [(await a_ticket(tx, inbox=inbox)).id for _ in range(3)]
    async with database.transaction(SYSTEM) as tx:
        stored = await plans.get(tx, plan.id)
        stored.targets = {"email": {"first_response": 600}}

    job = {"plan_id": str(plan.id)}
    await replay_clocks.replay_clocks(Shop(database), job)  # type: ignore[arg-type]
    await replay_clocks.replay_clocks(Shop(database), job | {"done_to": str(made[1])})  # type: ignore[arg-type]

    async with database.transaction(SYSTEM) as tx:
        due = [(await tickets.get(tx, one)).due_at for one in made]
        left = await (await tx.driver()).fetchval(
            "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'replay_clocks'"
        )
    assert len(set(due)) == 1
    assert due[0] is not None
    assert left == 1  # the portion after the first two


async def test_holidays_are_fetched_and_stay_when_the_address_fails(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.transaction(SYSTEM) as tx:
        said = CalendarHours("Europe/Stockholm", week={"thu": [["08:00", "17:00"]]}, feed_url=URL)
        row = await calendars.save_calendar(tx, None, "Shop", said)
    job = {"calendar_id": str(row.id)}

    async def good(url: str, **_: object) -> bytes:
        assert url == URL
        return FEED

    async def bad(url: str, **_: object) -> bytes:
        raise Unavailable("fetch_failed", url)

    monkeypatch.setattr(fetching, "fetch", good)
    await fetch_holidays.fetch_holidays(Shop(database), job)  # type: ignore[arg-type]
    monkeypatch.setattr(fetching, "fetch", bad)
    await fetch_holidays.fetch_holidays(Shop(database), job)  # type: ignore[arg-type]

    async with database.transaction(SYSTEM) as tx:
        feed = await calendars.feed_of(tx, row.id)
        closed = Calendar.parse((await plans.calendar(tx, row.id)).hours).holidays
    assert feed is not None
    assert (feed.error, feed.fetched_at is not None) == ("fetch_failed", True)
    assert closed == {date(2026, 12, 24): "Closed"}


async def test_an_address_inside_is_never_asked(database: Database) -> None:
    async with database.transaction(SYSTEM) as tx:
        said = CalendarHours("UTC", always=True, feed_url="http://169.254.169.254/latest")
        row = await calendars.save_calendar(tx, None, "Inside", said)

    await fetch_holidays.fetch_holidays(Shop(database), {"calendar_id": str(row.id)})  # type: ignore[arg-type]

    async with database.transaction(SYSTEM) as tx:
        feed = await calendars.feed_of(tx, row.id)
    assert feed is not None
    assert feed.error == "address_refused"
