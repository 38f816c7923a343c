"""Search, measured: how long agents wait for what they look for, and how fast messages become findable.

    python -m benchmarks.search             quick: 10,000 and 100,000 messages
    python -m benchmarks.search --full      100,000 and 1,000,000 messages

The words follow Zipf's law, as those of people do, over 60,000 words of syllables; four messages a ticket.
Goal: for single words, at most twice as long at the second size as at the first.
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from uuid import UUID

import uvloop

from benchmarks.load import percentile
from benchmarks.main_job import database
from benchmarks.table import Figures
from helpdesk.actors import SYSTEM, Actor, ActorKind, Role
from helpdesk.clock import SystemClock
from helpdesk.domain.tickets import Ticket, search
from helpdesk.jobs import indexing
from helpdesk.storage import ids, migrations
from helpdesk.storage.database import NO_LIMITS, Database
from tests.factories import a_contact, a_ticket, an_agent, an_inbox

_SYLLABLES = [a + b + c for a in "bdfgklmnprstv" for b in "aeiou" for c in ("", "n", "r", "s", "l")]
_WORDS, _PER_MESSAGE, _PER_TICKET = 60_000, 25, 4
_BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
_OLD = 3_000
"""Messages at the beginning that have words nobody has used since."""
_TIMES, _WARM = 60, 3
"""Searches of each kind, and such as do not count."""
_AT_ONCE = 20_000
_PROMISED = {
    "a rare word",
    "a word of the middle",
    "a common word",
    "a word of old messages only",
}

_COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_name = 'tickets'"
_MADE = {
    "id": "made.id",
    "number": "nextval('tickets_number_seq')",
    "waiting": "false",
    "status": "CASE WHEN random() < 0.02 THEN 'open' ELSE 'closed' END",
}
_GIN = "SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_message_words_words'"
_SAID = (
    "id",
    "ticket_id",
    "inbox_id",
    "kind",
    "channel",
    "author_kind",
    "author_id",
    "author_name",
    "body",
    "created_at",
)


@dataclass
class Corpus:
    """What was written so far, from one seed. `counts`: in how many messages each word stands."""

    chance: random.Random = field(default_factory=lambda: random.Random(7))
    words: list[str] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    written: int = 0

    def __post_init__(self) -> None:
        known: dict[str, None] = {}
        while len(known) < _WORDS:
            known["".join(self.chance.choices(_SYLLABLES, k=self.chance.choice((2, 3, 3, 4))))] = None
        self.words = list(known)
        self.weights = list(accumulate(1 / (rank + 3) for rank in range(_WORDS)))

    def more(self, count: int) -> Iterator[str]:
        for _ in range(count):
            said = self.chance.choices(self.words, cum_weights=self.weights, k=_PER_MESSAGE)
            if self.written < _OLD:
                said.append(f"zzold{'abcdef'[self.written % 6]}")
            self.written += 1
            self.counts.update(set(said))
            yield " ".join(said)

    def about(self, share: float) -> list[str]:
        """Words that stand in about this share of all messages."""
        wanted = share * self.written
        known = [word for word, count in self.counts.items() if not word.startswith("zzold")]
        return sorted(known, key=lambda word: abs(self.counts[word] - wanted))[:_TIMES]


async def prepare(database: Database) -> tuple[list[Ticket], Actor, Actor]:
    """A ticket of a large inbox and one of a small; who sees both inboxes, and who sees the small one."""
    await migrations.migrate(database.engine, database.clock.now())
    async with database.transaction(SYSTEM) as tx:
        large, small = await an_inbox(tx), await an_inbox(tx)
        patterns = [
            await a_ticket(tx, inbox=one, contact=await a_contact(tx, name))
            for one, name in ((large, "Kim Berg"), (small, "Rut Quist"))
        ]
        agent = await an_agent(tx)
        lead = Actor(ActorKind.AGENT, agent.id, agent.name, role=Role.AGENT, agent_id=agent.id)
        return patterns, lead, replace(lead, inbox_ids=frozenset({small.id}))


async def fill(database: Database, patterns: list[Ticket], corpus: Corpus, upto: int) -> None:
    """Every twentieth ticket is of the small inbox, every fiftieth still open."""
    connection = await database.connect()
    columns = [record[0] for record in await connection.fetch(_COLUMNS)]
    copied = ", ".join(_MADE.get(name, f't."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    copy = f"""INSERT INTO tickets ({names}) SELECT {copied}
        FROM unnest($2::uuid[]) AS made(id), tickets t WHERE t.id = $1"""
    await connection.execute("SET synchronous_commit = off")
    while corpus.written < upto:
        numbers = range(corpus.written, min(upto, corpus.written + _AT_ONCE))
        said = list(corpus.more(len(numbers)))
        for pattern, tickets, messages in _written(patterns, numbers, said):
            await connection.execute(copy, pattern.id, tickets, timeout=600)
            await connection.copy_records_to_table("messages", records=messages, columns=_SAID, timeout=600)
    await connection.execute("VACUUM ANALYZE", timeout=600)
    await connection.close()


def _written(
    patterns: list[Ticket], numbers: range, said: list[str]
) -> Iterator[tuple[Ticket, list[UUID], list[tuple[object, ...]]]]:
    """By the pattern of their tickets: those tickets, and messages a minute apart."""
    tickets: list[list[UUID]] = [[], []]
    messages: list[list[tuple[object, ...]]] = [[], []]
    for number, body in zip(numbers, said, strict=True):
        at, kind = _BEGAN + timedelta(minutes=number), int(number // _PER_TICKET % 20 == 0)
        if number % _PER_TICKET == 0:
            tickets[kind].append(ids.new_id(at))
        of, whose = patterns[kind].inbox_id, patterns[kind].contact_id
        row = (ids.new_id(at), tickets[kind][-1], of, "message", "email", "contact", whose, "Kim", body, at)
        messages[kind].append(row)
    yield from zip(patterns, tickets, messages, strict=True)


async def index(database: Database) -> float:
    """Messages a second, of the first, one portion after the other as the duty does it but without its
    pauses. The others without the index of words, which is put back afterwards."""
    connection = await database.connect()
    async with database.transaction(SYSTEM) as tx:
        await search.look_through(tx)  # the clock is far past the ids of these messages
    begun = time.perf_counter()
    await _index_to(database, _AT_ONCE, indexing.AT_ONCE)
    rate = _AT_ONCE / (time.perf_counter() - begun)
    definition = await connection.fetchval(_GIN)
    await connection.execute("DROP INDEX ix_message_words_words")
    await _index_to(database, sys.maxsize, 5_000)
    await connection.execute(definition, timeout=600)
    await connection.execute("VACUUM ANALYZE message_words", timeout=600)
    await connection.close()
    return rate


async def _index_to(database: Database, count: int, at_once: int) -> None:
    is_left = True
    while is_left and count > 0:
        async with database.transaction(SYSTEM) as tx:
            is_left = await search.index_new(tx, at_once)
        count -= at_once


def sought(corpus: Corpus, lead: Actor, limited: Actor) -> dict[str, tuple[Actor, list[str]]]:
    """What is looked for, by its kind, and by whom."""
    rare, middle, common = (corpus.about(share) for share in (4e-5, 2e-3, 0.2))
    several = list(zip(common, middle, strict=False))
    return {
        "a rare word": (lead, rare),
        "a word of the middle": (lead, middle),
        "a common word": (lead, common),
        "a word of old messages only": (lead, [f"zzold{letter}" for letter in "abcdef"] * 10),
        "four letters, while typing": (lead, [word[:4] for word in middle]),
        "a common and a middle one": (lead, [" ".join(pair) for pair in several]),
        "middle ones of different messages": (
            lead,
            [f"{a} {b}" for a, b in pairwise(middle)],
        ),
        "a common word is:open": (lead, [f"{word} is:open" for word in common]),
        "a middle word from:rut": (lead, [f"{word} from:rut" for word in middle]),
        "nothing": (lead, [f"{word}qqq" for word in middle]),
        "a common word, few inboxes": (limited, common),
        "a middle word, few inboxes": (limited, middle),
    }


@dataclass
class Company:
    """So many messages, indexed, and what is looked for in them."""

    database: Database
    sought: dict[str, tuple[Actor, list[str]]]
    indexed: float


async def founded(url: str, size: int) -> Company:
    database = Database(url, SystemClock(), pool_size=4, limits=NO_LIMITS)
    patterns, lead, limited = await prepare(database)
    corpus = Corpus()
    await fill(database, patterns, corpus, size)
    return Company(database, indexed=await index(database), sought=sought(corpus, lead, limited))


async def wait_for(company: Company, kind: str, turn: int) -> float:
    """Seconds of one search with its page of ten rows."""
    actor, texts = company.sought[kind]
    begun = time.perf_counter()
    async with company.database.transaction(actor) as tx:
        await search.page(tx, texts[turn % len(texts)], limit=10)
    return time.perf_counter() - begun


async def measure(urls: list[str], sizes: list[int]) -> None:
    companies = [await founded(url, size) for url, size in zip(urls, sizes, strict=True)]
    figures = Figures("search, p50 / p95")
    indexed = [f"{one.indexed:,.0f}" for one in companies]
    figures.add("messages indexed a second", indexed[1], f"{indexed[0]} at {sizes[0]:,}")
    for kind in companies[0].sought:
        waits: list[list[float]] = [[], []]
        for turn in range(-_WARM, _TIMES):  # by turns: a busy moment is one for both
            for company, kept in zip(companies, waits, strict=True):
                wait = await wait_for(company, kind, turn)
                if turn >= 0:
                    kept.append(wait)
        less, more = waits
        share = percentile(more, 0.95) / percentile(less, 0.95)
        goal = "<= 2.0" if kind in _PROMISED else "p95 <= 300 ms"
        figures.add(kind, _shown(more), f"{_shown(less)} at {sizes[0]:,}", f"{share:.1f}", goal)
    figures.show(
        f"Ours at {sizes[1]:,} messages. Of {_TIMES} searches, each with ten rows and their snippets."
    )
    for company in companies:
        await company.database.close()


def _shown(waits: list[float]) -> str:
    return f"{percentile(waits, 0.5):.1f} / {percentile(waits, 0.95):.1f} ms"


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--full", action="store_true", help="100,000 and 1,000,000 messages")
    sizes = [100_000, 1_000_000] if options.parse_args().full else [10_000, 100_000]
    with database() as (small, _), database() as (large, _):
        uvloop.run(measure([small, large], sizes))


if __name__ == "__main__":
    main()
