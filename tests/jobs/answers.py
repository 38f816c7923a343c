"""What the tests of answering by mail share: answers, whoever relays them, and how they read."""

from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from helpdesk.actors import SYSTEM
from helpdesk.channels.email.sending import HandedOver, NotTakenYet, Refusal
from helpdesk.domain import agents, tickets
from helpdesk.domain.tickets import ByMail, HeldReply, OutgoingMail, Ticket, answering, holding
from helpdesk.jobs.mail.send import send_mail
from tests.factories import an_agent
from tests.mail_desk import MailDesk, a_mail

KIM = "kim@customer.example"


async def a_mail_ticket(desk: MailDesk, **headers: Any) -> Ticket:
    return await desk.ticket_of(await desk.receive(a_mail(**headers)))


def read(mail: OutgoingMail) -> EmailMessage:
    assert mail.raw is not None
    found = message_from_bytes(mail.raw, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def words(mail: OutgoingMail, kind: str) -> str:
    part = read(mail).get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text.replace("\r\n", "\n")


async def replied(desk: MailDesk, ticket: Ticket, body: str, **wish: Any) -> OutgoingMail:
    async with desk.database.transaction(await an_agents_actor(desk)) as tx:
        said = await tickets.reply(tx, ticket.id, body, by_mail=ByMail(**wish))
    found: OutgoingMail = await desk.one(OutgoingMail, message_id=said.message_id)
    return found


async def an_agents_actor(desk: MailDesk, **fields: Any) -> Any:
    async with desk.database.transaction(SYSTEM) as tx:
        signature = fields.pop("signature", "")
        agent = await an_agent(tx, **fields)
        agent.signature = signature
        return await agents.actor_of(tx, agent)


async def a_held(desk: MailDesk, ticket: Ticket, after: timedelta, **fields: Any) -> HeldReply:
    async with desk.database.transaction(await an_agents_actor(desk)) as tx:
        return await holding.hold(tx, ticket.id, answering.Answer("Soon", **fields), tx.now + after)


class Relay:
    """The border: says what the next server would, and keeps what it was given."""

    def __init__(self, *refused: str, code: int = 550) -> None:
        self.refused, self.code, self.to = refused, code, []  # type: ignore[var-annotated]
        self.senders: list[str] = []

    async def hand_over(
        self, raw: bytes, sender: str, to: list[str], url: str, before: object = None
    ) -> HandedOver:
        self.to.append((list(to), raw))
        self.senders.append(sender)
        gone = tuple(Refusal(one, self.code, "no such user") for one in to if one in self.refused)
        return HandedOver("250 ok", f"id-{len(self.to)}", gone)


class NoRelay:
    """The border: a server that cannot be reached."""

    async def hand_over(self, *_: object) -> HandedOver:
        raise NotTakenYet("connection refused")


async def through(desk: MailDesk, relay: Relay | NoRelay, mail: OutgoingMail) -> OutgoingMail:
    settings = desk.workshop.settings.model_copy(update={"demo": False, "smtp_out_url": _Url()})
    desk.workshop.settings, desk.workshop.relays = settings, relay  # type: ignore[assignment]
    await send_mail(desk.workshop, {"mail_id": str(mail.id)})
    found: OutgoingMail = await desk.one(OutgoingMail, id=mail.id)
    return found


class _Url:
    def get_secret_value(self) -> str:
        return "smtp://relay.example"
