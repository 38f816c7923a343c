"""Phone in: a call is logged by who took it; numbers are kept in one form."""

from helpdesk.domain.contacts import phone_number


def readable(caller: str) -> str:
    """The number in E.164. Errors: Invalid `phone_invalid`."""
    return phone_number(caller)
