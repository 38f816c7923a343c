"""The widget of each chat inbox: how it looks and greets, what it asks, whom it lets in, its keys."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from helpdesk import translation
from helpdesk.domain import inboxes, tickets, widgets
from helpdesk.errors import Invalid
from helpdesk.parsing import parse_id, parse_number
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.transaction import Transaction
from helpdesk.web.admin import shell

PATH = "/admin/widget"
_TEXT = ("shown_name", "accent", "header", "scheme", "consent_link", "brake")
_NUMBERS = {
    "unread_mail_minutes": 24 * 60,
    "brake_rate": 100_000,
    "invitation_pause_days": 365,
    "invitation_longest_queue": 10_000,
}
_BARS = "|"


async def show_widgets(request: Request) -> Response:
    """GET /admin/widget: the first chat inbox, or the one that is named."""
    return await _page(request)


async def save_widget(request: Request) -> Response:
    """POST /admin/widget/{id}"""
    actor = await shell.require(request, "widget")
    form = await request.form(max_files=0, max_fields=100)
    inbox_id = parse_id(request.path_params["id"], "inbox")
    try:
        async with request.app.state.database.transaction(actor) as tx:
            inbox = await inboxes.get(tx, inbox_id)
            await widgets.save(tx, inbox, read_form(form, widgets.setup_of(inbox)))
    except Invalid as failure:
        given = {name: str(value) for name, value in form.items() if name != "csrf"}
        error = {failure.field or "shown_name": failure.detail or failure.code}
        return await _page(request, inbox_id, given, error, status=422)
    return shell.saved(f"{PATH}?inbox={inbox_id}")


async def make_key(request: Request) -> Response:
    """POST /admin/widget/{id}/keys: the key is shown on this answer and never again."""
    actor = await shell.require(request, "widget")
    inbox_id = parse_id(request.path_params["id"], "inbox")
    try:
        async with request.app.state.database.transaction(actor) as tx:
            inbox = await inboxes.get(tx, inbox_id)
            secret = await widgets.identity_keys.make(tx, inbox, Sealer(request.app.state.settings.key))
    except Invalid as failure:
        return await _page(request, inbox_id, errors={"key": failure.detail or failure.code}, status=422)
    answer = await _page(request, inbox_id, new_key=secret)
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def retire_key(request: Request) -> Response:
    """POST /admin/widget/{id}/keys/{key}/retire"""
    actor = await shell.require(request, "widget")
    inbox_id, key_id = (parse_id(request.path_params[name], name) for name in ("id", "key"))
    async with request.app.state.database.transaction(actor) as tx:
        await widgets.identity_keys.retire(tx, await inboxes.get(tx, inbox_id), key_id)
    return shell.saved(f"{PATH}?inbox={inbox_id}")


async def unblock(request: Request) -> Response:
    """POST /admin/widget/unblock/{id}"""
    actor = await shell.require(request, "widget")
    async with request.app.state.database.transaction(actor) as tx:
        await tickets.chatting.unblocked(tx, parse_id(request.path_params["id"], "contact"))
    return shell.saved(PATH)


async def _page(
    request: Request,
    inbox_id: UUID | None = None,
    given: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    *,
    new_key: str | None = None,
    status: int = 200,
) -> Response:
    actor = await shell.require(request, "widget")
    wanted = inbox_id or (
        parse_id(request.query_params["inbox"]) if "inbox" in request.query_params else None
    )
    async with request.app.state.database.transaction(actor) as tx:
        found = [one for one in await inboxes.all_of(tx) if one.channel == inboxes.Channel.CHAT]
        inbox = next((one for one in found if one.id == wanted), found[0] if found else None)
        shown = await _shown(tx, inbox, given) if inbox is not None else {}
        blocked = await widgets.blocking.all_of(tx)
    return shell.render(
        request, "widget", "admin/widget.html", actor, status,
        widgets=found, inbox=inbox, errors=errors or {}, new_key=new_key, blocked=blocked,
        address=request.app.state.settings.address, **shown,
    )  # fmt: skip


async def _shown(tx: Transaction, inbox: inboxes.Inbox, given: dict[str, str] | None) -> dict[str, Any]:
    setup = widgets.setup_of(inbox)
    return {
        "given": given if given is not None else form_of(setup),
        "keys": await widgets.identity_keys.of_inbox(tx, inbox.id),
        "braked": await widgets.brake.is_on(tx, inbox),
        "brakes": (("auto", "At a rush"), ("on", "On"), ("off", "Off")),
        "invites": bool(setup.invitations),
    }


def form_of(setup: widgets.Setup) -> dict[str, str]:
    """The set-up as the form's fields hold it: lists are one line each, parts between bars."""
    told = {name: str(getattr(setup, name)) for name in (*_TEXT, *_NUMBERS)}
    for language in translation.languages():
        told[f"greeting_{language}"] = setup.greeting.get(language, "")
        told[f"consent_{language}"] = setup.consent.get(language, "")
        quick = [one.get(language, "") for one in setup.quick_replies]
        told[f"quick_replies_{language}"] = "\n".join(quick).rstrip()
    told["fields"] = "\n".join(_field_line(one) for one in setup.fields)
    told["invitations"] = "\n".join(_invitation_line(one) for one in setup.invitations)
    told["origins"] = "\n".join(setup.origins)
    told["identity_required"] = "on" if setup.identity_required else ""
    told["callbacks"] = "on" if setup.callbacks else ""
    return told


