"""Shifts that people hand to each other: asked for, then taken, declined, withdrawn or expired."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select

from helpdesk.actors import Role
from helpdesk.domain import agents, permissions
from helpdesk.domain.oncall.rota import schedules
from helpdesk.domain.oncall.rota.coverage import shifts_of
from helpdesk.domain.oncall.rota.model import OverrideRow, SwapRequest
from helpdesk.domain.oncall.rota.overrides import Duty, Override, swapped
from helpdesk.domain.oncall.rota.shifts import Schedule, final
from helpdesk.errors import Conflict, Forbidden, Invalid, NotFound
from helpdesk.storage.transaction import Transaction

OPEN_FOR = timedelta(days=7)


class SwapState(StrEnum):
    OPEN = "open"
    TAKEN = "taken"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


async def request(
    tx: Transaction,
    schedule_id: UUID,
    start: datetime,
    end: datetime,
    *,
    offered_to: UUID | None = None,
    in_return: tuple[datetime, datetime] | None = None,
    note: str = "",
) -> SwapRequest:
    """The acting agent asks somebody (or anybody) to take a span. Open until it starts, at most a week.

    Errors: Invalid when the span is not (all) the asker's, or the return is not the other person's.
    """
    asker_id = _own(tx)
    start = max(start, tx.now)
    if end <= start:
        raise Invalid("swap_empty", "It ends after it starts.", field="end")
    if in_return is not None and offered_to is None:
        raise Invalid("swap_return_invalid", "Say with whom you want to swap.", field="offered_to")
    if offered_to is not None and (offered_to == asker_id or (await agents.get(tx, offered_to)).disabled_at):
        raise Invalid("swap_person_invalid", "Ask somebody else.", field="offered_to")
    schedule = await schedules.load(tx, schedule_id)
    _require_on_call(schedule, asker_id, start, end, "start")
    if in_return is not None and offered_to is not None:
        if in_return[0] < tx.now:
            raise Invalid("swap_return_invalid", "That shift has begun.", field="return_start")
        _require_on_call(schedule, offered_to, *in_return, "return_start")
    made = SwapRequest(
        id=tx.new_id(),
        schedule_id=schedule_id,
        asker_id=asker_id,
        starts_at=start,
        ends_at=end,
        offered_to=offered_to,
        return_starts_at=in_return[0] if in_return else None,
        return_ends_at=in_return[1] if in_return else None,
        note=note.strip()[:300],
        state=SwapState.OPEN.value,
        expires_at=min(start, tx.now + OPEN_FOR) if start > tx.now else min(end, tx.now + OPEN_FOR),
        created_at=tx.now,
    )
    tx.session.add(made)
    await tx.session.flush()
    tx.enqueue("tell_swap", swap_id=str(made.id))
    return made


async def take(tx: Transaction, swap_id: UUID) -> SwapRequest:
    """The acting agent takes it: from now on the overrides of the swap say so. The first one wins.

    Errors: Conflict when it is decided or over; Invalid when one of the shifts has become somebody else's.
    """
    swap = await _open(tx, swap_id)
    taker_id = _own(tx)
    if swap.offered_to not in (None, taker_id) or swap.asker_id == taker_id:
        raise Forbidden("not_offered_to_you")
    await schedules.settle_past(tx, swap.schedule_id)
    schedule = await schedules.load(tx, swap.schedule_id)
    start = max(swap.starts_at, tx.now)
    if start >= swap.ends_at:
        raise Conflict("swap_over", "That shift is over.")
    _require_on_call(schedule, swap.asker_id, start, swap.ends_at, "start")
    if swap.return_starts_at is not None and swap.return_ends_at is not None:
        if swap.return_starts_at < tx.now:
            raise Conflict("swap_over", "The shift in return has begun.")
        _require_on_call(schedule, taker_id, swap.return_starts_at, swap.return_ends_at, "return_start")
    for override in _overrides(tx, swap, taker_id, start):
        tx.session.add(_row(tx, swap, override))
    swap.taken_by = taker_id
    _decide(tx, swap, SwapState.TAKEN)
    return swap


async def decline(tx: Transaction, swap_id: UUID) -> SwapRequest:
    """The person asked says no; the shift stays where it was."""
    swap = await _open(tx, swap_id)
    if swap.offered_to != _own(tx):
        raise Forbidden("not_offered_to_you")
    _decide(tx, swap, SwapState.DECLINED)
    return swap


async def withdraw(tx: Transaction, swap_id: UUID) -> SwapRequest:
    """The asker needs it no more; leads may too."""
    swap = await _open(tx, swap_id)
    if swap.asker_id != _own(tx):
        permissions.require_role(tx.actor, Role.LEAD)
    _decide(tx, swap, SwapState.WITHDRAWN)
    return swap


async def expire_due(tx: Transaction) -> list[SwapRequest]:
    """Requests whose time has run out; their askers are told that the shift is still theirs."""
    query = (
        select(SwapRequest)
        .where(SwapRequest.state == SwapState.OPEN.value, SwapRequest.expires_at <= tx.now)
        .with_for_update(skip_locked=True)
    )
    expired = list(await tx.session.scalars(query))
    for swap in expired:
        _decide(tx, swap, SwapState.EXPIRED)
    return expired


async def swaps(tx: Transaction, *, only_open: bool = False, limit: int = 100) -> list[SwapRequest]:
    """Everybody's, newest first: a rota is no secret among those who are in it."""
    permissions.require_reader(tx.actor)
    query = select(SwapRequest).order_by(SwapRequest.created_at.desc(), SwapRequest.id.desc()).limit(limit)
    if only_open:
        query = query.where(SwapRequest.state == SwapState.OPEN.value)
    return list(await tx.session.scalars(query))


