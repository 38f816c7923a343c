"""What Nordkvarn's agents say again and again, and one text that is Maja's own."""

from dataclasses import dataclass

from helpdesk.demo.organisation import Organisation
from helpdesk.domain import saved_replies
from helpdesk.storage.transaction import Transaction


@dataclass(frozen=True)
class Text:
    """`channel` is that of the one inbox it is offered in."""

    name: str
    body: str
    channel: str = ""
    is_personal: bool = False
    tags: tuple[str, ...] = ()
    resolves: bool = False


TEXTS = (
    Text(
        "Descaling a brewer",
        "Hi {{contact.first_name|there}},\n\nthe Brygg Duo wants descaling every 200 brews or when its lamp"
        " blinks:\n\n- empty the tank and fill in one sachet of Avkalka and a litre of water\n- hold the lamp"
        " for five seconds\n- run it twice with clear water afterwards\n\nIt takes twenty minutes. Write back"
        " if the lamp still blinks then.",
    ),
    Text(
        "E7 on a grinder",
        "Hi {{contact.first_name|there}},\n\nE7 means that the motor was too warm. Please switch the grinder"
        " off at the wall for ten minutes, empty the hopper and look for a stone between the burrs. If E7"
        " comes back after that, tell me the serial number (under the tray) and I send a technician.",
    ),
    Text(
        "Where is my parcel",
        "Hi {{contact.first_name|there}},\n\nI am looking into it with the carrier and write to you today,"
        " under #{{ticket.number}}.",
    ),
    Text(
        "Faktura till en annan adress",
        "Hej {{contact.first_name|du}},\n\nvi skickar fakturan på nytt till den nya adressen i dag. Den gamla"
        " behöver du inte göra något med.\n\nGäller det alla fakturor till {{company.name|er}} framöver?",
        channel="email",
        tags=("invoice",),
    ),
    Text(
        "Tack, vi återkommer",
        "Hej {{contact.first_name|du}}! Tack för att du hör av dig, jag tittar på det och återkommer i dag.",
    ),
    Text(
        "Glad it works",
        "Hi {{contact.first_name|there}}, I am glad that it works again. Write here if it comes back.",
        resolves=True,
    ),
    Text(
        "Still there?",
        "Hello {{contact.first_name|again}}, are you still there? Otherwise I answer you by mail.",
        channel="chat",
    ),
    Text(
        "Before I hand over",
        "I am off in a few minutes: my colleague goes on with this and knows what we have tried."
        " Best, {{agent.first_name}}",
        is_personal=True,
    ),
)  # fmt: skip


async def keep(tx: Transaction, founded: Organisation) -> None:
    """Written by the owner, whoever they are for."""
    before, tx.actor = tx.actor, founded.agents["maja"]
    for one in TEXTS:
        inbox = founded.inboxes[one.channel].id if one.channel else None
        await saved_replies.save(
            tx,
            None,
            name=one.name,
            body=one.body,
            inbox_id=inbox,
            is_personal=one.is_personal,
            tags=one.tags,
            resolves=one.resolves,
        )
    tx.actor = before
