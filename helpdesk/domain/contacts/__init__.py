"""Who asks: contacts, the addresses and numbers they are known by, and the companies they work for."""

from helpdesk.domain.contacts.actions import (
    Card,
    absorb,
    add,
    add_identity,
    call,
    create,
    find_or_create,
    is_known,
    leave_address,
    rename,
    sell,
)
from helpdesk.domain.contacts.companies import found
from helpdesk.domain.contacts.identities import IdentityKind, normalise, phone_number
from helpdesk.domain.contacts.model import Company, Contact, Identity
from helpdesk.domain.contacts.queries import (
    address_of,
    by_identity,
    by_ids,
    company,
    company_by_domain,
    get,
    get_visible,
    identities_of,
    name_of,
    search,
)

__all__ = [
    "Card",
    "Company",
    "Contact",
    "Identity",
    "IdentityKind",
    "absorb",
    "add",
    "add_identity",
    "address_of",
    "by_identity",
    "by_ids",
    "call",
    "company",
    "company_by_domain",
    "create",
    "find_or_create",
    "found",
    "get",
    "get_visible",
    "identities_of",
    "is_known",
    "leave_address",
    "name_of",
    "normalise",
    "phone_number",
    "rename",
    "search",
    "sell",
]
