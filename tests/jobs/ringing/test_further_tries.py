"""A gateway that is away, a sender that died or was held up, and an answer meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from helpdesk.actors import SYSTEM
from helpdesk.channels import pagers
from helpdesk.channels.pagers import CONNECT
from helpdesk.domain import oncall
from helpdesk.domain.oncall.alerting.contact_methods import MethodKind
from helpdesk.domain.oncall.alerting.ringing import LEASE
from helpdesk.domain.tickets import OutgoingMail
from helpdesk.jobs import ring as ringer
from helpdesk.jobs.mail.send import send_mail
from tests.jobs.ringing.nights import SECOND, Night, acknowledge, address_of

pytestmark = pytest.mark.commits


async def test_a_gateway_that_is_away_is_tried_after_15_30_and_60_seconds_then_the_next_method(
    night: Night,
) -> None:
    await night.method(night.mikko, MethodKind.WEBHOOK, night.gateway.address)
    await night.method(night.mikko, MethodKind.EMAIL, "night@example.com", after_minutes=30)
    night.gateway.status = 503
    await night.alert()

    await night.tick()
    for pause in (18, 36, 72):
        await night.tick(pause * SECOND)
    await night.tick()

    assert len(night.gateway.got) == 4
    assert len({one.headers["idempotency-key"] for one in night.gateway.got}) == 1
    async with night.database.transaction(SYSTEM) as tx:
        assert list(await tx.session.scalars(select(OutgoingMail.recipients))) == [["night@example.com"]]


async def test_a_gateway_that_takes_it_and_never_answers_gets_the_same_key_again(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    await night.method(night.mikko, MethodKind.WEBHOOK, night.gateway.address)
    night.gateway.hangs = True
    await night.alert()

    with monkeypatch.context() as impatient:
        impatient.setattr(pagers, "TIMEOUT", 0.2)
        await night.tick()
    night.gateway.hangs = False
    await night.tick(20 * SECOND)

    keys = [one.headers["idempotency-key"] for one in night.gateway.got]
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert ("webhook", "sent") in await night.rings()


async def test_a_sender_that_died_is_followed_by_another_with_the_same_key(night: Night) -> None:
    method = await night.method(night.mikko, MethodKind.WEBHOOK, night.gateway.address)
    await night.alert()
    async with night.database.transaction(SYSTEM) as tx:
        bundle = await oncall.ringing.lease(tx, method.id)
        assert bundle is not None

    await night.tick(LEASE - SECOND)
    assert night.gateway.got == []
    await night.tick(SECOND)

    assert [one.headers["idempotency-key"] for one in night.gateway.got] == [bundle.key]


async def test_a_ring_is_marked_as_sent_whoever_holds_its_alert_meanwhile(night: Night) -> None:
    method = await night.method(night.mikko, MethodKind.WEBHOOK, night.gateway.address)
    alert = await night.alert()
    async with night.database.transaction(SYSTEM) as tx:
        bundle = await oncall.ringing.lease(tx, method.id)
        assert bundle is not None

    async with night.database.transaction(SYSTEM) as held:
        await held.session.get_one(oncall.Alert, alert.id, with_for_update=True)
        async with night.database.transaction(SYSTEM) as tx:
            await oncall.ringing.sent(tx, bundle)

    assert ("webhook", "sent") in await night.rings()


async def test_a_worker_that_begins_after_a_jump_back_waits_for_no_ring_that_is_going_out(
    night: Night,
) -> None:
    method = await night.method(night.mikko, MethodKind.WEBHOOK, night.gateway.address)
    await night.alert()
    async with night.database.transaction(SYSTEM) as tx:
        bundle = await oncall.ringing.lease(tx, method.id)
        assert bundle is not None
    night.clock.advance(-timedelta(hours=2))

    async with night.database.transaction(SYSTEM) as held:
        ring = bundle.rings[0].notification_id
        await held.session.get_one(oncall.AlertNotification, ring, with_for_update=True)
        async with night.database.transaction(SYSTEM) as beginning:
            await oncall.clock_jumps.catch_up(beginning, oncall.ACKNOWLEDGED_FOR)


@pytest.mark.parametrize("kind", [MethodKind.WEBHOOK, MethodKind.PUSH, MethodKind.NOTIFY])
async def test_nothing_is_sent_more_than_5_s_after_an_acknowledgement_however_long_a_sender_is_held_up(
    night: Night, monkeypatch: pytest.MonkeyPatch, kind: MethodKind
) -> None:
    await night.method(night.mikko, kind, address_of(night, kind))
    sent_after: dict[float, float] = {}
    send, held_up, answered = ringer._send, 0.0, night.clock.now()

    async def answered_meanwhile(*given: Any) -> bool:
        """Leased; then somebody acknowledges, and this process gets no time for a while."""
        nonlocal answered
        await acknowledge(night, alert)
        answered = night.clock.now()
        night.clock.advance(held_up * SECOND)
        return await send(*given)

    monkeypatch.setattr(ringer, "_send", answered_meanwhile)
    night.gateway.on_request = lambda _: sent_after.update(
        {held_up: (night.clock.now() - answered).total_seconds()}
    )
    for held_up in (0.0, 1.0, 1.5, 3.0, 6.0, 60.0):
        alert = await night.alert(f"held up for {held_up} s")
        await night.tick()
        for _ in range(4):  # nor by any later try, lease or rule
            await night.tick(30 * SECOND)

    assert set(sent_after) == {0.0, 1.0}
    assert max(sent_after.values()) + 2 * CONNECT <= 5


class MailServer:
    mail: OutgoingMail

    def __init__(self, slow_at: str, meanwhile: Callable[[], Awaitable[None]]) -> None:
        self.slow_at, self.meanwhile = slow_at, meanwhile
        self.said: list[str] = []
        self.content = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._answer(writer, "greeting", b"220 at last")
        while line := await reader.readline():
            self.said.append(line.decode().split()[0].upper())
            if self.said[-1] != "DATA":
                await self._answer(writer, self.said[-1], b"250 fine")
                continue
            await self._answer(writer, "DATA", b"354 go on")
            while (line := await reader.readline()) not in (b".\r\n", b""):
                self.content += line.removeprefix(b".")  # RFC 5321, 4.5.2: one more where a line begins so
            writer.write(b"250 kept\r\n")
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, to: str, answer: bytes) -> None:
        if to == self.slow_at:
            await self.meanwhile()
        writer.write(answer + b"\r\n")


async def rung_by_mail(night: Night, slow_at: str, meanwhile: Callable[[], Awaitable[None]]) -> MailServer:
    """Its mail handed to a server during one of whose steps something happens."""
    async with night.database.transaction(SYSTEM) as tx:
        [mail_id] = await tx.session.scalars(select(OutgoingMail.id))
    heard = MailServer(slow_at, meanwhile)
    server = await asyncio.start_server(heard.serve, "127.0.0.1", 0)
    night.workshop.settings.smtp_out_url = SecretStr(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    await send_mail(night.workshop, {"mail_id": str(mail_id)})
    await night.workshop.relays.close()
    server.close()
    async with night.database.transaction(SYSTEM) as tx:
        heard.mail = await tx.session.get_one(OutgoingMail, mail_id)
    return heard


@pytest.mark.parametrize("slow_at", ["greeting", "MAIL", "RCPT", "DATA"])
async def test_a_mail_does_not_leave_once_the_alert_is_answered_wherever_its_server_was_slow(
    night: Night, slow_at: str
) -> None:
    alert = await night.alert()
    await night.tick()

    heard = await rung_by_mail(night, slow_at, lambda: acknowledge(night, alert))

    assert (heard.mail.state, heard.mail.error) == ("failed", "answered before it left")
    assert heard.said == ["EHLO", "MAIL", "RCPT", "DATA"]
    assert heard.content == b""


async def test_a_mail_that_rings_arrives_as_it_was_kept(night: Night) -> None:
    await night.alert()
    await night.tick()

    heard = await rung_by_mail(night, "DATA", lambda: asyncio.sleep(0))

    assert heard.mail.state == "sent"
    assert heard.content == heard.mail.raw


async def test_a_mail_not_yet_gone_stays_when_the_alert_is_answered(night: Night) -> None:
    alert = await night.alert()
    await night.tick()
    async with night.database.transaction(SYSTEM) as tx:
        [mail_id] = await tx.session.scalars(select(OutgoingMail.id))

    await acknowledge(night, alert)
    await send_mail(night.workshop, {"mail_id": str(mail_id)})

    async with night.database.transaction(SYSTEM) as tx:
        mail = await tx.session.get_one(OutgoingMail, mail_id)
    assert (mail.state, mail.sent_at) == ("failed", None)