async def get_swap(tx: Transaction, swap_id: UUID) -> SwapRequest:
    found = await tx.session.get(SwapRequest, swap_id)
    if found is None:
        raise NotFound("swap_not_found")
    return found


async def _open(tx: Transaction, swap_id: UUID) -> SwapRequest:
    swap = await tx.session.get(SwapRequest, swap_id, with_for_update=True, populate_existing=True)
    if swap is None:
        raise NotFound("swap_not_found")
    if swap.state != SwapState.OPEN or swap.expires_at <= tx.now:
        raise Conflict("swap_decided", "Somebody was faster, or its time has run out.")
    return swap


def _overrides(tx: Transaction, swap: SwapRequest, taker_id: UUID, start: datetime) -> tuple[Override, ...]:
    given = Duty(str(swap.asker_id), start, swap.ends_at)
    if swap.return_starts_at is None or swap.return_ends_at is None:
        stand_in = swapped(given, Duty(str(taker_id), start, swap.ends_at), tx.now, str(swap.id))[0]
        return (stand_in,)
    returned = Duty(str(taker_id), swap.return_starts_at, swap.return_ends_at)
    return swapped(given, returned, tx.now, str(swap.id))


def _row(tx: Transaction, swap: SwapRequest, override: Override) -> OverrideRow:
    return OverrideRow(
        id=tx.new_id(),
        schedule_id=swap.schedule_id,
        change=override.change.value,
        starts_at=override.start,
        ends_at=override.end,
        person_id=UUID(override.person) if override.person else None,
        target_id=UUID(override.target) if override.target else None,
        reason=override.reason,
        swap_id=swap.id,
        created_at=tx.now,
        created_by=tx.actor.agent_id,
    )


def _decide(tx: Transaction, swap: SwapRequest, state: SwapState) -> None:
    swap.state, swap.decided_at = state.value, tx.now
    tx.enqueue("tell_swap", swap_id=str(swap.id))


def _require_on_call(schedule: Schedule, agent_id: UUID, start: datetime, end: datetime, field: str) -> None:
    spans = final(schedule, start, end)
    own = [shift for shift in shifts_of(spans) if shift.person == str(agent_id)]
    if len(own) != 1 or (own[0].start, own[0].end) != (start, end):
        raise Invalid("not_on_call_then", "That span is not all this person's.", field=field)


def _own(tx: Transaction) -> UUID:
    permissions.require_replier(tx.actor)
    if tx.actor.agent_id is None:
        raise Forbidden("no_agent")
    return tx.actor.agent_id
