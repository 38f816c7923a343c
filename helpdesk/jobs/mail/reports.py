"""What came back about a mail of ours: marked on the message it is about, and on addresses nobody has."""

from helpdesk.channels.email.mail import Bounce, Mail
from helpdesk.domain import tickets
from helpdesk.domain.tickets.mail import after_leaving, senders
from helpdesk.jobs.mail.facts import Gathered
from helpdesk.storage.transaction import Transaction

_TOLD = ("delayed", "complaint", "read")
_LONGEST = 300


async def note(tx: Transaction, gathered: Gathered) -> None:
    """A failure brings the answer back; of a delay, a complaint, a receipt the agent only reads."""
    mail_id, bounce = gathered.bounced_mail_id, gathered.mail.bounce
    if mail_id is None:
        return
    if bounce is None:  # nobody can read it, but it came to the return address of that mail
        said = gathered.mail.subject or gathered.mail.new_text.strip()
        await after_leaving.reported(tx, mail_id, "other", said[:_LONGEST])
    elif bounce.kind == "failed":
        await _failed(tx, gathered, bounce)
    elif bounce.kind in _TOLD:
        await after_leaving.reported(
            tx, mail_id, bounce.kind, _why(bounce, gathered.mail), set(_reasons(bounce))
        )


async def _failed(tx: Transaction, gathered: Gathered, bounce: Bounce) -> None:
    """Who gave up after days says "temporary" (4.4.7): this mail failed, its address may be good."""
    assert gathered.bounced_mail_id is not None
    reasons, why = _reasons(bounce), _why(bounce, gathered.mail)
    recipients = await tickets.deliveries.bounced(tx, gathered.bounced_mail_id, why, reasons)
    passing = {one.address.lower() for one in bounce.recipients if one.status.startswith("4")}
    for address in recipients if bounce.permanent else ():
        named = address.lower() in reasons or len(recipients) == 1
        if named and address.lower() not in passing:
            await senders.flag_undeliverable(tx, address, reasons.get(address.lower(), why))


def _reasons(bounce: Bounce) -> dict[str, str]:
    return {one.address.lower(): one.diagnostic or one.status for one in bounce.recipients}


def _why(bounce: Bounce, mail: Mail) -> str:
    said = "; ".join(f"{one.address}: {one.diagnostic or one.status}" for one in bounce.recipients)
    return said or mail.subject[:_LONGEST] or "The mail came back."
