"""Escalation policies: whom to wake in which order, and what would happen if an alert came at some hour."""

from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Actor, Role
from helpdesk.channels import pagers
from helpdesk.domain import agents, oncall
from helpdesk.domain.oncall.alerting.escalation import Policy
from helpdesk.domain.oncall.alerting.policies import Expected
from helpdesk.errors import HelpdeskError, Invalid
from helpdesk.parsing import parse_id
from helpdesk.storage.transaction import Transaction
from helpdesk.web.oncall import shell

TARGETS = 2
"""Choices of whom a step rings that a form offers at least; scripts add steps, and one is always empty."""


async def show_policies(request: Request) -> Response:
    """GET /oncall/policies"""
    return await overview(request, await shell.require(request))


async def overview(request: Request, actor: Actor, *, failure: HelpdeskError | None = None) -> Response:
    """Every policy with what would happen now, and the channels their steps may name."""
    key = request.app.state.settings.key
    async with request.app.state.database.transaction(actor) as tx:
        rooms = await oncall.channels.channels(tx)
        found = await oncall.policies.policies(tx)
        teams = {team.id: team.name for team in await agents.teams(tx)}
        first = {row.id: await oncall.policies.what_if(tx, Policy.parse(row.policy), tx.now) for row in found}
    return shell.render(
        request,
        "policies",
        "policies.html",
        actor,
        status=422 if failure else 200,
        policies=found,
        teams=teams,
        expected=first,
        channels=rooms,
        secrets={one.id: pagers.webhook_secret(key, one.id) for one in rooms if one.kind == "webhook"},
        failure=shell.words(failure, actor) if failure else "",
    )


async def show_new(request: Request) -> Response:
    """GET /oncall/policies/new"""
    return await _page(request, await shell.require(request, Role.LEAD), None)


async def show_policy(request: Request) -> Response:
    """GET /oncall/policies/{id}?at=: with what would happen then."""
    actor = await shell.require(request)
    return await _page(request, actor, parse_id(request.path_params["id"], "policy"))


async def submit_policy(request: Request) -> Response:
    """POST /oncall/policies/new, /oncall/policies/{id}: `do=preview` shows what would happen, else saves."""
    actor = await shell.require(request, Role.LEAD)
    form = await request.form(max_files=0, max_fields=200)
    given = request.path_params.get("id")
    policy_id = parse_id(given, "policy") if given else None
    try:
        policy = _policy(form)
        if form.get("do") == "preview":
            return await _page(request, actor, policy_id, form=form)
        name, team = shell.text_of(form, "name"), shell.id_of(form, "team")
        async with request.app.state.database.transaction(actor) as tx:
            if policy_id is None:
                stored = await oncall.policies.add_policy(tx, name, policy, team)
            else:
                version = int(shell.text_of(form, "version") or "0")
                stored = await oncall.policies.change_policy(tx, policy_id, name, policy, version, team)
    except HelpdeskError as failure:
        return await _page(request, actor, policy_id, form=form, failure=failure)
    return shell.saved(f"/oncall/policies/{stored.id}")


async def _page(
    request: Request,
    actor: Actor,
    policy_id: UUID | None,
    *,
    form: FormData | None = None,
    failure: HelpdeskError | None = None,
) -> Response:
    async with request.app.state.database.transaction(actor) as tx:
        stored = await oncall.policies.get_policy(tx, policy_id) if policy_id else None
        at = _at(request, form, actor, tx.now)
        fields = _sent(form) if form is not None else _stored(stored)
        expected: list[Expected] = []
        if not failure and (stored is not None or form is not None):
            policy = _policy(form) if form is not None else Policy.parse(stored.policy if stored else {})
            expected = await oncall.policies.what_if(tx, policy, at)
        values = {
            "targets": await _targets(tx),
            "names": await shell.names(tx),
            "teams": await agents.teams(tx),
        }
    return shell.render(
        request,
        "policies",
        "policy.html",
        actor,
        status=422 if failure else 200,
        policy_id=policy_id,
        fields=fields,
        expected=expected,
        at=at,
        at_local=shell.local(at, actor.time_zone),
        failure=shell.words(failure, actor) if failure else "",
        **values,
    )


