"""The public support page: every way to reach us, and a form that opens a ticket."""

import hashlib
import secrets
from dataclasses import dataclass, replace
from uuid import UUID

import phonenumbers
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from helpdesk import translation
from helpdesk.actors import SYSTEM
from helpdesk.auth.requests import caller_of, session_of
from helpdesk.domain import contacts, inboxes, knowledge, limits, plans, sla, tickets
from helpdesk.errors import Invalid, LimitReached
from helpdesk.storage.transaction import Transaction
from helpdesk.translation import Translator
from helpdesk.web.opening_hours import OpeningHours, opening_hours
from helpdesk.web.templating import Pages, Times, language_of

LONGEST_LINE = 200


@dataclass(frozen=True)
class Phone:
    number: str
    name: str


@dataclass(frozen=True)
class Ways:
    """How to reach us, as far as there are inboxes for it."""

    mail: inboxes.Inbox | None
    chat_inbox: str | None
    phones: list[Phone]
    hours: OpeningHours | None


@dataclass(frozen=True)
class Wish:
    """What somebody filled in."""

    name: str = ""
    email: str = ""
    subject: str = ""
    message: str = ""


async def show_support(request: Request) -> Response:
    """GET /support"""
    return await _page(request, Wish())


async def submit_support(request: Request) -> Response:
    """POST /support: a ticket, answered by email. The same form sent twice is one ticket."""
    form = await request.form(max_files=0, max_fields=20)
    wish = _read(form)
    t = translation.translator(language_of(request))
    errors = _errors(wish, t)
    if errors != Wish():
        return await _page(request, wish, errors=errors, status=422)
    if form.get("website"):
        return await _page(
            request, wish, failure=t("That looked like a machine. Please try once more."), status=422
        )
    try:
        said = await _open_ticket(request, wish, str(form.get("request_key", "")))
    except LimitReached as limit:
        failure = t("That was a lot at once. Please wait a quarter of an hour.")
        answer = await _page(request, wish, failure=failure, status=429)
        answer.headers["Retry-After"] = str(round(limit.retry_after or 900))
        return answer
    pages: Pages = request.app.state.pages
    return pages.render(request, "support_sent.html", number=said.number, email=wish.email)


async def _open_ticket(request: Request, wish: Wish, request_key: str) -> tickets.Said:
    """The address was only typed, so the ticket joins nobody else's. Errors: LimitReached."""
    async with request.app.state.database.transaction(SYSTEM) as tx:
        inbox = await inboxes.first_of(tx, inboxes.Channel.EMAIL)
        said = await tickets.receive_message(
            tx,
            tickets.InboundMessage(
                inbox_id=inbox.id,
                channel=inboxes.Channel.EMAIL,
                body=wish.message,
                sender=tickets.Sender(
                    contacts.IdentityKind.EMAIL, wish.email, wish.name, language_of(request), proven=False
                ),
                subject=wish.subject,
                source_id=_source_id(wish, request_key),
            ),
        )
        if not said.duplicate:
            await limits.spend_of_network(tx, limits.FORMS, caller_of(request))
        return said


def _source_id(wish: Wish, request_key: str) -> str:
    """The same for the same words from the same form; what was changed in between is not lost."""
    said = f"{wish.email.lower()}\0{wish.subject}\0{wish.message}"
    digest = hashlib.sha256(said.encode()).hexdigest()
    return f"form:{request_key[:64] or secrets.token_hex(16)}:{digest}"


async def _page(
    request: Request, wish: Wish, *, errors: Wish | None = None, failure: str | None = None, status: int = 200
) -> Response:
    await session_of(request)
    pages: Pages = request.app.state.pages
    async with request.app.state.database.transaction(SYSTEM) as tx:
        ways = await ways_in(tx, language_of(request), pages.zone)
        articles = await knowledge.published(tx, language_of(request))
    return pages.render(
        request,
        "support.html",
        status=status,
        values=wish,
        errors=errors or Wish(),
        failure=failure,
        request_key=secrets.token_hex(16),
        mail_address=ways.mail.address if ways.mail else None,
        chat_inbox=ways.chat_inbox,
        phones=ways.phones,
        hours=ways.hours,
        reply_time=None,
        articles=articles,
    )


async def ways_in(tx: Transaction, language: str, zone: str) -> Ways:
    """The first mail inbox and widget, and every phone line; hours are those the mail inbox is served in."""
    found = await inboxes.all_of(tx)
    of = {channel: [inbox for inbox in found if inbox.channel == channel] for channel in inboxes.Channel}
    mail = next(iter(of[inboxes.Channel.EMAIL]), None)
    chat = next(iter(of[inboxes.Channel.CHAT]), None)
    phones = [
        Phone(_spaced(inbox.address), inbox.name) for inbox in of[inboxes.Channel.PHONE] if inbox.address
    ]
    served_as = next((inbox.plan_id for inbox in (mail, chat) if inbox and inbox.plan_id), None)
    hours = await _hours(tx, served_as, language, zone) if served_as else None
    return Ways(mail, chat.key if chat else None, phones, hours)


async def _hours(tx: Transaction, plan_id: UUID, language: str, zone: str) -> OpeningHours:
    plan = await plans.get(tx, plan_id)
    calendar = await sla.open_calendar(tx, plan.calendar_id)
    return opening_hours(calendar, tx.now, Times(language, zone), translation.translator(language))


def _read(form: FormData) -> Wish:
    def line(name: str) -> str:
        return " ".join(str(form.get(name, "")).split())

    return Wish(line("name"), line("email"), line("subject"), str(form.get("message", "")).strip())


def _errors(wish: Wish, t: Translator) -> Wish:
    """A sentence under each field that cannot be meant; all empty when everything can."""
    errors = Wish()
    for name in ("name", "subject", "message"):
        if not getattr(wish, name):
            errors = replace(errors, **{name: t("Please fill this in.")})
    for name in ("name", "subject"):
        if len(getattr(wish, name)) > LONGEST_LINE:
            errors = replace(errors, **{name: t("That is too long.")})
    if len(wish.message) > tickets.BODY_LIMIT:
        errors = replace(errors, message=t("That is too long."))
    try:
        contacts.normalise(contacts.IdentityKind.EMAIL, wish.email)
    except Invalid:
        errors = replace(errors, email=t("This is not an email address we could answer to."))
    return errors


def _spaced(number: str) -> str:
    """As people write it; a number we cannot read stays as it is."""
    try:
        return phonenumbers.format_number(
            phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL
        )
    except phonenumbers.NumberParseException:
        return number
