"""Agents: inviting them, what they may do, what they can, how much they take at once."""

import re
from typing import Any
from uuid import UUID

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Actor, Role
from helpdesk.auth import links, second_factors
from helpdesk.domain import agents, inboxes, permissions, tickets
from helpdesk.errors import Conflict, Forbidden, Invalid, Unavailable
from helpdesk.parsing import parse_id, parse_number
from helpdesk.storage.transaction import Transaction
from helpdesk.translation import languages, translator
from helpdesk.web import second_factor
from helpdesk.web.admin import shell

PATH = "/admin/agents"
NEW = "new"
_MOST_UNITS = 100


async def show_agents(request: Request) -> Response:
    """GET /admin/agents"""
    actor = await shell.require(request, "agents")
    async with request.app.state.database.transaction(actor) as tx:
        people, teams = await agents.everybody(tx), {team.id: team.name for team in await agents.teams(tx)}
        within: dict[UUID, list[str]] = {one.id: [] for one in people}
        for team_id, agent_id in await agents.memberships(tx):
            if team_id in teams:
                within[agent_id].append(teams[team_id])
        twice = await second_factors.holders(tx)
    return shell.render(
        request, "agents", "admin/agents.html", actor, people=people, within=within, twice=twice
    )


async def show_agent(request: Request) -> Response:
    """GET /admin/agents/{id}, `new` to invite somebody"""
    actor = await shell.require(request, "agents")
    async with request.app.state.database.transaction(actor) as tx:
        agent = await _agent(request, tx)
        given = await _fields(tx, agent) if agent else _nobody(await agents.teams(tx))
        return await _page(request, actor, tx, agent, given, {}, None)


async def submit_agent(request: Request) -> Response:
    """POST /admin/agents/{id}: first what it means for the work that waits, then saving. `order` is disable,
    enable, invite, renew, or password_alone for whoever lost their second factor."""
    actor = await shell.require(request, "agents")
    form = await request.form()
    given: dict[str, Any] = {name: str(value) for name, value in form.items()}
    given |= {name: [str(one) for one in form.getlist(name)] for name in ("teams", "inboxes")}
    async with request.app.state.database.transaction(actor) as tx:
        agent = await _agent(request, tx)
        try:
            if agent is not None and given.get("order"):
                await _order(request, tx, agent, given["order"])
                return shell.saved(f"{PATH}/{agent.id}")
            values, team_ids = _values(actor, given), _ids(form, "teams")
            if given.get("save") == "yes":
                saved = await _save(request, tx, agent, given, values, team_ids, _granted(form))
                return shell.saved(f"{PATH}/{saved.id}" if agent is None else PATH)
        except (Invalid, Conflict, Forbidden) as failure:
            field = failure.field or {"email_taken": "email"}.get(failure.code, "role")
            return await _page(request, actor, tx, agent, given, {field: failure.code}, None, 422)
        return await _page(request, actor, tx, agent, given, {}, await _preview(tx, agent, values, team_ids))


async def _preview(
    tx: Transaction, agent: agents.Agent | None, values: dict[str, Any], team_ids: list[UUID]
) -> dict[str, Any]:
    """What waits within their reach, and how full they would be, beside how it is now."""
    preview = {
        "after": await tickets.waiting_within_reach(tx, team_ids, values["skills"]),
        "capacity": values["capacity"],
        "before": None,
    }
    if agent is not None:
        own = await agents.team_ids_of(tx, agent.id)
        preview["before"] = await tickets.waiting_within_reach(tx, own, agent.skills)
        preview["load"] = (await tickets.desk(tx, agent.id))["load"]
    return preview


async def _save(
    request: Request, tx: Transaction, agent: agents.Agent | None, given: dict[str, Any],
    values: dict[str, Any], team_ids: list[UUID], granted: list[UUID] | None,
) -> agents.Agent:  # fmt: skip
    is_new = agent is None
    if agent is None:
        agent = await agents.add(
            tx, email=given.get("email", ""), name=values["name"], role=Role(values["role"]),
            password_hash=None, locale=values["locale"], time_zone=tx.actor.time_zone,
        )  # fmt: skip
    await agents.change(tx, agent.id, values, team_ids, granted)
    if is_new:
        await _invite(request, tx, agent)
    return agent


async def _order(request: Request, tx: Transaction, agent: agents.Agent, order: str) -> None:
    if order == "disable":
        await agents.disable(tx, agent.id)
    elif order == "enable":
        await agents.enable(tx, agent.id)
    elif order == "invite":
        await _invite(request, tx, agent)
    elif order == "password_alone":
        if agent.id == tx.actor.agent_id:
            raise Forbidden("own_second_factor")  # a session that was left open is no proof of both
        await second_factor.turn_off(request, tx, await agents.get_lower(tx, agent.id))
    elif order == "renew":
        if not await _mail_leaves(request, tx):
            raise Unavailable("mail_out_missing", "No mail can leave yet.")
        await _send_renewal(request, tx, await agents.offer_renewal(tx, agent.id))


async def _invite(request: Request, tx: Transaction, agent: agents.Agent) -> None:
    await agents.invite(tx, agent.id)
    if await inboxes.has_mail(tx):
        t = translator(agent.locale, "pages")
        lines = [
            t(
                "{name} has invited you to {company}'s helpdesk.",
                name=tx.actor.name,
                company=_company(request),
            ),
            t("Choose a password here within two weeks:") + f"\n{_link(request, agent)}",
        ]
        subject = t("You are invited to the helpdesk")
        await tickets.mail.mailing.queue_notice(
            tx, recipients=[agent.email], subject=subject, body="\n\n".join(lines)
        )