async def _targets(tx: Transaction) -> list[tuple[str, list[tuple[str, str]]]]:
    """(kind, [(value, name)]) for the choice of a step's targets."""
    return [
        ("schedule", [(f"schedule:{row.id}", row.name) for row in await oncall.schedules.rows(tx)]),
        ("person", [(f"person:{person}", name) for person, name in (await shell.names(tx)).items()]),
        ("channel", [(f"channel:{one.id}", one.name) for one in await oncall.channels.channels(tx)]),
        ("team", [(f"team:{team.id}", team.name) for team in await agents.teams(tx)]),
    ]


def _stored(row: oncall.EscalationPolicyRow | None) -> dict[str, Any]:
    policy = row.policy if row is not None else {"steps": []}
    steps = [
        {
            "delay": f"{step.get('delay_minutes', 5):g}",
            "mode": step.get("mode", "everyone"),
            "targets": _padded([f"{target['kind']}:{target['id']}" for target in step["targets"]]),
        }
        for step in policy["steps"]
    ]
    return {
        "name": row.name if row is not None else "",
        "team": str(row.team_id or "") if row is not None else "",
        "version": str(row.version) if row is not None else "0",
        "repeats": str(policy.get("repeats", 1)),
        "owner": policy.get("owner") or "",
        "each_acknowledges": bool(policy.get("each_acknowledges", False)),
        "steps": [*steps, _empty_step()],
    }


def _sent(form: FormData) -> dict[str, Any]:
    steps: list[dict[str, Any]] = []
    while f"step{len(steps)}_target0" in form:
        prefix = f"step{len(steps)}_"
        steps.append(
            {
                "delay": shell.text_of(form, prefix + "delay") or "5",
                "mode": shell.text_of(form, prefix + "mode"),
                "targets": _padded(_chosen(form, prefix)),
            }
        )
    steps = [*(step for step in steps if any(step["targets"])), _empty_step()]
    fields = {name: shell.text_of(form, name) for name in ("name", "team", "version", "repeats", "owner")}
    return {**fields, "each_acknowledges": bool(form.get("each_acknowledges")), "steps": steps}


def _chosen(form: FormData, prefix: str) -> list[str]:
    """However many the form had."""
    found: list[str] = []
    while f"{prefix}target{len(found)}" in form:
        found.append(shell.text_of(form, f"{prefix}target{len(found)}"))
    return [value for value in found if value]


def _policy(form: FormData) -> Policy:
    """Steps without a target are not there."""
    fields = _sent(form)
    steps = []
    for step in fields["steps"]:
        targets = [target.partition(":") for target in step["targets"] if target]
        if targets:
            steps.append(
                {
                    "delay_minutes": step["delay"],
                    "mode": step["mode"] or "everyone",
                    "targets": [{"kind": kind, "id": thing} for kind, _, thing in targets],
                }
            )
    try:
        return Policy.parse(
            {
                "steps": steps,
                "repeats": fields["repeats"] or "0",
                "owner": fields["owner"] or None,
                "each_acknowledges": fields["each_acknowledges"],
            }
        )
    except ValueError:
        raise Invalid("policy_invalid", "A field of this policy cannot be read.", field="steps") from None


def _at(request: Request, form: FormData | None, actor: Actor, now: datetime) -> datetime:
    given = shell.text_of(form, "at") if form is not None else request.query_params.get("at", "")
    if not given:
        return now
    try:
        return max(shell.moment(FormData({"at": given}), "at", actor.time_zone), now)
    except Invalid:
        return now


def _empty_step() -> dict[str, Any]:
    return {"delay": "5", "mode": "everyone", "targets": [""] * TARGETS}


def _padded(values: list[str]) -> list[str]:
    return [*values, *[""] * max(1, TARGETS - len(values))]
