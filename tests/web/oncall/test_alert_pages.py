"""How somebody is reached, who is rung when, and the page an alert is answered on."""

import re
from datetime import timedelta
from urllib.parse import quote

import httpx2
import pytest
from sqlalchemy import select

from helpdesk.actors import SYSTEM
from helpdesk.clock import FixedClock
from helpdesk.domain import agents, oncall
from helpdesk.domain.tickets import OutgoingMail
from tests.domain.oncall.test_rota import HANDOFF
from tests.factories import a_ticket
from tests.jobs.receivers import a_receiver, gateways_may_take_their_time
from tests.web.oncall.desk import (
    OWN_PAGE,
    a_stopped_inbox,
    form_fields,
)

__all__ = ["gateways_may_take_their_time"]

pytestmark = pytest.mark.commits


@pytest.mark.usefixtures("gateways_may_take_their_time")
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
