"""What email adds to tickets: mail kept, joined to its ticket, answered, and its senders known."""

from helpdesk.domain.tickets.mail import following, inlets, intake, mailing, recipients, references, senders

__all__ = ["following", "inlets", "intake", "mailing", "recipients", "references", "senders"]
