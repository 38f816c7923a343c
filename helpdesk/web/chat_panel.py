"""The chat panel's own page: stands in a frame on a customer's website, or alone as a chat link."""

import gzip

from starlette.requests import Request
from starlette.responses import Response

from helpdesk import translation
from helpdesk.actors import SYSTEM
from helpdesk.domain import inboxes, widgets
from helpdesk.errors import NotFound
from helpdesk.web.assets import accepts_gzip
from helpdesk.web.security import Policy
from helpdesk.web.templating import Pages, language_of
from helpdesk.web.widget_panel import panel_values


async def show_panel(request: Request) -> Response:
    """GET /widget/panel?inbox=&locale=: framed by the sites of its inbox only; by any while none is named."""
    wanted = request.query_params.get("locale")
    language = translation.best_locale(wanted) if wanted else language_of(request)
    key = request.query_params.get("inbox", "")
    try:
        async with request.app.state.database.transaction(SYSTEM) as tx:
            inbox = await inboxes.by_key(tx, key, inboxes.Channel.CHAT)
    except NotFound:
        return _unavailable(request, key, language)
    origins = inbox.settings.get("origins") or ()
    request.state.policy = Policy.WIDGET
    request.state.frame_ancestors = ("'self'", *origins) if origins else ("*",)
    pages: Pages = request.app.state.pages
    values = panel_values(
        request.app.state.assets,
        inbox.key,
        widgets.name_of(inbox, pages.company),
        language,
        inbox.settings.get("theme"),
    )
    return _compressed(request, pages.render(request, "widget_panel.html", locale=language, **values))


def _compressed(request: Request, page: Response) -> Response:
    """There is no secret in it, and style and texts are most of it."""
    page.headers["Vary"] = "Accept-Encoding"
    if accepts_gzip(request.headers.get("accept-encoding", "")):
        page.body = gzip.compress(page.body, 9, mtime=0)
        page.headers["Content-Encoding"] = "gzip"
        page.headers["Content-Length"] = str(len(page.body))
    return page


def _unavailable(request: Request, key: str, language: str) -> Response:
    """An inbox that is not there: the panel says so and can be closed; a browser's own error page cannot."""
    request.state.policy = Policy.WIDGET
    request.state.frame_ancestors = ("*",)
    pages: Pages = request.app.state.pages
    values = panel_values(
        request.app.state.assets, key, translation.translator(language, "widget")("Support"), language
    )
    return pages.render(request, "widget_panel.html", status=404, locale=language, **values)
