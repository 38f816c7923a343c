"""Saved replies over the interface and on their pages in administration."""

import re

import pytest

from helpdesk.actors import Role
from tests.factories import an_agent

pytestmark = pytest.mark.commits

V1 = "/api/v1"
GREETING = {"name": "Greeting", "body": "Hello {{contact.first_name|there}}, about #{{ticket.number}}"}


async def a_lead(desk):
    async with desk.system() as tx:
        return await an_agent(tx, "Maja Lindqvist", role=Role.LEAD)


async def test_one_is_kept_filled_in_for_a_ticket_changed_and_taken_away(desk, house):
    agent = await desk.with_token(house.agent)
    then = {"tags": [" Refund ", "refund", "mill"], "resolves": True}
    here = {"inbox_id": str(house.mail.id)}
    made = (await agent.post(f"{V1}/saved_replies", json=GREETING | here | then)).json()
    path = f"{V1}/saved_replies/{made['id']}"

    offered = (await agent.get(f"{V1}/tickets/{house.ticket.id}/saved_replies")).json()["items"]
    changed = await agent.put(path, json=GREETING | {"name": "Good morning"})
    found = (await agent.get(f"{V1}/saved_replies", params={"q": "morning"})).json()["items"]
    removed = await agent.delete(path)

    assert (made["personal"], made["inbox"]) == (True, {"id": str(house.mail.id), "name": house.mail.name})
    [on_ticket] = [one for one in offered if one["id"] == made["id"]]
    assert on_ticket["body"] == f"Hello Kim, about #{house.ticket.number}"
    assert (on_ticket["tags"], on_ticket["resolves"]) == (["refund", "mill"], True)
    assert [changed.json()[name] for name in ("inbox", "tags", "resolves")] == [None, [], False]
    assert [one["name"] for one in found] == ["Good morning"]
    assert removed.status_code == 204
    assert made["id"] not in (await agent.get(f"{V1}/saved_replies")).text


async def test_what_is_refused_says_why(desk, house):
    agent, leading = await desk.with_token(house.agent), await desk.with_token(await a_lead(desk))
    shared = (await leading.post(f"{V1}/saved_replies", json=GREETING | {"personal": False})).json()

    wrong = await agent.post(f"{V1}/saved_replies", json=GREETING | {"body": "{{contact.frist_name}}"})
    twice = await leading.post(f"{V1}/saved_replies", json=GREETING | {"personal": False})
    foreign = await agent.delete(f"{V1}/saved_replies/{shared['id']}")

    assert (wrong.status_code, wrong.json()["code"]) == (422, "placeholder_unknown")
    assert (wrong.json()["field"], "{{contact.frist_name}}" in wrong.json()["detail"]) == ("body", True)
    assert (twice.status_code, twice.json()["code"]) == (409, "saved_reply_name_taken")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "role_too_low")


async def test_an_agent_keeps_their_own_on_a_page_where_leads_keep_those_of_all(fresh_desk, fresh_house):
    lead = await a_lead(fresh_desk)
    own, leading = await fresh_desk.signed_in(fresh_house.agent), await fresh_desk.signed_in(lead)
    page, form = (
        "/admin/replies",
        {
            "name": "Wait <b>",
            "body": "One moment, {{contact.name}}",
            "whose": "all",
            "tags": "mill, later",
            "resolves": "yes",
        },
    )

    empty = await own.get(page)
    previewed = await leading.post(f"{page}/new", data=form | {"preview": "yes"})
    refused = await own.post(f"{page}/new", data=form | {"save": "yes"})
    saved = await leading.post(f"{page}/new", data=form | {"save": "yes"})
    listed = (await own.get(page, params={"q": "moment"})).text
    reply = re.search(rf"{page}/([0-9a-f-]{{36}})", listed)[1]
    shown = (await own.get(f"{page}/{reply}")).text
    copied = (await own.get(f"{page}/new", params={"from": reply})).text

    assert "What do you say again and again?" in empty.text
    assert '<mark class="value">Kim Berg</mark>' in previewed.text
    assert '<mark class="missing">{{contact.name}}</mark>' in previewed.text
    assert (refused.status_code, saved.status_code) == (403, 303)
    assert "Wait &lt;b&gt;" in listed
    assert all(word in listed for word in ("mill", "later", "Resolves"))
    assert "<textarea" not in shown
    assert "One moment, {{contact.name}}</textarea>" in copied
    assert 'value="mill, later"' in copied
    assert (await own.post(f"{page}/{reply}", data={"remove": "yes"})).status_code == 403
    assert (await leading.post(f"{page}/{reply}", data={"remove": "yes"})).status_code == 303


async def test_what_is_wrong_is_said_at_its_field_with_all_that_was_typed(desk, house):
    own = await desk.signed_in(house.agent)
    form = {"name": "Wait", "body": "One moment, {{contact.frist_name}}", "save": "yes"}

    answer = await own.post("/admin/replies/new", data=form)

    assert answer.status_code == 422
    assert 'aria-invalid="true">One moment, {{contact.frist_name}}</textarea>' in answer.text
    assert "that is not in the list below" in answer.text
