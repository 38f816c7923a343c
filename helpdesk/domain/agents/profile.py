"""What agents set of themselves."""

from helpdesk import translation
from helpdesk.domain.agents.queries import get
from helpdesk.errors import Forbidden, Invalid
from helpdesk.storage.transaction import Transaction


async def set_signature(tx: Transaction, signature: str) -> None:
    """The acting agent's own lines below their mails. Errors: Forbidden for whoever is no agent."""
    if tx.actor.agent_id is None:
        raise Forbidden("agent_only")
    (await get(tx, tx.actor.agent_id)).signature = signature.replace("\r\n", "\n").strip()


async def set_time_zone(tx: Transaction, time_zone: str) -> None:
    """By whose clock the acting agent is told the time. Errors: Forbidden for whoever is no agent."""
    if tx.actor.agent_id is None:
        raise Forbidden("agent_only")
    (await get(tx, tx.actor.agent_id)).time_zone = time_zone


async def set_locale(tx: Transaction, locale: str) -> None:
    """The language the acting agent reads. Errors: Forbidden for whoever is no agent, Invalid."""
    if tx.actor.agent_id is None:
        raise Forbidden("agent_only")
    if locale not in translation.languages():
        raise Invalid("language_unknown", field="locale")
    (await get(tx, tx.actor.agent_id)).locale = locale
