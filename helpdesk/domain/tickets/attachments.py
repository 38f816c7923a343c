"""Files on messages: stored before the transaction, then named by the message that carries them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import any_, exists, select

from helpdesk.domain.tickets.locking import get
from helpdesk.domain.tickets.model import Attachment, HeldReply, Message
from helpdesk.errors import Invalid, NotFound
from helpdesk.storage.transaction import Transaction

PER_MESSAGE = 10
UNUSED_AFTER = timedelta(days=1)
"""An upload nobody sent is swept after this."""

_ASKED_TOGETHER = 1000


@dataclass(frozen=True)
class StoredFile:
    """A file that lies in the file store under a random key."""

    key: str
    name: str
    content_type: str
    size: int
    sha256: str
    content_id: str | None = None


async def add(tx: Transaction, file: StoredFile) -> Attachment:
    """An upload of this actor, not yet on any message."""
    attachment = Attachment(
        id=tx.new_id(),
        owner_kind=tx.actor.kind.value,
        owner_id=tx.actor.id,
        key=file.key,
        name=file.name,
        content_type=file.content_type,
        size=file.size,
        sha256=file.sha256,
        content_id=file.content_id,
        created_at=tx.now,
    )
    tx.session.add(attachment)
    await tx.session.flush()
    return attachment


async def take(tx: Transaction, message: Message, ids: Sequence[UUID]) -> list[Attachment]:
    """The actor's own unused uploads, named by a message that is still to be written. Somebody else's
    upload does not exist."""
    found = await _own(tx, ids, most=None if message.author_kind == "contact" else PER_MESSAGE)
    message.attachments = [described(row) for row in found]
    return found


async def check(tx: Transaction, ids: Sequence[UUID]) -> None:
    """That a message which is said later may carry these. Errors: as `take`."""
    await _own(tx, ids, most=PER_MESSAGE)


async def require_readable(tx: Transaction, key: str) -> None:
    """For staff: of a ticket they may see, or an upload of their own. Errors: NotFound, Forbidden."""
    attachment = await tx.session.scalar(select(Attachment).where(Attachment.key == key))
    if attachment is None:
        raise NotFound("file_not_found")
    message = await tx.session.get(Message, attachment.message_id) if attachment.message_id else None
    if message is not None:
        await get(tx, message.ticket_id)
    elif attachment.owner_id != tx.actor.id:
        raise NotFound("file_not_found")


def described(attachment: Attachment) -> dict[str, object]:
    """What a message repeats of its file; the key makes the address on the way out."""
    return {
        "id": str(attachment.id),
        "name": attachment.name,
        "content_type": attachment.content_type,
        "size": attachment.size,
        "key": attachment.key,
        **({"content_id": attachment.content_id} if attachment.content_id else {}),
    }


async def unused(tx: Transaction, limit: int = 500) -> list[Attachment]:
    """Uploads that were never sent and are old enough to sweep."""
    return list(
        await tx.session.scalars(
            select(Attachment)
            .where(
                Attachment.message_id.is_(None),
                Attachment.created_at < tx.now - UNUSED_AFTER,
                ~exists().where(HeldReply.state == "waiting", Attachment.id == any_(HeldReply.uploads)),
            )
            .limit(limit)
        )
    )


async def unnamed(tx: Transaction, keys: Sequence[str]) -> list[str]:
    """Those of the files that no row names: what wrote them never committed."""
    unknown = []
    for start in range(0, len(keys), _ASKED_TOGETHER):
        asked = keys[start : start + _ASKED_TOGETHER]
        known = set(await tx.session.scalars(select(Attachment.key).where(Attachment.key.in_(asked))))
        unknown += [key for key in asked if key not in known]
    return unknown


async def _own(tx: Transaction, ids: Sequence[UUID], most: int | None) -> list[Attachment]:
    if not ids:
        return []
    if most is not None and len(ids) > most:
        raise Invalid("too_many_files", f"At most {most} files on a message.", field="uploads")
    rows = await tx.session.scalars(select(Attachment).where(Attachment.id.in_(ids)).with_for_update())
    found = {row.id: row for row in rows}
    for wanted in ids:
        row = found.get(wanted)
        if row is None or row.message_id is not None or row.owner_id != tx.actor.id:
            raise NotFound("upload_not_found", field="uploads")
    return [found[wanted] for wanted in ids]
