"""Administration, outgoing mail: signatures are kept, keys are sealed and shown by their record only."""

import pytest

from helpdesk.actors import Role
from helpdesk.domain import inboxes
from helpdesk.domain.tickets.mail import signing_keys
from tests.factories import an_agent

pytestmark = pytest.mark.commits

PATH = "/admin/mail/sending"


async def an_administrator(desk):
    async with desk.system() as tx:
        admin = await an_agent(tx, role=Role.ADMIN)
    return await desk.signed_in(admin)


async def test_a_key_is_made_off_and_only_its_public_half_is_ever_shown(desk, house):
    browser = await an_administrator(desk)
    async with desk.system() as tx:
        domain = (await inboxes.first_of(tx, inboxes.Channel.EMAIL)).address.rpartition("@")[2]

    made = await browser.post(f"{PATH}/keys", data={"domain": domain, "selector": "desk"})
    page = (await browser.get(PATH)).text

    async with desk.system() as tx:
        (key,) = await signing_keys.all_of(tx)
    assert made.status_code == 303
    assert not key.is_on
    assert f"desk._domainkey.{domain}" in page
    assert key.public in page
    assert "PRIVATE KEY" not in page
    assert b"PRIVATE KEY" not in key.secret


async def test_a_domain_that_is_not_ours_gets_no_key(desk, house):
    browser = await an_administrator(desk)

    refused = await browser.post(f"{PATH}/keys", data={"domain": "elsewhere.example"})

    assert refused.status_code == 422


async def test_an_inboxes_signature_is_kept(desk, house):
    browser = await an_administrator(desk)
    async with desk.system() as tx:
        inbox = await inboxes.first_of(tx, inboxes.Channel.EMAIL)

    await browser.post(
        f"{PATH}/inboxes/{inbox.id}", data={"shown_name": "Nordkvarn", "signature": "{agent}\r\nMill"}
    )

    async with desk.system() as tx:
        kept = (await inboxes.get(tx, inbox.id)).settings
    assert (kept["shown_name"], kept["signature"], kept["acknowledge"]) == (
        "Nordkvarn",
        "{agent}\nMill",
        False,
    )


async def test_an_agent_may_not_open_it(desk, house):
    browser = await desk.signed_in(house.agent)

    assert (await browser.get(PATH)).status_code == 403
