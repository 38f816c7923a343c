"""An administrator adds an inbox, and changes where one listens."""

import pytest

from helpdesk.actors import Role
from helpdesk.domain import agents, inbox_setup, inboxes
from helpdesk.domain.inbox_setup import InboxDraft
from helpdesk.domain.inboxes import Channel
from helpdesk.errors import Conflict, Forbidden, Invalid
from helpdesk.storage.transaction import Transaction
from tests.factories import a_plan, a_team, an_agent, an_inbox, as_agent


@pytest.fixture
async def admin(tx: Transaction) -> Transaction:
    return as_agent(tx, await an_agent(tx, role=Role.ADMIN))


async def test_mail_to_the_address_of_a_new_inbox_finds_it(admin: Transaction):
    team, plan = await a_team(admin), await a_plan(admin)
    draft = InboxDraft("Orders & returns", Channel.EMAIL, " Orders@Shop.example ", team.id, plan.id)

    made = await inbox_setup.save(admin, None, draft)

    assert (made.key, made.address, made.team_id, made.plan_id) == (
        "orders-returns", "orders@shop.example", team.id, plan.id,
    )  # fmt: skip
    assert await inboxes.by_address(admin, "orders+1042@shop.example") == made


async def test_two_inboxes_of_one_name_have_two_keys(admin: Transaction):
    keys = [(await inbox_setup.save(admin, None, InboxDraft("Butiken", Channel.CHAT))).key for _ in range(3)]

    assert keys == ["butiken", "butiken-2", "butiken-3"]


async def test_an_inbox_keeps_its_channel_and_the_key_that_websites_name(admin: Transaction):
    chat = await inbox_setup.save(admin, None, InboxDraft("Shop", Channel.CHAT))

    changed = await inbox_setup.save(admin, chat.id, InboxDraft("The other shop", Channel.CHAT, "ignored"))

    assert (changed.name, changed.key, changed.address) == ("The other shop", "shop", None)
    with pytest.raises(Conflict, match="channel_fixed"):
        await inbox_setup.save(admin, chat.id, InboxDraft("Shop", Channel.PHONE))


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        (InboxDraft("  ", Channel.CHAT), "name_missing"),
        (InboxDraft("\u200b\u3164\u2800\x00\n", Channel.CHAT), "name_missing"),
        (InboxDraft("Mail", Channel.EMAIL), "address_missing"),
        (InboxDraft("Mail", Channel.EMAIL, "nowhere"), "email_invalid"),
        (InboxDraft("Mail", Channel.EMAIL, "support+x@shop.example"), "email_invalid"),
        (InboxDraft("Line", Channel.PHONE, "call us"), "phone_invalid"),
    ],
)
async def test_what_cannot_be_reached_is_refused(admin: Transaction, draft: InboxDraft, code: str):
    with pytest.raises(Invalid, match=code):
        await inbox_setup.save(admin, None, draft)


async def test_an_address_belongs_to_one_inbox(admin: Transaction):
    other = await an_inbox(admin)
    draft = InboxDraft("Mail", Channel.EMAIL, (other.address or "").upper())

    with pytest.raises(Conflict, match="address_taken"):
        await inbox_setup.save(admin, None, draft)

    assert await inbox_setup.save(admin, other.id, draft) == other


async def test_agents_leave_inboxes_alone(tx: Transaction):
    agent = as_agent(tx, await an_agent(tx))

    with pytest.raises(Forbidden):
        await inbox_setup.save(agent, None, InboxDraft("Mine", Channel.CHAT))


async def test_a_name_is_one_line(admin: Transaction):
    made = await inbox_setup.save(admin, None, InboxDraft(" Shop\r\nBcc:\u2028\x00 all ", Channel.CHAT))

    assert made.name == "Shop Bcc: all"


async def test_no_inbox_listens_at_an_agents_own_address_nor_the_other_way_round(admin: Transaction):
    agent = await an_agent(admin)
    inbox = await inbox_setup.save(admin, None, InboxDraft("Mail", Channel.EMAIL, "mail@shop.example"))

    with pytest.raises(Conflict, match="address_of_agent"):
        await inbox_setup.save(admin, None, InboxDraft("Mine", Channel.EMAIL, agent.email.upper()))
    with pytest.raises(Conflict, match="address_of_agent"):
        await inbox_setup.save(admin, inbox.id, InboxDraft("Mail", Channel.EMAIL, agent.email))
    for email in ("Mail@shop.example", "mail+x@shop.example"):
        with pytest.raises(Conflict, match="address_of_inbox"):
            await agents.add(admin, email=email, name="Eva", role=Role.AGENT, password_hash=None)
