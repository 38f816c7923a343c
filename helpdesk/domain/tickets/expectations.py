"""What a contact may honestly expect: open or closed, until when, and the usual first answer."""

from datetime import timedelta

from sqlalchemy import text

from helpdesk.domain import inboxes, plans, sla
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

LOOK_BACK = timedelta(days=7)
_ENOUGH = 3
"""Answers needed before their median says anything."""

_USUAL = text(
    """
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM c.met_at - c.started_at)) AS seconds,
      count(*) AS answers
    FROM sla_clocks c JOIN tickets t ON t.id = c.ticket_id
    WHERE t.inbox_id = :inbox AND t.created_at > :since AND c.metric = 'first_response'
      AND c.met_at IS NOT NULL
    """
)


async def of_inbox(tx: Transaction, inbox: inboxes.Inbox) -> Json:
    """`open` and `next_opening` from the calendar of the inbox's plan, `reply_seconds` from the last 7 days
    (None while too few were answered to say)."""
    told: Json = {"open": True, "next_opening": None, "reply_seconds": None, "hours": None}
    if inbox.plan_id is not None:
        plan = await plans.get(tx, inbox.plan_id)
        calendar = await sla.open_calendar(tx, plan.calendar_id)
        told["open"] = calendar.is_open(tx.now)
        told["hours"] = {key: value for key, value in calendar.to_dict().items() if key != "holidays"}
        if not told["open"]:
            told["next_opening"] = calendar.next_opening(tx.now)
    usual = (await tx.session.execute(_USUAL, {"inbox": inbox.id, "since": tx.now - LOOK_BACK})).one()
    if usual.answers >= _ENOUGH:
        told["reply_seconds"] = round(usual.seconds)
    return told
