"""The rota over HTTP: read by everybody in it, changed once per key, swaps decided by who was asked."""

from datetime import timedelta

import pytest

from helpdesk.actors import Role
from helpdesk.domain.oncall.rota import schedules
from tests.domain.oncall.test_rota import HANDOFF, NOON, a_draft
from tests.factories import an_agent

pytestmark = pytest.mark.commits

HOUR = timedelta(hours=1)


@pytest.fixture
async def rota(desk):
    async with desk.system() as tx:
        people = [
            await an_agent(tx, name, role=role)
            for name, role in (("Mikko", Role.AGENT), ("Priya", Role.LEAD))
        ]
        return await schedules.create(tx, a_draft(*people, name=f"Rota {tx.new_id()}")), *people


async def test_a_schedule_tells_who_is_on_call_between_two_moments(desk, rota):
    schedule, mikko, _ = rota
    client = await desk.signed_in(mikko)

    span = {"from": NOON.isoformat(), "to": (HANDOFF + HOUR).isoformat()}
    told = (await client.get(f"/api/v1/schedules/{schedule.id}", params=span)).json()

    assert [[one["name"] for one in span["agents"]] for span in told["final"]] == [["Mikko"], ["Priya"]]
    assert told["final"][0]["end"] == "2026-11-23T08:00:00Z"
    assert told["problems"] == []


async def test_an_override_is_made_once_per_key_and_taken_back(desk, rota):
    schedule, mikko, priya = rota
    client = await desk.signed_in(priya)
    body = {
        "change": "replace",
        "start": (NOON + HOUR).isoformat(),
        "end": (NOON + 3 * HOUR).isoformat(),
        "person_id": str(priya.id),
        "target_id": str(mikko.id),
        "reason": "Dentist",
    }

    path = f"/api/v1/schedules/{schedule.id}/overrides"
    made = [
        await client.post(path, json=body, headers={"Idempotency-Key": f"o{schedule.id}"}) for _ in range(2)
    ]
    shown = (await client.get(f"/api/v1/schedules/{schedule.id}")).json()

    assert [one.status_code for one in made] == [201, 201]
    assert [one["id"] for one in shown["overrides"]] == [made[0].json()["id"]]
    assert (await client.delete(f"/api/v1/overrides/{made[0].json()['id']}")).status_code == 204
    assert (await client.get(f"/api/v1/schedules/{schedule.id}")).json()["overrides"] == []


async def test_a_swap_is_taken_by_who_was_asked(desk, rota):
    schedule, mikko, priya = rota
    asker, asked = await desk.signed_in(mikko), await desk.signed_in(priya)
    body = {
        "schedule_id": str(schedule.id),
        "start": (NOON + HOUR).isoformat(),
        "end": HANDOFF.isoformat(),
        "offered_to_id": str(priya.id),
    }

    made = (await asker.post("/api/v1/swaps", json=body)).json()
    refused = await asker.post(f"/api/v1/swaps/{made['id']}/take")
    taken = await asked.post(f"/api/v1/swaps/{made['id']}/take")

    assert refused.status_code == 403
    assert taken.json()["state"] == "taken"


async def test_a_policy_says_whom_it_would_wake(desk, rota):
    schedule, _, priya = rota
    client = await desk.signed_in(priya)
    step = {"delay_minutes": 5, "targets": [{"kind": "schedule", "id": str(schedule.id)}]}

    made = await client.post(
        "/api/v1/escalation_policies", json={"name": f"N {schedule.id}", "steps": [step]}
    )
    at = (HANDOFF + HOUR).isoformat()
    told = await client.get(f"/api/v1/escalation_policies/{made.json()['id']}", params={"at": at})

    assert made.status_code == 201
    assert told.json()["expected"][0]["agents"][0]["name"] == "Priya"
