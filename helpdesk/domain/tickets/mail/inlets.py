"""Ways in besides SMTP: how far each was read, whether it works, and what came of every mail of a day."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from helpdesk.actors import Role
from helpdesk.domain import inboxes, permissions
from helpdesk.domain.tickets.mail.model import Inlet, MailRefusal, SeenPost
from helpdesk.domain.tickets.model import Message, RawMail
from helpdesk.errors import Invalid, NotFound
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

KINDS = ("imap", "mailgun", "sendgrid", "postmark", "ses", "raw")
SILENT_AFTER = timedelta(minutes=5)
"""An inlet that has not worked for so long is told to administrators."""

REPLAY_WINDOW = timedelta(days=2)
_MAIL_PORTS = (143, 993)
_ENDED = ("on_ticket", "duplicate", "dropped", "quarantined", "discarded")


async def all_of(tx: Transaction) -> list[Inlet]:
    return list(await tx.session.scalars(select(Inlet).order_by(Inlet.created_at, Inlet.id)))


async def get(tx: Transaction, inlet_id: UUID) -> Inlet:
    found = await tx.session.get(Inlet, inlet_id, populate_existing=True)
    if found is None:
        raise NotFound("inlet_not_found")
    return found


async def of_inbox(tx: Transaction, key: str, kind: str) -> tuple[Inlet, inboxes.Inbox]:
    """Errors: NotFound also for one that is turned off."""
    inbox = await inboxes.by_key(tx, key, inboxes.Channel.EMAIL)
    found = await tx.session.scalar(select(Inlet).where(Inlet.inbox_id == inbox.id, Inlet.kind == kind))
    if found is None or not found.enabled:
        raise NotFound("inlet_not_found")
    return found, inbox


async def is_fetched(tx: Transaction, inbox_id: UUID) -> bool:
    """Whether its mail lies in a mailbox elsewhere: of the whole domain, only that mailbox is read."""
    query = select(Inlet.id).where(Inlet.inbox_id == inbox_id, Inlet.kind == "imap", Inlet.enabled)
    return await tx.session.scalar(query) is not None


async def save(
    tx: Transaction, inbox_id: UUID, kind: str, options: Json, *, enabled: bool, inlet_id: UUID
) -> Inlet:
    """Make or change the inlet of that kind; `inlet_id` is for a new one. The secret is set apart.

    Errors: Invalid for an unknown kind or a mailbox on no mail port.
    """
    permissions.require_role(tx.actor, Role.ADMIN)
    if kind not in KINDS:
        raise Invalid("kind_unknown", field="kind")
    inbox = await inboxes.get(tx, inbox_id)
    if inbox.channel != inboxes.Channel.EMAIL:
        raise Invalid("not_a_mail_inbox", field="inbox")
    if kind == "imap":
        _check_mailbox(options)
    found = await tx.session.scalar(select(Inlet).where(Inlet.inbox_id == inbox_id, Inlet.kind == kind))
    if found is None:
        found = Inlet(
            id=inlet_id, inbox_id=inbox_id, kind=kind, options=options, enabled=enabled, last_uid=0,
            created_at=tx.now,
        )  # fmt: skip
        tx.session.add(found)
    elif found.options != options:
        if _mailbox_of(found.options) != _mailbox_of(options):
            found.uid_validity, found.last_uid = None, 0
        if _door_of(found.options) != _door_of(options):
            found.secret = None
            found.tokens = found.tokens_expire_at = found.authorised_at = found.refused_at = None
    found.options, found.enabled = options, enabled
    found.error = found.failing_since = found.alerted_at = found.checked_at = None
    await tx.session.flush()
    return found


async def remove(tx: Transaction, inlet_id: UUID) -> None:
    permissions.require_role(tx.actor, Role.ADMIN)
    await tx.session.execute(delete(Inlet).where(Inlet.id == inlet_id))


async def worked(tx: Transaction, inlet_id: UUID, *, brought_mail: bool = False) -> None:
    inlet = await get(tx, inlet_id)
    inlet.checked_at = tx.now
    inlet.error = inlet.failing_since = inlet.alerted_at = None
    if brought_mail:
        inlet.last_mail_at = tx.now


async def failed(tx: Transaction, inlet_id: UUID, error: str) -> None:
    inlet = await get(tx, inlet_id)
    inlet.checked_at = tx.now
    if inlet.refused_at is None:  # what the provider said when it refused says more than what follows from it
        inlet.error = error[:500]
    inlet.failing_since = inlet.failing_since or tx.now


async def advance(tx: Transaction, inlet_id: UUID, uid_validity: int, uid: int) -> None:
    """In the transaction that keeps the mail: a crash loses and doubles nothing."""
    inlet = await get(tx, inlet_id)
    if inlet.uid_validity != uid_validity:
        inlet.uid_validity, inlet.last_uid = uid_validity, 0
    inlet.last_uid = max(inlet.last_uid, uid)


async def broken(tx: Transaction) -> list[Inlet]:
    """Those that have not worked for five minutes, and at once those whose provider took its consent back."""
    silent = or_(Inlet.failing_since < tx.now - SILENT_AFTER, Inlet.refused_at.is_not(None))
    query = select(Inlet).where(Inlet.enabled, silent)
    return list(await tx.session.scalars(query.order_by(Inlet.failing_since)))


async def seen_before(tx: Transaction, key: str, digest: str) -> str | None:
    """None the first time; then the digest of what was taken under that key."""
    row = insert(SeenPost).values(key=key[:300], digest=digest, at=tx.now).on_conflict_do_nothing()
    if await tx.session.scalar(row.returning(SeenPost.key)) is not None:
        return None
    before: str | None = await tx.session.scalar(select(SeenPost.digest).where(SeenPost.key == key[:300]))
    return before


async def forget_posts(tx: Transaction) -> None:
    await tx.session.execute(delete(SeenPost).where(SeenPost.at < tx.now - REPLAY_WINDOW))


async def refused(tx: Transaction, path: str, code: str) -> None:
    """One more mail that was not taken, told to its sender with this code."""
    row = insert(MailRefusal).values(day=tx.now.astimezone(UTC).date(), path=path, code=code[:60], count=1)
    key = ["day", "path", "code"]
    await tx.session.execute(
        row.on_conflict_do_update(index_elements=key, set_={"count": MailRefusal.count + 1})
    )


async def day_count(tx: Transaction, day: date) -> dict[str, Any]:
    """What became of the mails of a day (UTC). `balances`: every one that was taken ended somewhere, or is
    being read, and what is said to be on a ticket is there; `refused` were never taken."""
    begins = datetime.combine(day, time(0), UTC)
    is_gone = and_(RawMail.state == "on_ticket", Message.id.is_(None))
    query = (
        select(RawMail.state, func.count(), func.count().filter(is_gone))
        .outerjoin(Message, Message.id == RawMail.message_id)
        .where(RawMail.received_at >= begins, RawMail.received_at < begins + timedelta(days=1))
        .group_by(RawMail.state)
    )
    found = [(state, int(count), int(gone)) for state, count, gone in await tx.session.execute(query)]
    states, missing = {state: count for state, count, _ in found}, sum(gone for *_, gone in found)
    no = await tx.session.scalar(select(func.sum(MailRefusal.count)).where(MailRefusal.day == day))
    taken = sum(states.values())
    ended = sum(states.get(state, 0) for state in _ENDED) - missing
    return {
        "day": day, "taken": taken, "refused": int(no or 0), "states": states,
        "waiting": states.get("new", 0), "balances": taken == ended + states.get("new", 0),
    }  # fmt: skip


def _mailbox_of(options: Json) -> tuple[object, ...]:
    """Where a cursor counts; another password or what is done afterwards changes nothing of it."""
    return tuple(options.get(name) for name in ("host", "port", "user", "folder"))


def _door_of(options: Json) -> tuple[object, ...]:
    """Where a password or a token is told, and whose it is: it was given for there, and for nowhere else."""
    return tuple(options.get(name) for name in ("auth", "host", "port", "security", "user"))


def _check_mailbox(options: Json) -> None:
    """Only what is a mailbox: a form is no way to knock on other doors of the network."""
    if not str(options.get("host", "")).strip():
        raise Invalid("host_missing", "No mail server was found for this address: name it.", field="host")
    if options.get("port") not in _MAIL_PORTS:
        raise Invalid("port_refused", "A mailbox is read on port 993 or 143.", field="port")
