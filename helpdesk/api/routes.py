"""Every address of the JSON interface, in one table: what answers it, what it takes, what it gives."""

from starlette.routing import BaseRoute, Route

from helpdesk.api import (
    answering,
    articles,
    availability,
    calls,
    health,
    inbound,
    mail_outages,
    mail_pages,
    messages,
    oncall,
    openapi,
    people,
    pictures,
    promises,
    queue,
    realtime,
    reference,
    rota,
    shapes,
    sla_policies,
    staff,
    tickets,
    uploads,
    visitors,
    wall,
    widget,
)
from helpdesk.api import widget_extras as extras
from helpdesk.api.openapi import Address
from helpdesk.api.requests import admitting, creating
from helpdesk.channels import chat
from helpdesk.channels.changing import TicketPatch
from helpdesk.domain import permissions

V1 = "/api/v1"


def routes() -> list[BaseRoute]:
    return [
        Route("/health/live", health.show_live),
        Route("/health/ready", health.show_ready),
        Route("/metrics", health.show_metrics),
        Route("/files/{key}", uploads.show_file),
        Route("/pictures/{key}.jpg", pictures.show_picture),
        Route("/inbound/{provider}/{inbox}", inbound.receive_post, methods=["POST"]),
        Route("/m/picture", mail_pages.show_picture),
        Route("/m/{message}", mail_pages.show_mail_page),
        *[_staff_route(address) for address in STAFF],
        *[Route("/widget" + address.path, address.handler, methods=[address.method]) for address in VISITORS],
        *reference.routes(V1, lambda: openapi.document(STAFF, VISITORS, V1)),
    ]


def _staff_route(row: Address) -> Route:
    handler = creating(row.creates, row.handler, row.status) if row.creates else row.handler
    needs = row.needs or ("" if row.method == "GET" else "write")
    return Route(V1 + row.path, admitting(handler, _DOORS[needs]), methods=[row.method])


_DOORS = {
    "": permissions.require_staff,
    "read": permissions.require_reader,
    "write": permissions.require_writer,
    "acknowledge": permissions.require_acknowledger,
}
"""What a caller must be allowed before anything else is looked at; what exactly, the domain asks."""


