"""Raw mail: kept before it is acknowledged, and what became of each."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import defer

from helpdesk.actors import Role
from helpdesk.domain import inboxes, permissions
from helpdesk.domain.tickets.locking import get
from helpdesk.domain.tickets.model import Message, RawMail
from helpdesk.errors import Conflict, NotFound
from helpdesk.storage.job_queue import QUEUE
from helpdesk.storage.transaction import Transaction

TOO_LARGE = "too_large"
"""The cause of a mail in quarantine of which we have the beginning alone."""

_KEEP = """
    INSERT INTO raw_mail
      (id, inbox_id, path, envelope_from, envelope_to, sha256, size, raw, state, received_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'new', $9)
    ON CONFLICT (inbox_id, envelope_to, sha256) DO NOTHING RETURNING id
"""
_KEEP_ALL = f"""
    WITH kept AS (
      INSERT INTO raw_mail
        (id, inbox_id, path, envelope_from, envelope_to, sha256, size, raw, state, received_at)
      SELECT id, inbox_id, path, envelope_from, envelope_to, sha256, octet_length(raw), raw, 'new', $8
      FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[])
        AS mail (id, inbox_id, path, envelope_from, envelope_to, sha256, raw)
      ON CONFLICT (inbox_id, envelope_to, sha256) DO NOTHING RETURNING id),
    job AS (
      SELECT 'read_mail' AS entrypoint, now() AS execute_after,
        convert_to(json_build_object('mail_id', id)::text, 'UTF8') AS payload
      FROM kept ORDER BY id), {QUEUE}"""  # noqa: S608  words of our own
_NAMED_BEFORE = """
    SELECT copy.id FROM raw_mail AS this JOIN inboxes AS own ON own.id = this.inbox_id
    JOIN inboxes AS other ON other.id <> own.id AND lower(other.address) = ANY($2)
    JOIN raw_mail AS copy ON copy.inbox_id = other.id AND copy.envelope_to = lower(other.address)
      AND copy.sha256 = this.sha256 AND copy.state = 'new'
    WHERE this.id = $1
      AND array_position($2, lower(other.address)) < coalesce(array_position($2, lower(own.address)), 1000)
    ORDER BY array_position($2, lower(other.address))
"""
_SAME = "SELECT id FROM raw_mail WHERE inbox_id = $1 AND envelope_to = $2 AND sha256 = $3"


async def inbox_for(tx: Transaction, address: str) -> inboxes.Inbox | None:
    """Whose mail an envelope address is: an inbox's own address (also with a `+part`), or the address
    that delivery reports about our own mails come back to."""
    found = await inboxes.by_address(tx, address)
    local, _, domain = address.lower().rpartition("@")
    if found is None and local.startswith(("b+", "b-", "reply-")):
        found = await inboxes.by_domain(tx, domain)
    return found


async def default_address(tx: Transaction) -> str:
    """The first mail inbox's own, for a pipe that names none. Errors: NotFound."""
    return (await inboxes.first_of(tx, inboxes.Channel.EMAIL)).address or ""


async def keep_for(tx: Transaction, address: str, *, path: str, envelope_from: str, raw: bytes) -> UUID:
    """Keep a mail for the inbox behind an envelope address. Errors: NotFound when there is none."""
    inbox = await inbox_for(tx, address)
    if inbox is None:
        raise NotFound("inbox_not_found", f"{address} is no address of ours.")
    return await keep(
        tx, inbox_id=inbox.id, path=path, envelope_from=envelope_from, envelope_to=address, raw=raw
    )


async def keep(
    tx: Transaction, *, inbox_id: UUID, path: str, envelope_from: str, envelope_to: str, raw: bytes
) -> UUID:
    """Store the bytes and queue reading them. The same bytes to the same address are kept once, so a
    sender who missed our 250 and tries again makes no second ticket. Answers with the mail's id."""
    digest, connection = hashlib.sha256(raw).hexdigest(), await tx.driver()
    new_id: UUID | None = await connection.fetchval(
        _KEEP, tx.new_id(), inbox_id, path, _storable(envelope_from), _storable(envelope_to).lower(), digest,
        len(raw), raw, tx.now,
    )  # fmt: skip
    if new_id is not None:
        tx.enqueue("read_mail", mail_id=str(new_id))
        return new_id
    same: UUID = await connection.fetchval(_SAME, inbox_id, _storable(envelope_to).lower(), digest)
    return same


