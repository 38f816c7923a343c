"""5. One order for every channel, exactly as promised and explained, and no ticket claimed twice."""

import asyncio
import itertools
import re
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import pytest
from playwright.async_api import expect

from helpdesk.clock import SystemClock
from tests.browser.chromium import Visits
from tests.browser.workspace import Workspace
from tests.scenarios.desk import Api, Desk
from tests.waiting import eventually

MINUTE = timedelta(minutes=1)
STOCKHOLM = ZoneInfo("Europe/Stockholm")
HOURS = {"Standard": (time(9), time(17)), "Business": (time(7), time(18)), "Enterprise": None}
CLOSED = holidays.country_holidays("SE", categories=("public", "de_facto"))
HEAD_START = {"Standard": 0, "Business": 3, "Enterprise": 10}
FIRST_RESPONSE = {
    ("Standard", "email"): 720, ("Standard", "phone"): 240,
    ("Business", "email"): 240, ("Business", "phone"): 30,
    ("Enterprise", "email"): 60, ("Enterprise", "phone"): 15,
}  # fmt: skip
"""Minutes of service that the sample company promises."""
URGENCY = {1: (0.25, 10), 2: (0.5, 5), 3: (1.0, 0), 4: (1.0, 0), 5: (2.0, 0)}
"""What a priority makes of a target, and the minutes it moves ahead."""
WRITES = {"Standard": "gunilla@konditoritorget.example", "Business": "ciara@lighthouseroasters.example",
          "Enterprise": "tom@harbourandgrind.example"}  # fmt: skip
_NUMBERS = itertools.count(1000)
CALLS = {"Standard": "+46701740628", "Business": "+46701740612", "Enterprise": "+441174960152"}


@pytest.mark.parametrize("priority", [1, 2, 3, 5])
@pytest.mark.parametrize("plan", ["Standard", "Business", "Enterprise"])
async def test_a_mail_stands_exactly_where_its_plan_and_priority_put_it(desk: Desk, plan: str, priority: int):
    api = await desk.api()
    made = await api.post(
        "tickets", subject=f"{plan} P{priority}", body="Hello", email=WRITES[plan], priority=priority
    )

    row = next(one for one in await api.queue() if one["ticket_id"] == made["id"])

    assert row["plan"]["name"] == plan
    _adds_up(row, _promised(made, plan, priority))


@pytest.mark.parametrize("plan", ["Standard", "Business", "Enterprise"])
async def test_a_call_nobody_took_stands_exactly_where_its_plan_puts_it(desk: Desk, plan: str):
    api = await desk.api()
    made = await api.post("calls", caller=CALLS[plan], answered=False, notes="Please call back")

    row = next(one for one in await api.queue() if one["ticket_id"] == made["id"])

    assert row["plan"]["name"] == plan
    _adds_up(row, _promised(made, plan, 3))


async def test_every_row_adds_up_and_says_why(desk: Desk):
    api = await desk.api()
    await _calls(api, 3)

    rows = await api.queue()

    assert len(rows) >= 3
    assert [_place(row) for row in rows] == sorted(_place(row) for row in rows)
    for row in rows:
        _adds_up(row, _at(row["why_parts"]["due_at"]))


@pytest.mark.browser
async def test_the_workspace_shows_the_order_of_the_api_and_next_takes_the_first(desk: Desk, visits: Visits):
    priya = await desk.api("priya")
    await _calls(priya, 2)
    workspace = await Workspace(await visits.visitor(desk.address, size=(1360, 6000))).sign_in("priya")

    async def agree() -> bool:
        return await workspace.order() == [row["number"] for row in await priya.queue()]

    await eventually(agree)
    # In an overload Next passes over what is late, by then or already: that rule has its own tests.
    soon = SystemClock().now() + 10 * MINUTE
    await priya.colleagues_take([row for row in await priya.queue() if _at(row["start_by"]) < soon])
    await eventually(agree)
    rows = await priya.queue()
    await workspace.row(rows[1]["number"]).hover()
    await expect(workspace.row(rows[1]["number"])).to_have_attribute("title", _starts_like(rows[1]))

    await workspace.page.mouse.move(0, 0)
    await workspace.claim_next()
    await workspace.is_open(rows[0]["number"])
    await expect(workspace.row(rows[0]["number"])).to_have_count(0)
    taken = await priya.get(f"tickets/{rows[0]['ticket_id']}")
    assert taken["assignee"]["name"] == "Priya Raman"


@pytest.mark.browser
async def test_two_agents_who_press_at_the_same_moment_get_two_tickets(desk: Desk, visits: Visits):
    await _calls(await desk.api(), 2)
    one = await Workspace(await visits.visitor(desk.address)).sign_in("priya")
    other = await Workspace(await visits.visitor(desk.address)).sign_in("aoife")

    await asyncio.gather(one.claim_next(), other.claim_next())
    await asyncio.gather(one.title.wait_for(), other.title.wait_for())

    api = await desk.api()
    mine = await api.get(f"tickets/{one.page.url.rpartition('/t/')[2]}")
    theirs = await api.get(f"tickets/{other.page.url.rpartition('/t/')[2]}")
    assert mine["id"] != theirs["id"]
    assert (mine["assignee"]["name"], theirs["assignee"]["name"]) == ("Priya Raman", "Aoife Byrne")


