"""Rings one person on call, by one of their methods, about everything that waits for them there."""

from typing import Any
from uuid import UUID

import structlog

from helpdesk.actors import SYSTEM
from helpdesk.auth import links
from helpdesk.channels import pagers
from helpdesk.domain import agents, oncall, tickets
from helpdesk.domain.oncall.alerting.contact_methods import ContactMethod, MethodKind
from helpdesk.domain.oncall.alerting.ringing import SEND_WITHIN, Bundle
from helpdesk.errors import Conflict, Invalid, NotFound, Unavailable
from helpdesk.jobs.workshop import Workshop
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.transaction import Transaction
from helpdesk.translation import Translator, translator

log = structlog.get_logger(__name__)

ADDRESS_PURPOSE = "contact-method"
_SHOWN = 20
"""Alerts whose words a bundle tells; machines are told all of them."""

_PUSHED = 1200
"""Characters of a push: services take 4 KiB in all."""


async def ring(workshop: Workshop, job: dict[str, Any]) -> None:
    """Lease, send, mark. A crash in between is healed when the lease ends: the same ring, the same key."""
    async with workshop.database.transaction(SYSTEM) as tx:
        bundle = await oncall.ringing.lease(tx, UUID(job["method_id"]))
        if bundle is None:
            return
        if bundle.method.kind == MethodKind.EMAIL:
            await _queue_mail(workshop, tx, bundle)
            rung = True
        else:
            rung = False
            said = await _said(workshop, tx, bundle)
    if not rung and not await _send(workshop, bundle, said):
        return
    for later in (one for one in bundle.rings if one.is_later):
        async with workshop.database.transaction(SYSTEM) as tx:
            await tickets.record_rung(tx, later.notification_id)


async def send_code(workshop: Workshop, method: ContactMethod, locale: str, code: str) -> None:
    """To a method that is not proven yet. Errors: Invalid or Unavailable, said to the person who waits."""
    t = translator(locale, "pages")
    title = t("Your code is {code}", code=code)
    body = t("Type it in under contact methods, within 15 minutes. Nobody asked for it? Ignore this.")
    await _deliver(
        workshop, method, {"type": "code", "title": title, "body": body}, f"code:{method.id}:{code}"
    )


async def send_test(workshop: Workshop, method: ContactMethod, locale: str) -> None:
    """What a ring looks and sounds like. Errors: Invalid or Unavailable."""
    t = translator(locale, "pages")
    title, body = t("A test ring"), t("This is how an alert reaches you. Nothing needs you now.")
    now = workshop.database.clock.now()
    said = {"type": "test", "title": title, "body": body, "url": f"{workshop.settings.address}/oncall/alerts"}
    if method.address is None and method.agent_id is not None:
        async with workshop.database.transaction(SYSTEM) as tx:
            agent = await agents.get(tx, method.agent_id)
            await tickets.mail.mailing.queue_notice(tx, recipients=[agent.email], subject=title, body=body)
        return
    await _deliver(workshop, method, said, f"test:{method.id}:{now.timestamp():.0f}")


async def _queue_mail(workshop: Workshop, tx: Transaction, bundle: Bundle) -> None:
    """Into the outbox in the transaction that marks it as sent. About one ticket it can be answered."""
    about = {one.alert.ticket_id for one in bundle.rings}
    said = await _said(workshop, tx, bundle)
    mail = await tickets.mail.mailing.queue_notice(
        tx,
        recipients=[_mail_address(workshop, bundle)],
        subject=said["title"],
        body=said["body"],
        ticket_id=about.pop() if len(about) == 1 else None,
        is_urgent=True,
    )
    await tx.session.flush()
    await oncall.ringing.sent(tx, bundle, mail.id)


async def _send(workshop: Workshop, bundle: Bundle, said: dict[str, Any]) -> bool:
    """Whether it went out. A sender that was held up asks once more whether anybody still needs it."""
    if workshop.database.clock.now() - bundle.leased_at > SEND_WITHIN:
        async with workshop.database.transaction(SYSTEM) as tx:
            if not await oncall.ringing.still_open(tx, bundle):
                return False
    try:
        await _deliver(workshop, bundle.method, said, bundle.key)
    except (Invalid, Unavailable, Conflict, NotFound) as failure:
        error = failure.detail or failure.code
        log.warning("ring_failed", method=bundle.method.kind, method_id=str(bundle.method.id), error=error)
        await _give_up(workshop, bundle, error, final=isinstance(failure, Invalid))
        return False
    await workshop.database.settle(SYSTEM, lambda tx: oncall.ringing.sent(tx, bundle))
    return True


async def _give_up(workshop: Workshop, bundle: Bundle, error: str, *, final: bool) -> None:
    given_up = await workshop.database.settle(
        SYSTEM, lambda tx: oncall.ringing.failed(tx, bundle, error, final=final)
    )
    for alert_id, is_last in given_up:
        async with workshop.database.transaction(SYSTEM) as tx:
            await tickets.ring_failed(tx, alert_id, bundle.name, bundle.method.kind, error, escalates=is_last)


