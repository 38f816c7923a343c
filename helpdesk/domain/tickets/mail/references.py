"""What mails cite of each other, kept so that an answer read before its parent still finds it."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import exists, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import defer

from helpdesk.domain.tickets.mail.model import MailReference
from helpdesk.domain.tickets.model import Message, RawMail
from helpdesk.storage.transaction import Transaction

CITED_LIMIT = 40
"""The root and the latest ids are what threads hang on."""

_KNOWN_STATES = ("on_ticket", "duplicate", "dropped")


_GLANCE = """
    SELECT EXISTS (SELECT FROM agents WHERE lower(email) = $1) AS staff,
      EXISTS (SELECT FROM address_standings WHERE address = $1 AND blocked_at IS NOT NULL) AS blocked,
      EXISTS (SELECT FROM raw_mail WHERE rfc_message_id = $2 AND id <> $3) AS copied,
      EXISTS (SELECT FROM mail_references WHERE inbox_id = $4 AND cited = ANY($5)) AS cited,
      EXISTS (SELECT FROM messages WHERE inbox_id = $4 AND source_id = ANY($5)) AS known
"""


@dataclass(frozen=True, slots=True)
class Glance:
    """What there is to look at more closely: of an ordinary first mail, nothing."""

    staff: bool
    blocked: bool
    copied: bool
    cited: bool
    known: bool


async def glance(tx: Transaction, mail: RawMail, sender: str, own: str | None, cited: list[str]) -> Glance:
    """One question in place of six. `own` is the mail's id, `cited` those it names."""
    ids = [*([own] if own else []), *cited]
    connection = await tx.driver()
    found = await connection.fetchrow(_GLANCE, sender, own, mail.id, mail.inbox_id, ids)
    assert found is not None
    return Glance(**dict(found))


async def one_at_a_time(tx: Transaction, ids: Iterable[str]) -> None:
    """Mails that share any id are decided one after the other, so that no two open the same thread."""
    keys = sorted({_key(one) for one in ids})
    if keys:
        query = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")
        await tx.session.execute(query, {"keys": keys})


async def remember(tx: Transaction, message_id: UUID, inbox_id: UUID, cited: Iterable[str]) -> None:
    rows = [{"message_id": message_id, "inbox_id": inbox_id, "cited": one} for one in limited(cited)]
    if rows:
        await tx.session.execute(insert(MailReference).values(rows).on_conflict_do_nothing())


async def known_by(tx: Transaction, inbox_id: UUID, ids: list[str]) -> Message | None:
    """The message that the first of these ids names."""
    rows = await tx.session.scalars(
        select(Message).where(Message.inbox_id == inbox_id, Message.source_id.in_(ids))
    )
    by_id = {message.source_id: message for message in rows}
    return next((by_id[one] for one in ids if one in by_id), None)


async def citing(tx: Transaction, inbox_id: UUID, ids: list[str], *, hidden: bool = False) -> list[Message]:
    """The messages on tickets that cite any of these ids, oldest first; those kept apart do not count."""
    query = (
        select(Message)
        .where(
            exists().where(
                MailReference.message_id == Message.id,
                MailReference.inbox_id == inbox_id,
                MailReference.cited.in_(ids),
            )
        )
        .order_by(Message.id)
        .limit(20)
    )
    return list(await tx.session.scalars(query if hidden else query.where(Message.hidden.is_(False))))


async def same_mail(tx: Transaction, mail: RawMail, own: str, fingerprint: str) -> list[RawMail]:
    """Earlier copies of one mail (id, sender, date and content are the same), in any inbox."""
    query = select(RawMail).where(
        RawMail.rfc_message_id == own,
        RawMail.fingerprint == fingerprint,
        RawMail.id != mail.id,
        RawMail.state.in_(_KNOWN_STATES),
    )
    query = query.options(defer(RawMail.raw))
    return list(await tx.session.scalars(query.order_by(RawMail.received_at, RawMail.id).limit(20)))


def limited(cited: Iterable[str]) -> list[str]:
    """Each once; of too many the first (the root) and the latest."""
    ids = list(dict.fromkeys(cited))
    return ids if len(ids) <= CITED_LIMIT else [ids[0], *ids[1 - CITED_LIMIT :]]


def _key(one: str) -> int:
    digest = hashlib.blake2b(b"mail:" + one.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
