"""A mail's HTML in a frame where nothing of it can run, and the pictures it links to, fetched through us."""

from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from helpdesk.api.requests import actor_of, database_of, files_of
from helpdesk.channels.email import framing
from helpdesk.channels.remote_pictures import MOST_OF_A_MAIL, fetch_picture
from helpdesk.domain.tickets import timeline
from helpdesk.errors import NotFound
from helpdesk.parsing import parse_id
from helpdesk.translation import translator
from helpdesk.web.security import Policy


async def show_mail_page(request: Request) -> Response:
    """GET /m/{message}?ends&signature, `all=1` without folding, `pictures=1` with remote pictures.

    The address is signed and ends; whether the reader may still see the ticket is asked each time.
    """
    given, message_id = request.query_params, parse_id(request.path_params["message"])
    actor = await actor_of(request)
    async with database_of(request).transaction(actor) as tx:
        files_of(request).check_page(message_id, given.get("ends", ""), given.get("signature", ""), tx.now)
        message = await timeline.message(tx, message_id)
        if message.html is None:
            raise NotFound("page_not_found")
        html, new, attachments = message.html, message.new_html, message.attachments
    wants_pictures = given.get("pictures") == "1" and request.app.state.settings.remote_images
    t = translator(actor.locale, "pages")
    text = framing.page(
        html,
        None if given.get("all") == "1" else new,
        inline=_inline(request, attachments, tx.now),
        remote=_remote(request, tx.now) if wants_pictures else None,
        words=(t("Show the whole mail"), t("Show only what is new"), t("Picture not loaded")),
        locale=actor.locale,
        offers_pictures=request.app.state.settings.remote_images,
    )
    request.state.policy = Policy.MAIL
    return HTMLResponse(text, headers={"Referrer-Policy": "no-referrer"})


async def show_picture(request: Request) -> Response:
    """GET /m/picture?url&ends&signature: only what a page of ours was signed for, and only where allowed."""
    given = request.query_params
    if not request.app.state.settings.remote_images:
        raise NotFound("page_not_found")
    url, now = given.get("url", ""), database_of(request).clock.now()
    files_of(request).check_picture(url, given.get("ends", ""), given.get("signature", ""), now)
    data, kind = await fetch_picture(url)
    return Response(
        data,
        media_type=kind,
        headers={
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Cache-Control": "private, max-age=86400",
        },
    )


def _remote(request: Request, now: Any) -> Any:
    """Where a picture of somebody else's server can be read through us; some of very many are held back."""
    asked: set[str] = set()

    def address(url: str) -> str | None:
        asked.add(url)
        return files_of(request).picture_address(url, now) if len(asked) <= MOST_OF_A_MAIL else None

    return address


def _inline(request: Request, attachments: list[dict[str, Any]], now: Any) -> Any:
    """Where the part of a Content-ID can be read."""
    parts = {str(one["content_id"]): one for one in attachments if one.get("content_id")}

    def address(content_id: str) -> str | None:
        part = parts.get(content_id) or parts.get(unquote(content_id))
        return files_of(request).address(part, now) if part else None

    return address
