"""How each agent is reached when something needs them: methods proven to be theirs, and their rules."""

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.domain import permissions
from helpdesk.errors import Conflict, Forbidden, Invalid, LimitReached, NotFound
from helpdesk.storage.tables import Base, Id
from helpdesk.storage.transaction import Transaction

CODE_LIFE = timedelta(minutes=15)
CODE_TRIES = 5
CODES_AN_HOUR = 5
METHODS_EACH = 10


class MethodKind(StrEnum):
    """`notify` is anything Apprise reaches: SMS and voice gateways, ntfy, Matrix and the like."""

    EMAIL = "email"
    WEBHOOK = "webhook"
    PUSH = "push"
    NOTIFY = "notify"


class ContactMethod(Base):
    """`address` is sealed, since many of them hold a password. Email without one is the agent's own address.
    One without an agent is a channel: it is named as a step's target and rung there.

    `last_rang_at` paces it, `asked_at` keeps the timetable from asking the worker twice.
    """

    __tablename__ = "contact_methods"

    id: Mapped[Id]
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"), index=True)
    kind: Mapped[str]
    name: Mapped[str]
    address: Mapped[str | None]
    code_hash: Mapped[bytes | None]
    code_sent_at: Mapped[datetime | None]
    code_tries: Mapped[int] = mapped_column(server_default="0")
    codes_sent: Mapped[int] = mapped_column(server_default="0")
    verified_at: Mapped[datetime | None]
    last_rang_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_contact_methods_own_email",
            "agent_id",
            unique=True,
            postgresql_where=text("kind = 'email' AND address IS NULL"),
        ),
    )


class NotificationRule(Base):
    """So many minutes after somebody is notified, they are reached by this method too."""

    __tablename__ = "notification_rules"

    id: Mapped[Id]
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"), index=True)
    method_id: Mapped[UUID] = mapped_column(ForeignKey("contact_methods.id", ondelete="CASCADE"))
    after_minutes: Mapped[int]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("method_id", "after_minutes"),)


async def own_email(tx: Transaction, agent_id: UUID) -> ContactMethod:
    """The mail address everybody has, made a method on first use; it needs no proof."""
    row = insert(ContactMethod).values(
        id=tx.new_id(),
        agent_id=agent_id,
        kind=MethodKind.EMAIL.value,
        name="",
        verified_at=tx.now,
        created_at=tx.now,
    )
    await tx.session.execute(row.on_conflict_do_nothing())
    query = select(ContactMethod).where(
        ContactMethod.agent_id == agent_id,
        ContactMethod.kind == MethodKind.EMAIL.value,
        ContactMethod.address.is_(None),
    )
    return (await tx.session.scalars(query)).one()


async def methods_of(tx: Transaction, agent_id: UUID) -> list[ContactMethod]:
    query = select(ContactMethod).where(
        ContactMethod.agent_id == agent_id, ContactMethod.disabled_at.is_(None)
    )
    return list(await tx.session.scalars(query.order_by(ContactMethod.id)))


async def rules_of(tx: Transaction, agent_id: UUID) -> list[NotificationRule]:
    query = select(NotificationRule).where(NotificationRule.agent_id == agent_id)
    return list(await tx.session.scalars(query.order_by(NotificationRule.after_minutes, NotificationRule.id)))


async def ways_to(tx: Transaction, agent_id: UUID) -> list[tuple[str, ContactMethod, timedelta]]:
    """(rule, method, after) by which this agent is rung, soonest first; without a rule, the mail address."""
    query = (
        select(NotificationRule, ContactMethod)
        .join(ContactMethod, NotificationRule.method_id == ContactMethod.id)
        .where(
            NotificationRule.agent_id == agent_id,
            ContactMethod.verified_at.is_not(None),
            ContactMethod.disabled_at.is_(None),
        )
        .order_by(NotificationRule.after_minutes, NotificationRule.id)
    )
    found = [
        (str(rule.id), method, timedelta(minutes=rule.after_minutes))
        for rule, method in await tx.session.execute(query)
    ]
    if not any(not after for _, _, after in found):  # nobody's first ring waits for a rule
        found.insert(0, ("email", await own_email(tx, agent_id), timedelta()))
    return found


