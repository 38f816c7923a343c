"""The rota's pages, asked for as a browser does: seen by everybody in it, changed by who may."""

import re
from datetime import UTC, date, datetime, timedelta

import httpx2
import icalendar
import pytest

from helpdesk.actors import SYSTEM, Role
from helpdesk.domain import agents, oncall
from helpdesk.domain.oncall.rota import schedules
from tests.domain.oncall.test_rota import HANDOFF, NOON
from tests.factories import a_team
from tests.web.oncall.desk import (
    OWN_PAGE,
    Visitor,
    escalation_step,
    form_fields,
)

pytestmark = pytest.mark.commits


async def test_nobody_sees_the_rota_without_signing_in(desk):
    stranger = Visitor(
        httpx2.AsyncClient(transport=desk.transport, base_url="http://helpdesk", headers=OWN_PAGE)
    )

    for path in ("/oncall", "/oncall/shifts", "/oncall/methods", "/oncall/alerts", "/oncall/policies"):
        assert (await stranger.get(path)).status_code in (303, 401), path


@pytest.mark.parametrize("name", ["Mikko", "Maja"])
async def test_every_page_opens_without_anything_inline(desk, name):
    visitor = await desk.enter(name)
    async with desk.database.transaction(SYSTEM) as tx:
        step = escalation_step("schedule", desk.schedule_id)
        policy = await oncall.policies.add_policy(
            tx, "Night", oncall.escalation.Policy.parse({"steps": [step]})
        )
    lead_only = [
        f"/oncall/schedules/{desk.schedule_id}/edit",
        f"/oncall/schedules/{desk.schedule_id}/temporary",
        "/oncall/schedules/new",
        "/oncall/policies/new",
    ]
    paths = [
        f"/oncall/schedules/{desk.schedule_id}",
        f"/oncall/schedules/{desk.schedule_id}?view=week&on=2026-11-25",
        *(f"/oncall/{name}" for name in ("shifts", "swaps", "methods", "alerts", "fairness", "policies")),
        f"/oncall/policies/{policy.id}?at=2026-11-21T02:10",
        *lead_only,
    ]

    for path in paths:
        page = await visitor.get(path)
        wanted = 403 if path in lead_only and name == "Mikko" else 200
        assert page.status_code == wanted, (path, page.text[:2000])
        assert not re.search(r"<style|\sstyle=|\son\w+=", page.text), path


async def test_days_the_clock_is_changed_are_marked_with_their_hours(desk):
    visitor = await desk.enter("Mikko")

    autumn = await visitor.get(f"/oncall/schedules/{desk.schedule_id}?view=week&on=2027-10-31")
    spring = await visitor.get(f"/oncall/schedules/{desk.schedule_id}?view=week&on=2027-03-28")

    assert re.search(r"Sun 31 Oct.{0,60}25 h", autumn.text, re.DOTALL)
    assert re.search(r"Sun 28 Mar.{0,60}23 h", spring.text, re.DOTALL)


async def test_a_temporary_schedule_is_seen_before_it_is_saved_and_can_go_again(desk):
    maja = await desk.enter("Maja")
    page = f"/oncall/schedules/{desk.schedule_id}/temporary"
    priya = str(desk.people["Priya"].id)
    fields = {
        "start": "2026-11-20T18:00",
        "end": "2026-11-21T06:00",
        "person0": priya,
        "until0": "2026-11-21T00:00",
    }

    seen = await maja.post(page, do="preview", **fields)
    assert "+6 h" in seen.text
    assert "Nobody would be on call" in seen.text
    assert await desk.on_call(datetime(2026, 11, 20, 20, tzinfo=UTC)) == ["Mikko"]

    assert (await maja.post(page, do="save", **fields)).status_code == 303
    assert await desk.on_call(datetime(2026, 11, 20, 20, tzinfo=UTC)) == ["Priya"]
    [made] = re.findall(r'name="temporary" value="([^"]+)"', (await maja.get(page)).text)
    await maja.post(page, do="remove", temporary=made)
    assert await desk.on_call(datetime(2026, 11, 20, 20, tzinfo=UTC)) == ["Mikko"]


