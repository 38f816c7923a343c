"""Whether an agent's answer to a mail of ours is theirs alone: what they were told is not for the contact."""

import re
from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import select

from helpdesk.domain.tickets.mail.mailing import TO_AGENTS
from helpdesk.domain.tickets.model import OutgoingMail
from helpdesk.storage.transaction import Transaction

_IN_A_ROW = 6
"""Words that nobody writes by chance as they stood in another text."""

_WORD = re.compile(r"\w+")
_LATEST = 50


async def told(tx: Transaction, ticket_ids: Collection[UUID]) -> list[OutgoingMail]:
    """What went to agents about tickets; to any, since they pass on to each other what they were told."""
    query = select(OutgoingMail).where(
        OutgoingMail.ticket_id.in_(ticket_ids), OutgoingMail.kind.in_(TO_AGENTS)
    )
    return list(await tx.session.scalars(query.order_by(OutgoingMail.id.desc()).limit(_LATEST)))


def stand_apart(text: str, told: Iterable[OutgoingMail]) -> bool:
    """Where mail programs quote in a way of their own, the answer could not be cut off: then it says again
    what was told."""
    if not text.strip() or any(line.lstrip().startswith(">") for line in text.splitlines()):
        return False
    said = _rows(text)
    return not any(said & _rows(f"{mail.subject}\n{mail.body}") for mail in told)


def _rows(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return {tuple(words[place : place + _IN_A_ROW]) for place in range(len(words) - _IN_A_ROW + 1)}
