"""SLA policies: who is promised what, in which order they are asked, and what a change would move."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Actor
from helpdesk.domain import contacts, inboxes, plans, sla, tickets
from helpdesk.domain.sla.steps import ACTIONS, MOMENTS, MOST, MOST_MINUTES, checked
from helpdesk.domain.tickets.replanning import Proposal, Scope, would_move
from helpdesk.errors import Invalid, NotFound
from helpdesk.parsing import parse_id, parse_number
from helpdesk.storage.transaction import Transaction
from helpdesk.web.admin import shell
from helpdesk.web.admin.durations import shown
from helpdesk.web.admin.promised_times import (
    CHANNELS,
    METRICS,
    OTHERS,
    fields_of,
    names_others,
    scaled,
    serves_programs_otherwise,
    values_of,
)

PATH = "/admin/sla"
NEW = "new"
_COMPANIES = 500


async def show_policies(request: Request) -> Response:
    """GET /admin/sla"""
    actor = await shell.require(request, "sla")
    async with request.app.state.database.transaction(actor) as tx:
        names: dict[str, str] = {str(one.id): one.name for one in await inboxes.all_of(tx)}
        names |= {str(one.id): one.name for one in await plans.all_of(tx)}
        asked = {one for row in await sla.policies(tx) for one in row.conditions.get("company_ids", ())}
        named = select(contacts.Company.id, contacts.Company.name).where(
            contacts.Company.id.in_([UUID(str(one)) for one in asked])
        )
        names |= {str(row.id): row.name for row in await tx.session.execute(named)}
        found = await sla.policies(tx)
    return shell.render(
        request, "sla", "admin/sla_policies.html", actor, policies=found, names=names, shown=shown,
        channels=CHANNELS,
    )  # fmt: skip


async def show_policy(request: Request) -> Response:
    """GET /admin/sla/{id}, `new` for another one"""
    actor = await shell.require(request, "sla")
    async with request.app.state.database.transaction(actor) as tx:
        policy = await _policy(request, tx)
        given = await _fields(tx, policy) if policy else _nothing(len(await sla.policies(tx)) + 1)
        return await _page(request, actor, tx, policy, given, {}, None)


async def submit_policy(request: Request) -> Response:
    """POST /admin/sla/{id}: first a preview of which open tickets it would move, then saving or removing."""
    actor = await shell.require(request, "sla")
    form = await request.form()
    given: dict[str, Any] = {name: str(value) for name, value in form.items()}
    given |= {name: [str(one) for one in form.getlist(name)] for name in ("inboxes", "plans", "priorities")}
    given["steps"] = _rows(given)
    async with request.app.state.database.transaction(actor) as tx:
        policy = await _policy(request, tx)
        if given.get("row"):
            focus = _change_rows(given["steps"], given["row"])
            return await _page(request, actor, tx, policy, given, {}, None, focus=focus)
        others = [one for one in await sla.policies(tx) if policy is None or one.id != policy.id]
        if given.get("remove") and policy is not None:
            if given.get("save") == "yes":
                await sla.delete_policy(tx, policy.id)
                return shell.saved(PATH)
            foreseen = await would_move(tx, Scope(), Proposal(policies=others))
            return await _page(
                request, actor, tx, policy, await _fields(tx, policy), {}, foreseen, removes=True
            )
        try:
            values = await _values(tx, given, policy)
            if any(one.name.lower() == values["name"].lower() for one in others):
                raise Invalid("name_taken", field="name")
        except Invalid as failure:
            return await _page(
                request, actor, tx, policy, given, {failure.field or "name": failure.code}, None, 422
            )
        if given.get("save") == "yes":
            await sla.save_policy(tx, policy.id if policy else None, values)
            return shell.saved(PATH)
        proposed = sla.SlaPolicy(id=policy.id if policy else tx.new_id(), created_at=tx.now, **values)
        then = sorted([*others, proposed], key=lambda one: (one.position, one.id))
        foreseen = await would_move(tx, Scope(), Proposal(policies=then))
        falls = await tickets.promises.would_change(tx, then)
        return await _page(request, actor, tx, policy, given, {}, foreseen, falls=falls)


async def _policy(request: Request, tx: Transaction) -> sla.SlaPolicy | None:
    wanted = request.path_params["id"]
    if wanted == NEW:
        return None
    found = await tx.session.get(sla.SlaPolicy, parse_id(wanted, "policy"))
    if found is None:
        raise NotFound("policy_not_found")
    return found


async def _page(
    request: Request, actor: Actor, tx: Transaction, policy: sla.SlaPolicy | None,
    given: Mapping[str, Any], errors: Mapping[str, str], foreseen: Any, status: int = 200, *,
    removes: bool = False, falls: Any = (), focus: int | None = None,
) -> Response:  # fmt: skip
    companies = select(contacts.Company.name).order_by(contacts.Company.name).limit(_COMPANIES)
    return shell.render(
        request, "sla", "admin/sla_policy.html", actor, status, policy=policy, given=given, errors=errors,
        foreseen=foreseen, removes=removes, falls=falls, inboxes=await inboxes.all_of(tx),
        plans=await plans.all_of(tx), companies=list(await tx.session.scalars(companies)),
        calendars=[(str(row.id), row.name) for row, _ in await sla.calendars.all_of(tx)],
        channels=CHANNELS, metrics=METRICS, actions=ACTIONS, moments=MOMENTS,
        most_steps=MOST, focus=focus, scaled=scaled, others=OTHERS, names_others=names_others(given),
        programs_otherwise=serves_programs_otherwise(policy),
    )  # fmt: skip


def _nothing(position: int) -> dict[str, Any]:
    return {
        "position": str(position), "enabled": "yes", "pending": "yes", "snoozed": "yes",
        "inboxes": [], "plans": [], "priorities": [], "steps": [],
    }  # fmt: skip


async def _fields(tx: Transaction, policy: sla.SlaPolicy) -> dict[str, Any]:
    asked = policy.conditions
    companies = [await contacts.company(tx, UUID(str(one))) for one in asked.get("company_ids", ())]
    fields: dict[str, Any] = {
        "name": policy.name,
        "position": str(policy.position),
        "enabled": "yes" if policy.enabled else "",
        "calendar_id": str(policy.calendar_id or ""),
        "inboxes": [str(one) for one in asked.get("inbox_ids", ())],
        "plans": [str(one) for one in asked.get("plan_ids", ())],
        "priorities": [str(one) for one in asked.get("priorities", ())],
        "tags": ", ".join(asked.get("tags", ())),
        "companies": ", ".join(one.name for one in companies),
        **{status: "yes" if status in policy.pauses_in else "" for status in sla.PAUSES_IN},
    }
    fields |= fields_of(policy)
    fields["steps"] = [_row(step) for step in policy.steps]
    return fields


async def _values(tx: Transaction, given: Mapping[str, Any], policy: sla.SlaPolicy | None) -> dict[str, Any]:
    """What the form means; what it does not show stays. Errors: Invalid with the field."""
    name = given.get("name", "").strip()[:100]
    if not name:
        raise Invalid("name_missing", field="name")
    calendar = given.get("calendar_id", "")
    return {
        "name": name,
        "position": parse_number(given.get("position", "").strip() or "1", "position", 100_000),
        "enabled": given.get("enabled") == "yes",
        "conditions": {
            "inbox_ids": [str(UUID(one)) for one in given.get("inboxes", ())],
            "plan_ids": [*(str(UUID(one)) for one in given.get("plans", ())), *await _unsold(tx, policy)],
            "company_ids": [str(one) for one in await _companies(tx, given.get("companies", ""))],
            "priorities": [int(one) for one in given.get("priorities", ()) if re.fullmatch("[1-5]", one)],
            "tags": [one.strip().lower() for one in given.get("tags", "").split(",") if one.strip()],
        },
        "calendar_id": parse_id(calendar, "calendar") if calendar else None,
        **values_of(given, policy),
        "pauses_in": [status for status in sla.PAUSES_IN if given.get(status) == "yes"],
        "steps": checked(_steps(given)),
    }


def _row(step: Mapping[str, Any]) -> dict[str, str]:
    """A stored step as the form shows it."""
    moment = next(name for name in MOMENTS if name in step)
    metrics = ",".join(step.get("metrics") or ())
    return {"n": str(step[moment]), "at": moment, "do": step["do"], "for": metrics}


def _rows(given: Mapping[str, Any]) -> list[dict[str, str]]:
    """The rows of steps as they were sent, in their order."""
    numbers = sorted(int(name[5:-2]) for name in given if re.fullmatch(r"step\.[0-9]{1,3}\.n", name))
    parts = ("n", "at", "do", "for")
    return [{part: given.get(f"step.{number}.{part}", "") for part in parts} for number in numbers]


def _change_rows(rows: list[dict[str, str]], wanted: str) -> int:
    """`add`, or the number of the row to leave out. Answers with the row to go on at."""
    if wanted == "add":
        if len(rows) < MOST:
            rows.append({"n": "", "at": MOMENTS[0], "do": ACTIONS[0], "for": ""})
        return len(rows) - 1
    if wanted.isascii() and wanted.isdigit() and int(wanted) < len(rows):
        del rows[int(wanted)]
    return len(rows)


def _steps(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows without a number are none. Errors: Invalid with `steps`."""
    found = []
    for row in given["steps"][:MOST]:
        if not row["n"].strip():
            continue
        if row["at"] not in MOMENTS:
            raise Invalid("step_invalid", field="steps")
        step: dict[str, Any] = {row["at"]: parse_number(row["n"].strip(), "steps", MOST_MINUTES)}
        metrics = [one for one in row["for"].split(",") if one in METRICS]
        found.append(step | {"do": row["do"]} | ({"metrics": metrics} if metrics else {}))
    return found


async def _unsold(tx: Transaction, policy: sla.SlaPolicy | None) -> list[str]:
    """Archived plans that it asks for: tickets may still have them, and the page offers none of them."""
    sold = {str(one.id) for one in await plans.all_of(tx)}
    asked = policy.conditions.get("plan_ids", ()) if policy else ()
    return [str(one) for one in asked if str(one) not in sold]


async def _companies(tx: Transaction, text: str) -> list[UUID]:
    """By their names, with commas between. Errors: Invalid companies_unknown."""
    wanted = [one.strip() for one in text.split(",") if one.strip()]
    known = select(contacts.Company.name, contacts.Company.id).where(contacts.Company.name.in_(wanted))
    found: dict[str, UUID] = {row.name: row.id for row in await tx.session.execute(known)}
    if any(one not in found for one in wanted):
        raise Invalid("companies_unknown", field="companies")
    return [found[one] for one in wanted]
