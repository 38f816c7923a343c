"""What is written before a mail server is set does not look sent, and leaves once there is one."""

from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import orjson
from pydantic import SecretStr

from helpdesk.actors import SYSTEM, Role
from helpdesk.app import Web
from helpdesk.auth import sessions
from helpdesk.channels.email.sending import HandedOver
from helpdesk.clock import FixedClock
from helpdesk.domain import agents, tickets
from helpdesk.domain.tickets import ByMail, OutgoingMail, Ticket
from helpdesk.jobs.mail.send import release_waiting, send_mail
from tests.factories import an_agent, as_agent
from tests.jobs.answers import NoRelay
from tests.mail_desk import MailDesk, a_mail


class Relay:
    async def hand_over(self, *given: Any) -> HandedOver:
        return HandedOver("ok", "id-1", ())


async def answered(desk: MailDesk, tries: int) -> tuple[Ticket, OutgoingMail]:
    """An agent answers a mail, and no mail server is set."""
    ticket = await desk.ticket_of(await desk.receive(a_mail()))
    async with desk.database.transaction(SYSTEM) as tx:
        said = await tickets.reply(as_agent(tx, await an_agent(tx)), ticket.id, "Hi", by_mail=ByMail())
    mail = await desk.one(OutgoingMail, message_id=said.message_id)
    desk.workshop.settings = desk.workshop.settings.model_copy(update={"demo": False})
    for _ in range(tries):
        await send_mail(desk.workshop, {"mail_id": str(mail.id)})
    return ticket, mail


async def jobs(desk: MailDesk, mail_id: UUID) -> int:
    """How many jobs to send it stand in the queue."""
    async with desk.database.transaction(SYSTEM) as tx:
        connection: asyncpg.Connection = await tx.driver()
        query = "SELECT count(*) FROM pgqueuer WHERE payload = $1 AND execute_after <= clock_timestamp()"
        return int(await connection.fetchval(query, orjson.dumps({"mail_id": str(mail_id)})))


async def test_an_answer_without_a_mail_server_says_once_that_it_waits_and_is_never_given_up(
    desk: MailDesk,
) -> None:
    ticket, mail = await answered(desk, tries=20)

    names = await desk.event_names(ticket)

    assert names[-1] == "DeliveryWaiting"
    assert names.count("DeliveryWaiting") == 1
    assert (await desk.one(OutgoingMail, id=mail.id)).state == "deferred"


async def test_once_a_mail_server_is_set_what_waited_is_due_at_once(desk: MailDesk) -> None:
    ticket, mail = await answered(desk, tries=1)
    await release_waiting(desk.workshop)
    before = await jobs(desk, mail.id)

    url = SecretStr("smtp://relay.example")
    desk.workshop.settings = desk.workshop.settings.model_copy(update={"smtp_out_url": url})
    desk.workshop.relays = Relay()  # type: ignore[assignment]
    await release_waiting(desk.workshop)
    after = await jobs(desk, mail.id)
    await send_mail(desk.workshop, {"mail_id": str(mail.id)})

    assert after == before + 1
    assert (await desk.one(OutgoingMail, id=mail.id)).state == "sent"
    assert (await desk.event_names(ticket))[-2:] == ["DeliveryWaiting", "DeliveryHandedOver"]


async def test_an_alert_stays_before_other_mail_when_it_is_released_and_when_it_is_tried_again(
    desk: MailDesk,
) -> None:
    desk.workshop.settings = desk.workshop.settings.model_copy(update={"demo": False})
    async with desk.database.transaction(SYSTEM) as tx:
        said = {"recipients": ["a@b.example"], "subject": "Night", "body": "Wake up"}
        alert = await tickets.mail.mailing.queue_notice(tx, is_urgent=True, **said)
    await send_mail(desk.workshop, {"mail_id": str(alert.id)})

    url = SecretStr("smtp://relay.example")
    desk.workshop.settings = desk.workshop.settings.model_copy(update={"smtp_out_url": url})
    desk.workshop.relays = NoRelay()  # type: ignore[assignment]
    await release_waiting(desk.workshop)
    await send_mail(desk.workshop, {"mail_id": str(alert.id)})

    async with desk.database.transaction(SYSTEM) as tx:
        named = "SELECT entrypoint FROM pgqueuer WHERE payload = $1"
        found = await (await tx.driver()).fetch(named, orjson.dumps({"mail_id": str(alert.id)}))
    assert [row["entrypoint"] for row in found] == ["send_urgent_mail"] * 3


async def asked(desk: MailDesk, web: Web, role: Role, path: str) -> httpx2.Response:
    async with desk.database.transaction(SYSTEM) as tx:
        agent = await an_agent(tx, role=role)
        cookie = await sessions.start(tx, agent.id, "127.0.0.1", "tests")
    transport = httpx2.ASGITransport(web.asgi)
    cookies = {web.starlette.state.session_cookie: cookie}
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://127.0.0.1:8000", cookies=cookies
    ) as caller:
        return await caller.get(path)


async def test_administrators_and_health_are_told_of_mail_that_waits(
    desk: MailDesk, clock: FixedClock
) -> None:
    web = Web(desk.workshop.settings, desk.database.url, clock=clock, with_worker=False)
    try:
        before = (await asked(desk, web, Role.ADMIN, "/health/ready")).json()
        await answered(desk, tries=1)
        after = await asked(desk, web, Role.ADMIN, "/health/ready")
        told = [
            (await asked(desk, web, role, "/api/v1/mail_outages")).json()["unsent"]
            for role in (Role.ADMIN, Role.AGENT)
        ]
    finally:
        await web.database.close()

    assert (before["status"], before["reasons"]) == ("ready", [])
    assert before["checks"]["search"] == {"ok": True, "unindexed": 0}
    assert all("reason" not in check for check in before["checks"].values())
    assert (after.status_code, after.json()["status"]) == (200, "degraded")
    assert "HELPDESK_SMTP_OUT_URL" in after.json()["reasons"][0]
    assert told == [1, 0]


async def test_an_invitation_that_waits_does_not_reach_whoever_was_disabled_meanwhile(desk: MailDesk) -> None:
    desk.workshop.settings = desk.workshop.settings.model_copy(update={"demo": False})
    async with desk.database.transaction(SYSTEM) as tx:
        one = await an_agent(tx)
        mail = await tickets.mail.mailing.queue_notice(
            tx, recipients=[one.email], subject="You are invited", body="Choose a password."
        )
    await send_mail(desk.workshop, {"mail_id": str(mail.id)})

    async with desk.database.transaction(SYSTEM) as tx:
        await agents.disable(tx, one.id)
    await send_mail(desk.workshop, {"mail_id": str(mail.id)})

    kept = await desk.one(OutgoingMail, id=mail.id)
    assert (kept.state, kept.error) == ("failed", tickets.mail.mailing.DISABLED)
