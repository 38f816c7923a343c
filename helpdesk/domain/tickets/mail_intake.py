"""Raw mail: kept before it is acknowledged, and what became of each."""

import hashlib
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from helpdesk.domain import inboxes
from helpdesk.domain.tickets.model import RawMail
from helpdesk.errors import NotFound
from helpdesk.storage.transaction import Transaction


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
        tx, inbox=inbox, path=path, envelope_from=envelope_from, envelope_to=address, raw=raw
    )


async def keep(
    tx: Transaction, *, inbox: inboxes.Inbox, path: str, envelope_from: str, envelope_to: str, raw: bytes
) -> UUID:
    """Store the bytes and queue reading them. The same bytes to the same address are kept once, so a
    sender who missed our 250 and tries again makes no second ticket. Answers with the mail's id."""
    digest = hashlib.sha256(raw).hexdigest()
    statement = insert(RawMail).values(
        id=tx.new_id(),
        inbox_id=inbox.id,
        path=path,
        envelope_from=envelope_from,
        envelope_to=envelope_to.lower(),
        sha256=digest,
        size=len(raw),
        raw=raw,
        state="new",
        attempts=0,
        received_at=tx.now,
    )
    statement = statement.on_conflict_do_nothing(index_elements=["inbox_id", "envelope_to", "sha256"])
    new_id = await tx.session.scalar(statement.returning(RawMail.id))
    if new_id is not None:
        tx.enqueue("read_mail", mail_id=str(new_id))
        return new_id
    same = (RawMail.inbox_id == inbox.id, RawMail.envelope_to == envelope_to.lower(), RawMail.sha256 == digest)
    return (await tx.session.scalars(select(RawMail.id).where(*same))).one()


async def to_read(tx: Transaction, mail_id: UUID) -> RawMail | None:
    """The mail under its row lock; None when it has been read already."""
    mail = await tx.session.get(RawMail, mail_id, with_for_update=True, populate_existing=True)
    if mail is None:
        raise NotFound("mail_not_found")
    return mail if mail.state == "new" else None


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


async def states(tx: Transaction) -> dict[str, int]:
    """How many mails ended in each state."""
    rows = await tx.session.execute(select(RawMail.state, func.count()).group_by(RawMail.state))
    return {state: count for state, count in rows}
