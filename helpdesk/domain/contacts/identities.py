"""Addresses and numbers in the one form they are compared in."""

from enum import StrEnum

import phonenumbers

from helpdesk.errors import Invalid
from helpdesk.parsing import parse_email


class IdentityKind(StrEnum):
    EMAIL = "email"
    PHONE = "phone"
    EXTERNAL = "external"


def normalise(kind: IdentityKind, value: str) -> str:
    """The comparable form: lower-case address, E.164 number. Errors: Invalid."""
    if kind is IdentityKind.EMAIL:
        return email_address(value)
    if kind is IdentityKind.PHONE:
        return phone_number(value)
    return value.strip()


def email_address(value: str) -> str:
    """One that mail can be sent to, in lower case, at a domain that others can reach too."""
    address = value.strip().lower()
    domain = parse_email(address).rpartition("@")[2]
    if "." not in domain and domain != "localhost":
        raise Invalid("email_invalid", "That does not look like an e-mail address.", field="email")
    return address


def phone_number(value: str, region: str = "SE") -> str:
    """E.164 where the number can be read; `region` is assumed for one without a country code."""
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        raise Invalid("phone_invalid", "That does not look like a phone number.", field="caller") from None
    if not phonenumbers.is_possible_number(number):
        raise Invalid("phone_invalid", "That does not look like a phone number.", field="caller")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