# fmt: off
STAFF = [
    Address("GET", "/me", people.show_me, shapes.Me),
    Address("PATCH", "/me", people.change_me, shapes.Me, takes=people.MePatch),
    Address("POST", "/me/picture", pictures.choose_picture, shapes.Me, is_upload=True),
    Address("DELETE", "/me/picture", pictures.remove_picture, shapes.Me),
    Address("GET", "/queue", queue.show_queue, shapes.Queue, query="view channel limit after"),
    Address("POST", "/queue/claim", queue.claim_next, shapes.Ticket, takes=queue.Claim, may_be_empty=True),
    Address("GET", "/tickets", tickets.list_tickets, shapes.Page[shapes.QueueRow], query="q view channel contact_id limit after"),
    Address("POST", "/tickets", tickets.create_ticket, shapes.Ticket, 201, creates=tickets.NewTicket),
    Address("GET", "/tickets/{id}", tickets.show_ticket, shapes.Ticket, is_versioned=True),
    Address("PATCH", "/tickets/{id}", tickets.change_ticket, shapes.Ticket, takes=TicketPatch, is_versioned=True),
    Address("GET", "/tickets/{id}/events", tickets.list_events, shapes.Timeline, query="after_version before limit wait"),
    Address("POST", "/tickets/{id}/messages", tickets.create_message, shapes.Said, 201, creates=answering.NewMessage),
    Address("POST", "/tickets/{id}/notes", tickets.create_note, shapes.Said, 201, creates=tickets.NewNote),
    Address("GET", "/tickets/{id}/answering", answering.show_answering, answering.Answering, query="message"),
    Address("POST", "/tickets/{id}/held_replies", answering.create_held_reply, answering.Held, 201, creates=answering.NewHeldReply),
    Address("POST", "/tickets/{id}/held_replies/{reply}/call_back", answering.call_back, answering.CalledBack),
    Address("POST", "/tickets/{id}/held_replies/{reply}/send", answering.send_now, answering.Held),
    Address("POST", "/tickets/{id}/forwards", answering.create_forward, shapes.Said, 201, creates=answering.NewForward),
    Address("POST", "/tickets/{id}/follow_ups", answering.create_follow_up, shapes.Said, 201, creates=answering.NewFollowUp),
    Address("POST", "/tickets/{id}/messages/{message}/retry", answering.retry_message, answering.Retried),
    Address("POST", "/tickets/{id}/messages/{message}/accept", messages.accept_message, shapes.Said),
    Address("POST", "/tickets/{id}/messages/{message}/split", messages.split_message, shapes.Said),
    Address("POST", "/tickets/{id}/messages/{message}/block", messages.block_message, shapes.Said),
    Address("GET", "/tickets/{id}/followers", messages.list_followers, messages.Followers),
    Address("PATCH", "/tickets/{id}/followers", messages.change_followers, messages.Followers, takes=messages.FollowersPatch),
    Address("GET", "/messages/{id}/original", messages.show_original),
    Address("POST", "/tickets/{id}/merge", tickets.create_merge, shapes.Ticket, creates=tickets.NewMerge),
    Address("POST", "/tickets/{id}/unmerge", tickets.create_unmerge, shapes.Ticket, creates=tickets.NoMerge),
    Address("POST", "/tickets/{id}/split", tickets.create_split, shapes.Ticket, 201, creates=tickets.NewSplit),
    Address("POST", "/tickets/{id}/transfer", tickets.create_transfer, shapes.Ticket, creates=tickets.NewTransfer),
    Address("POST", "/calls", calls.create_call, shapes.Ticket, 201, creates=calls.NewCall),
    Address("POST", "/telephony/events", calls.create_call_event, shapes.CallTicket, creates=calls.NewCallEvent),
    Address("POST", "/uploads", uploads.create_upload, shapes.Upload, 201, is_upload=True),
    Address("GET", "/agents", staff.list_agents, shapes.Page[shapes.Agent]),
    Address("POST", "/agents", staff.create_agent, shapes.Agent, 201, creates=staff.NewAgent),
    Address("PUT", "/agents/{id}", staff.change_agent, shapes.Agent, takes=staff.AgentPatch),
    Address("DELETE", "/agents/{id}", staff.disable_agent, may_be_empty=True, status=204),
    Address("GET", "/mail_outages", mail_outages.list_outages, mail_outages.MailOutages),
    Address("GET", "/wall", wall.show_wall, shapes.Wall),
    Address("GET", "/sla_policies", sla_policies.list_policies, shapes.Page[shapes.SlaPolicy]),
    Address("POST", "/sla_policies", sla_policies.create_policy, shapes.SlaPolicy, 201, creates=sla_policies.NewPolicy),
    Address("POST", "/sla_policies/preview", sla_policies.preview_policy, shapes.Page[shapes.PolicyChange], takes=sla_policies.NewPolicy),
    Address("PUT", "/sla_policies/{id}", sla_policies.change_policy, shapes.SlaPolicy, takes=sla_policies.NewPolicy),
    Address("DELETE", "/sla_policies/{id}", sla_policies.delete_policy, may_be_empty=True, status=204),
    Address("GET", "/availability", availability.show_availability, shapes.Desks),
    Address("PUT", "/availability", availability.change_availability, shapes.Desk, takes=availability.Chosen),
    Address("GET", "/teams", staff.list_teams, shapes.Page[shapes.Team]),
    Address("POST", "/teams", staff.create_team, shapes.Team, 201, creates=staff.NewTeam),
    Address("PUT", "/teams/{id}", staff.change_team, shapes.Team, takes=staff.NewTeam),
    Address("DELETE", "/teams/{id}", staff.archive_team, may_be_empty=True, status=204),
    Address("GET", "/calendars", promises.list_calendars, shapes.Page[shapes.Calendar]),
    Address("POST", "/calendars", promises.create_calendar, shapes.Calendar, 201, creates=promises.NewCalendar),
    Address("PUT", "/calendars/{id}", promises.change_calendar, shapes.Calendar, takes=promises.NewCalendar),
    Address("POST", "/calendars/{id}/preview", promises.preview_calendar, shapes.Foreseen, takes=promises.NewCalendar),
    Address("DELETE", "/calendars/{id}", promises.delete_calendar, may_be_empty=True, status=204),
    Address("GET", "/inboxes", people.list_inboxes, shapes.Page[shapes.Inbox]),
    Address("POST", "/inboxes", people.create_inbox, shapes.Inbox, 201, creates=people.NewInbox),
    Address("PUT", "/inboxes/{id}", people.change_inbox, shapes.Inbox, takes=people.NewInbox),
    Address("GET", "/plans", promises.list_plans, shapes.Page[shapes.Plan]),
    Address("POST", "/plans", promises.create_plan, shapes.Plan, 201, creates=promises.NewPlan),
    Address("PUT", "/plans/{id}", promises.change_plan, shapes.Plan, takes=promises.NewPlan),
    Address("POST", "/plans/{id}/preview", promises.preview_plan, shapes.Foreseen, takes=promises.NewPlan),
    Address("DELETE", "/plans/{id}", promises.archive_plan, may_be_empty=True, status=204),
    Address("GET", "/companies", people.list_companies, shapes.Page[shapes.Company]),
    Address("POST", "/companies", people.create_company, shapes.Company, 201, creates=people.NewCompany),
    Address("GET", "/companies/{id}", people.show_company, shapes.Company),
    Address("GET", "/contacts", people.list_contacts, shapes.Page[shapes.Contact], query="q limit after"),
    Address("POST", "/contacts", people.create_contact, shapes.Contact, 201, creates=people.NewContact),
    Address("GET", "/contacts/{id}", people.show_contact, shapes.Contact),
    Address("PATCH", "/contacts/{id}", people.change_contact, shapes.Contact, takes=people.ContactPatch),
    Address("POST", "/contacts/{id}/block", visitors.create_block, shapes.BlockedVisitor, 201, creates=visitors.NewBlock),
    Address("DELETE", "/contacts/{id}/block", visitors.remove_block, may_be_empty=True, status=204),
    Address("GET", "/articles", articles.list_articles, shapes.Page[shapes.Article]),
    Address("POST", "/articles", articles.create_article, shapes.Article, 201, creates=articles.NewArticle),
    Address("PUT", "/articles/{id}", articles.change_article, shapes.Article, takes=articles.NewArticle),
    Address("DELETE", "/articles/{id}", articles.delete_article, may_be_empty=True, status=204),
    Address("GET", "/oncall/now", oncall.show_on_call_now, shapes.Page[shapes.OnCall]),
    Address("GET", "/alerts", oncall.list_alerts, shapes.Page[shapes.Alert], query="state limit"),
    Address("GET", "/alerts/{id}", oncall.show_alert, shapes.AlertStory),
    Address("POST", "/alerts/{id}/acknowledge", oncall.acknowledge_alert, shapes.Alert, needs="acknowledge"),
    Address("POST", "/alerts/{id}/hand_on", oncall.hand_on_alert, shapes.Alert, needs="acknowledge"),
    Address("GET", "/schedules", rota.list_schedules, shapes.Page[shapes.Schedule]),
    Address("GET", "/schedules/{id}", rota.show_schedule, shapes.ScheduleDuty, query="from to"),
    Address("POST", "/schedules/{id}/overrides", rota.create_override, shapes.Override, 201, creates=rota.NewOverride),
    Address("DELETE", "/overrides/{id}", rota.remove_override, may_be_empty=True, status=204),
    Address("GET", "/swaps", rota.list_swaps, shapes.Page[shapes.Swap], query="swap_state"),
    Address("POST", "/swaps", rota.create_swap, shapes.Swap, 201, creates=rota.NewSwap),
    Address("POST", "/swaps/{id}/take", rota.take_swap, shapes.Swap),
    Address("POST", "/swaps/{id}/decline", rota.decline_swap, shapes.Swap),
    Address("POST", "/swaps/{id}/withdraw", rota.withdraw_swap, shapes.Swap),
    Address("GET", "/escalation_policies", rota.list_escalation_policies, shapes.Page[shapes.EscalationPolicy]),
    Address("POST", "/escalation_policies", rota.create_escalation_policy, shapes.EscalationPolicy, 201, creates=rota.NewEscalationPolicy),
    Address("GET", "/escalation_policies/{id}", rota.show_escalation_policy, shapes.PolicyForeseen, query="at"),
    Address("POST", "/realtime/pass", realtime.create_pass, shapes.Pass, needs="read"),
]

