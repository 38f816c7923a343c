"""Sends one mail of the outbox: bytes frozen at the first try, then handed to the next server."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from helpdesk.actors import SYSTEM
from helpdesk.channels.email import composing, dkim_signing
from helpdesk.channels.email.sending import HandedOver
from helpdesk.domain import inboxes, tickets
from helpdesk.domain.tickets.mail import after_leaving, identity, inlets, signing_keys
from helpdesk.errors import Invalid, Unavailable
from helpdesk.jobs.mail import writing
from helpdesk.jobs.workshop import Workshop
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.transaction import Transaction

PAUSES = [
    *(timedelta(seconds=one) for one in (1, 5, 15, 60, 300, 900, 3600, 7200)),
    *(timedelta(hours=4),) * 11,
]
"""Between the tries: two days, as long as a weekend. Then the agent is told that it did not leave."""

TOLD_AFTER = 6
"""Tries, some twenty minutes of them: then the agent reads on the message that it waits."""

KEPT = "kept"
"""The server's answer where the demo keeps a mail to be looked at."""


_SET_ONE = "Set HELPDESK_SMTP_OUT_URL, so that answers can leave."


class _NoServer(Exception):
    """No further try helps before one is set."""


@dataclass(frozen=True)
class _Leased:
    raw: bytes | None
    envelope_from: str
    recipients: list[str]
    attempts: int
    kind: str


async def send_mail(workshop: Workshop, job: dict[str, Any]) -> None:
    """At least once: after a crash behind the final dot the same bytes with the same Message-ID go again."""
    mail_id = UUID(job["mail_id"])
    leased = await _lease(workshop, mail_id)
    if leased is None or leased.raw is None:
        return
    try:
        taken = await _hand_over(workshop, mail_id, leased, leased.raw)
    except _NoServer:
        async with workshop.database.transaction(SYSTEM) as tx:
            await tickets.mail.mailing.put_off_unset(tx, mail_id, _SET_ONE)
    except Unavailable as failure:
        await _put_off(workshop, mail_id, leased, failure)
    except Invalid as failure:
        async with workshop.database.transaction(SYSTEM) as tx:
            await tickets.deliveries.failed(tx, mail_id, failure.detail or failure.code)
    else:
        await _handed_over(workshop, mail_id, leased, taken)


async def _handed_over(workshop: Workshop, mail_id: UUID, leased: _Leased, taken: HandedOver) -> None:
    """Whom the server refused only for now is tried again, and with them whoever was refused."""
    server_id = taken.server_id or taken.answer
    refused = {one.recipient: f"{one.recipient}: {one.code} {one.text}" for one in taken.refused}
    is_final = all(one.permanent for one in taken.refused) or leased.attempts > len(PAUSES)
    async with workshop.database.transaction(SYSTEM) as tx:
        if is_final:
            await tickets.deliveries.handed_over(tx, mail_id, server_id, refused)
        else:
            await tickets.mail.mailing.handed_over_in_part(tx, mail_id, server_id, refused)
            _try_again(tx, mail_id, leased)


async def _put_off(workshop: Workshop, mail_id: UUID, leased: _Leased, failure: Unavailable) -> None:
    async with workshop.database.transaction(SYSTEM) as tx:
        if leased.attempts > len(PAUSES):
            await tickets.deliveries.failed(tx, mail_id, failure.detail or failure.code)
            return
        await tickets.mail.mailing.put_off(tx, mail_id, str(failure))
        if leased.attempts == TOLD_AFTER:
            await after_leaving.reported(tx, mail_id, "held_up", failure.detail or failure.code)
        _try_again(tx, mail_id, leased)


def _try_again(tx: Transaction, mail_id: UUID, leased: _Leased) -> None:
    job = tickets.mail.mailing.job_of(leased.kind)
    tx.enqueue(job, after=PAUSES[leased.attempts - 1], mail_id=str(mail_id))


async def release_waiting(workshop: Workshop) -> None:
    """What waited for a mail server to be set is due at once when we start with one."""
    if workshop.settings.smtp_out_url is None:
        return
    async with workshop.database.transaction(SYSTEM) as tx:
        await tickets.mail.mailing.release(tx)


async def _lease(workshop: Workshop, mail_id: UUID) -> _Leased | None:
    instance = await workshop.instance()
    async with workshop.database.transaction(SYSTEM) as tx:
        mail = await tickets.mail.mailing.lease(tx, mail_id)
        if mail is None:
            return None
        inbox = await inboxes.get(tx, mail.inbox_id)
        sender = await _return_address(workshop, tx, mail.id, inbox)
        recipients, raw = tickets.mail.mailing.addressed(mail), mail.raw
        attempts, kind = mail.attempts, mail.kind
        wanted = await writing.wanted(workshop, tx, mail, inbox, instance) if raw is None else None
        key = await _signing_key(workshop, tx, writing.domain_of(inbox))
    if wanted is not None:
        try:
            raw = await asyncio.to_thread(_frozen, wanted, key)
        except Invalid as failure:
            async with workshop.database.transaction(SYSTEM) as tx:
                await tickets.deliveries.failed(tx, mail_id, failure.detail or failure.code)
            return None
        async with workshop.database.transaction(SYSTEM) as tx:
            await tickets.mail.mailing.freeze(tx, mail_id, wanted.message_id, raw)
    return _Leased(raw, sender, recipients, attempts, kind)


async def _return_address(workshop: Workshop, tx: Transaction, mail_id: UUID, inbox: inboxes.Inbox) -> str:
    """Where reports come back to: a signed address of its own, where we hear of one. Where only the inbox's
    own mailbox is read, there; the report itself names the mail."""
    own = str(inbox.address or "")
    if own and (not identity.takes_plus(inbox) or await inlets.is_fetched(tx, inbox.id)):
        return own
    return workshop.carriers.bounce_address(mail_id, writing.domain_of(inbox))


def _frozen(wanted: composing.OutgoingMail, key: dkim_signing.Key | None) -> bytes:
    raw = composing.compose(wanted)
    return dkim_signing.signed(raw, key) if key else raw


async def _signing_key(workshop: Workshop, tx: Transaction, domain: str) -> dkim_signing.Key | None:
    """The domain's own key, where one is made and turned on; without it the next server signs."""
    kept = await signing_keys.in_use(tx, domain)
    if kept is None:
        return None
    secret = Sealer(workshop.settings.key).open(kept.secret, kept.id)
    return dkim_signing.Key(kept.domain, kept.selector, secret)


async def _hand_over(workshop: Workshop, mail_id: UUID, leased: _Leased, raw: bytes) -> HandedOver:
    url = workshop.settings.smtp_out_url
    if url is None and workshop.settings.demo:
        return HandedOver(KEPT, KEPT, ())
    if url is None:
        raise _NoServer
    return await workshop.relays.hand_over(
        raw,
        leased.envelope_from,
        leased.recipients,
        url.get_secret_value(),
        partial(_still_wanted, workshop, mail_id) if leased.kind in tickets.mail.mailing.TO_AGENTS else None,
    )


async def _still_wanted(workshop: Workshop, mail_id: UUID) -> None:
    """What waited for its server may be for nobody by now. Errors: Invalid."""
    async with workshop.database.transaction(SYSTEM) as tx:
        mail = await tickets.mail.mailing.kept_mail(tx, mail_id)
        if why := await tickets.mail.mailing.unwanted(tx, mail):
            raise Invalid("unwanted", why)