def read_form(form: FormData, before: widgets.Setup) -> widgets.Setup:
    """Errors: Invalid naming the field that cannot be read."""
    text: dict[str, Any] = {name: str(form.get(name, "")).strip()[:500] for name in _TEXT}
    numbers: dict[str, Any] = {
        name: parse_number(str(form.get(name) or "0"), name, most) for name, most in _NUMBERS.items()
    }
    return replace(
        before,
        **text,
        **numbers,
        greeting=_by_language(form, "greeting"),
        consent=_by_language(form, "consent"),
        quick_replies=_quick_replies(form),
        fields=tuple(_field(line) for line in _lines(form, "fields")),
        invitations=tuple(_invitation(line) for line in _lines(form, "invitations")),
        origins=tuple(line.rstrip("/") for line in _lines(form, "origins")),
        identity_required=form.get("identity_required") == "on",
        callbacks=form.get("callbacks") == "on",
    )


def _lines(form: FormData, name: str) -> list[str]:
    return [line.strip() for line in str(form.get(name, "")).splitlines() if line.strip()]


def _by_language(form: FormData, name: str) -> dict[str, str]:
    told = {language: str(form.get(f"{name}_{language}", "")).strip() for language in translation.languages()}
    return {language: words for language, words in told.items() if words}


def _quick_replies(form: FormData) -> tuple[dict[str, str], ...]:
    """The same line in every language is the same answer."""
    by_language = {
        language: _lines(form, f"quick_replies_{language}") for language in translation.languages()
    }
    longest = max(map(len, by_language.values()), default=0)
    return tuple(
        {language: lines[number] for language, lines in by_language.items() if number < len(lines)}
        for number in range(longest)
    )


def _field_line(one: widgets.Field) -> str:
    labels = [one.label.get(language, "") for language in ("en", "sv")]
    parts = [one.key + ("*" if one.required else ""), *labels, one.kind, ", ".join(one.choices)]
    return f" {_BARS} ".join(parts).rstrip(f" {_BARS}")


def _field(line: str) -> widgets.Field:
    parts = [part.strip() for part in line.split(_BARS)]
    key, en, sv, kind, choices = (*parts, "", "", "", "", "")[:5]
    label = {language: words for language, words in (("en", en or key.rstrip("*")), ("sv", sv)) if words}
    listed = tuple(choice.strip() for choice in choices.split(",") if choice.strip())
    default = "choice" if listed else "email" if key.rstrip("*") == "email" else "text"
    return widgets.Field(key.rstrip("*"), label, kind or default, key.endswith("*"), listed)


def _invitation_line(one: widgets.Invitation) -> str:
    asked = f"{one.attribute}={one.value}" if one.attribute else ""
    parts = [one.page or "/", str(one.seconds), asked, one.text.get("en", ""), one.text.get("sv", "")]
    return f" {_BARS} ".join(parts).rstrip(f" {_BARS}")


def _invitation(line: str) -> widgets.Invitation:
    parts = [part.strip() for part in line.split(_BARS)]
    page, seconds, asked, en, sv = (*parts, "", "", "", "", "")[:5]
    if not en or not seconds.isdigit():
        raise Invalid(
            "invitation_invalid", f"{line[:40]}: page, seconds, attribute, text.", field="invitations"
        )
    name, _, value = asked.partition("=")
    text = {language: words for language, words in (("en", en), ("sv", sv)) if words}
    return widgets.Invitation(text, page, int(seconds[:6]), name.strip(), value.strip())
