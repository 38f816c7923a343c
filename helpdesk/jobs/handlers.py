"""Every job by name. A job reads what it needs when it runs, and is safe to run twice."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

from helpdesk.actors import SYSTEM
from helpdesk.domain import tickets
from helpdesk.jobs.distribute import distribute
from helpdesk.jobs.fetch_absences import fetch_absences
from helpdesk.jobs.fetch_holidays import fetch_holidays
from helpdesk.jobs.indexing import index_again
from helpdesk.jobs.mail.held_replies import send_held
from helpdesk.jobs.mail.read import read_mail
from helpdesk.jobs.mail.send import send_mail
from helpdesk.jobs.replay_clocks import replay_clocks
from helpdesk.jobs.ring import ring
from helpdesk.jobs.rota import tell_shift, tell_swap
from helpdesk.jobs.workshop import Workshop

AT_ONCE = {"read_mail": 3}
"""A flood of mail takes neither every connection of the pool nor the places of other jobs."""

Handler = Callable[[dict[str, Any]], Awaitable[None]]


def handlers(workshop: Workshop) -> dict[str, Handler]:
    return {
        "read_mail": partial(read_mail, workshop),
        "send_mail": partial(send_mail, workshop),
        "send_held": partial(send_held, workshop),
        "ring": partial(ring, workshop),
        "tell_swap": partial(tell_swap, workshop),
        "tell_shift": partial(tell_shift, workshop),
        "fetch_absences": partial(fetch_absences, workshop),
        "distribute": partial(distribute, workshop),
        "index_again": partial(index_again, workshop),
        "replay_clocks": partial(replay_clocks, workshop),
        "fetch_holidays": partial(fetch_holidays, workshop),
        "mail_unread_answers": partial(mail_unread_answers, workshop),
        "raise_alert_if_urgent": partial(raise_alert_if_urgent, workshop),
    }


async def raise_alert_if_urgent(workshop: Workshop, job: dict[str, Any]) -> None:
    """One open alert per ticket, however often this runs."""
    async with workshop.database.transaction(SYSTEM) as tx:
        await tickets.raise_if_urgent(tx, UUID(job["ticket_id"]))


async def mail_unread_answers(workshop: Workshop, job: dict[str, Any]) -> None:
    """Answers in a chat that nobody has seen; what was mailed once is not mailed again."""
    async with workshop.database.transaction(SYSTEM) as tx:
        await tickets.chatting.unread.mail_answers(tx, UUID(job["ticket_id"]))
