"""Writes Nordkvarn itself into the database: hours, plans, teams, agents, inboxes, contacts and the rota."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import holidays
from sqlalchemy import func, select

from helpdesk.actors import Actor, ActorKind, Role
from helpdesk.demo import address_book, company
from helpdesk.domain import agents, contacts, inboxes, oncall, plans
from helpdesk.domain.oncall.alerting import escalation
from helpdesk.domain.sla.business_time import DAYS
from helpdesk.domain.sla.calendars import CalendarHours, stored
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

_TARGET_KINDS = {
    "rotation": escalation.TargetKind.SCHEDULE,
    "agent": escalation.TargetKind.PERSON,
    "team": escalation.TargetKind.TEAM,
}
_WEEK, _DAY = timedelta(weeks=1), timedelta(days=1)


@dataclass(frozen=True)
class Organisation:
    """What the tickets refer to, by the keys of company.py and address_book.py."""

    agents: Mapping[str, Actor]
    teams: Mapping[str, UUID]
    inboxes: Mapping[str, inboxes.Inbox]
    """By channel."""
    contacts: Mapping[str, contacts.Contact]
    rows: tuple[object, ...]
    """Held here because the session holds them weakly and would read them again for every ticket."""

    def contact_actor(self, contact_key: str, channel: str) -> Actor:
        """The contact as an actor in the one inbox it writes to."""
        contact = self.contacts[contact_key]
        return Actor(
            kind=ActorKind.CONTACT,
            id=contact.id,
            name=contact.name,
            contact_id=contact.id,
            inbox_ids=frozenset({self.inboxes[channel].id}),
            locale=contact.locale,
            time_zone=contact.time_zone,
        )


async def found(tx: Transaction, password_hash: str) -> Organisation:
    """Everything that stands before the first ticket. Every agent signs in with the same password."""
    years = range(tx.now.year - 1, tx.now.year + 2)
    calendars = {hours.key: _calendar(tx, hours, years) for hours in company.HOURS}
    await _write(tx, calendars)
    offered = {plan.key: _plan(tx, plan, calendars[plan.hours].id) for plan in company.PLANS}
    teams = {team.key: _team(tx, team, calendars[team.hours].id) for team in company.TEAMS}
    await _write(tx, offered, teams)
    owned: dict[str, inboxes.Inbox] = {
        i.channel: _inbox(tx, i, teams[i.team].id, offered[company.DEFAULT_PLAN].id) for i in company.INBOXES
    }
    employers = {each.key: _company(tx, each, offered[each.plan].id) for each in address_book.COMPANIES}
    team_ids = {key: team.id for key, team in teams.items()}
    staff = {agent.key: await _agent(tx, agent, team_ids, password_hash) for agent in company.AGENTS}
    await _write(tx, owned, employers)
    people = {each.key: _contact(tx, each, employers) for each in address_book.CONTACTS}
    await _write(tx, people)
    tx.session.add_all(
        row for each in address_book.CONTACTS for row in _identities(tx, each, people[each.key].id)
    )
    await _rota(tx, staff, team_ids)
    return Organisation(
        agents={key: await agents.actor_of(tx, agent) for key, agent in staff.items()},
        teams=team_ids,
        inboxes=owned,
        contacts=people,
        rows=(*calendars.values(), *offered.values(), *teams.values(), *staff.values(), *employers.values()),
    )


async def is_founded(tx: Transaction) -> bool:
    """The widget's inbox is the sign: the rest committed together with it."""
    keys = [inbox.key for inbox in company.INBOXES if inbox.channel == "chat"]
    count = await tx.session.scalar(
        select(func.count()).select_from(inboxes.Inbox).where(inboxes.Inbox.key.in_(keys))
    )
    return bool(count)


async def _write(tx: Transaction, *rows: Mapping[str, object]) -> None:
    """Tables name each other by foreign keys only, so what others point at is written before them."""
    for some in rows:
        tx.session.add_all(some.values())
    await tx.session.flush()


def _calendar(tx: Transaction, hours: company.Hours, years: range) -> plans.CalendarRow:
    return plans.CalendarRow(
        id=tx.new_id(), name=hours.name, hours=_hours(hours, years, tx.now), created_at=tx.now
    )


def _hours(hours: company.Hours, years: range, now: datetime) -> Json:
    """The public holidays of a country are worked out; on what is written down besides nobody works."""
    if hours.opens == hours.closes:
        return {"time_zone": hours.time_zone, "always": True}
    interval = [f"{hours.opens:%H:%M}", f"{hours.closes:%H:%M}"]
    besides = {}
    if hours.country is not None:
        public = holidays.country_holidays(hours.country, years=years)
        known = holidays.country_holidays(hours.country, years=years, categories=hours.holiday_categories)
        besides = {on.isoformat(): name for on, name in sorted(known.items()) if on not in public}
    week = {DAYS[day]: [interval] for day in hours.days}
    said = CalendarHours(hours.time_zone, week=week, country=hours.country or "", days_off=besides)
    return stored(said, now)


