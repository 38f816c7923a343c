"""Mail that is on no ticket: why, what it says as far as is safe to show, and what to do with it."""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Actor
from helpdesk.channels import uploads
from helpdesk.channels.email.reading.headers import decode_text, display_name
from helpdesk.domain import agents, inboxes, tickets
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets.mail import intake, senders
from helpdesk.parsing import parse_id
from helpdesk.storage.transaction import Transaction
from helpdesk.web.admin import shell

PATH = "/admin/mail/kept"
LISTS = ("quarantined", "bounces", "blocked", "discarded")
_SHOWN_HEAD, _SHOWN_BODY = 12_000, 6_000
_ON_TICKET = re.compile(r"ticket #(\d+)")
"""Why an address was blocked, as the domain writes it down."""


async def show_list(request: Request) -> Response:
    """GET /admin/mail/kept?list="""
    actor = await shell.require(request, "kept_mail")
    wanted = request.query_params.get("list", "quarantined")
    kind = wanted if wanted in LISTS else "quarantined"
    async with request.app.state.database.transaction(actor) as tx:
        rows = await intake.listed(tx, kind)
        begins = await intake.beginnings(tx, [mail.id for mail in rows])
        names = {inbox.id: inbox.name for inbox in await inboxes.all_of(tx)}
        blocked = await _blocked(tx) if kind == "blocked" else []
    return shell.render(
        request,
        "kept_mail",
        "admin/kept_mail.html",
        actor,
        rows=rows,
        subjects={mail_id: _subject(raw) for mail_id, raw in begins.items()},
        names=names,
        kind=kind,
        blocked=blocked,
    )


async def show_one(request: Request) -> Response:
    """GET /admin/mail/kept/{id}: the first bytes as text. Nothing parses them, so none is led astray."""
    actor = await shell.require(request, "kept_mail")
    async with request.app.state.database.transaction(actor) as tx:
        mail = await intake.kept(tx, parse_id(request.path_params["id"]))
        inbox = await inboxes.get(tx, mail.inbox_id)
    head, body = _parts(mail.raw)
    shown: dict[str, Any] = {"mail": mail, "inbox": inbox, "head": head, "body": body}
    return shell.render(request, "kept_mail", "admin/kept_mail_one.html", actor, **shown)


async def download(request: Request) -> Response:
    """GET /admin/mail/kept/{id}/original"""
    actor = await shell.require(request, "kept_mail")
    async with request.app.state.database.transaction(actor) as tx:
        mail = await intake.kept(tx, parse_id(request.path_params["id"]))
    headers = {
        "Content-Disposition": uploads.disposition(f"{mail.id}.eml", inline=False),
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(mail.raw, media_type="message/rfc822", headers=headers)


async def decide(request: Request) -> Response:
    """POST /admin/mail/kept/{id}: again, wide, whole (a ticket with the mail as a file) or discard."""
    actor = await shell.require(request, "kept_mail")
    form, mail_id = await request.form(), parse_id(request.path_params["id"])
    action = form.get("action")
    if action == "whole":
        await _open_by_hand(request, actor, mail_id)
        return shell.saved(PATH)
    async with request.app.state.database.transaction(actor) as tx:
        if action == "discard":
            await intake.discard(tx, mail_id)
        else:
            await intake.release(tx, mail_id, wide=action == "wide")
    return shell.saved(PATH)


async def unblock(request: Request) -> Response:
    """POST /admin/mail/unblock"""
    actor = await shell.require(request, "kept_mail")
    form = await request.form()
    async with request.app.state.database.transaction(actor) as tx:
        await senders.unblock(tx, str(form.get("address", "")))
    return shell.saved(f"{PATH}?list=blocked")


async def _blocked(tx: Transaction) -> list[dict[str, Any]]:
    names = {agent.id: agent.name for agent in await agents.everybody(tx)}
    return [
        {
            "address": one.address,
            "at": one.blocked_at,
            "by": names.get(one.blocked_by, "") if one.blocked_by else "",
            "number": found[1] if (found := _ON_TICKET.fullmatch(one.reason or "")) else "",
        }
        for one in await senders.blocked(tx)
    ]


async def _open_by_hand(request: Request, actor: Actor, mail_id: Any) -> None:
    """The file lies in the store before the transaction; an orphan is swept."""
    async with request.app.state.database.transaction(actor) as tx:
        raw = (await intake.kept(tx, mail_id)).raw
    stored = await request.app.state.files.put(raw)
    async with request.app.state.database.transaction(actor) as tx:
        mail = await intake.to_open_by_hand(tx, mail_id)
        file = await tickets.attachments.add(tx, uploads.describe(stored, f"{mail.id}.eml", b""))
        said = await tickets.receive_message(
            tx,
            tickets.InboundMessage(
                inbox_id=mail.inbox_id,
                channel=Channel.EMAIL,
                body="",
                subject=_subject(raw) or "(unreadable mail)",
                attachment_ids=(file.id,),
                automatic=True,
                mail={
                    "raw": str(mail.id),
                    "sender": mail.envelope_from,
                    "proof": "none",
                    "flags": ["opened_by_hand"],
                },
            ),
        )
        mail.state, mail.message_id = "on_ticket", said.message_id


def _subject(raw: bytes) -> str:
    """Of the first line that is one, and at most so much of it: nothing else of the mail is read for it."""
    for line in raw[:65_536].split(b"\n")[:400]:
        if line[:8].lower() == b"subject:":
            return display_name(decode_text(line[8:300]), 150)
    return ""


def _parts(raw: bytes) -> tuple[str, str]:
    head, _, body = raw[: _SHOWN_HEAD * 4].replace(b"\r\n", b"\n").partition(b"\n\n")
    return _as_text(head[:_SHOWN_HEAD]), _as_text(body[:_SHOWN_BODY])


def _as_text(data: bytes) -> str:
    """Readable, whatever it is: controls and direction marks become visible dots."""
    text = data.decode("utf-8", "replace")
    return "".join(char if char in "\n\t" or char.isprintable() else "·" for char in text)
