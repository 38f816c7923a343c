"""Complete ordinary things; a test names only what matters to it."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from helpdesk.actors import Actor, ActorKind, Role
from helpdesk.domain import agents, contacts, plans, tickets
from helpdesk.domain.contacts import IdentityKind
from helpdesk.domain.inboxes import Channel, Inbox
from helpdesk.storage.transaction import Transaction

OFFICE_HOURS = {
    "time_zone": "Europe/Stockholm",
    "week": {day: [["08:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
}
ALWAYS = {"time_zone": "Europe/Stockholm", "always": True}

PICTURE = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1x"
    "eXBkeFxlZ2P/wAALCAAgACABAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQR"
    "BRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4"
    "eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEB"
    "AAA/AOgor//Z"
)
"""A JPEG of 32 by 32 pixels."""

_count = iter(range(1, 1_000_000))


async def a_calendar(tx: Transaction, hours: dict[str, Any] = OFFICE_HOURS) -> plans.CalendarRow:
    row = plans.CalendarRow(id=tx.new_id(), name=f"Hours {next(_count)}", hours=hours, created_at=tx.now)
    tx.session.add(row)
    await tx.session.flush()
    return row


async def a_plan(
    tx: Transaction,
    *,
    key: str = "standard",
    hours: dict[str, Any] = ALWAYS,
    head_start: int = 0,
    may_page: bool = False,
    targets: dict[str, dict[str, int]] | None = None,
    priority_targets: dict[str, Any] | None = None,
    channels: Sequence[str] = (),
) -> plans.Plan:
    calendar = await a_calendar(tx, hours)
    plan = plans.Plan(
        id=tx.new_id(),
        key=f"{key}-{next(_count)}",
        name=key.title(),
        calendar_id=calendar.id,
        head_start_minutes=head_start,
        may_page=may_page,
        targets=targets if targets is not None else {"email": {"first_response": 4 * 3600}},
        priority_targets=priority_targets or {},
        channels=list(channels),
        created_at=tx.now,
    )
    tx.session.add(plan)
    await tx.session.flush()
    return plan


async def a_team(tx: Transaction, name: str = "Support", hours: dict[str, Any] | None = None) -> agents.Team:
    calendar = await a_calendar(tx, hours) if hours else None
    team = agents.Team(
        id=tx.new_id(),
        name=f"{name} {next(_count)}",
        calendar_id=calendar.id if calendar else None,
        created_at=tx.now,
    )
    tx.session.add(team)
    await tx.session.flush()
    return team


async def an_inbox(
    tx: Transaction,
    channel: Channel = Channel.EMAIL,
    *,
    key: str | None = None,
    team: agents.Team | None = None,
    plan: plans.Plan | None = None,
    **settings: Any,
) -> Inbox:
    number = next(_count)
    inbox = Inbox(
        id=tx.new_id(),
        key=key or f"inbox-{number}",
        name=f"{channel.value} {number}",
        channel=channel.value,
        address=f"support{number}@demo.localhost" if channel is Channel.EMAIL else None,
        team_id=team.id if team else None,
        plan_id=plan.id if plan else None,
        settings=settings,
        created_at=tx.now,
    )
    tx.session.add(inbox)
    await tx.session.flush()
    return inbox


async def an_agent(
    tx: Transaction,
    name: str = "Aoife",
    *,
    role: Role = Role.AGENT,
    team: agents.Team | None = None,
    inboxes: list[Inbox] | None = None,
    password_hash: str | None = None,
) -> agents.Agent:
    """An agent who sees every inbox, or only those given."""
    agent = agents.Agent(
        id=tx.new_id(),
        email=f"{name.lower()}{next(_count)}@demo.localhost",
        name=name,
        role=role.value,
        password_hash=password_hash,
        locale="en",
        time_zone="Europe/Stockholm",
        all_inboxes=inboxes is None,
        capacity=6,
        signature="",
        created_at=tx.now,
    )
    tx.session.add(agent)
    await tx.session.flush()
    if team is not None:
        tx.session.add(agents.TeamMember(team_id=team.id, agent_id=agent.id))
    for inbox in inboxes or []:
        tx.session.add(agents.AgentInbox(agent_id=agent.id, inbox_id=inbox.id))
    await tx.session.flush()
    return agent


async def a_contact(
    tx: Transaction, name: str = "Kim Berg", *, email: str | None = None, plan: plans.Plan | None = None
) -> contacts.Contact:
    """A contact with an address, at a company that has the plan."""
    address = email or f"kim{next(_count)}@customer{next(_count)}.example"
    contact = await contacts.find_or_create(tx, IdentityKind.EMAIL, address, name=name)
    if plan is not None:
        company = contacts.Company(
            id=tx.new_id(), name=f"Company {next(_count)}", domains=[], plan_id=plan.id, created_at=tx.now
        )
        tx.session.add(company)
        await tx.session.flush()
        contact.company_id = company.id
    return contact


async def a_ticket(
    tx: Transaction,
    *,
    inbox: Inbox | None = None,
    contact: contacts.Contact | None = None,
    body: str = "The mill does not turn.",
    subject: str = "Mill stuck",
) -> tickets.Ticket:
    """A ticket with one message of its contact."""
    inbox = inbox or await an_inbox(tx)
    contact = contact or await a_contact(tx)
    said = await tickets.receive_message(
        tx,
        tickets.InboundMessage(
            inbox_id=inbox.id,
            channel=Channel(inbox.channel),
            contact_id=contact.id,
            subject=subject,
            body=body,
        ),
    )
    return await tickets.get(tx, said.ticket_id)


def as_agent(tx: Transaction, agent: agents.Agent, inbox_ids: frozenset[UUID] | None = None) -> Transaction:
    """The same transaction, asked for by an agent."""
    actor = Actor(
        kind=ActorKind.AGENT,
        id=agent.id,
        name=agent.name,
        role=Role(agent.role),
        agent_id=agent.id,
        inbox_ids=inbox_ids,
        time_zone=agent.time_zone,
    )
    return _by(tx, actor)


def as_contact(tx: Transaction, contact_id: UUID, inbox_id: UUID) -> Transaction:
    """The same transaction, asked for by a visitor or contact of one inbox."""
    return _by(
        tx,
        Actor(
            kind=ActorKind.CONTACT,
            id=contact_id,
            name="Kim Berg",
            contact_id=contact_id,
            inbox_ids=frozenset({inbox_id}),
        ),
    )


def _by(tx: Transaction, actor: Actor) -> Transaction:
    return replace(tx, actor=actor, known={}, held={})


async def a_company_of(
    tx: Transaction, contact: contacts.Contact, plan: plans.Plan | None = None
) -> contacts.Company:
    """The company a contact works for."""
    company = contacts.Company(
        id=tx.new_id(),
        name=f"Company {next(_count)}",
        domains=[],
        plan_id=plan.id if plan else None,
        created_at=tx.now,
    )
    tx.session.add(company)
    await tx.session.flush()
    contact.company_id = company.id
    return company


async def claim_next(tx: Transaction, client_id: UUID | None = None) -> tickets.Ticket | None:
    """The claimed ticket itself, as it stands then."""
    claimed = await tickets.claim_next(tx, client_id)
    return await tx.session.get(tickets.Ticket, claimed.id) if claimed else None
