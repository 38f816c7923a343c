"""What follows when a mail is on its ticket: copies for who was named, the automatic answer, the breaker."""

from uuid import UUID

from helpdesk.domain import agents, limits, tickets
from helpdesk.domain.tickets import RawMail, Ticket
from helpdesk.domain.tickets.mail import acknowledging, following, mailing, threading
from helpdesk.domain.tickets.mail.threading import Action, Decision, HeldBack
from helpdesk.errors import LimitReached
from helpdesk.jobs.mail.agents_answers import FRESH
from helpdesk.jobs.mail.facts import Gathered
from helpdesk.storage.transaction import Transaction
from helpdesk.translation import translator


async def follow_up(
    tx: Transaction, kept: RawMail, gathered: Gathered, decision: Decision, said: tickets.Said
) -> None:
    """Copies for those who were named, the automatic answer, and the breaker that stops two machines."""
    mail = gathered.mail
    ticket = await tickets.get(tx, said.ticket_id)  # locked by whoever wrote on it just now
    await tx.update(ticket)
    if decision.may_add_followers:
        people = [(one.email, one.name) for one in (*mail.cc, *mail.to)]
        await following.add(tx, ticket, people, "cc")
    if decision.action is Action.NEW_FOR_OTHER and mail.sender:
        await following.add(tx, ticket, [(mail.sender.email, mail.sender.name)], "agent")
        await _note_remark(tx, ticket, gathered)
    is_new = kept.path != "import"  # what is brought over from elsewhere was answered long ago
    if decision.action is Action.STAFF_NOTE and gathered.staff is not None and is_new:
        await _tell_not_sent(tx, ticket, gathered, gathered.staff)
    if decision.acknowledge and mail.sender and is_new and _may_answer_itself(kept, gathered):
        is_proven = gathered.facts.proof is threading.Proof.PASS
        await acknowledging.acknowledge(tx, ticket, mail.sender.email, _acknowledgement, is_proven=is_proven)
    elif decision.ticket_id is not None:
        await _flag_flood(tx, ticket, said.message_id)


async def _tell_not_sent(tx: Transaction, ticket: Ticket, gathered: Gathered, agent: agents.Agent) -> None:
    """Whoever answered a mail of ours about the ticket would take it for sent. Only to those who hold a mark
    of their own: anybody can write an agent's name into From."""
    match = gathered.facts.strong
    if match is None or not match.issued_to_sender or gathered.facts.auto:
        return
    try:
        await limits.spend(tx, limits.NOT_SENT, agent.id)
    except LimitReached:
        return
    t, why = translator(agent.locale, "pages"), gathered.facts.held_back
    reason = t("It holds what our mail says. Write above that and attach no mail, or use the helpdesk.")
    if gathered.facts.proof is not threading.Proof.PASS:
        reason = t("Your mail server did not prove that the mail is yours. Answer in the helpdesk.")
    elif why is HeldBack.NO_ANSWER:
        reason = t("It does not answer our mail. Answer that one and leave it quoted, or use the helpdesk.")
    elif why is HeldBack.TOO_LARGE:
        reason = t("It is too long, or has too many files, for one answer. Use the helpdesk.")
    elif why is HeldBack.TOO_OLD:
        reason = t("It reached us days after it was written. Use the helpdesk.")
    subject = t("Not sent: #{number} {subject}", number=ticket.number, subject=ticket.subject)
    kept = t("Your answer was not sent. It stands on the ticket, for agents only.")
    await mailing.queue_notice(tx, recipients=[agent.email], subject=subject, body=f"{kept}\n\n{reason}")


def _may_answer_itself(kept: RawMail, gathered: Gathered) -> bool:
    """Never to the null sender, to an address that was forged, or to a mail of the week before, as a mailbox
    brings it that is read for the first time; a fetched mail has no envelope to ask."""
    has_sender = bool(kept.envelope_from) or kept.path == "imap"
    sent = gathered.mail.date
    is_fresh = sent is None or kept.received_at - sent < FRESH
    return has_sender and is_fresh and gathered.facts.proof is not threading.Proof.FAIL


def _acknowledgement(locale: str, number: int, expected: str) -> tuple[str, str]:
    t = translator(locale, "pages")
    shown = f"#{number}"
    sentences = (
        t("Thank you for your message. It has reached us and has the number {number}.", number=shown),
        expected or t("We answer as soon as we can."),
        t("If you want to add something, just answer this mail."),
    )
    return t("We have received your message ({number})", number=shown), "\n\n".join(sentences)


async def _flag_flood(tx: Transaction, ticket: Ticket, message_id: UUID) -> None:
    message = await tx.session.get_one(tickets.Message, message_id)
    if message.author_id and await acknowledging.is_flooding(tx, ticket.id, message.author_id):
        shown = dict(message.mail or {})
        message.mail = shown | {"flags": [*shown.get("flags", []), "flooding"]}


async def _note_remark(tx: Transaction, ticket: Ticket, gathered: Gathered) -> None:
    """What an agent wrote above a mail they passed on is theirs, and for agents only."""
    forwarded, staff = gathered.mail.forwarded, gathered.staff
    remark = (forwarded.comment if forwarded else "").strip()[: tickets.BODY_LIMIT]
    if remark and staff is not None:
        reader, tx.actor = tx.actor, await agents.actor_of(tx, staff)
        await tickets.add_note(tx, ticket.id, remark)
        tx.actor = reader
