"""The chat panel's own page: stands in a frame on a customer's website, or alone as a chat link."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk import translation
from helpdesk.actors import SYSTEM
from helpdesk.domain import inboxes
from helpdesk.web.security import Policy
from helpdesk.web.templating import Pages, language_of
from helpdesk.web.widget_panel import panel_values


async def show_panel(request: Request) -> Response:
    """GET /widget/panel?inbox=&locale=: framed by the sites of its inbox only; by any while none is named."""
    wanted = request.query_params.get("locale")
    language = translation.best_locale(wanted) if wanted else language_of(request)
    async with request.app.state.database.transaction(SYSTEM) as tx:
        inbox = await inboxes.by_key(tx, request.query_params.get("inbox", ""), inboxes.Channel.CHAT)
    origins = inbox.settings.get("origins") or ()
    request.state.policy = Policy.WIDGET
    request.state.frame_ancestors = ("'self'", *origins) if origins else ("*",)
    pages: Pages = request.app.state.pages
    values = panel_values(
        request.app.state.assets,
        inbox.key,
        inbox.settings.get("shown_name", inbox.name),
        language,
        inbox.settings.get("theme"),
    )
    return pages.render(request, "widget_panel.html", locale=language, **values)
