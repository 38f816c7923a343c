"""A way in that stopped rings who is on call: customers write, and nobody hears of it."""

from collections.abc import Iterable

from sqlalchemy import select

from helpdesk.domain import inboxes, oncall
from helpdesk.domain.tickets.mail.model import Inlet
from helpdesk.storage.transaction import Transaction

_KEY = "inlet:"


async def ring(tx: Transaction, inlet: Inlet) -> oncall.Alert | None:
    """By the policy of the inbox's team. None when it rings already, or nobody can be woken."""
    inbox = await inboxes.get(tx, inlet.inbox_id)
    subject = f"Mail to {inbox.name} is not coming in"
    details = {"subject": subject, "body": inlet.error or "", "url": "/admin/mail"}
    key, reason = f"{_KEY}{inlet.id}", "A way in for mail stopped working"
    return await oncall.raise_alert(tx, None, key, reason, team_id=inbox.team_id, details=details)


async def close_mended(tx: Transaction, broken: Iterable[Inlet]) -> None:
    """Alerts of ways in that work again, or are gone."""
    still = {f"{_KEY}{inlet.id}" for inlet in broken}
    query = select(oncall.Alert.dedup_key).where(
        oncall.Alert.dedup_key.startswith(_KEY), oncall.Alert.status != oncall.AlertStatus.CLOSED.value
    )
    for key in set(await tx.session.scalars(query)) - still:
        await oncall.close_key(tx, key)
