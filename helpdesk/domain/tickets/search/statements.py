"""The statements that find messages by their words: the newest first, of tickets the actor may see."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

import asyncpg

from helpdesk.domain.tickets.search import asking
from helpdesk.domain.tickets.search.asking import Asked
from helpdesk.domain.tickets.views import View
from helpdesk.storage.transaction import Transaction

Stems = Mapping[str, Sequence[str]]

WINDOW = 500
"""So many hits are put in order: enough that PostgreSQL takes the index for what is rare, few enough that it
walks the newest messages for what is common."""
_FEW = 8
"""Inboxes; who sees more of them sees much of what there is."""
_DRIVING = 2000
"""Messages with the longest word whose tickets are asked for the other words."""

_PLAN = "SET LOCAL plan_cache_mode = force_custom_plan"
_QUICKLY = f"SAVEPOINT finding; {_PLAN}; SET LOCAL statement_timeout = '250ms'"
_BY_INDEX = (
    f"ROLLBACK TO finding; {_PLAN}; SET LOCAL statement_timeout = '10s'; SET LOCAL enable_seqscan = off"
)
_DONE = "ROLLBACK TO finding"

_NEWEST = """
    SELECT w.message_id, w.ticket_id, {whole} AS is_whole, {said} AS is_said
    FROM message_words w JOIN tickets t ON t.id = w.ticket_id
    WHERE {words} AND {rest} AND ({inboxes} IS NULL OR w.inbox_id = ANY({inboxes}))
    ORDER BY w.message_id DESC LIMIT {window}
"""
# Whoever sees few inboxes walks each of them, not past the messages of all others.
_NEWEST_OF_FEW = """
    SELECT hit.* FROM unnest({inboxes}) AS seen(id) CROSS JOIN LATERAL (
      SELECT w.message_id, w.ticket_id, {whole} AS is_whole, {said} AS is_said
      FROM message_words w JOIN tickets t ON t.id = w.ticket_id
      WHERE w.inbox_id = seen.id AND {words} AND {rest} ORDER BY w.message_id DESC LIMIT {window}) AS hit
    ORDER BY hit.message_id DESC LIMIT {window}
"""
# For words that stand in old messages only: PostgreSQL would walk all the newer ones.
_ALL = """
    WITH w AS MATERIALIZED (
      SELECT w.message_id, w.ticket_id, {whole} AS is_whole, {said} AS is_said FROM message_words w
      WHERE {words} AND ({inboxes} IS NULL OR w.inbox_id = ANY({inboxes}))
    ) SELECT w.* FROM w JOIN tickets t ON t.id = w.ticket_id
    WHERE {rest} ORDER BY w.message_id DESC LIMIT {window}
"""
_APART = """
    WITH w AS MATERIALIZED (
      SELECT w.message_id, w.ticket_id, {said} AS is_said FROM message_words w WHERE {words}
      ORDER BY w.message_id DESC LIMIT {driving}
    ) SELECT w.*, false AS is_whole FROM w JOIN tickets t ON t.id = w.ticket_id
    WHERE {rest} ORDER BY w.message_id DESC LIMIT {window}
"""
_IN_TICKET = "EXISTS (SELECT FROM message_words o WHERE o.ticket_id = w.ticket_id AND {})"
_ASSIGNEE = (
    "t.assignee_id IN (SELECT id FROM agents WHERE name ILIKE {0} OR name ILIKE {1} OR email ILIKE {0})"
)

_STEMS = """
    SELECT word, ts_lexize('english_stem', word) || ts_lexize('swedish_stem', word) AS stems
    FROM unnest($1::text[]) AS word
