"""As whom an answer leaves: the name in From, and the lines below it, per inbox and agent."""

from helpdesk.domain.inboxes import Inbox

LONGEST_SIGNATURE = 2000


def shown_name(inbox: Inbox) -> str:
    """What the outside calls the inbox."""
    return str(inbox.settings.get("shown_name") or inbox.name)


def names_agents(inbox: Inbox) -> bool:
    """Whether From says who answers ("Anna via Support") or the inbox alone."""
    return bool(inbox.settings.get("names_agents", True))


def takes_plus(inbox: Inbox) -> bool:
    """Whether mail to its address with a `+part` reaches us: where not, no answer may depend on it."""
    return bool(inbox.settings.get("takes_plus", True))


def signature(inbox: Inbox, agent_name: str, own: str) -> str:
    """The agent's own lines (else their name), then the inbox's; `{agent}` in those stands for the first."""
    first = own.strip() or agent_name
    common = str(inbox.settings.get("signature") or "").strip()
    if "{agent}" in common:
        return common.replace("{agent}", first)
    return f"{first}\n{common}".strip()
