"""Agents hear of an inbox that no mail comes into."""

from datetime import timedelta

import pytest

from helpdesk.actors import Role
from helpdesk.domain import inboxes
from helpdesk.domain.tickets.mail.model import Inlet
from tests.factories import an_agent

pytestmark = pytest.mark.commits


async def test_an_inbox_whose_mail_cannot_be_fetched_is_told_after_five_minutes_to_those_who_see_it(
    desk, house
):
    async with desk.system() as tx:
        inbox = await inboxes.first_of(tx, inboxes.Channel.EMAIL)
        inlet = Inlet(id=tx.new_id(), inbox_id=inbox.id, kind="imap", options={}, enabled=True, last_uid=0)
        inlet.created_at, inlet.failing_since = tx.now, tx.now - timedelta(minutes=4)
        await tx.insert(inlet)
        elsewhere = await an_agent(tx, role=Role.AGENT, inboxes=[])
    agent, stranger = await desk.signed_in(house.agent), await desk.signed_in(elsewhere)
    early = (await agent.get("/api/v1/mail_outages")).json()["items"]

    async with desk.system() as tx:
        (await tx.session.get_one(Inlet, inlet.id)).failing_since = tx.now - timedelta(minutes=6)

    assert early == []
    (told,) = (await agent.get("/api/v1/mail_outages")).json()["items"]
    assert (told["inbox"], told["name"]) == (str(inbox.id), inbox.name)
    assert (await stranger.get("/api/v1/mail_outages")).json()["items"] == []