@pytest.mark.browser
async def test_a_ticket_is_handed_to_another_team_by_keys_and_taken_back(desk: Desk, visits: Visits):
    api = await desk.api("priya")
    made = await api.post("tickets", subject="Wrong invoice", body="Twice", email=WRITES["Business"])
    team = next(
        one for one in (await api.get("teams"))["items"] if one["id"] != (made["team"] or {}).get("id")
    )
    workspace = await Workspace(await visits.visitor(desk.address)).sign_in("priya")
    keys, picker = workspace.page.keyboard, workspace.page.get_by_role("combobox")
    await workspace.open(made)

    await keys.press("v")
    await picker.fill(team["name"])
    await keys.press("Enter")
    await expect(picker).to_have_accessible_name(f"What should {team['name']} know?")
    await picker.fill("Billed twice")
    await keys.press("Enter")

    await expect(workspace.timeline).to_contain_text(f"handed it on to {team['name']}: Billed twice")
    assert (await api.get(f"tickets/{made['id']}"))["team"]["name"] == team["name"]
    await expect(workspace.told(f"is with {team['name']} now")).to_be_visible()
    await keys.press("z")
    await expect(workspace.told("Undone")).to_be_visible()
    await eventually(lambda: _is_with(api, made, made["team"]))


async def test_twenty_claims_at_once_are_twenty_tickets(desk: Desk):
    people = [await desk.api(name) for name in ("priya", "oskar", "jonas", "aoife")]
    await _calls(people[0], 20)

    answers = await asyncio.gather(*(_claim(people[turn % 4]) for turn in range(20)))

    claimed = [ticket["id"] for ticket, _ in answers]
    assert len(set(claimed)) == 20
    for ticket, claimant in answers:
        assert (await people[0].get(f"tickets/{ticket['id']}"))["assignee"]["id"] == claimant
    waiting = {row["ticket_id"] for row in await people[0].queue()}
    assert waiting.isdisjoint(claimed)


async def _calls(api: Api, count: int) -> None:
    """So many that nobody took."""
    for number in itertools.islice(_NUMBERS, count):
        await api.post("calls", caller=f"+4670174{number:04}", answered=False, notes=f"Call {number}")


async def _is_with(api: Api, ticket: Any, team: Any) -> bool:
    return (await api.get(f"tickets/{ticket['id']}"))["team"] == team


async def _claim(api: Api) -> tuple[Any, str]:
    ticket = await api.post("queue/claim")
    return ticket, ticket["assignee"]["id"]


def _adds_up(row: Any, due_at: datetime) -> None:
    """rank_at = due_at - typical handling - head starts, part by part; the sentence names their sum."""
    parts = row["why_parts"]
    plan = row["plan"]["name"] if row["plan"] else None
    handling = 9 if row["channel"] in ("email", "api") else 0
    ahead = {
        "plan": HEAD_START.get(plan or "", 0),
        "priority": URGENCY[row["priority"]][1],
        "live_chat": 30 if row["channel"] == "chat" else 0,
    }
    assert parts["handling_minutes"] == handling
    assert {one["reason"]: one["minutes"] for one in parts["head_start"]} == {
        k: v for k, v in ahead.items() if v
    }
    assert _at(parts["due_at"]) == due_at
    assert _at(parts["start_by"]) == _at(row["start_by"]) == due_at - handling * MINUTE
    assert _at(row["rank_at"]) == due_at - (handling + sum(ahead.values())) * MINUTE
    assert row["why"]
    assert not sum(ahead.values()) or f"{sum(ahead.values())} min" in row["why"]


def _promised(made: Any, plan: str, priority: int) -> datetime:
    """The due time counted minute by minute, without the product's calendars."""
    clock = next(one for one in made["clocks"] if one["metric"] == "first_response")
    seconds = FIRST_RESPONSE[plan, made["channel"]] * 60 * URGENCY[priority][0]
    assert clock["target_seconds"] == seconds
    now, left = _at(made["created_at"]), timedelta(seconds=seconds)
    while left:
        next_minute = now.replace(second=0, microsecond=0) + MINUTE
        step = min(next_minute - now, left) if _is_open(plan, now) else timedelta()
        left -= step
        now = now + step if step and not left else next_minute
    return now


def _is_open(plan: str, at: datetime) -> bool:
    hours, local = HOURS[plan], at.astimezone(STOCKHOLM)
    if hours is None:
        return True
    return local.weekday() < 5 and local.date() not in CLOSED and hours[0] <= local.time() < hours[1]


def _place(row: Any) -> tuple[datetime, str]:
    return _at(row["rank_at"]), row["ticket_id"]


def _starts_like(row: Any) -> re.Pattern[str]:
    return re.compile("Start by" if row["why_parts"]["handling_minutes"] else "Answer by|Start by")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
