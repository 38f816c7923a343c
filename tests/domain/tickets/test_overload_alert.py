"""The lead is told of an overload once, not at each of its turns."""

from datetime import timedelta

from sqlalchemy import select, update

from helpdesk.actors import Role
from helpdesk.domain import agents, availability, oncall, tickets
from helpdesk.domain.tickets import Ticket
from helpdesk.storage.transaction import Transaction
from tests.factories import a_contact, a_ticket, an_agent, an_inbox

MINUTE = timedelta(minutes=1)


async def an_overloaded_desk(tx: Transaction) -> agents.Agent:
    """Two tickets are late and one agent is there; a policy says that somebody is told."""
    inbox, contact = await an_inbox(tx), await a_contact(tx)
    for _ in range(2):
        await a_ticket(tx, inbox=inbox, contact=contact)
    tx.now += timedelta(hours=13)  # a mail without an SLA is due after twelve
    agent = await an_agent(tx)
    policy = {
        "steps": [{"targets": [{"kind": "person", "id": str(agent.id)}], "delay_minutes": 5}],
        "repeats": 0,
    }
    tx.session.add(oncall.EscalationPolicyRow(id=tx.new_id(), name="Leads", policy=policy, created_at=tx.now))
    await tx.session.flush()
    return agent


async def watch(tx: Transaction, agent: agents.Agent, *, late: int) -> None:
    """What the timetable does, with so many of the two tickets still waiting."""
    await tx.session.execute(update(Ticket).values(waiting=False))
    waiting = select(Ticket.id).order_by(Ticket.rank_at).limit(late)
    await tx.session.execute(update(Ticket).where(Ticket.id.in_(waiting)).values(waiting=True))
    await availability.seen(tx, [agent.id])
    await tickets.overload.alert(tx)
    await tx.flush()


async def statuses(tx: Transaction) -> list[str]:
    return list(await tx.session.scalars(select(oncall.Alert.status).order_by(oncall.Alert.raised_at)))


async def test_a_load_about_the_limit_is_one_alert(tx: Transaction) -> None:
    agent = await an_overloaded_desk(tx)

    for turn in range(12):
        await watch(tx, agent, late=2 if turn % 2 == 0 else 1)
        tx.now += 8 * MINUTE

    assert await statuses(tx) == ["open"]


async def test_the_alert_is_over_once_the_desk_was_calm_for_ten_minutes(tx: Transaction) -> None:
    agent = await an_overloaded_desk(tx)
    await watch(tx, agent, late=2)

    await watch(tx, agent, late=1)
    tx.now += 9 * MINUTE
    await watch(tx, agent, late=1)
    assert await statuses(tx) == ["open"]
    tx.now += MINUTE
    await watch(tx, agent, late=1)

    assert await statuses(tx) == ["closed"]


async def test_an_alert_closed_by_hand_is_not_raised_anew_for_half_an_hour(tx: Transaction) -> None:
    agent = await an_overloaded_desk(tx)
    await watch(tx, agent, late=2)
    await oncall.close_key(tx, tickets.overload.ALERT_KEY)

    tx.now += 29 * MINUTE
    await watch(tx, agent, late=2)
    assert await statuses(tx) == ["closed"]
    tx.now += 2 * MINUTE
    await watch(tx, agent, late=2)

    assert await statuses(tx) == ["closed", "open"]


async def test_leads_are_told_and_not_who_is_on_call(tx: Transaction) -> None:
    agent, leads = await an_overloaded_desk(tx), [await an_agent(tx, role=Role.LEAD) for _ in range(2)]

    await watch(tx, agent, late=2)

    [told] = await tx.session.scalars(select(oncall.Alert.policy))
    assert {target["id"] for target in told["steps"][0]["targets"]} == {str(lead.id) for lead in leads}
