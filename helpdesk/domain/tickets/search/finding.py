"""Finding tickets by the words of their messages, subjects, files and contacts: whole words first, then the
newest. A window of the newest hits is put in order; what lies before it is the next window.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from helpdesk.domain import permissions
from helpdesk.domain.tickets import queries
from helpdesk.domain.tickets.search import asking, snippets, statements
from helpdesk.domain.tickets.search.asking import Asked
from helpdesk.domain.tickets.search.statements import WINDOW, Stems
from helpdesk.domain.tickets.views import VIEWS, View
from helpdesk.errors import Invalid
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

_NEWEST = UUID(int=2**128 - 1)

_MESSAGES = """
    SELECT id, ticket_id, kind, author_kind, author_name, created_at, left(body, 100000) AS body, attachments
    FROM messages WHERE id = ANY($1)
"""


@dataclass(frozen=True)
class Hit:
    """A ticket and the message of it that was found; none where it was asked for by its number. `is_said`:
    in the message itself, not only in what its ticket is called."""

    ticket_id: UUID
    message_id: UUID | None = None
    is_whole: bool = True
    is_said: bool = True


@dataclass(frozen=True)
class Cursor:
    """A window by its first message, and how many tickets of it were told."""

    upto: UUID
    told: int = 0

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(f"{self.upto.hex}|{self.told}".encode()).decode()

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        try:
            upto, _, told = base64.urlsafe_b64decode(text.encode()).decode().partition("|")
            return cls(UUID(upto), max(0, int(told)))
        except ValueError:
            raise Invalid("cursor_invalid", "That is not a cursor of ours.", field="after") from None


async def page(
    tx: Transaction,
    sought: str,
    *,
    view: str | None = None,
    channel: str | None = None,
    limit: int = 20,
    after: str | None = None,
) -> tuple[list[Json], str | None]:
    """Rows of tickets that the actor may see, as `queries.queue_page` has them, each with what was `found`
    of it; and the cursor of the next page. A view narrows it to that view's tickets.

    Errors: Invalid for an unknown view, a cursor that is none of ours or what is no text; Unavailable when it
    takes too long.
    """
    permissions.require_reader(tx.actor)
    if view is not None and view not in VIEWS:
        raise Invalid("view_unknown", f"There is no view {view}.", field="view")
    if "\x00" in sought:
        raise Invalid("text_invalid", "That is no text.", field="q")
    wanted = asking.asked(sought, channel)
    if wanted.is_empty:
        return [], None
    stems = await statements.stems_of(tx, wanted)
    only = VIEWS[view] if view is not None else None
    hits, following = await _hits(tx, wanted, stems, only, limit, Cursor.parse(after) if after else None)
    rows = await queries.rows_of(tx, [hit.ticket_id for hit in hits])
    found = await _found(tx, wanted, stems, hits, rows)
    return found, str(following) if following else None


async def _hits(
    tx: Transaction, wanted: Asked, stems: Stems, view: View | None, limit: int, after: Cursor | None
) -> tuple[list[Hit], Cursor | None]:
    upto = after.upto if after else None
    records = list(await statements.newest(tx, wanted, stems, view, upto))
    is_full = len(records) == WINDOW
    first = upto or (records[0]["message_id"] if records else _NEWEST)
    if len(wanted.terms) > 1 and not is_full:
        records += await statements.apart(tx, wanted, stems, view, upto)
    numbered = [Hit(one) for one in await statements.numbered(tx, wanted.number)]
    best = _best(records, without={hit.ticket_id for hit in numbered})
    begin = after.told if after else 0
    shown = [] if after else numbered
    end = begin + limit - len(shown)
    page = [*shown, *best[begin:end]]
    if end < len(best):
        return page, Cursor(first, end)
    return page, Cursor(UUID(int=records[-1]["message_id"].int - 1)) if is_full else None


def _best(records: Sequence[asyncpg.Record], without: set[UUID]) -> list[Hit]:
    """One for each ticket, the newest: with whole words where it has any, and such tickets first. Of a ticket
    whose every message is found by its subject or contact, one that says it."""
    best: dict[UUID, Hit] = {}
    for record in sorted(records, key=lambda one: not one["is_whole"]):  # what is newer stays first
        known = best.get(record["ticket_id"])
        is_better = known is None or (record["is_said"] and not known.is_said)
        if is_better and record["ticket_id"] not in without:
            best[record["ticket_id"]] = Hit(**record)
    return list(best.values())


async def _found(
    tx: Transaction, wanted: Asked, stems: Stems, hits: Sequence[Hit], rows: Sequence[Json]
) -> list[Json]:
    """Each row with what of it was found, in the order of the hits."""
    is_sought = snippets.matcher(wanted.terms, stems)
    asked = [hit.message_id for hit in hits if hit.message_id]
    messages = {one["id"]: one for one in await (await tx.driver()).fetch(_MESSAGES, asked)}
    by_id = {row["ticket_id"]: row for row in rows}
    found = []
    for hit in hits:
        row, message = by_id[hit.ticket_id], messages.get(hit.message_id)
        is_there = message is not None and message["ticket_id"] == hit.ticket_id  # not moved meanwhile
        said = _said(message, is_sought) if message is not None and is_there else None
        found.append(
            row | {"found": {"subject": snippets.marked(row["subject"], is_sought), "message": said}}
        )
    return found


def _said(message: asyncpg.Record, is_sought: snippets.Sought) -> Json:
    return {
        "id": message["id"],
        "kind": message["kind"],
        "at": message["created_at"],
        "by": message["author_name"],
        "is_contact": message["author_kind"] == "contact",
        "text": snippets.snippet(message["body"], is_sought),
        "files": [
            marks
            for marks in (snippets.marked(file["name"], is_sought) for file in message["attachments"])
            if any(is_marked for _, is_marked in marks)
        ],
    }
