"""The brake of a chat inbox: at a rush, or by an administrator's hand, the chat becomes a message form."""

from datetime import timedelta

from helpdesk.domain import inboxes, limits
from helpdesk.domain.widgets.setup import setup_of
from helpdesk.storage.transaction import Transaction

WINDOW = timedelta(minutes=10)


async def is_on(tx: Transaction, inbox: inboxes.Inbox) -> bool:
    setup = setup_of(inbox)
    if setup.brake != "auto":
        return setup.brake == "on"
    return await limits.spent(tx, _limit(setup.brake_rate), inbox.id) >= setup.brake_rate


async def count(tx: Transaction, inbox: inboxes.Inbox) -> None:
    """One more conversation was opened."""
    await limits.count(tx, _limit(setup_of(inbox).brake_rate), inbox.id)


def _limit(most: int) -> limits.Limit:
    return limits.Limit("new conversations of an inbox", most, WINDOW)