async def set_aside_beginning(
    tx: Transaction, *, inbox_id: UUID, path: str, envelope_to: str, beginning: bytes, size: int
) -> None:
    """A mail that is too large to be taken whole: its beginning waits in quarantine, once."""
    row = insert(RawMail).values(
        id=tx.new_id(), inbox_id=inbox_id, path=path, envelope_from="",
        envelope_to=_storable(envelope_to).lower(), sha256=hashlib.sha256(beginning).hexdigest(),
        size=min(size, (1 << 31) - 1), raw=beginning, state="quarantined", cause=TOO_LARGE,
        received_at=tx.now,
    )  # fmt: skip
    await tx.session.execute(row.on_conflict_do_nothing())


async def too_large(tx: Transaction) -> dict[UUID, int]:
    """By inbox, how many such mails wait for an administrator."""
    permissions.require_role(tx.actor, Role.ADMIN)
    is_waiting = (RawMail.state == "quarantined", RawMail.cause == TOO_LARGE)
    query = select(RawMail.inbox_id, func.count()).where(*is_waiting).group_by(RawMail.inbox_id)
    return {row[0]: row[1] for row in await tx.session.execute(query)}


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail at the door, for one of its recipients."""

    inbox_id: UUID
    path: str
    envelope_from: str
    envelope_to: str
    raw: bytes


async def keep_all(tx: Transaction, mails: Sequence[Arrived]) -> None:
    """As `keep`, for many at once, and their jobs: one statement, which may commit by itself."""
    rows = [
        (
            tx.new_id(), one.inbox_id, one.path, _storable(one.envelope_from),
            _storable(one.envelope_to).lower(), hashlib.sha256(one.raw).hexdigest(), one.raw,
        )
        for one in mails
    ]  # fmt: skip
    columns = [list(column) for column in zip(*rows, strict=True)]
    await (await tx.driver()).execute(_KEEP_ALL, *columns, tx.now)
    tx.has_queued = True


def _storable(address: str) -> str:
    """An envelope may hold any bytes; a row may not."""
    return address.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


async def is_kept(tx: Transaction, address: str, raw: bytes) -> bool:
    """Whether these bytes came to that address before."""
    same = (RawMail.envelope_to == address.lower(), RawMail.sha256 == hashlib.sha256(raw).hexdigest())
    return await tx.session.scalar(select(RawMail.id).where(*same).limit(1)) is not None


async def bytes_to_read(tx: Transaction, mail_id: UUID) -> tuple[bytes, bool] | None:
    """(the mail, whether under wider limits); None when it has been read already."""
    connection = await tx.driver()
    found = await connection.fetchrow(
        "SELECT raw, is_wide FROM raw_mail WHERE id = $1 AND state = 'new'", mail_id
    )
    return (found["raw"], found["is_wide"]) if found is not None else None


async def named_before(tx: Transaction, mail_id: UUID, addresses: list[str]) -> list[UUID]:
    """Unread copies of this mail for other inboxes, whose addresses stand before its own inbox's in that
    list (small letters)."""
    connection = await tx.driver()
    return [row["id"] for row in await connection.fetch(_NAMED_BEFORE, mail_id, addresses)]


async def to_read(tx: Transaction, mail_ids: Sequence[UUID]) -> dict[UUID, RawMail]:
    """The mails (but their bytes) under their row locks; those that have been read already are left out."""
    query = select(RawMail).where(RawMail.id.in_(mail_ids), RawMail.state == "new").order_by(RawMail.id)
    query = query.options(defer(RawMail.raw)).with_for_update()
    found = await tx.session.scalars(query.execution_options(populate_existing=True))
    return {mail.id: mail for mail in found}


async def quarantine(tx: Transaction, mail_id: UUID, cause: str) -> None:
    """It cannot become a ticket by itself; an administrator sees it with its cause. Never lost."""
    mail = await tx.session.get_one(RawMail, mail_id, with_for_update=True)
    if mail.state == "new":
        mail.state, mail.cause = "quarantined", cause


async def count_attempt(tx: Transaction, mail_id: UUID) -> int:
    """One more try at reading it; answers with how many there have been."""
    mail = await tx.session.get_one(RawMail, mail_id, with_for_update=True, populate_existing=True)
    mail.attempts += 1
    return mail.attempts


async def release(tx: Transaction, mail_id: UUID, *, wide: bool) -> None:
    """An administrator lets it be read again, under wider limits if wished. Errors: NotFound, Conflict."""
    permissions.require_role(tx.actor, Role.ADMIN)
    mail = await _set_aside(tx, mail_id)
    mail.state, mail.cause, mail.attempts, mail.is_wide = "new", None, 0, wide
    tx.enqueue("read_mail", mail_id=str(mail.id))


async def discard(tx: Transaction, mail_id: UUID) -> None:
    """Nobody wants it; its bytes stay for whoever asks later. Errors: as `release`."""
    permissions.require_role(tx.actor, Role.ADMIN)
    (await _set_aside(tx, mail_id)).state = "discarded"


async def to_open_by_hand(tx: Transaction, mail_id: UUID) -> RawMail:
    """A mail that no reader can read, under its lock, to be put on a ticket whole. Errors: as `release`."""
    permissions.require_role(tx.actor, Role.ADMIN)
    return await _set_aside(tx, mail_id)


async def listed(tx: Transaction, kind: str, limit: int = 100) -> list[RawMail]:
    """Newest first, without their bytes: quarantined, bounces, blocked, discarded."""
    permissions.require_role(tx.actor, Role.ADMIN)
    query = select(RawMail).options(defer(RawMail.raw)).order_by(RawMail.received_at.desc()).limit(limit)
    return list(await tx.session.scalars(query.where(*_LISTS[kind])))


async def beginnings(tx: Transaction, mail_ids: list[UUID]) -> dict[UUID, bytes]:
    """The first 8 KB of each, for a list that says what they are about."""
    permissions.require_role(tx.actor, Role.ADMIN)
    query = select(RawMail.id, func.substring(RawMail.raw, 1, 8192)).where(RawMail.id.in_(mail_ids))
    return {mail_id: bytes(begins) for mail_id, begins in await tx.session.execute(query)}


async def kept(tx: Transaction, mail_id: UUID) -> RawMail:
    """For administrators. Errors: NotFound."""
    permissions.require_role(tx.actor, Role.ADMIN)
    mail = await tx.session.get(RawMail, mail_id)
    if mail is None:
        raise NotFound("mail_not_found")
    return mail


async def unread_since(tx: Transaction, before: datetime) -> list[UUID]:
    """Mails whose job was lost or given up: they wait longer than any try takes."""
    query = select(RawMail.id).where(RawMail.state == "new", RawMail.received_at < before)
    return list(await tx.session.scalars(query.order_by(RawMail.received_at).limit(200)))


async def original_of(tx: Transaction, message_id: UUID) -> RawMail:
    """The bytes behind a message, for whoever may see its ticket. Errors: NotFound."""
    message = await tx.session.get(Message, message_id)
    if message is None:
        raise NotFound("message_not_found")
    ticket = await get(tx, message.ticket_id)
    permissions.require_inbox(tx.actor, ticket.inbox_id)
    permissions.require_reader(tx.actor)
    raw_id = (message.mail or {}).get("raw")
    kept = await tx.session.get(RawMail, UUID(raw_id)) if raw_id else None
    if kept is None:
        raise NotFound("original_not_found", "There is no mail behind this message.")
    return kept


_LISTS = {
    "quarantined": (RawMail.state == "quarantined",),
    "bounces": (RawMail.state == "dropped", RawMail.cause.contains("unmatched_bounce")),
    "blocked": (RawMail.state == "dropped", RawMail.cause.contains("blocked")),
    "discarded": (RawMail.state == "discarded",),
}
_SET_ASIDE = ("quarantined", "dropped", "discarded")


async def _set_aside(tx: Transaction, mail_id: UUID) -> RawMail:
    mail = await tx.session.get(RawMail, mail_id, with_for_update=True, populate_existing=True)
    if mail is None:
        raise NotFound("mail_not_found")
    if mail.state not in _SET_ASIDE:
        raise Conflict("mail_not_set_aside", "Somebody has decided about this mail already.")
    return mail


async def states(tx: Transaction) -> dict[str, int]:
    """How many mails ended in each state."""
    rows = await tx.session.execute(select(RawMail.state, func.count()).group_by(RawMail.state))
    return {row[0]: row[1] for row in rows}
