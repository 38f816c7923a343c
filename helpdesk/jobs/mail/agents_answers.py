"""Whether a mail of an agent is their answer to what we told them, and nothing but their answer."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from helpdesk.channels.email import forwards
from helpdesk.channels.email.carriers import MARKER, Carriers, Kind
from helpdesk.channels.email.mail import Mail
from helpdesk.domain import agents
from helpdesk.domain.tickets import BODY_LIMIT, RawMail, Ticket
from helpdesk.domain.tickets.attachments import PER_MESSAGE, StoredFile
from helpdesk.domain.tickets.mail import own_words
from helpdesk.domain.tickets.mail.threading import HeldBack, Match
from helpdesk.storage.transaction import Transaction

FRESH = timedelta(days=3)
"""A mail that arrives later than this after it was written leads to no mail by itself."""

_MAILS = ("message/rfc822", "message/global", "application/vnd.ms-outlook", "application/ms-tnef")
"""Files that may hold what the agent was told."""


async def held_back(
    tx: Transaction,
    match: Match | None,
    kept: RawMail,
    mail: Mail,
    files: Sequence[StoredFile],
    staff: agents.Agent | None,
    carriers: Carriers,
) -> HeldBack | None:
    """Asked only of who holds a mark. It must stand in their words, which every signature covers: otherwise
    whoever was passed our mail could deliver another mail of the agent's to the mark. And the mail must be
    addressed to it or cite ours: what agents write to each other about it quotes the mark, too."""
    if match is None or not match.issued_to_sender or staff is None:
        return None
    heads = [one.email for one in (*mail.to, *mail.cc)]
    own = [one for one in carriers.read_all(heads, [], mail.text) if one.is_for(staff.id)]
    query = select(Ticket).where(Ticket.number.in_({one.ticket for one in own}))
    marked = [await tx.session.get_one(Ticket, match.ticket_id), *await tx.session.scalars(query)]
    told = await own_words.told(tx, {one.id for one in marked})
    kinds = {one.kind for one in own}
    is_direct = Kind.REPLY_ADDRESS in kinds or any(one.rfc_message_id in mail.in_reply_to for one in told)
    is_merged_away = len({one.contact_id for one in marked}) > 1  # with somebody else's
    is_marked = Kind.BODY_MARKER in kinds and not is_merged_away
    if not is_marked or not is_direct or forwards.was_forwarded(mail.subject):
        return HeldBack.NO_ANSWER
    stands_apart = not MARKER.search(mail.new_text) and own_words.stand_apart(mail.new_text, told)
    if not stands_apart or any(_is_mail(one) for one in files):
        return HeldBack.NOT_APART
    if kept.path == "import" or mail.date is None or kept.received_at - mail.date > FRESH:
        return HeldBack.TOO_OLD
    is_too_large = len(mail.new_text.strip()) > BODY_LIMIT or len(files) > PER_MESSAGE
    return HeldBack.TOO_LARGE if is_too_large else None


def _is_mail(file: StoredFile) -> bool:
    return file.content_type in _MAILS or file.name.lower().endswith((".eml", ".msg", "winmail.dat"))
