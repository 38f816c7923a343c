"""Every page of the rota, in one table."""

from starlette.routing import BaseRoute, Route

from helpdesk.web.oncall import (
    alert_list,
    calendar,
    channels,
    editing,
    fairness,
    feeds,
    methods,
    mine,
    policies,
    push,
    temporaries,
)

_GET, _POST = ["GET"], ["POST"]


def routes() -> list[BaseRoute]:
    return [
        Route("/oncall", calendar.show_first, methods=_GET),
        Route("/oncall/schedules/new", editing.show_new, methods=_GET),
        Route("/oncall/schedules/new", editing.submit_new, methods=_POST),
        Route("/oncall/schedules/{id}", calendar.show_schedule, methods=_GET),
        Route("/oncall/schedules/{id}/edit", editing.show_edit, methods=_GET),
        Route("/oncall/schedules/{id}/edit", editing.submit_edit, methods=_POST),
        Route("/oncall/schedules/{id}/temporary", temporaries.show_temporaries, methods=_GET),
        Route("/oncall/schedules/{id}/temporary", temporaries.submit_temporary, methods=_POST),
        Route("/oncall/schedules/{id}/overrides", calendar.submit_override, methods=_POST),
        Route("/oncall/overrides/{id}/remove", calendar.remove_override, methods=_POST),
        Route("/oncall/shifts", mine.show_shifts, methods=_GET),
        Route("/oncall/time-off", mine.submit_time_off, methods=_POST),
        Route("/oncall/time-off/import", mine.import_time_off, methods=_POST),
        Route("/oncall/absences", mine.submit_absence_feed, methods=_POST),
        Route("/oncall/channels", channels.submit_channel, methods=_POST),
        Route("/oncall/channels/{id}", channels.change_channel, methods=_POST),
        Route("/oncall/time-off/{id}/remove", mine.remove_time_off, methods=_POST),
        Route("/oncall/feeds", mine.submit_feed, methods=_POST),
        Route("/oncall/feeds/{id}/revoke", mine.revoke_feed, methods=_POST),
        Route("/oncall/feeds/{token}.ics", feeds.show_feed, methods=_GET),
        Route("/oncall/swaps", mine.show_swaps, methods=_GET),
        Route("/oncall/swaps", mine.submit_swap, methods=_POST),
        Route("/oncall/swaps/{id}", mine.decide_swap, methods=_POST),
        Route("/oncall/handovers/{id}", mine.show_handover, methods=_GET),
        Route("/oncall/handovers/{id}", mine.submit_handover, methods=_POST),
        Route("/oncall/methods", methods.show_methods, methods=_GET),
        Route("/oncall/methods", methods.submit_method, methods=_POST),
        Route("/oncall/methods/push", methods.submit_push, methods=_POST),
        Route("/oncall/methods/{id}", methods.change_method, methods=_POST),
        Route("/oncall/rules", methods.submit_rule, methods=_POST),
        Route("/oncall/rules/{id}/remove", methods.remove_rule, methods=_POST),
        Route("/oncall/alerts", alert_list.show_alerts, methods=_GET),
        Route("/oncall/alerts/{id}", alert_list.show_alert, methods=_GET),
        Route("/oncall/alerts/{id}", alert_list.acknowledge_alert, methods=_POST),
        Route("/oncall/fairness", fairness.show_fairness, methods=_GET),
        Route("/oncall/policies", policies.show_policies, methods=_GET),
        Route("/oncall/policies/new", policies.show_new, methods=_GET),
        Route("/oncall/policies/new", policies.submit_policy, methods=_POST),
        Route("/oncall/policies/{id}", policies.show_policy, methods=_GET),
        Route("/oncall/policies/{id}", policies.submit_policy, methods=_POST),
        Route("/oncall.webmanifest", push.show_manifest, methods=_GET),
        Route("/oncall/worker.js", push.show_worker, methods=_GET),
    ]
