"""Raw bytes in, a `Mail` out: nothing in here fails, waits or runs long on what a stranger sent."""

from helpdesk.channels.email.reading.reader import read

__all__ = ["read"]
