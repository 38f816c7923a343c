"""Ringing whoever is on call, by real webhooks, web push, Apprise and mail, on a clock the test moves."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import http_ece
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pydantic import SecretStr
from sqlalchemy import select

from helpdesk.actors import SYSTEM
from helpdesk.auth.sealing import seal
from helpdesk.channels import pagers
from helpdesk.clock import FixedClock
from helpdesk.domain import agents, oncall, tickets
from helpdesk.domain.oncall.alerting.contact_methods import ContactMethod, MethodKind
from helpdesk.domain.oncall.alerting.escalation import Policy
from helpdesk.domain.oncall.alerting.ringing import BUNDLE, LEASE
from helpdesk.domain.tickets import OutgoingMail
from helpdesk.jobs import dead_man, timetable
from helpdesk.jobs import ring as ringer
from helpdesk.jobs.ring import ADDRESS_PURPOSE, ring
from helpdesk.jobs.send_mail import send_mail
from helpdesk.jobs.workshop import Workshop, open_workshop
from helpdesk.settings import Settings
from helpdesk.storage.database import Database
from helpdesk.storage.files import Files
from tests.factories import a_ticket, an_agent, an_inbox, as_agent
from tests.jobs.receivers import Receiver, a_receiver

pytestmark = pytest.mark.commits

NIGHT = datetime(2026, 11, 18, 1, 10, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@dataclass
class Night:
    """Mikko is rung first, Priya five minutes later; both by mail unless the test says otherwise."""

    workshop: Workshop
    database: Database
    clock: FixedClock
    mikko: agents.Agent
    priya: agents.Agent
    gateway: Receiver

    async def method(
        self, agent: agents.Agent, kind: MethodKind, address: str, after_minutes: int = 0
    ) -> ContactMethod:
        async with self.database.transaction(SYSTEM) as tx:
            mine = as_agent(tx, agent)
            sealed = seal(self.workshop.settings.key, ADDRESS_PURPOSE, address)
            method, code = await oncall.contact_methods.add_method(mine, kind, kind.value, sealed)
            assert await oncall.contact_methods.verify(mine, method.id, code)
            if after_minutes:
                for rule in await oncall.contact_methods.rules_of(tx, agent.id):
                    if rule.method_id == method.id:
                        await tx.session.delete(rule)
                await oncall.contact_methods.add_rule(mine, method.id, after_minutes)
            return method

    async def alert(self, key: str = "inbox:support") -> oncall.Alert:
        async with self.database.transaction(SYSTEM) as tx:
            made = await oncall.raise_alert(tx, None, key, "An inbox has stopped", details={"subject": key})
            assert made is not None
            return made

    async def tick(self, by: timedelta = timedelta()) -> None:
        """What the worker does every second, at one moment: escalate, then ring what is due."""
        self.clock.advance(by)
        await timetable.escalate_alerts(self.workshop)
        async with self.database.transaction(SYSTEM) as tx:
            due = await tx.session.scalars(
                select(oncall.AlertNotification.method_id).where(
                    oncall.AlertNotification.state.in_(["queued", "leased"]),
                    oncall.AlertNotification.due_at <= tx.now,
                )
            )
            methods = sorted(set(due))
        for method_id in methods:
            await ring(self.workshop, {"method_id": str(method_id)})

    async def rings(self) -> list[tuple[str, str]]:
        async with self.database.transaction(SYSTEM) as tx:
            rows = await tx.session.scalars(
                select(oncall.AlertNotification).order_by(oncall.AlertNotification.created_at)
            )
            return [(one.method, one.state) for one in rows]


@pytest.fixture
async def night(database: Database, clock: FixedClock, tmp_path: Path) -> AsyncIterator[Night]:
    clock.set(NIGHT)
    settings = Settings(
        secret_key="a key that only these tests know 0123456789",
        demo=True,
        private_networks=frozenset({"127.0.0.0/8"}),
    )
    workshop = open_workshop(database, settings, Files(tmp_path, settings.key))
    async with database.transaction(SYSTEM) as tx:
        await an_inbox(tx)
        mikko, priya = await an_agent(tx, "Mikko"), await an_agent(tx, "Priya")
        steps = [
            {"delay_minutes": 5, "targets": [{"kind": "person", "id": str(one.id)}]} for one in (mikko, priya)
        ]
        await oncall.policies.add_policy(tx, "Night", Policy.parse({"steps": steps, "repeats": 5}))
    async with a_receiver() as gateway:
        yield Night(workshop, database, clock, mikko, priya, gateway)
    await workshop.readers.close()


async def test_a_webhook_is_signed_and_carries_its_key(night: Night) -> None:
    method = await night.method(night.mikko, MethodKind.WEBHOOK, f"{night.gateway.address}/alerts")
    alert = await night.alert()

    await night.tick()

    [got] = night.gateway.got
    secret = pagers.webhook_secret(night.workshop.settings.key, method.id)
    signed = f"{got.headers['x-helpdesk-timestamp']}.".encode() + got.body
    wanted = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    assert got.headers["x-helpdesk-signature"] == f"v1={wanted}"
    assert got.headers["idempotency-key"].startswith(f"{alert.id}:0:0:{night.mikko.id}:")
    assert [one["id"] for one in got.json["alerts"]] == [str(alert.id)]
    assert got.json["url"].startswith("http://127.0.0.1:8000/alert/")


async def test_a_push_is_encrypted_for_the_browser_and_signed_by_us(night: Night) -> None:
    browser, auth = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
    await night.method(night.mikko, MethodKind.PUSH, a_subscription(night.gateway, browser, auth))
    await night.alert()

    await night.tick()

    [got] = night.gateway.got
    told = json.loads(http_ece.decrypt(got.body, private_key=browser, auth_secret=auth, version="aes128gcm"))
    assert told["title"] == "On call: inbox:support"
    assert told["key"].endswith(str(await only_rule(night)))
    assert_vapid(got.headers["authorization"], night)


async def test_a_subscription_the_browser_has_ended_is_removed_and_mail_rings_at_once(night: Night) -> None:
    browser, auth = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
    await night.method(night.mikko, MethodKind.PUSH, a_subscription(night.gateway, browser, auth))
    night.gateway.status = 410
    await night.alert()

    await night.tick()
    await night.tick(SECOND)

    async with night.database.transaction(SYSTEM) as tx:
        methods = await oncall.contact_methods.methods_of(tx, night.mikko.id)
        mails = list(await tx.session.scalars(select(OutgoingMail.recipients)))
    assert [one.kind for one in methods] == []
    assert mails == [[night.priya.email]]  # Mikko had nothing else for this step, so the next one is rung


async def test_apprise_reaches_a_gateway(night: Night) -> None:
    await night.method(night.mikko, MethodKind.NOTIFY, f"json://127.0.0.1:{night.gateway.port}/sms")
    await night.alert()

    await night.tick()

    [got] = night.gateway.got
    assert got.path == "/sms"
    assert got.json["title"] == "On call: inbox:support"


async def test_a_step_tells_a_channel_and_its_link_asks_who_you_are(night: Night) -> None:
    room = await a_channel(night, "Operations")
    alert = await night.alert()

    await night.tick()

    [got] = night.gateway.got
    assert got.headers["idempotency-key"] == f"{alert.id}:0:0:{room.id}:channel"
    assert got.json["url"] == f"http://127.0.0.1:8000/oncall/alerts/{alert.id}"
    async with night.database.transaction(SYSTEM) as tx:
        story = [(one.name, one.data.get("agent_name")) for one in await oncall.entries_of(tx, alert.id)]
    assert story == [("AlertRaised", None), ("AlertNotified", "Operations")]
    await acknowledge(night, alert)
    await night.tick(6 * MINUTE)
    assert len(night.gateway.got) == 1


async def test_a_channel_that_was_removed_is_a_hole_and_the_next_step_comes_at_once(night: Night) -> None:
    room = await a_channel(night, "Operations")
    async with night.database.transaction(SYSTEM) as tx:
        await oncall.channels.remove_channel(tx, room.id)
    alert = await night.alert()

    async with night.database.transaction(SYSTEM) as tx:
        story = [one.name for one in await oncall.entries_of(tx, alert.id)]
        told = [one.agent_id for one in await oncall.rings_of(tx, alert.id)]
    assert story == ["AlertRaised", "CoverageMissing", "AlertNotified"]
    assert told == [night.priya.id]


async def test_a_channel_that_refuses_hands_over_to_the_next_step(night: Night) -> None:
    await a_channel(night, "Operations")
    night.gateway.status = 404
    await night.alert()

    await night.tick()
    await night.tick(SECOND)

    assert ("webhook", "failed") in await night.rings()
    assert ("email", "sent") in await night.rings()


async def test_later_rules_ring_later_and_not_after_an_acknowledgement(night: Night) -> None:
    await night.method(night.mikko, MethodKind.WEBHOOK, night.gateway.address, after_minutes=3)
    first, second = await night.alert("one"), None
    await night.tick()
    assert night.gateway.got == []

    await night.tick(2 * MINUTE)
    second = await night.alert("two")
    await acknowledge(night, second)
    await night.tick(MINUTE)

    assert [one["what"] for one in night.gateway.got[0].json["alerts"]] == ["one"]
    await night.tick(MINUTE + 30 * SECOND)
    assert len(night.gateway.got) == 1
    assert first.id != second.id


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
    monkeypatch.setattr(pagers, "TIMEOUT", 0.2)
    await night.method(night.mikko, MethodKind.WEBHOOK, night.gateway.address)
    night.gateway.hangs = True
    await night.alert()

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
    assert max(sent_after.values()) + 2 * pagers.CONNECT <= 5


async def test_a_mail_that_waits_for_its_server_does_not_leave_once_the_alert_is_answered(
    night: Night,
) -> None:
    alert = await night.alert()
    await night.tick()
    async with night.database.transaction(SYSTEM) as tx:
        [mail_id] = await tx.session.scalars(select(OutgoingMail.id))
    said: list[str] = []

    async def slow_server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Somebody acknowledges while it makes up its mind."""
        await acknowledge(night, alert)
        writer.write(b"220 at last\r\n")
        while line := (await reader.readline()).decode().strip():
            said.append(line.split(" ")[0].upper())
            writer.write(b"250 fine\r\n")
        writer.close()

    server = await asyncio.start_server(slow_server, "127.0.0.1", 0)
    night.workshop.settings.smtp_out_url = SecretStr(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    await send_mail(night.workshop, {"mail_id": str(mail_id)})
    server.close()

    async with night.database.transaction(SYSTEM) as tx:
        mail = await tx.session.get_one(OutgoingMail, mail_id)
    assert (mail.state, mail.error) == ("failed", "answered before it left")
    assert said[:1] == ["EHLO"]
    assert "MAIL" not in said


async def test_whatever_happens_no_open_alert_waits_for_a_step_that_is_two_ticks_old(night: Night) -> None:
    """A night of it: alerts come, are answered, handed on, left alone; the worker ticks now and then."""
    chance = random.Random(6)
    alerts = [await night.alert("first")]
    for number in range(60):
        what = chance.choice(("nothing", "nothing", "new", "acknowledge", "hand on"))
        async with night.database.transaction(SYSTEM) as tx:
            one = chance.choice(alerts)
            if what == "acknowledge":
                await tickets.acknowledge(as_agent(tx, night.mikko), one.id, night.mikko.id)
            elif what == "hand on":
                await oncall.hand_on(tx, None, one.id)
        if what == "new":
            alerts.append(await night.alert(f"alert {number}"))
        await night.tick(chance.choice((1, 2, 60, 290, 1900)) * SECOND)

        async with night.database.transaction(SYSTEM) as tx:
            waiting = await oncall.alerts(tx, oncall.AlertStatus.OPEN, 200)
            assert all(one.next_at is not None and one.next_at > tx.now for one in waiting)
            assert (
                await oncall.oldest_overdue(tx) <= 2 + BUNDLE.total_seconds()
            )  # rings wait for their bundle


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


async def test_many_alerts_at_once_ring_in_bundles_and_none_is_left_out(night: Night) -> None:
    await night.method(night.mikko, MethodKind.WEBHOOK, night.gateway.address)
    raised = []
    for number in range(30):
        raised.append(str((await night.alert(f"alert-{number}")).id))
        await night.tick(SECOND / 3)
    for _ in range(12):
        await night.tick(SECOND)

    named = [one["id"] for got in night.gateway.got for one in got.json["alerts"]]
    assert sorted(named) == sorted(raised)
    assert len(night.gateway.got) <= 10 * SECOND / BUNDLE + 2


async def test_two_steps_of_one_alert_that_wait_together_are_told_once(night: Night) -> None:
    await night.method(night.mikko, MethodKind.WEBHOOK, night.gateway.address)
    alert = await night.alert()
    async with night.database.transaction(SYSTEM) as tx:
        await oncall.hand_on(tx, None, alert.id)
        await oncall.hand_on(tx, None, alert.id)

    await night.tick()

    [got] = night.gateway.got
    assert [one["id"] for one in got.json["alerts"]] == [str(alert.id)]


async def test_an_acknowledgement_runs_out_without_a_reply_and_holds_with_one(night: Night) -> None:
    async with night.database.transaction(SYSTEM) as tx:
        ticket, other = await a_ticket(tx), await a_ticket(tx, subject="Other")
        raised = [await oncall.raise_alert(tx, one, f"p1:{one.id}", "Urgent") for one in (ticket, other)]
    for alert in raised:
        assert alert is not None
        await acknowledge(night, alert)
    night.clock.advance(MINUTE)
    async with night.database.transaction(SYSTEM) as tx:
        await tickets.reply(as_agent(tx, night.mikko), other.id, "On it.")

    await night.tick(30 * MINUTE)

    async with night.database.transaction(SYSTEM) as tx:
        states = [(await oncall.get_alert(tx, alert.id)).status for alert in raised if alert is not None]
        assert states == ["open", "acknowledged"]
        history = [entry.name for entry in await oncall.entries_of(tx, raised[0].id)]  # type: ignore[union-attr]
        assert history[-2:] == ["AlertUnanswered", "AlertNotified"]


async def test_a_reply_answers_the_alert_of_its_ticket(night: Night) -> None:
    async with night.database.transaction(SYSTEM) as tx:
        ticket = await a_ticket(tx)
        alert = await oncall.raise_alert(tx, ticket, "p1", "Urgent")
        await tickets.reply(as_agent(tx, night.priya), ticket.id, "We are at it.")
        assert alert is not None
        assert (alert.status, alert.acknowledged_by, alert.next_at) == ("acknowledged", night.priya.id, None)


async def test_the_owner_hears_of_an_alert_nobody_answers_and_it_goes_on(night: Night) -> None:
    async with night.database.transaction(SYSTEM) as tx:
        owner = await an_agent(tx, "Maja")
        row = (await oncall.policies.policies(tx))[0]
        policy = Policy.parse({**row.policy, "repeats": 0, "owner": str(owner.id)})
        await oncall.policies.change_policy(tx, row.id, row.name, policy, row.version)
    alert = await night.alert()

    for _ in range(6):
        await night.tick(5 * MINUTE)

    async with night.database.transaction(SYSTEM) as tx:
        told = [one.agent_id for one in await oncall.rings_of(tx, alert.id)]
        now = await oncall.get_alert(tx, alert.id)
    assert owner.id in told
    assert now.next_at is not None
    assert now.next_at > night.clock.now()


async def test_the_dead_man_rings_by_itself_after_a_minute_without_a_worker(night: Night) -> None:
    await night.method(night.mikko, MethodKind.WEBHOOK, night.gateway.address)
    await night.alert()

    night.clock.advance(60 * SECOND)
    assert not await dead_man.look(night.workshop)
    night.clock.advance(SECOND)
    assert await dead_man.look(night.workshop)

    assert len(night.gateway.got) == 1
    async with night.database.transaction(SYSTEM) as tx:
        assert await oncall.oldest_overdue(tx) == 0


async def test_a_clock_that_jumps_ahead_takes_one_step_and_rings_once(night: Night) -> None:
    await night.method(night.mikko, MethodKind.WEBHOOK, night.gateway.address)
    await night.alert()
    await night.tick()

    await night.tick(timedelta(hours=6))
    await night.tick()

    assert len(night.gateway.got) == 1
    async with night.database.transaction(SYSTEM) as tx:
        assert len(list(await tx.session.scalars(select(oncall.AlertNotification)))) == 2


async def a_channel(night: Night, name: str) -> ContactMethod:
    """Told first, in the place of Mikko."""
    async with night.database.transaction(SYSTEM) as tx:
        sealed = seal(night.workshop.settings.key, ADDRESS_PURPOSE, night.gateway.address)
        room = await oncall.channels.add_channel(tx, MethodKind.WEBHOOK, name, sealed)
        row = (await oncall.policies.policies(tx))[0]
        first, *others = row.policy["steps"]
        target = {"kind": "channel", "id": str(room.id)}
        policy = Policy.parse({**row.policy, "steps": [{**first, "targets": [target]}, *others]})
        await oncall.policies.change_policy(tx, row.id, row.name, policy, row.version)
        return room


async def test_a_clock_that_is_put_back_delays_no_step_and_no_later_rule(night: Night) -> None:
    await night.method(night.mikko, MethodKind.WEBHOOK, night.gateway.address, after_minutes=3)
    alert = await night.alert()
    await night.tick()
    night.clock.advance(-timedelta(hours=2))

    await night.tick()
    await night.tick(3 * MINUTE)
    assert [one["id"] for one in night.gateway.got[0].json["alerts"]] == [str(alert.id)]
    await night.tick(2 * MINUTE)

    async with night.database.transaction(SYSTEM) as tx:
        rung = [one.agent_id for one in await oncall.rings_of(tx, alert.id)]
        assert night.priya.id in rung
        assert await oncall.oldest_overdue(tx) < 2


def address_of(night: Night, kind: MethodKind) -> str:
    if kind == MethodKind.PUSH:
        return a_subscription(night.gateway, ec.generate_private_key(ec.SECP256R1()), os.urandom(16))
    return (
        f"json://127.0.0.1:{night.gateway.port}/sms" if kind == MethodKind.NOTIFY else night.gateway.address
    )


async def acknowledge(night: Night, alert: oncall.Alert) -> None:
    async with night.database.transaction(SYSTEM) as tx:
        await tickets.acknowledge(as_agent(tx, night.mikko), alert.id, night.mikko.id)


async def only_rule(night: Night) -> UUID:
    async with night.database.transaction(SYSTEM) as tx:
        [rule] = await oncall.contact_methods.rules_of(tx, night.mikko.id)
        return rule.id


def a_subscription(gateway: Receiver, browser: ec.EllipticCurvePrivateKey, auth: bytes) -> str:
    point = browser.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    keys = {"p256dh": text64(point), "auth": text64(auth)}
    return pagers.parse_subscription(json.dumps({"endpoint": f"{gateway.address}/push/1", "keys": keys}))


def assert_vapid(header: str, night: Night) -> None:
    """Signed with the key that browsers were given, for this push service, by somebody who can be asked."""
    parts = dict(part.strip().split("=", 1) for part in header.removeprefix("vapid ").split(","))
    head, claims, signature = parts["t"].split(".")
    told, raw = json.loads(bytes64(claims)), bytes64(signature)
    assert told["aud"] == night.gateway.address
    assert told["sub"].startswith("mailto:")
    assert parts["k"] == pagers.public_push_key(night.workshop.settings.key)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes64(parts["k"]))
    key.verify(der, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))


def text64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def bytes64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
