"""Every job by name. A job reads what it needs when it runs, and is safe to run twice."""

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
from helpdesk.storage.job_queue import Handler, Worker

AT_ONCE = {"read_mail": 30, "send_mail": 10}
"""What comes in floods takes no places of other jobs. Of the mails under way a few are read at a time
(`Workshop.reading`), and the others wait to be placed together: that takes four connections of the pool."""

URGENT = frozenset({"ring", "raise_alert_if_urgent", "send_urgent_mail"})
"""Somebody on call waits for these. They have places of their own: nothing queued, nor what hangs, stands
before them."""


def handlers(workshop: Workshop) -> dict[str, Handler]:
    return {
        "read_mail": partial(read_mail, workshop),
        "send_mail": partial(send_mail, workshop),
        "send_urgent_mail": partial(send_mail, workshop),
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


def workers(workshop: Workshop) -> list[Worker]:
    """The urgent jobs have a worker of their own."""
    every = handlers(workshop)
    urgent = {name: every.pop(name) for name in URGENT}
    return [Worker(every, AT_ONCE), Worker(urgent)]


async def raise_alert_if_urgent(workshop: Workshop, job: dict[str, Any]) -> None:
    """One open alert per ticket, however often this runs."""
    async with workshop.database.transaction(SYSTEM) as tx:
        await tickets.raise_if_urgent(tx, UUID(job["ticket_id"]))


async def mail_unread_answers(workshop: Workshop, job: dict[str, Any]) -> None:
    """Answers in a chat that nobody has seen; what was mailed once is not mailed again."""
    async with workshop.database.transaction(SYSTEM) as tx:
        await tickets.chatting.unread.mail_answers(tx, UUID(job["ticket_id"]))
