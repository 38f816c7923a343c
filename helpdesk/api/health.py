"""Is it alive, is it ready, and the numbers an administrator watches."""

import secrets
from datetime import timedelta
from typing import Any

import asyncpg
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import SYSTEM
from helpdesk.api.answers import answer
from helpdesk.api.requests import database_of
from helpdesk.domain import oncall, tickets
from helpdesk.domain.tickets.mail import inlets
from helpdesk.errors import HelpdeskError, NotFound
from helpdesk.storage import job_queue, migrations
from helpdesk.storage.transaction import Transaction

JOB_LAG_LIMIT = 300.0
"""Seconds the oldest due job may wait before the process counts as not ready."""

AT_RISK = timedelta(minutes=15)

ALERT_PATIENCE = 60.0
"""Seconds an alert's step or ring may be overdue."""

SEARCH_BEHIND = 5000
"""Messages that are not found yet; as many come in on a busy minute."""

_COUNTED = 100_000
"""Messages without words that a figure tells of; more are as many."""

BUS_PATIENCE = 10.0
"""Seconds without the bus: what other processes do is seen by sweeps alone, some seconds late."""

_BEARABLE = {"mail_out", "search", "bus"}
"""What another process would not do better: no reason to take this one out of service."""

_LOOPBACK = ("127.0.0.1", "::1")


async def show_live(request: Request) -> Response:
    """The process answers."""
    return answer({"status": "live"})


async def show_ready(request: Request) -> Response:
    """200 when work can be done; 503 when not. What is wrong stands in the reasons."""
    checks = await _checks(request)
    failing = [name for name, found in checks.items() if not found["ok"]]
    reasons = [f"{name}: {checks[name]['reason']}" for name in failing]
    is_ready = not set(failing) - _BEARABLE
    status = ("degraded" if failing else "ready") if is_ready else "not ready"
    return answer(
        {"status": status, "reasons": reasons, "checks": checks},
        200 if is_ready else 503,
        **{"Cache-Control": "no-store"},
    )


async def show_metrics(request: Request) -> Response:
    """Prometheus text, for the bearer of the metrics token; without a public URL also for loopback."""
    _require_watcher(request)
    registry = CollectorRegistry()
    async with database_of(request).transaction(SYSTEM) as tx:
        await _measure(registry, tx, request)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


async def _checks(request: Request) -> dict[str, Any]:
    state = request.app.state
    if getattr(state, "draining", False):
        return {"server": {"ok": False, "reason": "shutting down"}}
    try:
        async with database_of(request).transaction(SYSTEM) as tx:
            connection = await tx.driver()
            overdue = await oncall.oldest_overdue(tx)
            broken = [{"kind": one.kind, "error": one.error} for one in await inlets.broken(tx)]
            unsent = await tickets.mail.mailing.unsent(tx)
            unindexed = await tickets.search.unindexed(tx, SEARCH_BEHIND)
            lag, held = await job_queue.oldest_age(connection), await job_queue.held(connection)
        current = state.schema_checked or await migrations.is_current(database_of(request).engine)
        state.schema_checked = current
    except (HelpdeskError, asyncpg.PostgresError, OSError) as failure:
        return {"database": {"ok": False, "reason": str(failure)}}
    bus_lost = state.bus_lost_for()
    return {
        "database": {"ok": True},
        "migrations": _well(current, "run `helpdesk migrate`"),
        "bus": {"lost_seconds": round(bus_lost, 1)}
        | _well(bus_lost < BUS_PATIENCE, "no word between the processes: what others do is seen late"),
        "jobs": {"oldest_seconds": round(lag, 1), "held": held}
        | _well(lag < JOB_LAG_LIMIT, "the background worker is behind or not running"),
        "alerts": {"overdue_seconds": round(overdue, 1)}
        | _well(overdue < ALERT_PATIENCE, "an alert's next step or ring is overdue"),
        "mail_in": state.mail_in() | {"broken_inlets": broken},
        "mail_out": {"waiting": unsent}
        | _well(not unsent, "mails wait because no mail server is set (HELPDESK_SMTP_OUT_URL)"),
        "search": {"unindexed": unindexed}
        | _well(unindexed < SEARCH_BEHIND, "thousands of messages are not found by search yet"),
    }


def _well(ok: bool, reason: str) -> dict[str, Any]:
    return {"ok": True} if ok else {"ok": False, "reason": reason}


async def _measure(registry: CollectorRegistry, tx: Transaction, request: Request) -> None:
    length = Gauge("helpdesk_queue_length", "Tickets waiting", ["channel", "priority"], registry=registry)
    age = Gauge(
        "helpdesk_queue_oldest_seconds",
        "Age of the oldest waiting ticket",
        ["channel", "priority"],
        registry=registry,
    )
    rows = await tx.session.execute(
        text(
            "SELECT channel, priority, count(*) AS n, min(waiting_since) AS since"
            " FROM tickets WHERE waiting GROUP BY channel, priority"
        )
    )
    for row in rows:
        length.labels(row.channel, f"P{row.priority}").set(row.n)
        if row.since is not None:
            age.labels(row.channel, f"P{row.priority}").set((tx.now - row.since).total_seconds())
    sla = await tx.session.execute(
        text(
            "SELECT count(*) FILTER (WHERE breached_at IS NOT NULL) AS breached,"
            " count(*) FILTER (WHERE breached_at IS NULL AND due_at < :soon) AS at_risk"
            " FROM sla_clocks WHERE due_at IS NOT NULL"
        ),
        {"soon": tx.now + AT_RISK},
    )
    found = sla.one()
    Gauge("helpdesk_sla_breached", "Open targets that were missed", registry=registry).set(found.breached)
    Gauge("helpdesk_sla_at_risk", "Open targets about to be missed", registry=registry).set(found.at_risk)
    overdue = Gauge(
        "helpdesk_alert_overdue_seconds", "Wait of the most overdue alert step or ring", registry=registry
    )
    overdue.set(await oncall.oldest_overdue(tx))
    connection = await tx.driver()
    Gauge("helpdesk_job_lag_seconds", "Wait of the oldest due job", registry=registry).set(
        await job_queue.oldest_age(connection)
    )
    Gauge("helpdesk_jobs_held", "Jobs given up", registry=registry).set(await job_queue.held(connection))
    unindexed = Gauge(
        "helpdesk_search_unindexed", "Messages that are not found yet, at most 100,000", registry=registry
    )
    unindexed.set(await tickets.search.unindexed(tx, _COUNTED))
    mails = Gauge("helpdesk_mails", "Incoming mails by what became of them", ["state"], registry=registry)
    for state, count in (await tickets.mail.intake.states(tx)).items():
        mails.labels(state).set(count)
    Gauge("helpdesk_sockets", "Open sockets of this process", registry=registry).set(
        request.app.state.sockets()
    )


def _require_watcher(request: Request) -> None:
    token = request.app.state.settings.metrics_token
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    is_known = token is not None and secrets.compare_digest(given.encode(), token.get_secret_value().encode())
    # Behind a reverse proxy on this machine everybody seems to call from it.
    is_public = request.app.state.settings.public_url is not None
    is_local = not is_public and request.client is not None and request.client.host in _LOOPBACK
    if not is_known and not is_local:
        raise NotFound("not_found")