"""

_NUMBERED = "SELECT id FROM tickets WHERE number = $1 AND ($2::uuid[] IS NULL OR inbox_id = ANY($2))"


class _Values:
    """The values of a statement, each by the place it is given."""

    def __init__(self) -> None:
        self.all: list[object] = []

    def into(self, text: str, *values: object) -> str:
        first = len(self.all) + 1
        self.all += values
        return text.format(*(f"${first + place}" for place in range(len(values))))


async def stems_of(tx: Transaction, wanted: Asked) -> Stems:
    """What each word becomes without its ending, in English and in Swedish."""
    words = sorted({word for term in wanted.terms for word in term.words})
    if not words:
        return {}
    records = await (await tx.driver()).fetch(_STEMS, words)
    return {record["word"]: record["stems"] or [] for record in records}


async def numbered(tx: Transaction, number: int | None) -> list[UUID]:
    """The ticket of that number, where the actor may see it."""
    if number is None:
        return []
    found = await (await tx.driver()).fetch(_NUMBERED, number, _inboxes(tx))
    return [record["id"] for record in found]


async def newest(
    tx: Transaction, wanted: Asked, stems: Stems, view: View | None, upto: UUID | None
) -> Sequence[asyncpg.Record]:
    """Messages that have all of it, from `upto` back; not of tickets that have a newer one."""
    values = _Values()
    query = asking.tsquery(wanted, stems)
    words = values.into("w.words @@ {}::tsquery", query) if query else "true"
    whole = values.into("w.words @@ {}::tsquery", asking.whole(wanted.terms)) if wanted.terms else "true"
    said = values.into("w.words @@ {}::tsquery", asking.said(wanted.terms, stems)) if wanted.terms else "true"
    if upto is not None:
        words += values.into(" AND w.message_id <= {}", upto)
    rest = _rest(tx, values, wanted, view, upto, query)
    seen = _inboxes(tx)
    inboxes = values.into("{}::uuid[]", seen)
    given = {"whole": whole, "said": said, "words": words, "rest": rest, "inboxes": inboxes}
    given["window"] = str(WINDOW)
    quickly = _NEWEST_OF_FEW if seen is not None and len(seen) <= _FEW else _NEWEST
    return await _run(tx, quickly.format(**given), _ALL.format(**given) if query else None, values.all)


async def apart(
    tx: Transaction, wanted: Asked, stems: Stems, view: View | None, upto: UUID | None
) -> Sequence[asyncpg.Record]:
    """Messages with the longest of the words, of tickets whose other words stand in other messages."""
    first, *others = sorted(wanted.terms, key=lambda term: -len("".join(term.words)))
    values = _Values()
    words = values.into("w.words @@ {}::tsquery", asking.alternatives(first, stems))
    said = values.into("w.words @@ {}::tsquery", asking.said(wanted.terms, stems))
    rest = [_rest(tx, values, wanted, view, upto, asking.tsquery(wanted, stems))]
    for term in others:
        query = values.into("o.words @@ {}::tsquery", asking.alternatives(term, stems))
        rest.append(_IN_TICKET.format(query))
    given = {"said": said, "words": words, "rest": " AND ".join(rest), "driving": _DRIVING, "window": WINDOW}
    statement = _APART.format(**given)
    return await _run(tx, statement, statement, values.all)


def _inboxes(tx: Transaction) -> list[UUID] | None:
    return list(tx.actor.inbox_ids) if tx.actor.inbox_ids is not None else None


def _rest(
    tx: Transaction, values: _Values, wanted: Asked, view: View | None, upto: UUID | None, query: str
) -> str:
    """What the ticket must be. Permission is asked of the ticket itself, never of the index."""
    texts = ["true", *_kinds(values, wanted, view)]
    if (inboxes := _inboxes(tx)) is not None:
        texts.append(values.into("t.inbox_id = ANY({}::uuid[])", inboxes))
    if wanted.assignee == "nobody":
        texts.append("t.assignee_id IS NULL")
    elif wanted.assignee == "me" or (view is not None and view.is_own):
        texts.append(values.into("t.assignee_id = {}", tx.actor.agent_id))
    elif wanted.assignee:
        name = wanted.assignee.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
        texts.append(values.into(_ASSIGNEE, f"{name}%", f"% {name}%"))
    if upto is not None:
        newer = values.into("o.message_id > {}", upto)
        newer += values.into(" AND o.words @@ {}::tsquery", query) if query else ""
        texts.append(f"NOT {_IN_TICKET.format(newer)}")
    return " AND ".join(texts)


def _kinds(values: _Values, wanted: Asked, view: View | None) -> Iterator[str]:
    """Of status, channel and tags whatever was asked for."""
    if view is not None:
        yield values.into("t.status = ANY({}::text[])", list(view.statuses))
    if view is not None and view.is_queue:
        yield "t.waiting"
    if wanted.statuses:
        yield values.into("t.status = ANY({}::text[])", list(wanted.statuses))
    if wanted.channels:
        yield values.into("t.channel = ANY({}::text[])", list(wanted.channels))
    if wanted.tags:
        yield values.into("t.tags @> {}::text[]", list(wanted.tags))


async def _run(
    tx: Transaction, quickly: str, by_index: str | None, values: Sequence[object]
) -> Sequence[asyncpg.Record]:
    """The second where the first takes too long; without a second the first alone, as long as it takes."""
    connection = await tx.driver()
    if by_index is None:
        found: Sequence[asyncpg.Record] = await connection.fetch(quickly, *values)
        return found
    await connection.execute(_QUICKLY)
    try:
        found = await connection.fetch(quickly, *values)
    except asyncpg.QueryCanceledError:
        await connection.execute(_BY_INDEX)
        found = await connection.fetch(by_index, *values)
    await connection.execute(_DONE)
    return found
