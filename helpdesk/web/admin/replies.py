"""Saved replies: everybody keeps their own here, leads those of all."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Actor, Role
from helpdesk.domain import inboxes, permissions, saved_replies
from helpdesk.errors import Conflict, Invalid
from helpdesk.parsing import parse_id
from helpdesk.storage.transaction import Transaction
from helpdesk.web.admin import shell

PATH = "/admin/replies"
NEW = "new"
_SAMPLE = {
    "contact.first_name": "Kim",
    "contact.name": "Kim Berg",
    "company.name": "Café Berg",
    "ticket.number": "1042",
}
"""A contact to preview with."""


async def show_replies(request: Request) -> Response:
    """GET /admin/replies; `?q=` are words to look for."""
    actor = await shell.require(request, "replies")
    sought = request.query_params.get("q", "").strip()[:100]
    async with request.app.state.database.transaction(actor) as tx:
        names = {one.id: one.name for one in await inboxes.all_of(tx)}
        found = await saved_replies.all_of(tx, sought)
    return shell.render(
        request, "replies", "admin/replies.html", actor, found=found, inboxes=names, sought=sought
    )


async def show_reply(request: Request) -> Response:
    """GET /admin/replies/{id}, or `new`, which `?from=` begins with the words of another."""
    actor = await shell.require(request, "replies")
    pattern = request.query_params.get("from", "")
    async with request.app.state.database.transaction(actor) as tx:
        reply = await _reply(request, tx)
        copied = await saved_replies.get(tx, parse_id(pattern, "saved_reply")) if pattern else None
        given = _given(reply or copied, is_personal=reply is None or reply.agent_id is not None)
        return await _page(request, tx, reply, given, {}, is_shown=reply is not None)


async def submit_reply(request: Request) -> Response:
    """POST /admin/replies/{id}: preview, save or remove."""
    actor = await shell.require(request, "replies")
    form = await request.form(max_files=0, max_fields=20)
    given = {name: str(value) for name, value in form.items()}
    async with request.app.state.database.transaction(actor) as tx:
        reply = await _reply(request, tx)
        try:
            if given.get("remove") and reply is not None:
                await saved_replies.remove(tx, reply.id)
                return shell.saved(PATH)
            if given.get("save"):
                await saved_replies.save(tx, reply.id if reply else None, **_values(given))
                return shell.saved(PATH)
        except (Invalid, Conflict) as failure:
            return await _page(request, tx, reply, given, {failure.field or "name": failure.code}, status=422)
        return await _page(request, tx, reply, given, {}, is_shown=True)


async def _reply(request: Request, tx: Transaction) -> saved_replies.SavedReply | None:
    wanted = request.path_params["id"]
    return None if wanted == NEW else await saved_replies.get(tx, parse_id(wanted, "saved_reply"))


async def _page(
    request: Request,
    tx: Transaction,
    reply: saved_replies.SavedReply | None,
    given: dict[str, str],
    errors: dict[str, str],
    *,
    is_shown: bool = False,
    status: int = 200,
) -> Response:
    seen = [one for one in await inboxes.all_of(tx) if permissions.may_see_inbox(tx.actor, one.id)]
    names = {str(one.id): one.name for one in seen}
    return shell.render(
        request,
        "replies",
        "admin/reply.html",
        tx.actor,
        status,
        reply=reply,
        given=given,
        errors=errors,
        inboxes=names,
        may_change=reply is None or saved_replies.may_change(tx, reply),
        may_share=permissions.has_role(tx.actor, Role.LEAD),
        placeholders=saved_replies.PLACEHOLDERS,
        preview=_previews(tx.actor, given, names) if is_shown else None,
    )


def _previews(actor: Actor, given: dict[str, str], names: dict[str, str]) -> dict[str, Any]:
    """Said to somebody we know, and to somebody we do not, where that makes a difference."""
    here = names.get(given.get("inbox", ""), next(iter(names.values()), ""))
    ours = {"agent.name": actor.name, "agent.first_name": actor.name.split()[0], "inbox.name": here}
    body = given.get("body", "")
    known = saved_replies.fill(body, _SAMPLE | ours)
    unknown = saved_replies.fill(body, {"ticket.number": _SAMPLE["ticket.number"]} | ours)
    return {"known": known, "unknown": unknown if unknown != known else None}


def _given(pattern: saved_replies.SavedReply | None, *, is_personal: bool) -> dict[str, str]:
    whose = "me" if is_personal else "all"
    if pattern is None:
        return {"whose": whose}
    inbox = str(pattern.inbox_id) if pattern.inbox_id else ""
    given = {"name": pattern.name, "body": pattern.body, "inbox": inbox, "whose": whose}
    return given | {"tags": ", ".join(pattern.tags), "resolves": "yes" if pattern.resolves else ""}


def _values(given: dict[str, str]) -> dict[str, Any]:
    inbox: UUID | None = parse_id(given["inbox"], "inbox") if given.get("inbox") else None
    return {
        "name": given.get("name", ""),
        "body": given.get("body", ""),
        "inbox_id": inbox,
        "is_personal": given.get("whose") != "all",
        "tags": given.get("tags", "").split(","),
        "resolves": given.get("resolves") == "yes",
    }
