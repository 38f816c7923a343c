"""What happens because time passes; each duty runs in one process at a time, under its own database lock."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog
from sqlalchemy import delete, text

from helpdesk.actors import SYSTEM
from helpdesk.auth import attempts, half_sign_ins, passes, sessions, visitors
from helpdesk.domain import contacts, limits, oncall, sla, tickets, widgets
from helpdesk.errors import HelpdeskError
from helpdesk.jobs import distribute, fetch_absences, fetch_holidays, indexing, rota
from helpdesk.jobs.mail import watch as mail_watch
from helpdesk.jobs.workshop import Workshop
from helpdesk.storage.tables import IdempotencyKey
from helpdesk.storage.transaction import Transaction

log = structlog.get_logger(__name__)

T = TypeVar("T")

_LOST_AT_ONCE = 100
"""So many files may lack their row without raising a doubt about the database."""


@dataclass(frozen=True)
class Duty:
    name: str
    every: float
    """Seconds between two runs."""
    run: Callable[[Workshop], Awaitable[None]]


async def wake_snoozed(workshop: Workshop) -> None:
    await _each(workshop, tickets.due_to_wake, lambda tx, ticket_id: tickets.wake(tx, ticket_id, "time"))


async def record_breaches(workshop: Workshop) -> None:
    """The due time is the fact; this only makes it seen."""
    await _each(workshop, sla.tickets_overdue, tickets.breach)


async def take_steps(workshop: Workshop) -> None:
    """What policies do before and after a due time."""
    await _each(workshop, sla.tickets_with_steps_due, tickets.promises.take_steps)


async def escalate_alerts(workshop: Workshop) -> None:
    """Where the machine's clock was put back, nothing waits for it to come round again."""
    before, workshop.escalated_at = workshop.escalated_at, workshop.database.clock.now()
    if before is None or workshop.escalated_at < before:
        async with workshop.database.transaction(SYSTEM) as tx:
            await oncall.clock_jumps.catch_up(tx, oncall.ACKNOWLEDGED_FOR)
    await _each(workshop, oncall.due_alerts, lambda tx, due: tickets.escalate(tx, *due))


async def ring_due(workshop: Workshop) -> None:
    """Later rules, further tries, bundles, and rings whose sender died: each method is rung by a job."""
    async with workshop.database.transaction(SYSTEM) as tx:
        for method_id in await oncall.ringing.methods_due(tx):
            tx.enqueue("ring", method_id=str(method_id))


async def raise_by_rules(workshop: Workshop) -> None:
    """Chats nobody takes, promises about to be missed."""
    await _each(workshop, tickets.raise_waiting, tickets.raise_by_rule)


async def turn_plans(workshop: Workshop) -> None:
    async with workshop.database.transaction(SYSTEM) as tx:
        await contacts.turn_plans(tx)


async def sweep_credentials(workshop: Workshop) -> None:
    async with workshop.database.transaction(SYSTEM) as tx:
        await sessions.sweep(tx)
        await attempts.sweep(tx)
        await half_sign_ins.sweep(tx)
        await visitors.sweep(tx)
        await passes.sweep(tx)
        await limits.sweep(tx)
        await widgets.proofs.sweep(tx)
        day_ago = tx.now - tickets.attachments.UNUSED_AFTER
        await tx.session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < day_ago))
        await tx.session.execute(
            text(
                "DELETE FROM pgqueuer_log l WHERE created < clock_timestamp() - interval '3 days'"
                " AND NOT EXISTS (SELECT FROM pgqueuer q WHERE q.id = l.job_id AND q.status = 'failed')"
            )
        )


async def sweep_files(workshop: Workshop) -> None:
    """Uploads that nobody sent: first the file, then its row, so a crash leaves nothing behind."""
    async with workshop.database.transaction(SYSTEM) as tx:
        unused = await tickets.attachments.unused(tx)
        for attachment in unused:
            await workshop.files.delete(attachment.key)
            await tx.session.delete(attachment)