async def test_the_address_of_ones_own_calendar_is_kept_sealed_and_refused_where_it_leads_inside(desk):
    mikko = await desk.enter("Mikko")
    desk.settings.private_networks = frozenset()

    refused = await mikko.post("/oncall/shifts", "/oncall/absences", address="http://127.0.0.1:5432/x")
    kept = await mikko.post("/oncall/shifts", "/oncall/absences", address="webcal://example.com/me.ics")

    assert (refused.status_code, kept.status_code) == (422, 303)
    async with desk.database.transaction(SYSTEM) as tx:
        feed = await oncall.absence_feeds.feed_of(tx, desk.people["Mikko"].id)
    assert feed is not None
    assert "example.com" not in feed.address


async def test_an_override_is_seen_before_it_is_saved(desk):
    maja = await desk.enter("Maja")
    page = f"/oncall/schedules/{desk.schedule_id}"
    fields = {
        "change": "replace",
        "person": str(desk.people["Priya"].id),
        "target": str(desk.people["Mikko"].id),
        "start": "2026-11-20T18:00",
        "end": "2026-11-21T06:00",
        "reason": "Wedding",
    }

    seen = await maja.post(page, f"{page}/overrides", do="preview", **fields)
    assert "+12 h" in seen.text
    assert await desk.on_call(datetime(2026, 11, 20, 20, tzinfo=UTC)) == ["Mikko"]

    saved = await maja.post(page, f"{page}/overrides", do="save", **fields)
    assert saved.status_code == 303
    assert await desk.on_call(datetime(2026, 11, 20, 20, tzinfo=UTC)) == ["Priya"]
    assert "Wedding" in (await maja.get(page)).text


async def test_an_override_by_an_agent_for_somebody_else_is_refused_with_words(desk):
    mikko = await desk.enter("Mikko")
    page = f"/oncall/schedules/{desk.schedule_id}"

    fields = {"change": "remove", "target": str(desk.people["Mikko"].id), "start": "2026-11-20T18:00"}
    refused = await mikko.post(page, f"{page}/overrides", do="save", end="2026-11-20T20:00", **fields)
    backwards = await mikko.post(page, f"{page}/overrides", do="preview", end="2026-11-20T10:00", **fields)

    assert refused.status_code == 422
    assert backwards.status_code == 422
    assert "It ends before it starts." in backwards.text


async def test_a_schedule_is_edited_in_its_form_and_nobody_loses_a_turn(desk):
    maja = await desk.enter("Maja")
    path = f"/oncall/schedules/{desk.schedule_id}/edit"
    form = form_fields((await maja.get(path)).text)
    form["layer0_slot2"] = str(desk.people["Maja"].id)

    seen = await maja.post(path, **{**form, "do": "preview"})
    saved = await maja.post(path, **{**form, "do": "save"})

    assert "What this would change" in seen.text
    assert saved.status_code == 303, saved.text[:3000]
    weeks = [HANDOFF - timedelta(hours=1) + n * timedelta(weeks=1) for n in range(4)]
    assert [await desk.on_call(at) for at in weeks] == [["Mikko"], ["Priya"], ["Maja"], ["Mikko"]]


async def test_the_sun_is_followed_by_layers_of_their_own_zone_and_an_edit_keeps_what_was_said(desk):
    maja = await desk.enter("Maja")
    path = f"/oncall/schedules/{desk.schedule_id}/edit"
    form = form_fields((await maja.get(path)).text)
    form |= {"layer0_windows": "08:00-20:00", "layer0_time_zone": "Australia/Sydney"}
    form |= {"most_nights": "2", "horizon": "90", "do": "save"}
    assert (await maja.post(path, **form)).status_code == 303

    again = form_fields((await maja.get(path)).text)
    wrong = await maja.post(path, **{**again, "layer0_time_zone": "Europe/Atlantis", "do": "save"})
    saved = await maja.post(path, **{**again, "do": "save"})

    assert saved.status_code == 303
    assert (again["layer0_time_zone"], again["most_nights"], again["horizon"]) == (
        "Australia/Sydney",
        "2",
        "90",
    )
    evening = NOON.replace(hour=21)  # 08:00 in Sydney
    assert [await desk.on_call(at) for at in (evening - timedelta(hours=1), evening)] == [[], ["Mikko"]]
    assert wrong.status_code == 422
    assert "There is no such time zone." in wrong.text


