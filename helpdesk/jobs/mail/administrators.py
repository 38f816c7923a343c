"""A letter to every administrator, in their language, past the mailboxes it may be about."""

from collections.abc import Callable

from sqlalchemy import select

from helpdesk.actors import Role
from helpdesk.domain import agents, inboxes
from helpdesk.domain.tickets.mail import mailing
from helpdesk.storage.transaction import Transaction
from helpdesk.translation import Translator, translator

Words = Callable[[Translator], tuple[str, tuple[str, ...]]]
"""(subject, paragraphs)"""


async def tell(tx: Transaction, words: Words) -> None:
    own = {str(one.address).lower() for one in await inboxes.all_of(tx) if one.address}
    admins = await tx.session.scalars(
        select(agents.Agent).where(
            agents.Agent.role.in_([Role.ADMIN.value, Role.OWNER.value]), agents.Agent.disabled_at.is_(None)
        )
    )
    for admin in admins:
        if admin.email.lower() not in own:
            subject, paragraphs = words(translator(admin.locale, "pages"))
            body = "\n\n".join(paragraphs)
            await mailing.queue_notice(tx, recipients=[admin.email], subject=subject, body=body)
