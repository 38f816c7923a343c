"""Merging people over the interface: who may, what arrives meanwhile, what a visitor's browser sees."""

import asyncio
import uuid

import pytest
from sqlalchemy import select

from helpdesk.actors import Role
from helpdesk.auth import visitors
from helpdesk.channels import chat
from helpdesk.domain import contacts, tickets
from helpdesk.domain.contacts import IdentityKind
from helpdesk.domain.inboxes import Channel
from tests.factories import a_contact, a_ticket, an_agent

pytestmark = pytest.mark.commits


async def two(desk, house):
    """One person who wrote from two addresses."""
    async with desk.system() as tx:
        both = [await a_contact(tx, "Kim Berg") for _ in range(2)]
        for contact in both:
            await a_ticket(tx, inbox=house.mail, contact=contact)
        return both


async def test_a_merge_is_shown_done_and_undone(desk, house):
    office, home = await two(desk, house)
    agent = await desk.signed_in(house.agent)
    path = f"/api/v1/contacts/{office.id}"

    shown = (await agent.get(f"{path}/merge", params={"from": str(home.id)})).json()
    merged = await agent.post(f"{path}/merge", json={"from": str(home.id)})

    assert (shown["tickets"], shown["merged"]["id"]) == (1, str(home.id))
    assert merged.status_code == 200
    assert len(merged.json()["identities"]) == 2
    assert (await agent.get(f"/api/v1/contacts/{home.id}")).json()["id"] == str(office.id)
    [told] = (await agent.get(f"{path}/duplicates")).json()["merged"]
    assert (told["id"], told["merged_by"]) == (str(home.id), house.agent.name)
    assert (await agent.post(f"{path}/merge", json={"from": str(home.id)})).status_code == 409
    parted = await agent.post(f"/api/v1/contacts/{told['id']}/unmerge", json={})
    assert (parted.status_code, parted.json()["id"]) == (200, str(home.id))
    listed = (await agent.get("/api/v1/tickets", params={"contact_id": str(home.id)})).json()["items"]
    assert [one["contact"]["id"] for one in listed] == [str(home.id)]


async def test_only_agents_who_see_both_sides_merge(desk, house):
    office, home = await two(desk, house)
    async with desk.system() as tx:
        light = await an_agent(tx, role=Role.LIGHT)
        elsewhere = await an_agent(tx, inboxes=[house.chat])
    merge = f"/api/v1/contacts/{office.id}/merge"

    for client, status in (
        (desk.client(), 401),
        (await desk.visitor(house.chat), 401),
        (await desk.signed_in(light), 403),
        (await desk.signed_in(elsewhere), 404),
        (await desk.with_token(house.agent, "read"), 403),
    ):
        body = {"from": str(home.id)}
        assert (await client.post(merge, json=body)).status_code == status
        assert (await client.get(merge, params=body)).status_code == status
        assert (await client.post(f"/api/v1/contacts/{home.id}/unmerge", json={})).status_code == status
    agent = await desk.signed_in(house.agent)
    nobody = {"from": str(uuid.uuid4())}
    assert (await agent.post(merge, json=nobody)).status_code == 404
    assert (await agent.get(f"/api/v1/contacts/{home.id}")).json()["id"] == str(home.id)


async def test_a_visitors_browser_goes_on_as_whom_they_were_merged_into(desk, house):
    visitor = await desk.visitor(house.chat)
    said = (await visitor.post("/widget/send_message", json=_message("Is it me?"))).json()
    async with desk.system() as tx:
        ticket = await tickets.get(tx, uuid.UUID(said["ticket"]))
        known = await a_contact(tx, "Kim Berg")
    agent = await desk.signed_in(house.agent)

    await agent.post(f"/api/v1/contacts/{known.id}/merge", json={"from": str(ticket.contact_id)})
    more = await visitor.post("/widget/send_message", json=_message("Still me.", said["ticket"]))
    again = await visitor.post("/widget/send_message", json=_message("And again."))

    assert (more.status_code, again.status_code) == (200, 200)
    async with desk.system() as tx:
        for found in (said, again.json()):
            assert (await tickets.get(tx, uuid.UUID(found["ticket"]))).contact_id == known.id
    await agent.post(f"/api/v1/contacts/{ticket.contact_id}/unmerge", json={})
    async with desk.system() as tx:
        for found in (said, again.json()):
            assert (await tickets.get(tx, uuid.UUID(found["ticket"]))).contact_id == ticket.contact_id
    assert (
        await visitor.post("/widget/send_message", json=_message("Me alone.", said["ticket"]))
    ).status_code == 200