async def _deliver(workshop: Workshop, method: ContactMethod, said: dict[str, Any], key: str) -> None:
    address = Sealer(workshop.settings.key).open_text(method.address or "", ADDRESS_PURPOSE)
    networks = workshop.settings.private_networks
    match MethodKind(method.kind):
        case MethodKind.WEBHOOK:
            at = int(workshop.database.clock.now().timestamp())
            await pagers.post_webhook(
                address, pagers.webhook_secret(workshop.settings.key, method.id), said, key, at, networks
            )
        case MethodKind.PUSH:
            contact = workshop.settings.address if workshop.settings.is_https else "mailto:helpdesk@localhost"
            push: dict[str, Any] = {name: said[name] for name in ("type", "title", "url") if name in said}
            push |= {"body": said["body"][:_PUSHED], "key": key}
            await pagers.send_push(address, push, workshop.settings.key, contact, networks)
        case MethodKind.NOTIFY:
            await pagers.notify(address, said["title"], said["body"], networks)
        case MethodKind.EMAIL:
            async with workshop.database.transaction(SYSTEM) as tx:
                await tickets.mail.mailing.queue_notice(
                    tx, recipients=[address], subject=said["title"], body=said["body"]
                )


def _mail_address(workshop: Workshop, bundle: Bundle) -> str:
    if bundle.method.address is None and bundle.agent is not None:
        return bundle.agent.email
    return Sealer(workshop.settings.key).open_text(bundle.method.address or "", ADDRESS_PURPOSE)


async def _said(workshop: Workshop, tx: Transaction, bundle: Bundle) -> dict[str, Any]:
    """Title and body for people, and the alerts one by one for machines."""
    t = translator(bundle.agent.locale if bundle.agent is not None else "en", "pages")
    each = {ring.alert.id: ring.alert for ring in bundle.rings}  # two steps of one alert are told once
    alerts = [await _alert(workshop, tx, bundle, alert, t) for alert in each.values()]
    first = alerts[0]
    title = t("On call: {what}", what=first["what"])
    if len(alerts) > 1:
        title = t("On call: {n} alerts, first: {what}", n=len(alerts), what=first["what"])
    lines = []
    if bundle.agent is not None:
        lines = [t("{name}, this needs you now.", name=bundle.agent.name.split()[0])]
    for one in alerts[:_SHOWN]:
        lines.append("\n".join(part for part in (one["what"], one["who"], one["words"]) if part))
        if one["reason"] != one["what"]:
            lines.append(t("Why: {reason}", reason=one["reason"]))
        lines.append(t("See it and acknowledge with one tap:") + f"\n{one['url']}")
    if len(alerts) > _SHOWN:
        lines.append(t("And {n} more: {url}", n=len(alerts) - _SHOWN, url=_list_of(workshop)))
    lines.append(t("If nobody acknowledges, the next person is woken."))
    return {
        "type": "alert",
        "title": title,
        "body": "\n\n".join(lines),
        "url": first["url"],
        "alerts": alerts,
    }


async def _alert(
    workshop: Workshop, tx: Transaction, bundle: Bundle, alert: oncall.Alert, t: Translator
) -> dict[str, Any]:
    path = f"/oncall/alerts/{alert.id}"  # a room may hold anybody: its link asks who they are
    if bundle.agent is not None:
        token = links.token_for(workshop.settings.key, links.LinkKind.ALERT, alert.id, bundle.agent.id)
        path = f"/alert/{token}"
    what = oncall.words.in_words(str(alert.details.get("subject") or alert.reason), t)
    words = oncall.words.in_words(str(alert.details.get("body", "")), t)
    who, number = "", None
    if alert.ticket_id is not None:
        [row] = await tickets.queries.queue_rows(tx, [alert.ticket_id])
        what, words, number = f"#{row['number']} {row['subject']}", row["preview"], row["number"]
        who = _who(row)
    return {
        "id": str(alert.id),
        "what": what,
        "who": who,
        "words": words,
        "reason": oncall.words.in_words(alert.reason, t),
        "ticket": number,
        "raised_at": alert.raised_at.isoformat(),
        "url": f"{workshop.settings.address}{path}",
    }


def _who(row: dict[str, Any]) -> str:
    """Whom it is about, as somebody half asleep wants to know it: the person, the company, their plan."""
    contact = row["contact"]
    person = contact["name"] or contact["email"] or contact["phone"]
    company, plan = row["company"] or {}, row["plan"] or {}
    where = ", ".join(part for part in (person, company.get("name")) if part)
    return " · ".join(part for part in (where, plan.get("name")) if part)


def _list_of(workshop: Workshop) -> str:
    return f"{workshop.settings.address}/oncall/alerts"
