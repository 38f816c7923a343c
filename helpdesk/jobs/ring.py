"""Rings one person on call about one alert: a mail with a link that acknowledges by one tap."""

from typing import Any
from uuid import UUID

from helpdesk.actors import SYSTEM
from helpdesk.auth import links
from helpdesk.domain import agents, oncall, tickets
from helpdesk.jobs.workshop import Workshop
from helpdesk.translation import translator


async def ring(workshop: Workshop, job: dict[str, Any]) -> None:
    """Puts the mail into the outbox in the transaction that marks the notification as sent."""
    async with workshop.database.transaction(SYSTEM) as tx:
        due = await oncall.to_send(tx, UUID(job["notification_id"]))
        if due is None:
            return
        notification, alert = due
        agent = await agents.get(tx, notification.agent_id)
        ticket = await tickets.get(tx, alert.ticket_id)
        t = translator(agent.locale, "pages")
        token = links.token_for(workshop.settings.key, links.LinkKind.ALERT, alert.id, agent.id)
        body = "\n\n".join(
            [
                t("{name}, you are on call and this needs you now.", name=agent.name.split()[0]),
                f"#{ticket.number}  {ticket.subject}\n{ticket.preview}",
                t("Why: {reason}", reason=alert.reason),
                t("See it and acknowledge with one tap:") + f"\n{workshop.settings.address}/alert/{token}",
                t("If nobody acknowledges, the next person is woken."),
            ]
        )
        await tickets.mailing.queue_notice(
            tx,
            recipients=[agent.email],
            subject=t("On call: #{number} {subject}", number=ticket.number, subject=ticket.subject),
            body=body,
            ticket_id=ticket.id,
        )
        notification.state, notification.sent_at = "sent", tx.now
