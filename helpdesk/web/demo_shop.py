"""The demo's sample website: a shop that knows the helpdesk by one script element only."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import SYSTEM
from helpdesk.errors import NotFound
from helpdesk.web.support import ways_in
from helpdesk.web.templating import Pages, language_of


async def show_shop(request: Request) -> Response:
    """GET /demo"""
    settings = request.app.state.settings
    if not settings.demo:
        raise NotFound("page_not_found")
    pages: Pages = request.app.state.pages
    async with request.app.state.database.transaction(SYSTEM) as tx:
        ways = await ways_in(tx, language_of(request), pages.zone)
    return pages.render(
        request,
        "demo_shop.html",
        inbox_key=ways.chat_inbox or "web",
        support_mail=ways.mail.address if ways.mail else None,
        phone=ways.phones[0].number if ways.phones else None,
        smtp_port=settings.smtp_in_port,
    )
