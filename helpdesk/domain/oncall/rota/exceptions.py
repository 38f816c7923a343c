"""Exceptions to the rota that people make: overrides and time off. Neither ever reaches into the past."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from helpdesk.actors import Role
from helpdesk.domain import agents, permissions
from helpdesk.domain.oncall.rota import rest, schedules
from helpdesk.domain.oncall.rota.comparison import Comparison
from helpdesk.domain.oncall.rota.coverage import Doubt, doubts
from helpdesk.domain.oncall.rota.model import OverrideRow, TimeOff
from helpdesk.domain.oncall.rota.overrides import Change, Duty, Override
from helpdesk.errors import Forbidden, Invalid, NotFound
from helpdesk.storage.transaction import Transaction

LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class OverrideDraft:
    change: Change
    start: datetime
    end: datetime
    person: UUID | None = None
    target: UUID | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Foresight:
    """What an override would change, and what makes it doubtful; it is allowed all the same."""

    comparison: Comparison
    doubts: tuple[Doubt, ...]


async def preview_override(tx: Transaction, schedule_id: UUID, draft: OverrideDraft) -> Foresight:
    permissions.require_reader(tx.actor)
    current = await schedules.load(tx, schedule_id)
    override = await _checked(tx, draft)
    after = replace(current, overrides=(*current.overrides, override))
    comparison = schedules.compared(current, after, override.start, override.end)
    if current.most_nights:  # the nights they have just had count, too
        current = await schedules.load(tx, schedule_id, tx.now - rest.LOOK_BACK)
    return Foresight(comparison, tuple(doubts(current, override)))


async def add_override(
    tx: Transaction, schedule_id: UUID, draft: OverrideDraft, *, swap_id: UUID | None = None
) -> OverrideRow:
    """Leads for anybody; everybody else only to put themselves on call. A start in the past means now."""
    _require_editor(tx, draft)
    override = await _checked(tx, draft)
    await schedules.settle_past(tx, schedule_id)
    stored = OverrideRow(
        id=tx.new_id(),
        schedule_id=schedule_id,
        change=override.change.value,
        starts_at=override.start,
        ends_at=override.end,
        person_id=draft.person,
        target_id=draft.target,
        reason=draft.reason.strip()[:300],
        swap_id=swap_id,
        created_at=tx.now,
        created_by=tx.actor.agent_id,
    )
    tx.session.add(stored)
    await tx.session.flush()
    return stored


async def remove_override(tx: Transaction, override_id: UUID) -> None:
    """From now on it says nothing any more. Leads, and whoever made it."""
    stored = await tx.session.get(OverrideRow, override_id)
    if stored is None or stored.removed_at is not None:
        raise NotFound("override_not_found")
    if not permissions.has_role(tx.actor, Role.LEAD) and stored.created_by != tx.actor.agent_id:
        raise Forbidden("not_your_override")
    permissions.require_writer(tx.actor)
    await schedules.settle_past(tx, stored.schedule_id)
    stored.removed_at = tx.now


async def overrides_of(tx: Transaction, schedule_id: UUID, since: datetime) -> list[OverrideRow]:
    query = select(OverrideRow).where(
        OverrideRow.schedule_id == schedule_id,
        OverrideRow.ends_at > since,
        OverrideRow.removed_at.is_(None),
    )
    return list(await tx.session.scalars(query.order_by(OverrideRow.starts_at, OverrideRow.id)))


async def add_time_off(
    tx: Transaction,
    agent_id: UUID,
    start: datetime,
    end: datetime,
    reason: str = "",
    source: str | None = None,
) -> TimeOff:
    """One's own; leads also somebody else's. The person's turns fall to the next from then on."""
    _require_self_or_lead(tx, agent_id)
    start = max(start, tx.now)
    if end <= start or end - start > LONGEST:
        raise Invalid("time_off_invalid", "It ends after it starts, within a year.", field="end")
    await agents.get(tx, agent_id)
    await _settle_all(tx)
    stored = TimeOff(
        id=tx.new_id(),
        agent_id=agent_id,
        starts_at=start,
        ends_at=end,
        reason=reason.strip()[:300],
        source=source,
        created_at=tx.now,
    )
    tx.session.add(stored)
    await tx.session.flush()
    return stored


async def remove_time_off(tx: Transaction, time_off_id: UUID) -> None:
    stored = await tx.session.get(TimeOff, time_off_id)
    if stored is None or stored.removed_at is not None:
        raise NotFound("time_off_not_found")
    _require_self_or_lead(tx, stored.agent_id)
    await _settle_all(tx)
    stored.removed_at, stored.source = tx.now, None


async def time_off_of(tx: Transaction, agent_id: UUID | None = None) -> list[TimeOff]:
    """What is still to come, of one person or of all."""
    query = select(TimeOff).where(TimeOff.ends_at > tx.now, TimeOff.removed_at.is_(None))
    if agent_id is not None:
        query = query.where(TimeOff.agent_id == agent_id)
    return list(await tx.session.scalars(query.order_by(TimeOff.starts_at)))


async def import_time_off(tx: Transaction, agent_id: UUID, absences: Sequence[tuple[str, Duty, str]]) -> int:
    """(uid, span, summary) from the person's own calendar; what came before under the same uid is replaced.

    Answers with how many are now known; past ones are left out.
    """
    _require_self_or_lead(tx, agent_id)
    known = {
        one.source: one
        for one in await tx.session.scalars(select(TimeOff).where(TimeOff.agent_id == agent_id))
        if one.source is not None
    }
    count = 0
    for uid, span, summary in absences:
        if span.end is None or span.end <= tx.now:
            continue
        before = known.get(uid)
        count += 1
        if before is not None and _is_same(before, span, tx.now):
            continue
        if before is not None:
            await remove_time_off(tx, before.id)
            await tx.session.flush()
        await add_time_off(tx, agent_id, span.start, span.end, summary, uid)
    return count


def _is_same(known: TimeOff, span: Duty, now: datetime) -> bool:
    """What has begun was kept from the moment it was heard of."""
    return known.ends_at == span.end and (
        known.starts_at == span.start or (known.starts_at <= now and span.start <= now)
    )


async def _checked(tx: Transaction, draft: OverrideDraft) -> Override:
    for person in (draft.person, draft.target):
        if person is not None and (await agents.get(tx, person)).disabled_at is not None:
            raise Invalid("agent_disabled", "That person has left.", field="person")
    start = max(draft.start, tx.now)
    if draft.end - start > LONGEST:
        raise Invalid("override_too_long", "At most a year.", field="end")
    return Override(
        id="new",
        change=draft.change,
        start=start,
        end=draft.end,
        created_at=tx.now,
        person=str(draft.person) if draft.person else None,
        target=str(draft.target) if draft.target else None,
        reason=draft.reason,
    )


async def _settle_all(tx: Transaction) -> None:
    """Time off counts on every schedule, so the past of each is recorded before it changes."""
    for stored in await schedules.rows(tx):
        await schedules.settle_past(tx, stored.id)


def _require_editor(tx: Transaction, draft: OverrideDraft) -> None:
    permissions.require_replier(tx.actor)
    takes_over = draft.change is not Change.REMOVE and draft.person == tx.actor.agent_id
    if not takes_over:
        permissions.require_role(tx.actor, Role.LEAD)


def _require_self_or_lead(tx: Transaction, agent_id: UUID) -> None:
    permissions.require_writer(tx.actor)
    if agent_id != tx.actor.agent_id:
        permissions.require_role(tx.actor, Role.LEAD)