async def test_a_new_schedule_is_made_in_the_form(desk):
    maja = await desk.enter("Maja")
    form = form_fields((await maja.get("/oncall/schedules/new")).text)
    form |= {"name": "Weekends", "layer0_name": "Sat", "layer0_windows": "sat-sun 00:00-24:00", "do": "save"}
    form["layer0_slot0"] = str(desk.people["Priya"].id)

    saved = await maja.post("/oncall/schedules/new", **form)

    assert saved.status_code == 303
    page = await maja.get(saved.headers["location"])
    assert "Nobody is on call now" in page.text


async def test_a_swap_is_asked_for_and_taken_on_the_page(desk):
    mikko, priya = await desk.enter("Mikko"), await desk.enter("Priya")
    shift = re.search(r'<option value="([^"]+ [^"]+)">', (await mikko.get("/oncall/swaps")).text)
    assert shift is not None

    await mikko.post("/oncall/swaps", shift=shift[1], offered_to=str(desk.people["Priya"].id), note="Please")
    open_one = re.search(r'action="(/oncall/swaps/[0-9a-f-]+)"', (await priya.get("/oncall/swaps")).text)
    assert open_one is not None
    taken = await priya.post("/oncall/swaps", open_one[1], do="take")

    assert taken.status_code == 303
    assert await desk.on_call(NOON + timedelta(hours=1)) == ["Priya"]


async def test_time_off_is_read_from_a_calendar_file_once(desk):
    mikko = await desk.enter("Mikko")
    away = icalendar.Calendar()
    event = icalendar.Event()
    event.add("UID", "holiday-1")
    event.add("DTSTART", date(2026, 11, 19))
    event.add("DTEND", date(2026, 11, 21))
    event.add("SUMMARY", "Skiing")
    away.add_component(event)

    for _ in range(2):
        text = away.to_ical().decode()
        sent = await mikko.post("/oncall/shifts", "/oncall/time-off/import", calendar=text)
        assert sent.status_code == 303, sent.text[:2000]

    async with desk.database.transaction(SYSTEM) as tx:
        [kept] = await oncall.exceptions.time_off_of(tx)
    assert kept.starts_at == datetime(2026, 11, 18, 23, tzinfo=UTC)
    assert await desk.on_call(datetime(2026, 11, 20, tzinfo=UTC)) == ["Priya"]


async def test_a_calendar_feed_needs_its_secret_and_can_be_revoked(desk):
    mikko = await desk.enter("Mikko")
    made = await mikko.post("/oncall/shifts", "/oncall/feeds", schedule="")
    address = re.search(r"/oncall/feeds/[\w-]+\.ics", made.text)
    assert address is not None
    stranger = httpx2.AsyncClient(transport=desk.transport, base_url="http://helpdesk")

    read = await stranger.get(address[0])
    events = icalendar.Calendar.from_ical(read.content).walk("VEVENT")
    assert read.headers["content-type"].startswith("text/calendar")
    assert events[0]["DTSTART"].dt.utcoffset() == timedelta()
    assert {str(event["STATUS"]) for event in events} == {"CONFIRMED"}
    again = icalendar.Calendar.from_ical((await stranger.get(address[0])).content).walk("VEVENT")
    assert [str(event["UID"]) for event in again] == [str(event["UID"]) for event in events]

    unchanged = await stranger.get(address[0], headers={"If-None-Match": read.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")

    revoke = re.search(
        r'action="(/oncall/feeds/[0-9a-f-]+/revoke)"', (await mikko.get("/oncall/shifts")).text
    )
    assert revoke is not None
    await mikko.post("/oncall/shifts", revoke[1])
    assert (await stranger.get(address[0])).status_code == 404


async def test_a_teams_page_says_who_is_on_call_for_it_now(desk):
    async with desk.database.transaction(SYSTEM) as tx:
        team = await a_team(tx)
        (await schedules.row(tx, desk.schedule_id)).team_id = team.id
        (await agents.get(tx, desk.people["Maja"].id)).role = Role.ADMIN.value
        now = tx.now
    maja = await desk.enter("Maja")

    pages = [(await maja.get(path)).text for path in ("/admin/teams", f"/admin/teams/{team.id}")]

    [name] = await desk.on_call(now)
    for page in pages:
        assert "On call now" in page
        assert re.search(rf"(?s)On call now.*{name}", page)
        assert f'href="/oncall/schedules/{desk.schedule_id}"' in page
