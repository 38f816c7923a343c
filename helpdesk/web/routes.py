"""Every page, in one table."""

from starlette.routing import BaseRoute, Route

from helpdesk.web import (
    alerts,
    chat_panel,
    contact_ticket,
    demo_shop,
    outbox,
    sign_in,
    support,
    wall,
    workspace,
)
from helpdesk.web.admin import (
    articles,
    calendars,
    kept_mail,
    mail_consent,
    mail_inlets,
    overview,
    routing,
    sla_policies,
    widgets,
)
from helpdesk.web.assets import Assets
from helpdesk.web.oncall import routes as oncall_pages


def routes(assets: Assets) -> list[BaseRoute]:
    return [
        Route("/", workspace.show_workspace),
        Route("/sign-in", sign_in.show_sign_in, methods=["GET"]),
        Route("/sign-in", sign_in.submit_sign_in, methods=["POST"]),
        Route("/sign-out", sign_in.sign_out, methods=["POST"]),
        Route("/support", support.show_support, methods=["GET"]),
        Route("/support", support.submit_support, methods=["POST"]),
        Route("/t/{token}", contact_ticket.show_ticket, methods=["GET"]),
        Route("/t/{token}", contact_ticket.answer_ticket, methods=["POST"]),
        Route("/alert/{token}", alerts.show_alert, methods=["GET"]),
        Route("/alert/{token}", alerts.acknowledge_alert, methods=["POST"]),
        Route("/widget/panel", chat_panel.show_panel),
        Route("/demo", demo_shop.show_shop),
        Route("/demo/outbox", outbox.show_outbox),
        Route("/demo/outbox/{id}", outbox.show_mail),
        Route("/demo/outbox/{id}/html", outbox.show_mail_html),
        Route("/admin", overview.show_overview),
        Route("/admin/calendars", calendars.show_calendars),
        Route("/admin/calendars/{id}", calendars.show_calendar, methods=["GET"]),
        Route("/admin/calendars/{id}", calendars.submit_calendar, methods=["POST"]),
        Route("/admin/sla", sla_policies.show_policies, methods=["GET"]),
        Route("/admin/sla", sla_policies.submit_policy, methods=["POST"]),
        Route("/admin/routing", routing.show_routing, methods=["GET"]),
        Route("/admin/routing", routing.submit_routing, methods=["POST"]),
        Route("/wall", wall.show_wall),
        Route("/admin/mail", mail_inlets.show_mail, methods=["GET"]),
        Route("/admin/mail", mail_inlets.save_inlet, methods=["POST"]),
        Route("/admin/mail/unblock", kept_mail.unblock, methods=["POST"]),
        Route("/admin/mail/kept", kept_mail.show_list),
        Route("/admin/mail/kept/{id}", kept_mail.show_one, methods=["GET"]),
        Route("/admin/mail/kept/{id}", kept_mail.decide, methods=["POST"]),
        Route("/admin/mail/kept/{id}/original", kept_mail.download),
        Route("/admin/mail/authorised", mail_consent.take_answer),
        Route("/admin/mail/{id}/authorise", mail_consent.ask, methods=["POST"]),
        Route("/admin/mail/{id}/remove", mail_inlets.remove_inlet, methods=["POST"]),
        Route("/admin/widget", widgets.show_widgets),
        Route("/admin/widget/unblock/{id}", widgets.unblock, methods=["POST"]),
        Route("/admin/widget/{id}", widgets.save_widget, methods=["POST"]),
        Route("/admin/widget/{id}/keys", widgets.make_key, methods=["POST"]),
        Route("/admin/widget/{id}/keys/{key}/retire", widgets.retire_key, methods=["POST"]),
        Route("/admin/articles", articles.show_articles, methods=["GET"]),
        Route("/admin/articles", articles.save_article, methods=["POST"]),
        Route("/admin/articles/{id}/remove", articles.remove_article, methods=["POST"]),
        *oncall_pages.routes(),
        *assets.routes(),
    ]