async def add_method(tx: Transaction, kind: MethodKind, name: str, address: str) -> tuple[ContactMethod, str]:
    """An unproven method of the acting agent, and the code to be sent to it. `address` is sealed already."""
    agent_id = _own(tx)
    count = await tx.session.scalar(
        select(func.count()).where(ContactMethod.agent_id == agent_id, ContactMethod.disabled_at.is_(None))
    )
    if (count or 0) >= METHODS_EACH:
        raise LimitReached("too_many_methods", f"At most {METHODS_EACH} methods each.", retry_after=3600)
    method = ContactMethod(
        id=tx.new_id(),
        agent_id=agent_id,
        kind=kind.value,
        name=name.strip()[:80],
        address=address,
        code_tries=0,
        codes_sent=0,
        created_at=tx.now,
    )
    tx.session.add(method)
    await tx.session.flush()
    return method, await new_code(tx, method.id)


async def new_code(tx: Transaction, method_id: UUID) -> str:
    """Another six digits to be sent; the ones before no longer count."""
    method = await own_method(tx, method_id)
    if method.verified_at is not None:
        raise Conflict("already_verified")
    if method.code_sent_at is not None and tx.now - method.code_sent_at > timedelta(hours=1):
        method.codes_sent = 0
    if (method.codes_sent or 0) >= CODES_AN_HOUR:
        raise LimitReached("too_many_codes", "Try again in an hour.", retry_after=3600)
    code = f"{secrets.randbelow(1_000_000):06}"
    method.code_hash, method.code_sent_at, method.code_tries = _hash(method.id, code), tx.now, 0
    method.codes_sent = (method.codes_sent or 0) + 1
    return code


async def verify(tx: Transaction, method_id: UUID, code: str) -> bool:
    """Whether the code was right; the method then rings at once, where no rule says otherwise."""
    method = await own_method(tx, method_id)
    if method.verified_at is not None:
        return True
    known, sent = method.code_hash, method.code_sent_at
    if known is None or sent is None or tx.now - sent > CODE_LIFE or method.code_tries >= CODE_TRIES:
        raise Invalid("code_expired", "Ask for a new code.", field="code")
    method.code_tries += 1
    if not secrets.compare_digest(known, _hash(method.id, code.strip().replace(" ", ""))):
        return False
    method.verified_at, method.code_hash = tx.now, None
    await add_rule(tx, method.id, 0)
    return True


async def prove_by_browser(tx: Transaction, method_id: UUID) -> None:
    """A browser that just handed over its own subscription needs no code to be read back."""
    method = await own_method(tx, method_id)
    method.verified_at, method.code_hash = tx.now, None
    await add_rule(tx, method.id, 0)


async def add_rule(tx: Transaction, method_id: UUID, after_minutes: int) -> None:
    method = await own_method(tx, method_id)
    if method.verified_at is None:
        raise Conflict("method_unverified", "Prove first that this is yours.")
    if not 0 <= after_minutes <= 120:
        raise Invalid("minutes_invalid", "0 to 120 minutes.", field="after_minutes")
    row = insert(NotificationRule).values(
        id=tx.new_id(),
        agent_id=method.agent_id,
        method_id=method.id,
        after_minutes=after_minutes,
        created_at=tx.now,
    )
    await tx.session.execute(row.on_conflict_do_nothing())


async def remove_rule(tx: Transaction, rule_id: UUID) -> None:
    rule = await tx.session.get(NotificationRule, rule_id)
    if rule is None or rule.agent_id != _own(tx):
        raise NotFound("rule_not_found")
    await tx.session.delete(rule)


async def remove_method(tx: Transaction, method_id: UUID) -> None:
    method = await own_method(tx, method_id)
    if method.kind == MethodKind.EMAIL and method.address is None:
        raise Conflict(
            "own_email_stays", "Your own mail address stays: it is what is left when all else fails."
        )
    await disable(tx, method.id, "removed")


async def disable(tx: Transaction, method_id: UUID, why: str) -> None:
    """Removed by its owner, or gone for good (a push subscription that ended): its rules go with it."""
    await tx.session.execute(
        update(ContactMethod).where(ContactMethod.id == method_id).values(disabled_at=tx.now, error=why[:300])
    )
    for rule in await tx.session.scalars(
        select(NotificationRule).where(NotificationRule.method_id == method_id)
    ):
        await tx.session.delete(rule)


async def own_method(tx: Transaction, method_id: UUID) -> ContactMethod:
    """One of the acting agent's own. Errors: NotFound."""
    method = await tx.session.get(ContactMethod, method_id)
    if method is None or method.disabled_at is not None or method.agent_id != _own(tx):
        raise NotFound("method_not_found")
    return method


def _own(tx: Transaction) -> UUID:
    permissions.require_writer(tx.actor)
    if tx.actor.agent_id is None:
        raise Forbidden("no_agent")
    return tx.actor.agent_id


def _hash(method_id: UUID, code: str) -> bytes:
    return hashlib.sha256(method_id.bytes + code.encode()).digest()
