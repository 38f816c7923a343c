"""Visitors whose contact is merged into another while their chat is open, and taken apart again."""

import pytest

from tests.realtime.test_conversing import a_chat, bodies, history, said

pytestmark = pytest.mark.commits


async def contact_of(agent, ticket):
    return (await agent.get(f"/api/v1/tickets/{ticket}")).json()["contact"]["id"]


async def test_an_open_chat_goes_on_after_a_merge_and_after_its_undoing(live, house):
    visitor, ticket = await a_chat(live, house)
    _, known = await a_chat(live, house)
    agent = await live.desk.signed_in(house.agent)
    before, into = await contact_of(agent, ticket), await contact_of(agent, known)

    await agent.post(f"/api/v1/contacts/{into}/merge", json={"from": before})
    merged = await visitor.ask("send_message", said(ticket, "Still here."))
    seen = await history(visitor, known)
    await agent.post(f"/api/v1/contacts/{before}/unmerge", json={})
    parted = await visitor.ask("send_message", said(ticket, "And alone."))

    assert (merged["ok"], seen["ok"], parted["ok"]) == (True, True, True)
    assert bodies((await history(visitor, ticket))["events"]) == ["Hello?", "Still here.", "And alone."]
    assert (await history(visitor, known))["error"] == "not_found"


async def test_who_looks_on_comes_back_as_whom_they_were_merged_into(live, house):
    visitor, ticket = await a_chat(live, house)
    _, known = await a_chat(live, house)
    agent = await live.desk.signed_in(house.agent)
    before, into = await contact_of(agent, ticket), await contact_of(agent, known)

    await agent.post(f"/api/v1/contacts/{into}/merge", json={"from": before})
    await live.desk.web.visitors.drop_ended()

    assert await visitor.hear("control") == {"type": "reauthenticate"}


async def test_once_apart_the_one_hears_no_more_of_the_other(live, house):
    visitor, ticket = await a_chat(live, house)
    other, known = await a_chat(live, house)
    agent = await live.desk.signed_in(house.agent)
    before, into = await contact_of(agent, ticket), await contact_of(agent, known)
    await agent.post(f"/api/v1/contacts/{into}/merge", json={"from": before})
    assert (await history(other, ticket))["ok"]

    await agent.post(f"/api/v1/contacts/{before}/unmerge", json={})
    await visitor.ask("send_message", said(ticket, "A secret"))
    await history(visitor, ticket)
    agents = await live.agent(house.agent)
    await agents.ask("send_message", said(ticket, "Kept between us"))
    await visitor.hear("events", lambda told: "Kept between us" in bodies(told["events"]))
    await agents.ask("send_message", said(known, "For the other"))
    await other.hear("events", lambda told: "For the other" in bodies(told["events"]))

    assert (await history(other, ticket))["error"] == "not_found"
    for word in ("A secret", "Kept between us"):
        assert word not in str(other.heard)
