"""What is promised and who works here, over the interface: by administrators, none above their role."""

import uuid

import pytest

from helpdesk.actors import Role
from helpdesk.domain.tickets.replanning import replay
from helpdesk.storage import job_queue
from tests.factories import a_plan, a_team, a_ticket, an_agent

pytestmark = pytest.mark.commits

WEEK = {day: [["08:00", "12:00"], ["13:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


@pytest.fixture
async def admin(desk):
    async with desk.system() as tx:
        someone = await an_agent(tx, role=Role.ADMIN)
    return await desk.with_token(someone, "all")


async def a_calendar(admin, **values):
    given = {"name": f"Hours {uuid.uuid4()}", "time_zone": "Europe/Stockholm", "week": WEEK}
    return await admin.post("/api/v1/calendars", json=given | values)


async def test_a_calendar_is_made_changed_foreseen_and_removed(admin):
    made = (await a_calendar(admin, country="SE")).json()
    path = f"/api/v1/calendars/{made['id']}"
    wanted = {"name": made["name"], "time_zone": "Europe/Stockholm", "week": {"mon": [["22:00", "06:00"]]}}

    foreseen = await admin.post(f"{path}/preview", json=wanted)
    changed = await admin.put(path, json=wanted)
    removed = await admin.delete(path)

    assert "2027-06-06" in made["holidays"]
    assert foreseen.json() == {"touched": 0, "looked_at": 0, "reranked": 0, "items": [], "next": None}
    assert changed.json()["week"] == {"mon": [["22:00", "06:00"]]}
    assert removed.status_code == 204
    assert made["id"] not in [one["id"] for one in (await admin.get("/api/v1/calendars")).json()["items"]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"week": {}}, {"time_zone": "Europe/Nowhere"}, {"country": "XX"}, {"days_off": {"christmas": "x"}},
        {"feed_url": "file:///etc/passwd"}, {"feed_url": "http://127.0.0.1:5432/x.ics"},
        {"week": {"mon": [["08:00", "25:00"]]}},
    ],
)  # fmt: skip
async def test_a_calendar_that_cannot_be_meant_is_refused(admin, wrong):
    assert (await a_calendar(admin, **wrong)).status_code == 422


async def test_a_plan_is_made_changed_and_sold_no_more(admin):
    calendar = (await a_calendar(admin)).json()
    wanted = {"name": f"Plan {uuid.uuid4()}", "calendar_id": calendar["id"]}
    wanted["targets"] = {"phone": {"callback": 3600}}
    own = {"phone": {"callback": {"P1": 1800}}}

    made = (await admin.post("/api/v1/plans", json=wanted)).json()
    path = f"/api/v1/plans/{made['id']}"
    changed = await admin.put(
        path, json=wanted | {"head_start_minutes": 12, "priority_targets": own, "channels": ["phone"]}
    )
    refused = await admin.put(path, json=wanted | {"priority_targets": {"phone": {"callback": {"P3": 60}}}})

    assert (made["targets"], made["head_start_minutes"]) == ({"phone": {"callback": 3600}}, 0)
    assert (made["priority_targets"], changed.json()["priority_targets"]) == ({}, own)
    assert (made["channels"], changed.json()["channels"]) == ([], ["phone"])
    assert refused.status_code == 422  # that is what `targets` say
    assert (changed.json()["head_start_minutes"], changed.json()["key"]) == (12, made["key"])
    assert (await admin.delete(f"/api/v1/calendars/{calendar['id']}")).json()["code"] == "calendar_in_use"
    assert (await admin.delete(path)).status_code == 204
    assert made["id"] not in [one["id"] for one in (await admin.get("/api/v1/plans")).json()["items"]]


async def test_a_team_and_its_members_are_kept_in_step(admin, desk):
    async with desk.system() as tx:
        someone = await an_agent(tx)
    name = f"Team {uuid.uuid4()}"

    team = (await admin.post("/api/v1/teams", json={"name": name, "member_ids": [str(someone.id)]})).json()
    known = (await admin.get("/api/v1/agents")).json()["items"]
    emptied = await admin.put(f"/api/v1/teams/{team['id']}", json={"name": name, "push": True})

    assert next(one["team_ids"] for one in known if one["id"] == str(someone.id)) == [team["id"]]
    assert (emptied.json()["push"], emptied.json()["member_ids"]) == (True, [])
    assert (await admin.post("/api/v1/teams", json={"name": name.upper()})).json()[
        "code"
    ] == "team_name_taken"
    unknown = {"name": "x", "calendar_id": str(uuid.uuid4())}
    assert (await admin.post("/api/v1/teams", json=unknown)).status_code == 404
    assert (await admin.delete(f"/api/v1/teams/{team['id']}")).status_code == 204


async def test_an_inbox_is_made_and_changed_and_keeps_its_key(admin):
    wanted = {"name": "Orders", "channel": "email", "address": f"{uuid.uuid4()}@shop.example"}

    made = (await admin.post("/api/v1/inboxes", json=wanted)).json()
    changed = await admin.put(f"/api/v1/inboxes/{made['id']}", json=wanted | {"name": "Returns"})
    again = await admin.post("/api/v1/inboxes", json=wanted)

    assert (made["address"], made["channel"]) == (wanted["address"], "email")
    assert (changed.json()["name"], changed.json()["key"]) == ("Returns", made["key"])
    assert (again.status_code, again.json()["code"]) == (409, "address_taken")


async def test_nobody_hands_out_or_touches_a_role_above_their_own(admin, desk):
    async with desk.system() as tx:
        owner = await an_agent(tx, role=Role.OWNER)
    new = {"name": "Vera", "email": f"{uuid.uuid4()}@demo.localhost"}

    made = await admin.post("/api/v1/agents", json=new | {"skills": ["grinders"]})
    owned = await admin.post("/api/v1/agents", json=new | {"email": "o@demo.localhost", "role": "owner"})
    demoted = await admin.put(f"/api/v1/agents/{owner.id}", json={"name": "Vera", "role": "light"})
    disabled = await admin.delete(f"/api/v1/agents/{owner.id}")

    assert (made.status_code, made.json()["skills"]) == (201, ["grinders"])
    assert [one.status_code for one in (owned, demoted, disabled)] == [403, 403, 403]


async def test_an_ordinary_agent_changes_none_of_it(desk, house):
    client = await desk.with_token(house.agent, "all")
    bodies = {
        "calendars": {"name": "x", "time_zone": "UTC", "always": True},
        "plans": {"name": "x", "calendar_id": str(uuid.uuid4())},
        "teams": {"name": "x"},
        "agents": {"name": "x", "email": "x@demo.localhost"},
        "inboxes": {"name": "x", "channel": "chat"},
    }
    for what, body in bodies.items():
        assert (await client.post(f"/api/v1/{what}", json=body)).status_code == 403, what


async def test_held_work_is_listed_with_its_reason_tried_again_or_let_go(desk):
    async with desk.system() as tx:
        connection = await tx.driver()
        for _ in range(2):
            await connection.execute(
                "INSERT INTO pgqueuer (priority, status, entrypoint, payload, attempts)"
                " VALUES (0, 'failed', 'ring', '{\"method_id\": \"7\"}', 9)"
            )
        first, second = await job_queue.held_jobs(connection)
        await connection.execute(
            "INSERT INTO pgqueuer_log (job_id, status, priority, entrypoint, traceback)"
            " VALUES ($1, 'exception', 0, 'ring', '{\"exception_type\": \"Unavailable\","
            ' "exception_message": "the gateway is down", "traceback": "Traceback…"}\')',
            first.id,
        )
        told = next(one for one in await job_queue.held_jobs(connection) if one.id == first.id)

        assert (told.name, told.payload, told.why) == (
            "ring",
            {"method_id": "7"},
            "Unavailable: the gateway is down",
        )
        assert await job_queue.retry_held(connection, first.id) == 1
        assert await job_queue.discard_held(connection) == 1
        assert await job_queue.held_jobs(connection) == []
        queued = await connection.fetchrow("SELECT status, attempts FROM pgqueuer WHERE id = $1", first.id)
        assert (queued["status"], queued["attempts"]) == ("queued", 0)
        await connection.execute("DELETE FROM pgqueuer WHERE id = $1", first.id)
    assert second.id != first.id


async def test_an_sla_policy_is_made_foreseen_changed_and_removed(admin, desk):
    async with desk.system() as tx:
        ticket = await a_ticket(tx)
    wanted = {
        "name": f"Quick {uuid.uuid4()}",
        "position": 1,
        "conditions": {"inbox_ids": [str(ticket.inbox_id)]},
        "targets": {"email": {"first_response": 900}},
        "priority_targets": {"email": {"first_response": {"P2": 600}}},
    }

    async def foreseen(**other):
        return (await admin.post("/api/v1/sla_policies/preview", json=wanted | other)).json()["items"]

    [falls_under] = await foreseen()
    made = (await admin.post("/api/v1/sla_policies", json=wanted)).json()
    async with desk.system() as tx:
        await replay(tx, ticket.id, "policy")
    path = f"/api/v1/sla_policies/{made['id']}"

    assert (falls_under["number"], falls_under["before"], falls_under["after"]) == (
        ticket.number, None, wanted["name"],
    )  # fmt: skip
    assert made["priority_targets"] == wanted["priority_targets"]
    assert await foreseen() == []  # it took the place of itself
    [leaves] = await foreseen(conditions={"tags": ["urgent"]})
    assert (leaves["before"], leaves["after"]) == (wanted["name"], None)
    changed = await admin.put(path, json=wanted | {"conditions": {"tags": ["urgent"]}})
    assert changed.json()["conditions"]["tags"] == ["urgent"]
    tagged = await admin.put(path, json=wanted | {"conditions": {"tags": [" Urgent"]}})
    assert tagged.json()["conditions"]["tags"] == ["urgent"]  # as tickets carry them
    for wrong, code in (
        ({}, "policy_name_taken"),
        ({"name": "  "}, "name_missing"),
        ({"name": "Other", "calendar_id": str(uuid.uuid4())}, "calendar_not_found"),
        ({"name": "Other", "position": 10**12}, "invalid"),
        ({"name": "Other", "steps": [{"before_minutes": 10**13, "do": "alert"}]}, "step_invalid"),
    ):
        assert (await admin.post("/api/v1/sla_policies", json=wanted | wrong)).json()["code"] == code
    assert (await admin.delete(path)).status_code == 204
    assert made["id"] not in [one["id"] for one in (await admin.get("/api/v1/sla_policies")).json()["items"]]


async def test_a_page_keeps_what_it_does_not_show_of_a_policy_and_a_plan(admin, desk):
    async with desk.system() as tx:
        gone = await a_plan(tx)
        gone.archived_at, someone = tx.now, await an_agent(tx, role=Role.ADMIN)
    browser = await desk.signed_in(someone)
    hidden = {
        "targets": {"api": {"first_response": 900}, "email": {"callback": 600}},
        "priority_targets": {"api": {"first_response": {"P1": 60}}},
    }
    asked = {"name": f"Quick {uuid.uuid4()}", "conditions": {"plan_ids": [str(gone.id)]}, "enabled": False}
    policy = (await admin.post("/api/v1/sla_policies", json=asked | hidden)).json()
    sold = {
        "name": f"Gold {uuid.uuid4()}", "key": f"own-{uuid.uuid4()}", "calendar_id": str(gone.calendar_id),
        "handling": {"api": 3, "email": 7},
            "channels": ["chat", "api"],
    }  # fmt: skip
    plan = (await admin.post("/api/v1/plans", json=sold | hidden)).json()

    edit = {"email.first_response": "30 min", "chat.first_response": "1 min", "save": "yes"}
    edit["includes.phone"] = "yes"
    told = await browser.get(f"/admin/sla/{policy['id']}")
    for path, form in (
        (f"/admin/sla/{policy['id']}", {"name": asked["name"]}),
        (f"/admin/plans/{plan['id']}", {"name": sold["name"], "calendar_id": sold["calendar_id"]}),
    ):
        assert (await browser.post(path, data=edit | form)).status_code == 303

    assert "Tickets that programs open have promises of their own here." in told.text
    kept = await found(admin, "sla_policies", policy), await found(admin, "plans", plan)
    for one in kept:
        assert one["targets"] == hidden["targets"] | {
            "email": {"first_response": 1800, "callback": 600}, "chat": {"first_response": 60},
        }  # fmt: skip
        assert one["priority_targets"] == hidden["priority_targets"]
    assert kept[0]["conditions"]["plan_ids"] == [str(gone.id)]
    assert (kept[1]["key"], kept[1]["handling"]) == (sold["key"], {"api": 3})
    assert kept[1]["channels"] == ["phone", "api"]


async def found(admin, kind, wanted):
    items = (await admin.get(f"/api/v1/{kind}")).json()["items"]
    return next(one for one in items if one["id"] == wanted["id"])


async def test_what_programs_write_is_answered_like_a_mail_where_nothing_else_was_promised(admin, desk):
    async with desk.system() as tx:
        someone = await an_agent(tx, role=Role.ADMIN)
    browser = await desk.signed_in(someone)
    targets = {one: {"first_response": 3600} for one in ("email", "api")}
    wanted = {"name": f"Slow {uuid.uuid4()}", "targets": targets, "enabled": False}
    policy = (await admin.post("/api/v1/sla_policies", json=wanted)).json()

    form = {"name": wanted["name"], "email.first_response": "30 min", "save": "yes"}
    assert (await browser.post(f"/admin/sla/{policy['id']}", data=form)).status_code == 303

    changed = await found(admin, "sla_policies", policy)
    assert changed["targets"] == {one: {"first_response": 1800} for one in ("email", "api")}


async def test_what_another_address_name_team_and_plan_of_an_inbox_do_is_seen_before_it_is_saved(
    fresh_desk, fresh_house
):
    async with fresh_desk.system() as tx:
        someone = await an_agent(tx, role=Role.ADMIN)
        plan, team = await a_plan(tx, targets={"email": {"first_response": 60}}), await a_team(tx)
    browser = await fresh_desk.signed_in(someone)
    path, old = f"/admin/inboxes/{fresh_house.mail.id}", fresh_house.mail.address
    wanted = {"name": "Mill desk", "address": "mills@shop.example", "team_id": team.id, "plan_id": plan.id}

    as_it_is = {"name": fresh_house.mail.name, "address": old, "plan_id": fresh_house.mail.plan_id or ""}
    same = await browser.post(path, data=as_it_is)
    wrong = await browser.post(path, data=wanted | {"address": "mills"})
    preview = await browser.post(path, data=wanted)
    before = (await browser.get("/admin/inboxes")).text
    saved = await browser.post(path, data=wanted | {"save": "yes"})

    assert "Nothing: it is as it was." in same.text
    assert (wrong.status_code, "preview-title" in wrong.text) == (422, False)
    for told in (
        f"Mail to {old} is refused from then on",
        "Mill desk &lt;mills@shop.example&gt;",
        "What comes in from then on is for this team",
        "1 open ticket would be due at another time.",
    ):
        assert told in preview.text
    assert "mills@shop.example" not in before
    assert saved.status_code == 303
    assert "mills@shop.example" in (await browser.get("/admin/inboxes")).text


async def test_the_ports_that_take_mail_are_named(desk, monkeypatch):
    async with desk.system() as tx:
        someone = await an_agent(tx, role=Role.ADMIN)
    browser = await desk.signed_in(someone)
    state = desk.web.starlette.state

    without = (await browser.get("/admin/mail")).text
    settings = state.settings.model_copy(update={"smtp_in_port": 2525, "lmtp_port": 2424})
    monkeypatch.setattr(state, "settings", settings)
    both = (await browser.get("/admin/mail")).text

    assert "LMTP" not in without
    assert "SMTP takes mail for every inbox on port 2525." in both
    assert "LMTP takes mail on port 2424." in both