def _plan(tx: Transaction, plan: company.Plan, calendar_id: UUID) -> plans.Plan:
    targets: dict[str, dict[str, int]] = {}
    for target in plan.targets:
        targets.setdefault(target.channel, {})[target.metric] = target.seconds
    return plans.Plan(
        id=tx.new_id(),
        key=plan.key,
        name=plan.name,
        calendar_id=calendar_id,
        head_start_minutes=plan.head_start // timedelta(minutes=1),
        may_page=plan.pages_on_call,
        targets=targets,
        created_at=tx.now,
    )


def _team(tx: Transaction, team: company.Team, calendar_id: UUID) -> agents.Team:
    return agents.Team(id=tx.new_id(), name=team.name, calendar_id=calendar_id, created_at=tx.now)


async def _agent(
    tx: Transaction, agent: company.Agent, team_ids: Mapping[str, UUID], password_hash: str
) -> agents.Agent:
    row = await agents.add(
        tx,
        email=agent.email,
        name=agent.name,
        role=Role(agent.role),
        password_hash=password_hash,
        locale=agent.locale,
        time_zone=agent.time_zone,
    )
    tx.session.add_all(agents.TeamMember(team_id=team_ids[team], agent_id=row.id) for team in agent.teams)
    return row


def _inbox(tx: Transaction, inbox: company.Inbox, team_id: UUID, plan_id: UUID) -> inboxes.Inbox:
    return inboxes.Inbox(
        id=tx.new_id(),
        key=inbox.key,
        name=inbox.name,
        channel=inbox.channel,
        address=None if inbox.channel == "chat" else inbox.address,
        team_id=team_id,
        plan_id=plan_id,
        settings=inbox.settings,
        created_at=tx.now,
    )


def _company(tx: Transaction, known: address_book.Company, plan_id: UUID) -> contacts.Company:
    domains = [known.domain]
    return contacts.Company(
        id=tx.new_id(), name=known.name, domains=domains, plan_id=plan_id, created_at=tx.now
    )


def _contact(
    tx: Transaction, person: address_book.Contact, employers: Mapping[str, contacts.Company]
) -> contacts.Contact:
    return contacts.Contact(
        id=tx.new_id(),
        name=person.name,
        company_id=employers[person.company].id if person.company else None,
        locale=person.locale,
        time_zone=person.time_zone,
        created_at=tx.now,
    )


def _identities(
    tx: Transaction, person: address_book.Contact, contact_id: UUID
) -> Iterator[contacts.Identity]:
    known = {contacts.IdentityKind.EMAIL: person.email, contacts.IdentityKind.PHONE: person.phone}
    for kind, value in known.items():
        if value is not None:
            yield contacts.Identity(
                id=tx.new_id(),
                contact_id=contact_id,
                kind=kind.value,
                value=contacts.normalise(kind, value),
                verified_at=tx.now,
                created_at=tx.now,
            )


async def _rota(tx: Transaction, staff: Mapping[str, agents.Agent], team_ids: Mapping[str, UUID]) -> None:
    """One schedule, and the escalation policy that rings it first."""
    rotation, policy = company.ROTATION, company.ESCALATION_POLICY
    agent_ids = {key: agent.id for key, agent in staff.items()}
    schedule = oncall.ScheduleRow(
        id=tx.new_id(),
        name=rotation.name,
        team_id=team_ids[rotation.team],
        rota=_turns(rotation, agent_ids),
        created_at=tx.now,
    )
    known = {**agent_ids, **team_ids, rotation.key: schedule.id}
    row = oncall.EscalationPolicyRow(
        id=tx.new_id(), name=policy.name, policy=_escalation(policy, known), created_at=tx.now
    )
    tx.session.add_all([schedule, row])


def _turns(rotation: company.Rotation, agent_ids: Mapping[str, UUID]) -> Json:
    """The shape shifts.Schedule.parse reads."""
    unit, step = ("week", _WEEK) if rotation.turn % _WEEK == timedelta() else ("day", _DAY)
    version = {
        "anchor": rotation.anchor.isoformat(),
        "time_zone": rotation.time_zone,
        "unit": unit,
        "length": rotation.turn // step,
        "slots": [[str(agent_ids[key])] for key in rotation.agents],
    }
    layer = {"id": rotation.key, "name": rotation.name}
    known = holidays.country_holidays("SE", years=range(rotation.anchor.year, rotation.anchor.year + 3))
    return {
        "time_zone": rotation.time_zone,
        "holidays": {on.isoformat(): name for on, name in known.items()},
        "layers": [{**layer, "rotation": {"id": rotation.key, "versions": [version]}}],
    }


def _escalation(policy: company.EscalationPolicy, known: Mapping[str, UUID]) -> Json:
    """A step of the sample counts from the one before it; a stored one says how long its people have."""
    steps = policy.steps
    pauses = [step.after for step in (*steps[1:], steps[-1])]
    stored = tuple(
        escalation.Step((escalation.Target(_TARGET_KINDS[step.target], str(known[step.key])),), pause)
        for step, pause in zip(steps, pauses, strict=True)
    )
    return escalation.Policy(stored, policy.repeats, str(known[policy.owner])).to_dict()
