"""How a company comes to be, and whom it finds here already."""

from sqlalchemy import exists, select, update

from helpdesk.actors import Role
from helpdesk.domain import permissions
from helpdesk.domain.contacts.identities import IdentityKind, email_address
from helpdesk.domain.contacts.model import Company, Contact, Identity
from helpdesk.domain.contacts.queries import company_by_domain
from helpdesk.errors import Conflict, Invalid
from helpdesk.storage.transaction import Transaction

_LONGEST_NAME = 200


async def found(tx: Transaction, name: str, domain: str = "") -> Company:
    """A new company. Contacts who proved an address of its mail domain and have no company belong to it from
    now on; their open tickets stay as they were promised.

    Errors: Forbidden, Invalid company_name_missing or company_domain_invalid, Conflict company_exists or
    company_domain_taken.
    """
    permissions.require_role(tx.actor, Role.ADMIN)
    name, domain = " ".join(name.split())[:_LONGEST_NAME], _mail_domain(domain)
    if not name:
        raise Invalid("company_name_missing", "A company needs a name.", field="company")
    await tx.one_at_a_time("company", name)
    if await tx.session.scalar(select(Company.id).where(Company.name == name)) is not None:
        raise Conflict("company_exists", "There is a company of that name.", field="company")
    if domain:
        await tx.one_at_a_time("company_domain", domain)
        if await company_by_domain(tx, domain) is not None:
            raise Conflict("company_domain_taken", "Another company has this mail domain.", field="domain")
    company = Company(id=tx.new_id(), name=name, domains=[domain] if domain else [], created_at=tx.now)
    tx.session.add(company)
    await tx.flush()
    if domain:
        await _gather(tx, company, domain)
    return company


async def _gather(tx: Transaction, company: Company, domain: str) -> None:
    proven = exists().where(
        Identity.contact_id == Contact.id,
        Identity.kind == IdentityKind.EMAIL.value,
        Identity.verified_at.is_not(None),
        Identity.value.endswith(f"@{domain}", autoescape=True),
    )
    await tx.session.execute(
        update(Contact).where(Contact.company_id.is_(None), proven).values(company_id=company.id)
    )


def _mail_domain(text: str) -> str:
    """In the form in which addresses are compared; `@` before it is forgiven. Empty: none."""
    domain = text.strip().lower().removeprefix("@")
    if not domain:
        return ""
    try:
        return email_address(f"someone@{domain}").rpartition("@")[2]
    except Invalid:
        raise Invalid(
            "company_domain_invalid", "That does not look like a mail domain.", field="domain"
        ) from None
