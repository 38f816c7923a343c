"""Escalation policies: edited as a whole, and asked what would happen if an alert came at some moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import select

from helpdesk.actors import Role
from helpdesk.domain import agents, permissions
from helpdesk.domain.oncall.alerting import channels, contact_methods, escalation
from helpdesk.domain.oncall.alerting.escalation import Policy, Target, TargetKind
from helpdesk.domain.oncall.model import EscalationPolicyRow
from helpdesk.domain.oncall.rota import schedules
from helpdesk.domain.oncall.rota.shifts import Schedule, on_call_at
from helpdesk.errors import Conflict, Invalid, NotFound
from helpdesk.storage.transaction import Transaction

STEPS = 10
REPEATS = 20
FORESEEN_STEPS = 12


@dataclass(frozen=True, slots=True)
class Rung:
    """One person reached in a step, by the methods of their rules: (kind, minutes after the step)."""

    agent_id: UUID
    name: str
    by: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """A step as it would be taken if nobody answered; nobody rung is a hole in the coverage."""

    at: datetime
    loop: int
    step: int
    people: tuple[Rung, ...]
    channels: tuple[tuple[str, str], ...] = ()
    """(name, kind) of the rooms and machines that are told too."""
    tells_owner: bool = False


async def policies(tx: Transaction) -> list[EscalationPolicyRow]:
    permissions.require_reader(tx.actor)
    return list(await tx.session.scalars(select(EscalationPolicyRow).order_by(EscalationPolicyRow.name)))


async def get_policy(tx: Transaction, policy_id: UUID) -> EscalationPolicyRow:
    found = await tx.session.get(EscalationPolicyRow, policy_id)
    if found is None:
        raise NotFound("policy_not_found")
    return found


async def add_policy(
    tx: Transaction, name: str, policy: Policy, team_id: UUID | None = None
) -> EscalationPolicyRow:
    """Leads and above. Open alerts keep the policy they were raised with."""
    permissions.require_role(tx.actor, Role.LEAD)
    await agents.require_open_team(tx, team_id)
    await _check(tx, name, policy)
    made = EscalationPolicyRow(
        id=tx.new_id(),
        name=name.strip(),
        policy=policy.to_dict(),
        team_id=team_id,
        version=1,
        created_at=tx.now,
    )
    tx.session.add(made)
    await tx.session.flush()
    schedules.keep_revision(tx, made.id, 1, made.policy)
    return made


async def change_policy(
    tx: Transaction, policy_id: UUID, name: str, policy: Policy, version: int, team_id: UUID | None = None
) -> EscalationPolicyRow:
    """Errors: Conflict when somebody else saved since `version` was read."""
    permissions.require_role(tx.actor, Role.LEAD)
    stored = await tx.session.get(
        EscalationPolicyRow, policy_id, with_for_update=True, populate_existing=True
    )
    if stored is None:
        raise NotFound("policy_not_found")
    if stored.version != version:
        raise Conflict("version", "Somebody changed this policy meanwhile.")
    await agents.require_open_team(tx, team_id, stored.team_id)
    await _check(tx, name, policy)
    stored.name, stored.policy, stored.team_id = name.strip(), policy.to_dict(), team_id
    stored.version += 1
    schedules.keep_revision(tx, stored.id, stored.version, stored.policy)
    return stored


async def what_if(tx: Transaction, policy: Policy, at: datetime) -> list[Expected]:
    """What would happen if an alert came at that moment and nobody answered: who, when, by which methods."""
    loaded = await schedules.load_all(tx, await schedules.rows(tx), min(at, tx.now))
    names = {str(one.id): one.name for one in await agents.active(tx)}
    teams = {team.id: await agents_of(tx, team.id) for team in await agents.teams(tx)}

    def people(target: Target, at: datetime) -> list[str]:
        return [one for one in _means(target, at, loaded, teams) if one in names]

    known = {str(one.id): one for one in await channels.channels(tx)}
    policy = policy.with_channels(known)
    found: list[Expected] = []
    state, moment = escalation.begin(at), at
    while len(found) < FORESEEN_STEPS and state.next_at is not None and not state.exhausted:
        moment = state.next_at
        outcome = escalation.advance(policy, state, moment, partial(people, at=moment))
        state = outcome.state
        for taken in outcome.taken:
            rung = tuple([await _rung(tx, one, names) for one in taken.people])
            rooms = tuple((known[one].name, known[one].kind) for one in taken.channels)
            found.append(Expected(moment, taken.loop, taken.step, rung, rooms, outcome.tell_owner))
    return found[:FORESEEN_STEPS]


async def agents_of(tx: Transaction, team_id: UUID) -> list[str]:
    query = select(agents.TeamMember.agent_id).where(agents.TeamMember.team_id == team_id)
    return [str(agent_id) for agent_id in await tx.session.scalars(query)]


def _means(
    target: Target, at: datetime, loaded: dict[UUID, Schedule], teams: dict[UUID, list[str]]
) -> list[str]:
    match target.kind:
        case TargetKind.SCHEDULE:
            schedule = loaded.get(UUID(target.id))
            return list(on_call_at(schedule, at).people) if schedule is not None else []
        case TargetKind.TEAM:
            return teams.get(UUID(target.id), [])
        case TargetKind.PERSON:
            return [target.id]
        case _:
            return []


async def _rung(tx: Transaction, person: str, names: dict[str, str]) -> Rung:
    ways = await contact_methods.ways_to(tx, UUID(person))
    by = tuple((method.kind, after // timedelta(minutes=1)) for _, method, after in ways)
    return Rung(UUID(person), names[person], by)


async def _check(tx: Transaction, name: str, policy: Policy) -> None:
    if not name.strip():
        raise Invalid("name_missing", "A policy has a name.", field="name")
    if len(policy.steps) > STEPS or not 0 <= policy.repeats <= REPEATS:
        raise Invalid("policy_too_long", f"At most {STEPS} steps and {REPEATS} rounds.", field="steps")
    known = {
        TargetKind.SCHEDULE: {str(one.id) for one in await schedules.rows(tx)},
        TargetKind.PERSON: {str(one.id) for one in await agents.active(tx)},
        TargetKind.TEAM: {str(one.id) for one in await agents.teams(tx)},
        TargetKind.CHANNEL: {str(one.id) for one in await channels.channels(tx)},
    }
    for step in policy.steps:
        for target in step.targets:
            if target.id not in known.get(target.kind, set()):
                raise Invalid("target_unknown", "A step names somebody who is not there.", field="steps")
    if policy.owner is not None and policy.owner not in known[TargetKind.PERSON]:
        raise Invalid("owner_unknown", "The owner is not an active agent.", field="owner")
