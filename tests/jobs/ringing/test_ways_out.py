"""Ringing by real webhooks, web push, Apprise and channels."""

import hashlib
import hmac
import json
import os
from uuid import UUID

import http_ece
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from sqlalchemy import select

from helpdesk.actors import SYSTEM
from helpdesk.channels import pagers
from helpdesk.domain import oncall
from helpdesk.domain.oncall.alerting.contact_methods import MethodKind
from helpdesk.domain.tickets import OutgoingMail
from tests.jobs.ringing.nights import MINUTE, SECOND, Night, a_channel, a_subscription, acknowledge, bytes64

pytestmark = pytest.mark.commits


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


async def only_rule(night: Night) -> UUID:
    async with night.database.transaction(SYSTEM) as tx:
        [rule] = await oncall.contact_methods.rules_of(tx, night.mikko.id)
        return rule.id


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
