"""What certainly follows from each event: one table from event to jobs, committed with the event."""

from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Reaction, Reactions


def _may_wake(told: Json) -> bool:
    """Only the most urgent does; a ticket that becomes so later says so in an event of its own."""
    return bool(told["priority"] == 1)


REACTIONS: Reactions = {
    "TicketOpened": [Reaction("raise_alert_if_urgent", _may_wake)],
    "TicketReopened": [Reaction("raise_alert_if_urgent")],
    "PriorityChanged": [Reaction("raise_alert_if_urgent", _may_wake)],
    "SubjectChanged": [Reaction("index_again")],
    "ContactIdentified": [Reaction("index_again")],
    "TicketSplit": [Reaction("index_again")],
}
