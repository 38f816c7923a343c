"""A new installation greets its first owner with a working desk."""

from dataclasses import asdict

from helpdesk.actors import Role
from helpdesk.domain import first_steps, inboxes, plans, tickets, widgets
from helpdesk.domain.inboxes import Channel
from helpdesk.storage.transaction import Transaction
from tests.factories import a_contact, a_ticket, an_agent


async def test_the_first_owner_finds_an_inbox_for_every_channel(tx: Transaction) -> None:
    owner = await an_agent(tx, role=Role.OWNER)
    owner.email = "kim@shop.example"

    assert await first_steps.take(tx, owner)

    found = {inbox.channel: inbox.address for inbox in await inboxes.all_of(tx)}
    assert found == {"chat": None, "email": "support@shop.example", "phone": None}


async def test_an_owner_at_the_usual_address_keeps_it(tx: Transaction) -> None:
    owner = await an_agent(tx, role=Role.OWNER)
    owner.email = "Support@shop.example"

    assert await first_steps.take(tx, owner)

    assert (await inboxes.first_of(tx, Channel.EMAIL)).address == "help@shop.example"


async def test_a_ticket_there_is_promised_an_answer(tx: Transaction) -> None:
    await first_steps.take(tx, await an_agent(tx, role=Role.OWNER))

    ticket = await a_ticket(tx, inbox=await inboxes.first_of(tx, Channel.CHAT))

    assert ticket.due_at is not None
    assert tickets.queue.Place.parse(ticket.place).metric == "first_response"


async def test_it_is_done_once(tx: Transaction) -> None:
    owner = await an_agent(tx, role=Role.OWNER)
    await first_steps.take(tx, owner)

    assert not await first_steps.take(tx, owner)


async def test_each_step_counts_as_taken_once_it_shows(tx: Transaction) -> None:
    own, owner = "https://help.shop.example", await an_agent(tx, role=Role.OWNER)
    await first_steps.take(tx, owner)
    chat = await inboxes.first_of(tx, Channel.CHAT)
    visitor = await a_contact(tx)
    await widgets.visits.seen(tx, visitor.id, chat.id, widgets.visits.Page(f"{own}/widget/panel"), None)
    assert not any(asdict(await first_steps.taken(tx, own)).values())

    await an_agent(tx)
    await widgets.visits.seen(tx, visitor.id, chat.id, widgets.visits.Page("https://shop.example/"), None)
    (await plans.all_of(tx))[0].targets = {"chat": {"first_response": 60}}
    await tx.flush()

    taken = {step for step, done in asdict(await first_steps.taken(tx, own)).items() if done}
    assert taken == {"chat", "colleagues", "plans"}
