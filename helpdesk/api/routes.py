"""Every address of the JSON interface, in one table."""

from starlette.routing import BaseRoute, Route

from helpdesk.api import calls, health, oncall, people, queue, realtime, tickets, uploads, widget
from helpdesk.api.requests import creating

V1 = "/api/v1"


def routes() -> list[BaseRoute]:
    return [
        Route("/health/live", health.show_live),
        Route("/health/ready", health.show_ready),
        Route("/metrics", health.show_metrics),
        Route("/files/{key}", uploads.show_file),
        *[Route(V1 + path, handler, methods=[method]) for method, path, handler in _TABLE],
        *[Route("/widget" + path, handler, methods=[method]) for method, path, handler in _WIDGET],
    ]


_TABLE = [
    ("GET", "/me", people.show_me),
    ("GET", "/queue", queue.show_queue),
    ("POST", "/queue/claim", queue.claim_next),
    ("GET", "/tickets", tickets.list_tickets),
    ("POST", "/tickets", creating(tickets.NewTicket, tickets.create_ticket)),
    ("GET", "/tickets/{id}", tickets.show_ticket),
    ("PATCH", "/tickets/{id}", tickets.change_ticket),
    ("GET", "/tickets/{id}/events", tickets.list_events),
    ("POST", "/tickets/{id}/messages", creating(tickets.NewMessage, tickets.create_message)),
    ("POST", "/tickets/{id}/notes", creating(tickets.NewMessage, tickets.create_note)),
    ("POST", "/calls", creating(calls.NewCall, calls.create_call)),
    ("POST", "/uploads", uploads.create_upload),
    ("GET", "/agents", people.list_agents),
    ("GET", "/teams", people.list_teams),
    ("GET", "/inboxes", people.list_inboxes),
    ("GET", "/plans", people.list_plans),
    ("GET", "/companies", people.list_companies),
    ("GET", "/contacts", people.list_contacts),
    ("GET", "/contacts/{id}", people.show_contact),
    ("GET", "/oncall/now", oncall.show_on_call_now),
    ("GET", "/alerts", oncall.list_alerts),
    ("POST", "/alerts/{id}/acknowledge", oncall.acknowledge_alert),
    ("POST", "/realtime/pass", realtime.create_pass),
]

_WIDGET = [
    ("POST", "/session", widget.create_session),
    ("POST", "/pass", widget.create_pass),
    ("POST", "/sync", widget.sync),
    ("POST", "/send_message", widget.send_message),
    ("POST", "/mark_read", widget.mark_read),
    ("POST", "/typing", widget.show_typing),
    ("POST", "/contact", widget.leave_address),
    ("POST", "/uploads", uploads.create_visitor_upload),
    ("GET", "/events", widget.list_events),
]
