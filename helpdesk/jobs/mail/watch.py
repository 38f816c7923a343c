"""Looks after mail by the clock: ways in that stopped working, mails whose reading was lost."""

from datetime import timedelta
from functools import partial

from helpdesk.actors import SYSTEM
from helpdesk.domain import inboxes
from helpdesk.domain.tickets.mail import inlets, intake, stopped
from helpdesk.domain.tickets.mail.model import Inlet
from helpdesk.jobs.mail import administrators
from helpdesk.jobs.workshop import Workshop
from helpdesk.storage.transaction import Transaction
from helpdesk.translation import Translator

LOST_AFTER = timedelta(minutes=15)


async def watch_inlets(workshop: Workshop) -> None:
    """Of an inlet that has not worked for five minutes administrators hear once, at their own addresses, and
    who is on call is rung until it works again."""
    async with workshop.database.transaction(SYSTEM) as tx:
        broken = await inlets.broken(tx)
        for inlet in broken:
            if inlet.alerted_at is None:
                inlet.alerted_at = tx.now
                await _tell(tx, inlet)
                await stopped.ring(tx, inlet)
        await stopped.close_mended(tx, broken)


async def requeue_unread_mail(workshop: Workshop) -> None:
    """Reading is safe to repeat, so a lost job costs a quarter of an hour and no mail."""
    async with workshop.database.transaction(SYSTEM) as tx:
        for mail_id in await intake.unread_since(tx, tx.now - LOST_AFTER):
            tx.enqueue("read_mail", mail_id=str(mail_id))


async def forget_posts(workshop: Workshop) -> None:
    async with workshop.database.transaction(SYSTEM) as tx:
        await inlets.forget_posts(tx)


async def _tell(tx: Transaction, inlet: Inlet) -> None:
    inbox = await inboxes.get(tx, inlet.inbox_id)
    await administrators.tell(tx, partial(_words, inbox, inlet.error or "?"))


def _words(inbox: inboxes.Inbox, error: str, t: Translator) -> tuple[str, tuple[str, ...]]:
    return t("Mail to {inbox} is not coming in", inbox=inbox.name), (
        t("For five minutes no mail could be fetched for {address}.", address=inbox.address or ""),
        t("The mail server says: {error}", error=error),
        t("Administration, Mail shows more."),
    )
