"""Who may be the same person: suggested by what is proven of both, never by what somebody claims."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select

from helpdesk.domain import permissions
from helpdesk.domain.contacts import queries
from helpdesk.domain.contacts.model import ALIKE, Contact
from helpdesk.storage.transaction import Transaction

MOST = 5


class Likeness(StrEnum):
    """Why two contacts may be one, the strongest reason first."""

    EMAIL = "email"
    PHONE = "phone"
    COMPANY = "company"
    DOMAIN = "domain"


@dataclass(frozen=True)
class Duplicate:
    """`value` is what they share: the other's address or number, the name of the company, the mail domain."""

    contact: Contact
    likeness: Likeness
    value: str


_OWN = (
    f"SELECT kind, value, {ALIKE} AS alike FROM identities WHERE contact_id = $1 AND verified_at IS NOT NULL"  # noqa: S608
)

# Found first and put in order then: a walk in that order would pass by everybody.
_WRITTEN_ALIKE = f"""
    WITH alike AS MATERIALIZED (
      SELECT id, contact_id, kind, value FROM identities WHERE {ALIKE} = ANY($1) AND verified_at IS NOT NULL)
    SELECT contact_id, kind, value FROM alike WHERE contact_id <> $2 ORDER BY id LIMIT 50
"""  # noqa: S608

# A name of one word is shared by too many, and so is the domain of those who give everybody a mailbox.
_NAMED_ALIKE = """
    WITH named AS MATERIALIZED (
      SELECT id, company_id FROM contacts WHERE lower(name) = lower($2) AND merged_into IS NULL)
    SELECT c.id, c.company_id, k.name AS company, (
      SELECT split_part(i.value, '@', 2) FROM identities i JOIN identities own
        ON split_part(own.value, '@', 2) = split_part(i.value, '@', 2)
      WHERE i.contact_id = c.id AND i.kind = 'email' AND i.verified_at IS NOT NULL
        AND own.contact_id = $1 AND own.kind = 'email' AND own.verified_at IS NOT NULL
        AND split_part(own.value, '@', 2) <> ALL($3) LIMIT 1) AS domain
    FROM named c LEFT JOIN companies k ON k.id = c.company_id
    WHERE c.id <> $1
      AND EXISTS (SELECT FROM identities i WHERE i.contact_id = c.id AND i.verified_at IS NOT NULL)
    ORDER BY c.id LIMIT 50
"""

FOR_EVERYBODY = (
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com",
    "icloud.com", "me.com", "aol.com", "gmx.net", "gmx.de", "web.de", "proton.me", "protonmail.com",
    "mail.com", "telia.com", "hotmail.se", "live.se", "outlook.de", "t-online.de", "orange.fr", "free.fr",
    "yandex.ru", "mail.ru", "qq.com",
)  # fmt: skip
_WITHOUT_DOTS = ("gmail.com", "googlemail.com")


async def of(tx: Transaction, contact: Contact) -> list[Duplicate]:
    """Other contacts this actor may see who may be the same person, the likeliest first."""
    permissions.require_reader(tx.actor)
    found = await _written_alike(tx, contact.id)
    if " " in contact.name.strip():
        for contact_id, why in (await _named_alike(tx, contact)).items():
            found.setdefault(contact_id, why)
    seen = await _seen(tx, list(found))
    alike = [Duplicate(seen[contact_id], *why) for contact_id, why in found.items() if contact_id in seen]
    order = list(Likeness)
    return sorted(alike, key=lambda one: (order.index(one.likeness), one.contact.id))[:MOST]


async def _written_alike(tx: Transaction, contact_id: UUID) -> dict[UUID, tuple[Likeness, str]]:
    connection = await tx.driver()
    own = [one for one in await connection.fetch(_OWN, contact_id) if one["kind"] in ("email", "phone")]
    if not own:
        return {}
    found: dict[UUID, tuple[Likeness, str]] = {}
    for one in await connection.fetch(_WRITTEN_ALIKE, [row["alike"] for row in own], contact_id):
        same = {_plainly(row["kind"], row["value"]) for row in own if row["kind"] == one["kind"]}
        if _plainly(one["kind"], one["value"]) in same:
            found.setdefault(one["contact_id"], (Likeness(one["kind"]), one["value"]))
    return found


async def _named_alike(tx: Transaction, contact: Contact) -> dict[UUID, tuple[Likeness, str]]:
    connection = await tx.driver()
    rows = await connection.fetch(_NAMED_ALIKE, contact.id, contact.name.strip(), list(FOR_EVERYBODY))
    found: dict[UUID, tuple[Likeness, str]] = {}
    for row in rows:
        if row["company_id"] is not None and row["company_id"] == contact.company_id:
            found[row["id"]] = (Likeness.COMPANY, row["company"])
        elif row["domain"] is not None:
            found[row["id"]] = (Likeness.DOMAIN, row["domain"])
    return found


async def _seen(tx: Transaction, contact_ids: list[UUID]) -> dict[UUID, Contact]:
    if not contact_ids:
        return {}
    query = select(Contact).where(Contact.id.in_(contact_ids), queries.seen_by(tx))
    query = query.where(Contact.merged_into.is_(None))
    return {one.id: one for one in await tx.session.scalars(query)}


def _plainly(kind: str, value: str) -> str:
    """An address without what its owner may add, a number by its end: one that was given without its country
    was read as one of ours."""
    if kind != "email":
        return value[-9:]
    name, _, domain = value.partition("@")
    name = name.partition("+")[0]
    return (name.replace(".", "") if domain in _WITHOUT_DOTS else name) + "@" + domain
