"""What every administration page shares: who may see it, the navigation beside it, notices after saving."""

from dataclasses import dataclass
from itertools import groupby

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpdesk.actors import Actor, Role
from helpdesk.auth.requests import session_of
from helpdesk.domain import permissions
from helpdesk.errors import Unauthenticated
from helpdesk.web.templating import Pages


@dataclass(frozen=True)
class Section:
    """`group` is the heading it stands under; `least` the role that may open it."""

    key: str
    path: str
    name: str
    icon: str
    group: str
    least: Role = Role.ADMIN


SECTIONS: tuple[Section, ...] = (
    Section("overview", "/admin", "Overview", "settings", ""),
    Section("inboxes", "/admin/inboxes", "Inboxes", "inbox", "Queue"),
    Section("plans", "/admin/plans", "Plans", "star", "Queue"),
    Section("sla", "/admin/sla", "SLA policies", "clock", "Queue"),
    Section("calendars", "/admin/calendars", "Calendars", "calendar-clock", "Queue"),
    Section("routing", "/admin/routing", "Routing", "arrow-right", "Queue", Role.LEAD),
    Section("agents", "/admin/agents", "Agents", "user", "People"),
    Section("teams", "/admin/teams", "Teams", "users", "People"),
    Section("replies", "/admin/replies", "Saved replies", "corner-up-left", "Answers", Role.AGENT),
    Section("articles", "/admin/articles", "Help pages", "file-text", "Answers", Role.LEAD),
    Section("widget", "/admin/widget", "Chat widget", "message-circle", "Chat"),
    Section("mail", "/admin/mail", "Mail", "mail", "Mail"),
    Section("mail_sending", "/admin/mail/sending", "Outgoing mail", "send", "Mail"),
    Section("kept_mail", "/admin/mail/kept", "Kept mail", "eye-off", "Mail"),
    Section("jobs", "/admin/jobs", "Held work", "hourglass", "System"),
)
"""Names and groups are English message ids; the template translates them."""


async def require(request: Request, key: str) -> Actor:
    """The signed-in agent, if this section is theirs to open. Errors: Unauthenticated, Forbidden."""
    session = await session_of(request)
    if session is None:
        raise Unauthenticated("sign_in_first")
    section = next(section for section in SECTIONS if section.key == key)
    permissions.require_role(session.actor, section.least)
    return session.actor


def render(
    request: Request, key: str, template: str, actor: Actor, status: int = 200, **values: object
) -> Response:
    """A section's page inside the shell; `?saved=1` in the address shows that saving worked."""
    pages: Pages = request.app.state.pages
    shown = [one for one in SECTIONS if permissions.has_role(actor, one.least)]
    return pages.render(
        request,
        template,
        status=status,
        locale=actor.locale,
        zone=actor.time_zone,
        groups=[(group, list(members)) for group, members in groupby(shown, key=lambda one: one.group)],
        section=key,
        saved="saved" in request.query_params and request.method == "GET",
        **values,
    )


def saved(path: str) -> Response:
    """Back to the page after an order was carried out, so that a reload does not repeat it."""
    return RedirectResponse(f"{path}{'&' if '?' in path else '?'}saved=1", 303)
