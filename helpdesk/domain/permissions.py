"""Which actor may do what: the one choke point every feature asks."""

from uuid import UUID

from helpdesk.actors import Actor, ActorKind, Role
from helpdesk.errors import Forbidden, NotFound

_RANK = {role: rank for rank, role in enumerate(Role)}


def may_see_inbox(actor: Actor, inbox_id: UUID) -> bool:
    return actor.inbox_ids is None or inbox_id in actor.inbox_ids


def require_inbox(actor: Actor, inbox_id: UUID) -> None:
    """What lies in an inbox one may not see does not exist for one."""
    if not may_see_inbox(actor, inbox_id):
        raise NotFound("ticket_not_found")


def require_staff(actor: Actor) -> None:
    if not actor.is_staff:
        raise Forbidden("staff_only")


def require_reader(actor: Actor) -> None:
    """Staff, and where it is an API key, one that may at least read."""
    require_staff(actor)
    if actor.kind is ActorKind.API_KEY and not actor.scopes & {"all", "read", "write"}:
        raise Forbidden("scope_missing")


def require_writer(actor: Actor) -> None:
    """Notes and, for light agents, nothing else; API keys need a writing scope."""
    require_staff(actor)
    if actor.kind is ActorKind.API_KEY and not actor.scopes & {"all", "write"}:
        raise Forbidden("scope_missing", "This API token may only read.")


def require_acknowledger(actor: Actor) -> None:
    """Answering an alert: agents, and API keys that may write or were made for just this."""
    require_staff(actor)
    if not has_role(actor, Role.AGENT):
        raise Forbidden("light_agent", "Light agents read tickets and write notes.")
    if actor.kind is ActorKind.API_KEY and not actor.scopes & {"all", "write", "acknowledge"}:
        raise Forbidden("scope_missing", "This API token may not acknowledge alerts.")


def require_replier(actor: Actor) -> None:
    """Talking to contacts and working tickets: not for light agents."""
    require_writer(actor)
    if actor.role is Role.LIGHT:
        raise Forbidden("light_agent", "Light agents read tickets and write notes.")


def may_reply(actor: Actor, inbox_id: UUID) -> bool:
    """Whether one may talk to the contacts of an inbox."""
    try:
        require_replier(actor)
        require_inbox(actor, inbox_id)
    except (Forbidden, NotFound):
        return False
    return True


def require_role(actor: Actor, least: Role) -> None:
    require_writer(actor)
    if actor.role is None or _RANK[actor.role] < _RANK[least]:
        raise Forbidden("role_too_low")


def has_role(actor: Actor, least: Role) -> bool:
    return actor.role is not None and _RANK[actor.role] >= _RANK[least]


def may_grant(actor: Actor, role: Role) -> bool:
    """Nobody hands out a role above their own."""
    return actor.role is not None and _RANK[role] <= _RANK[actor.role]


def require_own_ticket(actor: Actor, contact_id: UUID, inbox_id: UUID) -> None:
    """A contact reads and writes its own tickets in the inbox its token is bound to, and no others."""
    if actor.kind is not ActorKind.CONTACT:
        raise Forbidden("contact_only")
    if actor.contact_id != contact_id or not may_see_inbox(actor, inbox_id):
        raise NotFound("ticket_not_found")
