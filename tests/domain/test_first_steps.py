"""A new installation greets its first owner with a working desk."""

from helpdesk.actors import Role
from helpdesk.domain import first_steps, inboxes, tickets
from helpdesk.domain.inboxes import Channel
from helpdesk.storage.transaction import Transaction
from tests.factories import a_ticket, an_agent


async def test_the_first_owner_finds_an_inbox_for_every_channel(tx: Transaction) -> None:
    owner = await an_agent(tx, role=Role.OWNER)
    owner.email = "kim@shop.example"

    assert await first_steps.take(tx, owner)

    found = {inbox.channel: inbox.address for inbox in await inboxes.all_of(tx)}
    assert found == {"chat": None, "email": "support@shop.example", "phone": None}


async def test_a_ticket_there_is_promised_an_answer(tx: Transaction) -> None:
    await first_steps.take(tx, await an_agent(tx, role=Role.OWNER))

    ticket = await a_ticket(tx, inbox=await inboxes.first_of(tx, Channel.CHAT))

    assert ticket.due_at is not None
    assert tickets.queue.Place.parse(ticket.place).metric == "first_response"


async def test_it_is_done_once(tx: Transaction) -> None:
    owner = await an_agent(tx, role=Role.OWNER)
    await first_steps.take(tx, owner)

    assert not await first_steps.take(tx, owner)
