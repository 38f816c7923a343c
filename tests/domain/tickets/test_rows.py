"""A ticket as a row: what it says of its place is in the reader's language and time, on the reader's day."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from helpdesk.domain import tickets
from helpdesk.storage.transaction import Transaction
from tests.factories import a_ticket, an_agent, as_agent


async def why(tx: Transaction, ticket: tickets.Ticket, **reader: str) -> str:
    asked = as_agent(tx, await an_agent(tx))
    asked.actor = replace(asked.actor, **reader)
    [row] = await tickets.queries.rows_of(asked, [ticket.id])
    return str(row["why"])


async def test_one_sentence_is_made_anew_for_each_language_zone_and_day(tx: Transaction) -> None:
    tx.now = datetime(2026, 11, 23, 10, tzinfo=UTC)
    ticket = await a_ticket(tx)
    assert ticket.start_by is not None
    start, there = (ticket.start_by + timedelta(hours=hours) for hours in (0, 1))

    english = await why(tx, ticket, time_zone="UTC")
    assert await why(tx, ticket, time_zone="UTC") == english
    assert f"Start by {start:%H:%M}" in english
    assert f"Start by {there:%H:%M}" in await why(tx, ticket, time_zone="Europe/Stockholm")
    assert f"Börja senast {start:%H:%M}" in await why(tx, ticket, time_zone="UTC", locale="sv")
    tx.now += timedelta(days=2)
    assert f"Start by {start:%Y-%m-%d %H:%M}" in await why(tx, ticket, time_zone="UTC")
