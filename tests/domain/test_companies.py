"""An administrator makes a company, and who writes from its mail domain belongs to it."""

import pytest

from helpdesk.actors import Role
from helpdesk.domain import contacts
from helpdesk.domain.contacts import IdentityKind
from helpdesk.errors import Conflict, Forbidden, Invalid
from helpdesk.storage.transaction import Transaction
from tests.factories import a_contact, an_agent, as_agent


@pytest.fixture
async def admin(tx: Transaction) -> Transaction:
    return as_agent(tx, await an_agent(tx, role=Role.ADMIN))


async def wrote_from(tx: Transaction, address: str) -> contacts.Contact:
    return await contacts.find_or_create(tx, IdentityKind.EMAIL, address)


async def company_of(tx: Transaction, contact: contacts.Contact) -> object:
    await tx.session.refresh(contact)
    return contact.company_id


async def test_who_has_written_and_who_will_write_from_the_domain_belong_to_it(admin: Transaction):
    before, other = await wrote_from(admin, "kim@cafe.example"), await wrote_from(admin, "kim@mycafe.example")

    company = await contacts.found(admin, " Café  Kim ", " @Cafe.example ")

    after = await wrote_from(admin, "bo@cafe.example")
    assert (company.name, company.domains) == ("Café Kim", ["cafe.example"])
    assert await company_of(admin, before) == await company_of(admin, after) == company.id
    assert await company_of(admin, other) is None


async def test_an_address_that_was_only_typed_brings_nobody_in(admin: Transaction):
    visitor = await a_contact(admin)
    await contacts.leave_address(admin, visitor.id, "boss@cafe.example")

    await contacts.found(admin, "Café Kim", "cafe.example")

    assert await company_of(admin, visitor) is None


async def test_who_has_a_company_keeps_it(admin: Transaction):
    first = await contacts.found(admin, "Kim's", "kims.example")
    kim = await wrote_from(admin, "kim@kims.example")
    await contacts.add_identity(admin, kim, IdentityKind.EMAIL, "kim@cafe.example", verified=True)

    await contacts.found(admin, "Café Kim", "cafe.example")

    assert await company_of(admin, kim) == first.id


async def test_a_name_and_a_domain_are_one_companys(admin: Transaction):
    await contacts.found(admin, "Café Kim", "cafe.example")

    with pytest.raises(Conflict, match="company_exists"):
        await contacts.found(admin, "Café Kim", "another.example")
    with pytest.raises(Conflict, match="company_domain_taken"):
        await contacts.found(admin, "Café Bo", "cafe.example")


@pytest.mark.parametrize("domain", ["cafe", "kim@cafe.example", "cafe .example"])
async def test_what_is_no_mail_domain_is_refused(admin: Transaction, domain: str):
    with pytest.raises(Invalid, match="company_domain_invalid"):
        await contacts.found(admin, "Café Kim", domain)


async def test_only_administrators_make_companies(tx: Transaction):
    lead = as_agent(tx, await an_agent(tx, role=Role.LEAD))

    with pytest.raises(Forbidden):
        await contacts.found(lead, "Café Kim")
