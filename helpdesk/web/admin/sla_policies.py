"""SLA policies: who is promised what, and which open tickets a change would touch."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.domain import inboxes, sla, tickets
from helpdesk.domain.sla.steps import ACTIONS, checked
from helpdesk.errors import Invalid
from helpdesk.parsing import parse_id
from helpdesk.storage.transaction import Transaction
from helpdesk.web.admin import shell

PATH = "/admin/sla"
CHANNELS = ("chat", "email", "phone")
METRICS = ("first_response", "next_response", "resolution", "update")
_STEP = re.compile(r"^(?:(?P<percent>\d{1,2}) ?%|(?P<sign>[+-])(?P<minutes>\d{1,4})) (?P<do>[a-z_]+)$")


async def show_policies(request: Request) -> Response:
    """GET /admin/sla"""
    actor = await shell.require(request, "sla")
    async with request.app.state.database.transaction(actor) as tx:
        return await _page(request, actor, tx, {}, {}, None)


async def submit_policy(request: Request) -> Response:
    """POST /admin/sla: first a preview of which open tickets it would change, then saving or removing."""
    actor = await shell.require(request, "sla")
    form = await request.form()
    given = {name: str(value) for name, value in form.items()} | {"inboxes": form.getlist("inboxes")}
    async with request.app.state.database.transaction(actor) as tx:
        if given.get("remove"):
            await sla.delete_policy(tx, parse_id(given["remove"], "policy"))
            return shell.saved(PATH)
        try:
            values = _values(given)
        except Invalid as failure:
            return await _page(request, actor, tx, given, {failure.field or "name": failure.code}, None, 422)
        known = {policy.name: policy for policy in await sla.policies(tx)}
        same = known.pop(values["name"], None)
        if given.get("save") != "yes":
            proposed = sla.SlaPolicy(id=same.id if same else tx.new_id(), created_at=tx.now, **values)
            changed = await tickets.promises.would_change(tx, [*known.values(), proposed])
            return await _page(request, actor, tx, given, {}, changed)
        await sla.save_policy(tx, same.id if same else None, values)
    return shell.saved(PATH)


async def _page(
    request: Request, actor: Any, tx: Transaction, given: Mapping[str, Any], errors: Mapping[str, str],
    changed: Any, status: int = 200,
) -> Response:  # fmt: skip
    return shell.render(
        request, "sla", "admin/sla_policies.html", actor, status,
        policies=await sla.policies(tx), inboxes=await inboxes.all_of(tx), given=given, errors=errors,
        changed=changed, channels=CHANNELS, metrics=METRICS, actions=ACTIONS,
    )  # fmt: skip


def _values(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the form means. Errors: Invalid with the field."""
    name = given.get("name", "").strip()
    if not name:
        raise Invalid("name_missing", field="name")
    targets: dict[str, dict[str, int]] = {}
    for channel in CHANNELS:
        for metric in METRICS:
            minutes = given.get(f"{channel}.{metric}", "").strip()
            if minutes and not (minutes.isascii() and minutes.isdigit() and 0 < int(minutes) < 600_000):
                raise Invalid("minutes_invalid", field="targets")
            if minutes:
                targets.setdefault(channel, {})[metric] = int(minutes) * 60
    position = given.get("position", "").strip() or "1"
    if not (position.isascii() and position.isdigit() and len(position) < 6):
        raise Invalid("position_invalid", field="position")
    return {
        "name": name[:100],
        "position": int(position),
        "enabled": True,
        "conditions": {
            "inbox_ids": [str(UUID(one)) for one in given.get("inboxes", ())],
            "priorities": [int(one) for one in re.findall(r"[1-5]", given.get("priorities", ""))],
            "tags": [one.strip().lower() for one in given.get("tags", "").split(",") if one.strip()],
        },
        "targets": targets,
        "pauses_in": [status for status in sla.PAUSES_IN if given.get(status) == "yes"],
        "steps": checked([_step(line) for line in given.get("steps", "").splitlines() if line.strip()]),
    }


def _step(line: str) -> dict[str, Any]:
    """`80 % notify_assignee`, `-30 notify_leads` (before) or `+15 alert` (after the due time)."""
    found = _STEP.match(line.strip())
    if found is None:
        raise Invalid("step_invalid", field="steps")
    if found["percent"]:
        return {"at_percent": int(found["percent"]), "do": found["do"]}
    moment = "before_minutes" if found["sign"] == "-" else "after_minutes"
    return {moment: int(found["minutes"]), "do": found["do"]}
