"""What certainly follows from each event: one table from event to jobs, committed with the event."""

from collections.abc import Mapping, Sequence

REACTIONS: Mapping[str, Sequence[str]] = {
    "TicketOpened": ["raise_alert_if_urgent"],
    "TicketReopened": ["raise_alert_if_urgent"],
    "PriorityChanged": ["raise_alert_if_urgent"],
    "SubjectChanged": ["index_again"],
    "ContactIdentified": ["index_again"],
    "TicketSplit": ["index_again"],
}
