"""Looks after mail by the clock: ways in that stopped working, mails whose reading was lost."""

from datetime import timedelta

from sqlalchemy import select

from helpdesk.actors import SYSTEM, Role
from helpdesk.domain import agents, inboxes
from helpdesk.domain.tickets.mail import inlets, intake, mailing, stopped
from helpdesk.domain.tickets.mail.model import Inlet
from helpdesk.jobs.workshop import Workshop
from helpdesk.storage.transaction import Transaction
from helpdesk.translation import translator

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
    own = {str(one.address).lower() for one in await inboxes.all_of(tx) if one.address}
    admins = await tx.session.scalars(
        select(agents.Agent).where(
            agents.Agent.role.in_([Role.ADMIN.value, Role.OWNER.value]), agents.Agent.disabled_at.is_(None)
        )
    )
    for admin in admins:
        if admin.email.lower() in own:
            continue
        t = translator(admin.locale, "pages")
        await mailing.queue_notice(
            tx,
            recipients=[admin.email],
            subject=t("Mail to {inbox} is not coming in", inbox=inbox.name),
            body="\n\n".join(
                (
                    t(
                        "For five minutes no mail could be fetched for {address}.",
                        address=inbox.address or "",
                    ),
                    t("The mail server says: {error}", error=inlet.error or "?"),
                    t("Administration, Mail shows more."),
                )
            ),
        )