async def test_what_is_sent_again_after_a_merge_is_not_said_twice(desk, house):
    visitor = await desk.visitor(house.chat)
    first = _message("Is it me?")
    said = (await visitor.post("/widget/send_message", json=first)).json()
    async with desk.system() as tx:
        ticket = await tickets.get(tx, uuid.UUID(said["ticket"]))
        known = await a_contact(tx, "Kim Berg")
    agent = await desk.signed_in(house.agent)
    await agent.post(f"/api/v1/contacts/{known.id}/merge", json={"from": str(ticket.contact_id)})

    repeated = (await visitor.post("/widget/send_message", json=first)).json()

    assert (repeated["id"], repeated["duplicate"]) == (said["id"], True)


async def test_who_was_known_a_moment_before_a_merge_is_heard_after_it(desk, house):
    visitor = await desk.visitor(house.chat)
    token = visitor.headers["authorization"].removeprefix("Bearer ")
    said = (await visitor.post("/widget/send_message", json=_message("Is it me?"))).json()
    before = await visitors.actor_of(desk.database, token)
    async with desk.system() as tx:
        known = await a_contact(tx, "Kim Berg")
    agent = await desk.signed_in(house.agent)

    await agent.post(f"/api/v1/contacts/{known.id}/merge", json={"from": str(before.contact_id)})
    more = await chat.send_message(desk.database, before, _message("Still me.", said["ticket"]))
    merged = await visitors.actor_of(desk.database, token)
    await agent.post(f"/api/v1/contacts/{before.contact_id}/unmerge", json={})
    alone = await chat.send_message(desk.database, merged, _message("Me alone.", said["ticket"]))

    assert (merged.contact_id, merged.came_as) == (known.id, before.contact_id)
    assert (more["ok"], alone["ok"]) == (True, True)


async def test_mail_that_arrives_during_a_merge_makes_no_third_contact(desk, house):
    async with desk.system() as tx:
        before = set(await tx.session.scalars(contacts_query()))
    office, home = await two(desk, house)
    async with desk.system() as tx:
        [address] = [one.value for one in await contacts.identities_of(tx, home.id)]
    agent = await desk.signed_in(house.agent)

    async def a_mail(number):
        async with desk.system() as tx:
            said = await tickets.receive_message(
                tx,
                tickets.InboundMessage(
                    inbox_id=house.mail.id,
                    channel=Channel.EMAIL,
                    sender=tickets.Sender(IdentityKind.EMAIL, address),
                    body=f"Mail {number}",
                    mail={"sender": address},
                ),
            )
            return said.ticket_id

    body = {"from": str(home.id)}
    merged, *opened = await asyncio.gather(
        agent.post(f"/api/v1/contacts/{office.id}/merge", json=body), *[a_mail(number) for number in range(6)]
    )

    assert merged.status_code == 200
    async with desk.system() as tx:
        owners = {(await tickets.get(tx, ticket_id)).contact_id for ticket_id in opened}
        assert owners == {office.id}
        assert set(await tx.session.scalars(contacts_query())) - before == {office.id, home.id}


async def test_a_chat_that_begins_during_a_merge_is_the_one_who_stays(desk, house):
    async with desk.system() as tx:
        known = await a_contact(tx, "Kim Berg")
    visitor = await desk.visitor(house.chat)
    begun = (await visitor.post("/widget/send_message", json=_message("Hello"))).json()
    async with desk.system() as tx:
        stranger = (await tickets.get(tx, uuid.UUID(begun["ticket"]))).contact_id
    agent = await desk.signed_in(house.agent)

    merged, *said = await asyncio.gather(
        agent.post(f"/api/v1/contacts/{known.id}/merge", json={"from": str(stranger)}),
        *[visitor.post("/widget/send_message", json=_message(f"Chat {number}")) for number in range(3)],
    )

    assert merged.status_code == 200
    assert {one.status_code for one in said} == {200}
    async with desk.system() as tx:
        owners = {(await tickets.get(tx, uuid.UUID(one.json()["ticket"]))).contact_id for one in said}
    assert owners == {known.id}


def contacts_query():
    return select(contacts.Contact.id)


def _message(body, ticket=None):
    return {"body": body, "client_id": str(uuid.uuid4()), "kind": "message", "ticket": ticket}
