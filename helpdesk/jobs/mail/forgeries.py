"""Marks in mails that are not ours although they say so: counted, and told to administrators when many."""

from functools import partial

import structlog

from helpdesk.domain import limits
from helpdesk.jobs.mail import administrators
from helpdesk.jobs.mail.facts import Gathered
from helpdesk.storage.transaction import Transaction
from helpdesk.translation import Translator

log = structlog.get_logger(__name__)


async def note(tx: Transaction, gathered: Gathered) -> None:
    """Told once an hour: at the fifth of one sender, or the twentieth of many (From can be any name)."""
    if not gathered.facts.strong_forged:
        return
    sender = gathered.mail.sender.key if gathered.mail.sender else ""
    of_sender = await limits.count(tx, limits.FORGED_MARKS_OF_SENDER, sender)
    of_all = await limits.count(tx, limits.FORGED_MARKS, gathered.inbox.id)
    log.warning("forged_mark", sender=sender, inbox=gathered.inbox.key, of_sender=of_sender, of_all=of_all)
    if of_sender == limits.FORGED_MARKS_OF_SENDER.most or of_all == limits.FORGED_MARKS.most:
        address = gathered.inbox.address or gathered.inbox.name
        await administrators.tell(tx, partial(_words, address, sender[:200], max(of_sender, of_all)))


def _words(address: str, sender: str, count: int, t: Translator) -> tuple[str, tuple[str, ...]]:
    return t("Somebody tries out marks in mail to {address}", address=address), (
        t(
            "{count} mails within an hour named tickets with marks that are not ours.",
            count=count,
        ),
        t("The last one says that it is from {sender}.", sender=sender or "?"),
        t("None of them came onto the ticket it named. An agent can block a sender on the ticket it opened."),
    )