VISITORS = [
    Address("POST", "/session", widget.create_session, shapes.WidgetSession, takes=widget.NewSession),
    Address("POST", "/pass", widget.create_pass, shapes.Pass),
    Address("POST", "/sync", widget.sync, shapes.Synced, takes=chat.Sync),
    Address("POST", "/send_message", widget.send_message, shapes.Sent, takes=chat.SendMessage),
    Address("POST", "/mark_read", widget.mark_read, shapes.Seen, takes=chat.MarkRead),
    Address("POST", "/typing", widget.show_typing, shapes.Done),
    Address("POST", "/contact", widget.leave_address, shapes.Done, takes=chat.LeaveAddress),
    Address("GET", "/expectations", extras.show_expectations, extras.Expectations),
    Address("POST", "/introduction", extras.introduce, shapes.Introduced, takes=extras.Introduction),
    Address("POST", "/visit", extras.visit_page, shapes.Done, takes=extras.NewVisit),
    Address("POST", "/end", extras.end_chat, shapes.Ended, takes=extras.OfTicket),
    Address("POST", "/rating", extras.rate, shapes.Rated, takes=extras.NewRating),
    Address("POST", "/transcript", extras.send_transcript, shapes.TranscriptOnItsWay, takes=extras.OfTicket),
    Address("POST", "/callback", extras.ask_for_call, shapes.CallbackOwed, takes=extras.NewCallback),
    Address("POST", "/wake", extras.wake_somebody, shapes.Woken, takes=extras.NewWake),
    Address("GET", "/articles", extras.list_articles, shapes.FoundArticles, query="q"),
    Address("POST", "/form", extras.create_form, shapes.FormTaken, takes=extras.NewForm),
    Address("POST", "/challenge", extras.create_challenge, shapes.Challenge, takes=extras.WishedChallenge),
    Address("POST", "/proof", extras.redeem_proof, shapes.Done, takes=extras.NewProof),
    Address("POST", "/uploads", uploads.create_visitor_upload, shapes.Upload, 201, is_upload=True),
    Address("GET", "/events", widget.list_events, shapes.WidgetEvents, query="ticket after_version wait"),
]
# fmt: on