async def _send_renewal(request: Request, tx: Transaction, agent: agents.Agent) -> None:
    """By mail alone: whoever administers must not read what lets them in as somebody else."""
    settings, t = request.app.state.settings, translator(agent.locale, "pages")
    token = links.token_for(settings.key, links.LinkKind.RENEWAL, agent.id, agents.renewal_of(agent))
    lines = [
        t("Choose a new password for {company}'s helpdesk within a day:", company=_company(request))
        + f"\n{settings.address}/new-password/{token}",
        t(
            "{name} had this sent to you. Your old password holds until you choose a new one.",
            name=tx.actor.name,
        ),
    ]
    await tickets.mail.mailing.queue_notice(
        tx, recipients=[agent.email], subject=t("A new password"), body="\n\n".join(lines)
    )


async def _mail_leaves(request: Request, tx: Transaction) -> bool:
    settings = request.app.state.settings
    return (settings.smtp_out_url is not None or settings.demo) and await inboxes.has_mail(tx)


def _link(request: Request, agent: agents.Agent) -> str:
    settings = request.app.state.settings
    token = links.token_for(settings.key, links.LinkKind.WELCOME, agent.id, agent.id)
    return f"{settings.address}/welcome/{token}"


def _company(request: Request) -> str:
    name: str = request.app.state.pages.company
    return name


async def _agent(request: Request, tx: Transaction) -> agents.Agent | None:
    wanted = request.path_params["id"]
    return None if wanted == NEW else await agents.get(tx, parse_id(wanted, "agent"))


async def _page(
    request: Request, actor: Actor, tx: Transaction, agent: agents.Agent | None, given: dict[str, Any],
    errors: dict[str, str], preview: dict[str, Any] | None, status: int = 200,
) -> Response:  # fmt: skip
    may_change = agent is None or permissions.may_grant(actor, Role(agent.role))
    waits = agent is not None and agent.password_hash is None and agent.invited_at is not None
    known = {skill for one in await agents.active(tx) for skill in one.skills}
    known |= {skill for inbox in await inboxes.all_of(tx) for skill in inbox.settings.get("skills", ())}
    return shell.render(
        request, "agents", "admin/agent.html", actor, status, agent=agent, given=given, errors=errors,
        preview=preview, roles=[role.value for role in Role if permissions.may_grant(actor, role)],
        teams=await agents.teams(tx), inboxes=await inboxes.all_of(tx), may_change=may_change,
        skills=sorted(known),
        link=_link(request, agent) if agent and waits and may_change else None,
        second_factor=await second_factors.of(tx, agent.id) if agent else None,
        is_own=agent is not None and agent.id == actor.agent_id,
        mail_leaves=await _mail_leaves(request, tx), renewal=agents.RENEWED_WITHIN, now=tx.now,
    )  # fmt: skip


async def _fields(tx: Transaction, agent: agents.Agent) -> dict[str, Any]:
    return {
        "name": agent.name,
        "email": agent.email,
        "role": agent.role,
        "locale": agent.locale,
        "capacity": str(agent.capacity),
        "max_chats": str(agent.max_chats),
        "skills": ", ".join(agent.skills),
        "teams": [str(one) for one in await agents.team_ids_of(tx, agent.id)],
        "all_inboxes": "yes" if agent.all_inboxes else "",
        "inboxes": [str(one) for one in await agents.inbox_ids_of(tx, agent.id)],
    }


def _nobody(teams: list[agents.Team]) -> dict[str, Any]:
    """Whoever comes new is in the team where there is one only: outside of it they would get nothing."""
    return {
        "role": "agent",
        "capacity": "6",
        "max_chats": "4",
        "all_inboxes": "yes",
        "teams": [str(one.id) for one in teams] if len(teams) == 1 else [],
        "inboxes": [],
    }


def _values(actor: Actor, given: dict[str, Any]) -> dict[str, Any]:
    """What the form means. Errors: Invalid with the field, Forbidden role_above_own."""
    role = given.get("role", "")
    if role not in set(Role):
        raise Invalid("role_unknown", field="role")
    if not permissions.may_grant(actor, Role(role)):
        raise Forbidden("role_above_own")
    name, locale = given.get("name", "").strip()[:100], given.get("locale", "")
    if not name:
        raise Invalid("name_missing", field="name")
    return {
        "name": name,
        "role": role,
        "locale": locale if locale in languages() else actor.locale,
        "capacity": parse_number(given.get("capacity", "").strip(), "capacity", _MOST_UNITS),
        "max_chats": parse_number(given.get("max_chats", "").strip(), "max_chats", _MOST_UNITS),
        "skills": words(given.get("skills", "")),
    }


def words(text: str) -> list[str]:
    """Skills as somebody types them, with commas between."""
    return sorted({" ".join(word.lower().split())[:40] for word in re.split(r"[,\n]", text) if word.strip()})[
        :20
    ]


def _ids(form: FormData, name: str) -> list[UUID]:
    return [parse_id(one, name) for one in form.getlist(name)]


def _granted(form: FormData) -> list[UUID] | None:
    return None if form.get("all_inboxes") == "yes" else _ids(form, "inboxes")