async def sweep_lost_files(workshop: Workshop) -> None:
    """Files whose row was never committed, because the process died between the two. Should most of the
    files have no row, then this is some other installation's database, and nothing is deleted."""
    async with workshop.database.transaction(SYSTEM) as tx:
        old = await workshop.files.older_than(tx.now - tickets.attachments.UNUSED_AFTER)
        lost = await tickets.attachments.unnamed(tx, old)
    if len(lost) > max(_LOST_AT_ONCE, len(old) // 2):
        log.error("files_without_rows", files=len(old), unnamed=len(lost))
        return
    for key in lost:
        await workshop.files.delete(key)


DUTIES = [
    Duty("wake_snoozed", 1, wake_snoozed),
    Duty("record_breaches", 1, record_breaches),
    Duty("escalate_alerts", 1, escalate_alerts),
    Duty("ring_due", 1, ring_due),
    Duty("raise_by_rules", 10, raise_by_rules),
    Duty("pass_shifts", 10, rota.pass_shifts),
    Duty("foresee", 300, rota.foresee),
    Duty("ask_calendars", 60, fetch_absences.ask_calendars),
    Duty("take_steps", 1, take_steps),
    Duty("turn_plans", 30, turn_plans),
    Duty("distribute", 1, distribute.distribute),
    Duty("release_unattended", 1, distribute.release_unattended),
    Duty("watch_overload", 10, distribute.watch_overload),
    Duty("sweep_credentials", 600, sweep_credentials),
    Duty("sweep_files", 3600, sweep_files),
    Duty("sweep_lost_files", 6 * 3600, sweep_lost_files),
    Duty("watch_inlets", 30, mail_watch.watch_inlets),
    Duty("requeue_unread_mail", 300, mail_watch.requeue_unread_mail),
    Duty("keep_holidays", 3600, fetch_holidays.keep_holidays),
    Duty("forget_posts", 3600, mail_watch.forget_posts),
    Duty("index_messages", 1, indexing.index_messages),
    Duty("look_through_index", 3600, indexing.look_through_index),
]


TURNS = {
    "escalate_alerts": "wakes people",
    "ring_due": "wakes people",
    "distribute": "finds an agent",
    "release_unattended": "finds an agent",
}
"""Duties that others may not hold up: people are woken, and work finds its agent within two seconds."""


class Timetable:
    """In this process one duty at a time wakes people, one finds agents and one does anything else: each
    needs two connections of the pool, and none of the first two is late because of housekeeping."""

    def __init__(self, workshop: Workshop, duties: Sequence[Duty] = DUTIES) -> None:
        self._workshop, self._duties = workshop, duties
        self._turns: dict[str | None, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.gather(*(self._repeat(duty) for duty in self._duties))

    async def _repeat(self, duty: Duty) -> None:
        while True:
            try:
                async with self._turns[TURNS.get(duty.name)]:
                    await run_once(self._workshop, duty)
            except HelpdeskError as failure:
                log.warning("duty_delayed", duty=duty.name, error=str(failure))
            except Exception:
                log.exception("duty_failed", duty=duty.name)
            await asyncio.sleep(duty.every)


async def run_once(workshop: Workshop, duty: Duty) -> None:
    """Runs the duty unless another process is at it right now."""
    async with workshop.database.transaction(SYSTEM) as tx:
        if await _is_mine(tx, duty.name):
            await duty.run(workshop)


async def _each(
    workshop: Workshop,
    due: Callable[[Transaction], Awaitable[Iterable[T]]],
    act: Callable[[Transaction, T], Awaitable[object]],
) -> None:
    """Finds what is due, then does each in a transaction of its own, so that none holds up the others."""
    async with workshop.database.transaction(SYSTEM) as tx:
        found = await due(tx)
    for one in found:
        try:
            async with workshop.database.transaction(SYSTEM) as tx:
                await act(tx, one)
        except Exception:
            log.exception("duty_failed_on_one", what=str(one))


async def _is_mine(tx: Transaction, name: str) -> bool:
    """A lock that ends with this transaction, so a crash never leaves it behind."""
    key = f"duty:{name}"
    taken = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))")
    return bool(await tx.session.scalar(taken, {"key": key}))
