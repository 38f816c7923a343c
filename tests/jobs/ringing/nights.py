"""A night on call: who is rung, on a clock the test moves, and the gateway that is told."""

import base64
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select

from helpdesk.actors import SYSTEM
from helpdesk.channels import pagers
from helpdesk.clock import FixedClock
from helpdesk.domain import agents, oncall, tickets
from helpdesk.domain.oncall.alerting.contact_methods import ContactMethod, MethodKind
from helpdesk.domain.oncall.alerting.escalation import Policy
from helpdesk.jobs import timetable
from helpdesk.jobs.ring import ADDRESS_PURPOSE, ring
from helpdesk.jobs.workshop import Workshop
from helpdesk.storage.database import Database
from helpdesk.storage.sealing import Sealer
from tests.factories import as_agent
from tests.jobs.receivers import Receiver

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
            sealed = Sealer(self.workshop.settings.key).seal_text(address, ADDRESS_PURPOSE)
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


async def a_channel(night: Night, name: str) -> ContactMethod:
    """Told first, in the place of Mikko."""
    async with night.database.transaction(SYSTEM) as tx:
        sealed = Sealer(night.workshop.settings.key).seal_text(night.gateway.address, ADDRESS_PURPOSE)
        room = await oncall.channels.add_channel(tx, MethodKind.WEBHOOK, name, sealed)
        row = (await oncall.policies.policies(tx))[0]
        first, *others = row.policy["steps"]
        target = {"kind": "channel", "id": str(room.id)}
        policy = Policy.parse({**row.policy, "steps": [{**first, "targets": [target]}, *others]})
        await oncall.policies.change_policy(tx, row.id, row.name, policy, row.version)
        return room


async def acknowledge(night: Night, alert: oncall.Alert) -> None:
    async with night.database.transaction(SYSTEM) as tx:
        await tickets.acknowledge(as_agent(tx, night.mikko), alert.id, night.mikko.id)


def address_of(night: Night, kind: MethodKind) -> str:
    if kind == MethodKind.PUSH:
        return a_subscription(night.gateway, ec.generate_private_key(ec.SECP256R1()), os.urandom(16))
    return (
        f"json://127.0.0.1:{night.gateway.port}/sms" if kind == MethodKind.NOTIFY else night.gateway.address
    )


def a_subscription(gateway: Receiver, browser: ec.EllipticCurvePrivateKey, auth: bytes) -> str:
    point = browser.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    keys = {"p256dh": text64(point), "auth": text64(auth)}
    return pagers.parse_subscription(json.dumps({"endpoint": f"{gateway.address}/push/1", "keys": keys}))


def text64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def bytes64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
