"""The rota's pages, asked for as a browser does: seen by everybody in it, changed by who may."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import icalendar
import pytest
from sqlalchemy import select
from starlette.applications import Starlette

from helpdesk.actors import SYSTEM, Role
from helpdesk.auth import links, passwords
from helpdesk.auth.requests import resuming
from helpdesk.clock import FixedClock
from helpdesk.domain import agents, oncall
from helpdesk.domain.oncall.rota import schedules
from helpdesk.domain.oncall.rota.shifts import on_call_at
from helpdesk.domain.tickets import OutgoingMail
from helpdesk.errors import HelpdeskError
from helpdesk.settings import Settings
from helpdesk.storage.database import Database
from helpdesk.storage.files import Files
from helpdesk.web.assets import Assets
from helpdesk.web.failures import failure_page, refusal
from helpdesk.web.routes import routes
from helpdesk.web.security import Protection, protect
from helpdesk.web.templating import Pages
from tests.domain.oncall.test_rota import HANDOFF, NOON, a_draft
from tests.factories import a_team, a_ticket, an_agent, an_inbox
from tests.jobs.receivers import a_receiver

pytestmark = pytest.mark.commits

PASSWORD = "correct horse battery"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}


@dataclass
class Desk:
    database: Database
    settings: Settings
    transport: httpx2.ASGITransport
    schedule_id: Any
    people: dict[str, agents.Agent]

    async def enter(self, name: str) -> "Visitor":
        browser = httpx2.AsyncClient(transport=self.transport, base_url="http://helpdesk", headers=OWN_PAGE)
        entered = await browser.post(
            "/sign-in", data={"email": self.people[name].email, "password": PASSWORD}
        )
        assert entered.status_code == 303, entered.text
        return Visitor(browser)

    async def on_call(self, at: datetime) -> list[str]:
        async with self.database.transaction(SYSTEM) as tx:
            found = on_call_at(await schedules.load(tx, self.schedule_id, at), at).people
        return [one.name for person in found for one in self.people.values() if str(one.id) == person]


@dataclass
class Visitor:
    browser: httpx2.AsyncClient

    async def get(self, path: str) -> httpx2.Response:
        return await self.browser.get(path)

    async def post(self, page: str, path: str | None = None, **fields: str) -> httpx2.Response:
        """As the form on `page` does: with its token."""
        token = re.search(r'name="csrf" value="([^"]+)"', (await self.get(page)).text)
        assert token is not None, page
        return await self.browser.post(path or page, data={"csrf": token[1], **fields})


@pytest.fixture(scope="module")
def assets() -> Assets:
    return Assets()


@pytest.fixture
async def desk(database: Database, assets: Assets, tmp_path: Path) -> Desk:
    settings = Settings(
        secret_key="a key that only these tests know 0123456789",
        demo=True,
        private_networks=frozenset({"127.0.0.0/8"}),
    )
    pages = Pages(assets, name="Nordkvarn", zone="Europe/Stockholm")
    failures = {HelpdeskError: failure_page, 404: failure_page}
    app = Starlette(routes=routes(assets), exception_handlers=failures)  # type: ignore[arg-type]
    app.state.database, app.state.settings, app.state.session_cookie = database, settings, "helpdesk"
    app.state.assets, app.state.pages = assets, pages
    app.state.files = Files(tmp_path, settings.key)
    protection = Protection(cookie="helpdesk", resume=resuming(database), refuse=refusal(pages))
    hashed = await passwords.hash_password(PASSWORD)
    async with database.transaction(SYSTEM) as tx:
        await an_inbox(tx)
        people = {
            name: await an_agent(tx, name, role=role, password_hash=hashed)
            for name, role in (("Mikko", Role.AGENT), ("Priya", Role.AGENT), ("Maja", Role.LEAD))
        }
        made = await schedules.create(tx, a_draft(people["Mikko"], people["Priya"]))
    return Desk(database, settings, httpx2.ASGITransport(protect(app, protection)), made.id, people)


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


def escalation_step(kind: str, thing: Any) -> dict[str, Any]:
    return {"delay_minutes": 5, "targets": [{"kind": kind, "id": str(thing)}]}


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


async def test_a_channel_is_kept_once_a_word_has_arrived_there_and_a_step_can_name_it(desk):
    maja = await desk.enter("Maja")
    async with a_receiver() as room:
        fields = {"name": "Operations", "kind": "webhook", "address": room.address}
        room.status = 404
        refused = await maja.post("/oncall/policies", "/oncall/channels", **fields)
        room.status = 200
        kept = await maja.post("/oncall/policies", "/oncall/channels", **fields)

    assert (refused.status_code, kept.status_code) == (422, 303)
    assert [got.json["type"] for got in room.got] == ["test", "test"]
    page = await maja.get("/oncall/policies/new")
    assert re.findall(r'value="(channel:[^"]+)" >Operations', page.text)
    assert len(re.findall("Operations", (await maja.get("/oncall/policies")).text)) == 1


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


async def test_a_method_is_proven_by_the_code_sent_to_it(desk):
    mikko = await desk.enter("Mikko")

    added = await mikko.post("/oncall/methods", kind="email", address="night@example.com", name="At home")
    assert added.status_code == 303, added.text[:2000]
    async with desk.database.transaction(SYSTEM) as tx:
        [mail] = await tx.session.scalars(select(OutgoingMail))
    assert mail.recipients == ["night@example.com"]
    code = re.search(r"\d{6}", mail.subject)
    assert code is not None
    paths = re.findall(r'action="(/oncall/methods/[0-9a-f-]+)"', (await mikko.get("/oncall/methods")).text)

    wrong = await mikko.post(
        "/oncall/methods", paths[-1], do="verify", code="000000" if code[0] != "000000" else "1"
    )
    assert wrong.status_code == 422
    right = await mikko.post("/oncall/methods", paths[-1], do="verify", code=code[0])
    assert right.status_code == 303
    async with desk.database.transaction(SYSTEM) as tx:
        ways = await oncall.contact_methods.ways_to(tx, desk.people["Mikko"].id)
    assert [(one.name, after) for _, one, after in ways] == [("At home", timedelta())]


async def test_an_address_of_this_machine_is_no_contact_method(desk):
    mikko = await desk.enter("Mikko")

    for kind, address in (
        ("notify", "file:///etc/passwd"),
        ("notify", "what"),
        ("webhook", "ftp://x"),
        ("email", "x"),
    ):
        assert (await mikko.post("/oncall/methods", kind=kind, address=address)).status_code == 422, address


async def test_a_policy_tells_what_would_happen_at_some_hour(desk, clock: FixedClock):
    maja = await desk.enter("Maja")
    form = form_fields((await maja.get("/oncall/policies/new")).text)
    form |= {
        "name": "Night",
        "step0_target0": f"schedule:{desk.schedule_id}",
        "step0_delay": "5",
        "step1_target0": f"person:{desk.people['Maja'].id}",
        "owner": str(desk.people["Maja"].id),
        "repeats": "0",
        "at": "2026-11-25T02:10",
    }

    seen = await maja.post("/oncall/policies/new", **{**form, "do": "preview"})
    saved = await maja.post("/oncall/policies/new", **{**form, "do": "save"})

    ladder = re.sub(r"<[^>]+>|\s+", " ", seen.text.split('class="ladder"')[1].split("</ol>")[0])
    assert re.search(r"Wednesday 02:10 +Priya +email +Wednesday 02:15 +Maja", ladder), ladder
    assert saved.status_code == 303, saved.text[:2000]


async def a_stopped_inbox(desk: Desk) -> tuple[oncall.Alert, str]:
    """An alert about no ticket, and the link that rang Mikko."""
    async with desk.database.transaction(SYSTEM) as tx:
        step = escalation_step("schedule", desk.schedule_id)
        await oncall.policies.add_policy(tx, "Night", oncall.escalation.Policy.parse({"steps": [step]}))
        details = {"subject": "support@ takes no mail", "body": "Nothing for 20 minutes.", "url": "/admin"}
        alert = await oncall.raise_alert(tx, None, "inbox:support", "An inbox has stopped", details=details)
        assert alert is not None
    return alert, links.token_for(desk.settings.key, links.LinkKind.ALERT, alert.id, desk.people["Mikko"].id)


async def test_the_link_of_an_alert_asks_for_a_sign_in_from_a_day_after_it_is_over(desk, clock: FixedClock):
    alert, token = await a_stopped_inbox(desk)
    phone = httpx2.AsyncClient(transport=desk.transport, base_url="http://helpdesk", headers=OWN_PAGE)
    clock.advance(timedelta(days=3))
    assert "support@ takes no mail" in (await phone.get(f"/alert/{token}")).text, "it is still open"
    await phone.post(f"/alert/{token}", data={"do": "close"})
    clock.advance(timedelta(hours=24))
    assert "This alert is over" in (await phone.get(f"/alert/{token}")).text
    clock.advance(timedelta(minutes=1))

    pressed = await phone.post(f"/alert/{token}")
    page = await phone.get(f"/alert/{token}")
    door = await phone.get(page.headers["location"], headers={"Accept": "text/html"})

    own_page = f"/oncall/alerts/{alert.id}"
    assert [answer.headers["location"] for answer in (pressed, page)] == [own_page, own_page]
    assert "support@" not in page.text
    assert door.headers["location"] == f"/sign-in?next={quote(own_page, safe='')}"
    mikko = await desk.enter("Mikko")
    assert "support@ takes no mail" in (await mikko.get(own_page)).text


async def test_whoever_is_signed_in_answers_an_alert_under_their_own_session(desk):
    alert, _ = await a_stopped_inbox(desk)
    path = f"/oncall/alerts/{alert.id}"
    mikko = await desk.enter("Mikko")

    tapped = await mikko.post(path)

    assert (tapped.status_code, tapped.headers["location"]) == (303, path)
    assert "You have it" in (await mikko.get(path)).text
    assert "/alert/" not in (await mikko.get(path)).text
    assert (await mikko.browser.post(path)).status_code == 403, "an order of another site has no token"


async def test_where_each_acknowledges_the_page_still_asks_whoever_has_not(desk):
    alert, _ = await a_stopped_inbox(desk)
    async with desk.database.transaction(SYSTEM) as tx:
        stored = await oncall.get_alert(tx, alert.id)
        stored.policy = {**stored.policy, "each_acknowledges": True}
    path, asks = f"/oncall/alerts/{alert.id}", "you are rung until you do"
    mikko, maja = await desk.enter("Mikko"), await desk.enter("Maja")

    await mikko.post(path)
    asked = [asks in (await one.get(path)).text for one in (mikko, maja)]
    await maja.post(path)

    assert asked == [False, True]
    page = (await maja.get(path)).text
    assert asks not in page
    assert "Mikko" in page, "who has it stays who was first"


async def test_an_alert_without_a_ticket_has_a_page_with_its_story(desk):
    _, token = await a_stopped_inbox(desk)
    phone = httpx2.AsyncClient(transport=desk.transport, base_url="http://helpdesk", headers=OWN_PAGE)

    page = await phone.get(f"/alert/{token}")
    assert "support@ takes no mail" in page.text
    assert "Mikko was rung by email" in page.text
    await phone.post(f"/alert/{token}")
    assert "You have it" in (await phone.get(f"/alert/{token}")).text
    await phone.post(f"/alert/{token}", data={"do": "next", "seen": "open"})
    assert "You have it" in (await phone.get(f"/alert/{token}")).text, "pressed on a page older than that"
    await phone.post(f"/alert/{token}", data={"do": "next", "seen": "acknowledged"})
    assert "Stops waking others" in (await phone.get(f"/alert/{token}")).text
    await phone.post(f"/alert/{token}", data={"do": "close"})
    assert "This alert is over" in (await phone.get(f"/alert/{token}")).text


async def test_a_handover_is_written_and_accepted_on_its_page(desk, clock: FixedClock):
    clock.set(HANDOFF + timedelta(minutes=1))
    async with desk.database.transaction(SYSTEM) as tx:
        handover = (await oncall.handovers.pass_time(tx, desk.schedule_id))[-1]
        await a_ticket(tx)
    mikko, priya = await desk.enter("Mikko"), await desk.enter("Priya")
    path = f"/oncall/handovers/{handover.id}"

    await mikko.post(path, note="The mill in Umeå.", do="note")
    assert "The mill in Umeå." in (await priya.get(path)).text
    accepted = await priya.post(path, do="accept")

    assert accepted.status_code == 303
    assert "Accepted" in (await mikko.get(path)).text


async def test_the_manifest_and_the_worker_make_it_installable(desk):
    stranger = httpx2.AsyncClient(transport=desk.transport, base_url="http://helpdesk")

    manifest, worker = await stranger.get("/oncall.webmanifest"), await stranger.get("/oncall/worker.js")

    assert manifest.json()["start_url"] == "/oncall/alerts"
    assert worker.headers["service-worker-allowed"] == "/"
    maja = await desk.enter("Maja")
    async with desk.database.transaction(SYSTEM) as tx:
        (await agents.get(tx, desk.people["Maja"].id)).locale = "sv"
    own = (await maja.get("/oncall.webmanifest")).json()
    assert (own["lang"], own["name"]) == ("sv", "Jour")


def form_fields(page: str) -> dict[str, str]:
    """What a browser would send back of the page's main form, unchanged."""
    form = page.split('class="stack"')[1].split("</form>", maxsplit=1)[0]
    fields = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ('type="checkbox"' not in tag or "checked" in tag):
            fields[name[1]] = value[1] if value else ""
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        options = re.findall(r'<option value="([^"]*)"( selected)?', body)
        fields[name] = next((value for value, chosen in options if chosen), options[0][0] if options else "")
    for name, body in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        fields |= {name: body}
    return fields


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
