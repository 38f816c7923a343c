"""Reads a stored mail in a killable child, and hands it on to be placed with those read meanwhile."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from helpdesk.actors import SYSTEM
from helpdesk.channels import uploads
from helpdesk.channels.email.mail import Mail, Part, reachable
from helpdesk.domain import tickets
from helpdesk.domain.tickets.attachments import StoredFile
from helpdesk.errors import Conflict, Invalid, Unavailable
from helpdesk.jobs.mail.placing import ReadMail, place_all
from helpdesk.jobs.workshop import Workshop
from helpdesk.storage.gathering import Gathering

TRIES = 3
"""Reading attempts before a mail goes to quarantine."""

TOGETHER = 10
"""Mails placed in one transaction at most: with more of them it costs each hardly less, and holds what it has
locked for longer."""

TOGETHER_BESIDE_PEOPLE = 3
"""While somebody is served: what they ask for meets a short portion, or none."""

PLACED_WITHIN = 120.0
"""Seconds for them, more than the longest wait for a lock."""

log = structlog.get_logger(__name__)


async def read_mail(workshop: Workshop, job: dict[str, Any]) -> None:
    """Ends with the mail in exactly one state. Nothing in it can stop the next one."""
    async with workshop.reading, workshop.giving_way.portion():
        read = await _read(workshop, UUID(job["mail_id"]))
    if read is None:
        return
    try:
        is_said = await _placing(workshop).add(read)
    except (Unavailable, Conflict):
        raise
    except Exception as failure:  # whatever it is, this mail must not stay unread without a word
        log.exception("mail_not_placed", mail=str(read.mail_id))
        await _count_failure(workshop, read.mail_id, Invalid("mail_not_placed", type(failure).__name__))
        return
    if not is_said:  # a duplicate, a bounce, an answering machine: nobody will ask for its files
        for file in read.files:
            await workshop.files.delete(file.key)


async def _read(workshop: Workshop, mail_id: UUID) -> ReadMail | None:
    """None where there is nothing to place: it was read before, or cannot be read."""
    async with workshop.database.transaction(SYSTEM, is_autocommit=True) as tx:
        found = await tickets.mail.intake.bytes_to_read(tx, mail_id)
    if found is None:
        return None
    raw, is_wide = found
    try:
        mail = reachable(await workshop.readers.read_safely(raw, wide=is_wide))
    except Invalid as failure:
        await _count_failure(workshop, mail_id, failure)
        return None
    files = [await _stored(workshop, part) for part in mail.attachments]
    before = await _named_before(workshop, mail_id, mail)
    return ReadMail(mail_id, replace(mail, attachments=()), files, before)


async def _stored(workshop: Workshop, part: Part) -> StoredFile:
    """On the disk. Should the commit that names it fail, or only its answer be lost, it stays until it is
    swept: a message without its file would be worse. Only what the HTML really shows has a Content-ID."""
    content_id = part.content_id if part.inline else None
    stored = await workshop.files.put(part.data)
    return uploads.describe(stored, part.name, part.data, content_id, said=part.content_type)


async def _named_before(workshop: Workshop, mail_id: UUID, mail: Mail) -> tuple[UUID, ...]:
    named = [one.key for one in (*mail.to, *mail.cc)]
    if len(named) < 2:
        return ()
    async with workshop.database.transaction(SYSTEM, is_autocommit=True) as tx:
        return tuple(await tickets.mail.intake.named_before(tx, mail_id, named))


def _placing(workshop: Workshop) -> Gathering[ReadMail, bool]:
    if workshop.placing is None:
        write = partial(_place_in_turn, workshop)
        workshop.placing = Gathering(write, within=PLACED_WITHIN, most=partial(_together, workshop))
    return workshop.placing


def _together(workshop: Workshop) -> int:
    return TOGETHER_BESIDE_PEOPLE if workshop.giving_way.are_people_served() else TOGETHER


async def _place_in_turn(workshop: Workshop, batch: Sequence[ReadMail]) -> list[bool]:
    async with workshop.giving_way.portion():
        return await place_all(workshop, batch)


async def _count_failure(workshop: Workshop, mail_id: UUID, failure: Invalid) -> None:
    """A mail that cannot be read is tried again, then kept apart for an administrator."""
    async with workshop.database.transaction(SYSTEM) as tx:
        if await tickets.mail.intake.count_attempt(tx, mail_id) >= TRIES:
            await tickets.mail.intake.quarantine(tx, mail_id, failure.code)
            return
    raise Unavailable("mail_not_read_yet", failure.code)
