"""What the rota's pages share: who is there, the tabs above, and times as forms write them."""

from datetime import datetime
from uuid import UUID

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpdesk import translation
from helpdesk.actors import Actor, Role
from helpdesk.auth.requests import session_of
from helpdesk.domain import agents, permissions, wall_clock
from helpdesk.errors import HelpdeskError, Invalid, NotFound, Unauthenticated
from helpdesk.storage.transaction import Transaction
from helpdesk.translation import Translator
from helpdesk.web.alerts import method_names
from helpdesk.web.templating import Pages

TABS = (
    ("calendar", "/oncall", "Calendar", "calendar-clock"),
    ("shifts", "/oncall/shifts", "My shifts", "clock"),
    ("swaps", "/oncall/swaps", "Swaps", "refresh-cw"),
    ("methods", "/oncall/methods", "How I am reached", "bell-ring"),
    ("alerts", "/oncall/alerts", "Alerts", "siren"),
    ("fairness", "/oncall/fairness", "Fairness", "users"),
    ("policies", "/oncall/policies", "Escalation", "arrow-up"),
)
"""(key, path, English name, icon); the template translates the names."""


async def require(request: Request, least: Role = Role.LIGHT) -> Actor:
    """The signed-in agent. Errors: Unauthenticated, Forbidden."""
    session = await session_of(request)
    if session is None:
        raise Unauthenticated("sign_in_first")
    permissions.require_role(session.actor, least)
    return session.actor


def own_id(actor: Actor) -> UUID:
    if actor.agent_id is None:
        raise NotFound("agent_not_found")
    return actor.agent_id


def render(
    request: Request, tab: str, template: str, actor: Actor, *, status: int = 200, **values: object
) -> Response:
    pages: Pages = request.app.state.pages
    zone = values.pop("zone", None) or actor.time_zone
    return pages.render(
        request,
        f"oncall/{template}",
        status=status,
        locale=actor.locale,
        zone=zone,
        tabs=TABS,
        tab=tab,
        is_lead=permissions.has_role(actor, Role.LEAD),
        is_admin=permissions.has_role(actor, Role.ADMIN),
        me=str(actor.agent_id),
        kinds=method_names(translation.translator(actor.locale)),
        saved="saved" in request.query_params,
        **values,
    )


def saved(path: str) -> Response:
    """Back to the page after an order was carried out, so that a reload does not repeat it."""
    path, mark, part = path.partition("#")
    return RedirectResponse(f"{path}{'&' if '?' in path else '?'}saved=1{mark}{part}", 303)


def words(failure: HelpdeskError, actor: Actor) -> str:
    """What went wrong, in the reader's language where we have a sentence for it."""
    t = translation.translator(actor.locale)
    return code_words(failure.code, t) or failure.detail or failure.code


def code_words(code: str, t: Translator) -> str:
    known = {
        "override_empty": t("It ends before it starts."),
        "override_same_person": t("Nobody takes their own place."),
        "temporary_empty": t("It ends before it starts."),
        "temporary_without_shifts": t("Name at least one person."),
        "swap_empty": t("It ends before it starts."),
        "time_off_invalid": t("It ends before it starts."),
        "not_on_call_then": t("Not all of that time is that person's to give."),
        "swap_return_invalid": t("Choose a shift of theirs that has not begun, and say with whom."),
        "swap_over": t("That shift has begun or is over."),
        "swap_decided": t("Somebody was faster, or its time has run out."),
        "version": t("Somebody else saved meanwhile. Look again, then save."),
        "window_invalid": t("Write hours as mon-fri 17:00-08:00, one window a line."),
        "clock_invalid": t("Write hours as mon-fri 17:00-08:00, one window a line."),
        "day_unknown": t("Write hours as mon-fri 17:00-08:00, one window a line."),
        "code_expired": t("That code is too old. Ask for a new one."),
        "note_missing": t("The person before you has not written a note yet."),
        "already_exists": t("There is one of that name already."),
        "time_invalid": t("That is not a time."),
        "name_missing": t("Give it a name."),
        "time_zone_unknown": t("There is no such time zone."),
        "most_nights_invalid": t("0 to 14 nights."),
        "horizon_invalid": t("1 to 366 days."),
        "address_refused": t(
            "That address is not reached from here: it leads inside, or has a form we do not ask."
        ),
        "address_unknown": t("There is no such address."),
        "calendar_unreadable": t("That is no iCalendar file."),
        "calendar_too_large": t("That calendar is larger than 1 MB."),
        "fetch_failed": t("It did not answer."),
        "fetch_refused": t("It refused: is the address still right?"),
        "fetch_too_large": t("That calendar is larger than 1 MB."),
        "too_many_redirects": t("It sends us from one address to the next."),
        "notify_failed": t("The gateway did not take it."),
        "webhook_unreachable": t("It did not answer."),
    }
    return known.get(code, "")


async def names(tx: Transaction) -> dict[str, str]:
    """Everybody active, by id, in order of their names."""
    return {str(agent.id): agent.name for agent in await agents.active(tx)}


def text_of(form: FormData, name: str) -> str:
    return str(form.get(name, "")).strip()


def id_of(form: FormData, name: str) -> UUID | None:
    try:
        return UUID(text_of(form, name))
    except ValueError:
        return None


def moment(form: FormData, name: str, zone: str) -> datetime:
    """A datetime-local field, read in the zone the page shows. Errors: Invalid."""
    try:
        wall = datetime.fromisoformat(text_of(form, name))
    except ValueError:
        raise Invalid("time_invalid", field=name) from None
    if wall.tzinfo is not None:
        return wall
    return wall_clock.first_instant(wall, wall_clock.zone(zone))


def local(at: datetime, zone: str) -> str:
    """For a datetime-local field."""
    return wall_clock.reading(at, wall_clock.zone(zone)).strftime("%Y-%m-%dT%H:%M")


def translator_of(actor: Actor) -> Translator:
    return translation.translator(actor.locale)
