"""The alert as somebody sees it who was just woken: what, who, since when, and one big button."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpdesk import translation
from helpdesk.actors import SYSTEM, Actor
from helpdesk.auth import links
from helpdesk.domain import agents, oncall, tickets
from helpdesk.domain.events import MessageReceived
from helpdesk.errors import NotFound
from helpdesk.storage.transaction import Transaction
from helpdesk.translation import Translator
from helpdesk.web.templating import Pages

_LOOK_BACK = 50
"""Events among which the contact's last words are looked for."""

_LINK_LASTS = timedelta(days=1)
"""After the alert is over."""


@dataclass(frozen=True)
class AlertView:
    """`ticket` is nothing for an alert about the helpdesk itself; `subject` and `last_words` tell of it."""

    state: str
    reason: str
    subject: str
    raised_at: datetime
    next_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    acknowledged_by_you: bool
    is_left_to_you: bool
    last_words: str
    last_words_at: datetime | None
    ticket: dict[str, Any] | None
    url: str
    history: list[tuple[datetime, str]]


async def show_alert(request: Request) -> Response:
    """GET /alert/{token}: without a sign-in, until a day after it is over."""
    alert_id, reader = await _reader(request)
    return await page(request, alert_id, reader) if reader else _to_signed_in(alert_id)


async def page(request: Request, alert_id: UUID, actor: Actor) -> Response:
    """The alert as this agent may see it."""
    t = translation.translator(actor.locale)
    async with request.app.state.database.transaction(actor) as tx:
        alert = await oncall.get_alert(tx, alert_id)
        view = await _view(tx, alert, t)
        now = tx.now
    pages: Pages = request.app.state.pages
    return pages.render(request, "alert.html", locale=actor.locale, zone=actor.time_zone, alert=view, now=now)


async def acknowledge_alert(request: Request) -> Response:
    """POST /alert/{token}: one tap, no sign-in."""
    alert_id, reader = await _reader(request)
    return await carry_out(request, alert_id, reader) if reader else _to_signed_in(alert_id)


async def carry_out(request: Request, alert_id: UUID, actor: Actor) -> Response:
    """Acknowledges it. A second tap, or a second person's, changes nothing.

    `do=next` wakes the next person instead, `do=close` ends an alert that is about no ticket.
    """
    form = await request.form(max_files=0, max_fields=5)
    wish, seen = form.get("do"), form.get("seen")

    async def answer(tx: Transaction) -> None:
        if wish == "next":
            now = (await oncall.get_alert(tx, alert_id)).status
            if seen is None or seen == now:  # else somebody was faster: they see who has it
                await tickets.hand_on(tx, alert_id)
        elif wish == "close":
            await oncall.close_alert(tx, alert_id)
        else:
            await tickets.acknowledge(tx, alert_id, _own_id(actor))

    await request.app.state.database.settle(actor, answer)
    return RedirectResponse(request.url.path, 303)


def _to_signed_in(alert_id: UUID) -> Response:
    """The same page for who signs in."""
    return RedirectResponse(f"/oncall/alerts/{alert_id}", 303)


async def _reader(request: Request) -> tuple[UUID, Actor | None]:
    """The alert, and the agent this link was sent to with the rights of today; None once the link has ended:
    it lies in mailboxes and gateways for years. Errors: NotFound."""
    key = request.app.state.settings.key
    alert_id, agent_id = links.read(key, links.LinkKind.ALERT, request.path_params["token"])
    async with request.app.state.database.transaction(SYSTEM) as tx:
        agent = await agents.get(tx, agent_id)
        if agent.disabled_at is not None:
            raise NotFound("link_invalid", "This link is not valid.")
        alert = await oncall.get_alert(tx, alert_id)
        if alert.closed_at is not None and tx.now - alert.closed_at > _LINK_LASTS:
            return alert_id, None
        return alert_id, await agents.actor_of(tx, agent)


async def _view(tx: Transaction, alert: oncall.Alert, t: Translator) -> AlertView:
    words = oncall.words.in_words(str(alert.details.get("body", "")), t)
    ticket, words_at = None, None
    if alert.ticket_id is not None:
        ticket = await tickets.queries.ticket(tx, alert.ticket_id)
        words, words_at = await _last_words(tx, alert.ticket_id, ticket)
    by = await agents.get(tx, alert.acknowledged_by) if alert.acknowledged_by else None
    return AlertView(
        state=alert.status,
        reason=oncall.words.in_words(alert.reason, t),
        subject=ticket["subject"] if ticket else oncall.words.in_words(_subject(alert), t),
        raised_at=alert.raised_at,
        next_at=alert.next_at,
        acknowledged_at=alert.acknowledged_at,
        acknowledged_by=by.name if by else "",
        acknowledged_by_you=by is not None and by.id == tx.actor.agent_id,
        is_left_to_you=oncall.is_left_to(alert, tx.actor.agent_id),
        last_words=words,
        last_words_at=words_at,
        ticket=ticket,
        url=str(alert.details.get("url", "")),
        history=[(entry.at, entry_words(entry, t)) for entry in await oncall.entries_of(tx, alert.id)],
    )


def _subject(alert: oncall.Alert) -> str:
    return str(alert.details.get("subject") or alert.reason)


async def _last_words(
    tx: Transaction, ticket_id: UUID, ticket: dict[str, Any]
) -> tuple[str, datetime | None]:
    events, _ = await tickets.timeline.latest_events(tx, ticket_id, None, _LOOK_BACK)
    said = [
        event for event in events if event["name"] == MessageReceived.__name__ and event["data"].get("body")
    ]
    if not said:
        return ticket["preview"], ticket["last_message_at"]
    return said[-1]["data"]["body"], said[-1]["at"]


def entry_words(entry: oncall.AlertEntry, t: Translator) -> str:
    """One line of an alert's history."""
    data = entry.data
    name = str(data.get("agent_name", ""))
    method = str(data.get("method", ""))
    by = method_names(t).get(method, method)
    words = {
        "AlertRaised": t("Raised"),
        "AlertNotified": t("{name} was rung by {method}", name=name, method=by),
        "AlertNotificationFailed": t(
            "{name} could not be rung: {error}", name=name, error=data.get("error", "")
        ),
        "AlertAcknowledged": t("{name} acknowledged", name=name),
        "AlertUnanswered": t("No reply in time after {name} acknowledged", name=name),
        "AlertExhausted": t("Everybody was rung; the owner was told"),
        "CoverageMissing": t("A step had nobody to ring"),
    }
    return words.get(entry.name, entry.name)


def method_names(t: Translator) -> dict[str, str]:
    """What each kind of contact method is called."""
    return {
        "email": t("email"),
        "webhook": t("webhook"),
        "push": t("web push"),
        "notify": t("message service"),
    }


def _own_id(actor: Actor) -> UUID:
    if actor.agent_id is None:
        raise NotFound("link_invalid", "This link is not valid.")
    return actor.agent_id
