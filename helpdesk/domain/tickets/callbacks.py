"""Calls we owe: to who was not reached, or was promised a moment; paid by calling or by an answer."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from helpdesk.actors import SYSTEM
from helpdesk.domain import sla
from helpdesk.domain.tickets import promises
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.model import Ticket
from helpdesk.domain.tickets.queue.placing import place
from helpdesk.storage.transaction import Transaction


async def owe(tx: Transaction, ticket: Ticket, at: datetime | None = None) -> None:
    """The callback target runs: by the terms of the ticket, or until the moment that was promised."""
    terms = await promises.terms_of(tx, ticket)
    if terms is not None:
        metrics = [sla.Metric.CALLBACK]
        await sla.start(tx, ticket, terms, ticket.channel, ticket.priority, metrics, until=at)


async def pay(tx: Transaction, contact_id: UUID, except_for: UUID) -> None:
    """We called and reached them: whatever call was owed to this contact is paid."""
    for ticket_id in await _owed_to(tx, contact_id):
        if ticket_id != except_for:
            ticket = await _locked(tx, ticket_id)
            await sla.meet(tx, ticket, [sla.Metric.CALLBACK, sla.Metric.FIRST_RESPONSE])
            await place(tx, ticket)


async def lock_with_owed(tx: Transaction, ticket: Ticket) -> None:
    """The ticket and those `pay` will come to, in one order always: two calls never wait for each other."""
    for ticket_id in sorted({ticket.id, *await _owed_to(tx, ticket.contact_id)}):
        await _locked(tx, ticket_id)


async def _owed_to(tx: Transaction, contact_id: UUID) -> list[UUID]:
    owed = select(sla.SlaClock.ticket_id).join(Ticket, Ticket.id == sla.SlaClock.ticket_id)
    owed = owed.where(
        Ticket.contact_id == contact_id,
        sla.SlaClock.metric == sla.Metric.CALLBACK.value,
        sla.SlaClock.met_at.is_(None),
        sla.SlaClock.stopped_at.is_(None),
    )
    return list(await tx.session.scalars(owed.order_by(sla.SlaClock.ticket_id)))


async def _locked(tx: Transaction, ticket_id: UUID) -> Ticket:
    """Also where who called may not see it: the contact was reached all the same."""
    return await lock(replace(tx, actor=SYSTEM), ticket_id)
