"""Why an alert came, in its reader's language: the usual reasons; any other as it was recorded."""

import re

from helpdesk.translation import Translator

_OVERLOAD = re.compile(r"Overload: tickets late: (\d+), agents online: (\d+)")
_STOPPED = re.compile(r"Mail to (.+) is not coming in")
_STEP = re.compile(r"([a-z ]+) (?:(\d+) %|([-+])(\d+) min)")


def in_words(recorded: str, t: Translator) -> str:
    """A reason, a subject or a body that the helpdesk itself wrote into an alert."""
    if recorded.startswith("P1 outside staffed hours"):
        return t("Urgent, and nobody is at work")
    if overload := _OVERLOAD.fullmatch(recorded):
        late, online = overload.groups()
        return t("Overload: tickets late: {late}, agents online: {online}", late=late, online=online)
    if (step := _STEP.fullmatch(recorded)) and (metric := _metric(step[1], t)):
        if step[2]:
            return f"{metric}: {step[2]} {t('% of the time used')}"
        n = int(step[4])
        if step[3] == "+":
            return f"{metric}: {t.plural('{n} minute after it was due', '{n} minutes after it was due', n)}"
        return f"{metric}: {t.plural('{n} minute before it is due', '{n} minutes before it is due', n)}"
    if inbox := _STOPPED.fullmatch(recorded):
        return t("Mail to {inbox} is not coming in", inbox=inbox[1])
    known = {
        "A way in for mail stopped working": t("A way in for mail stopped working"),
        "Nobody has taken this chat": t("Nobody has taken this chat"),
        "A promise is about to be missed": t("A promise is about to be missed"),
        _ADVICE: t(
            "Whoever asks for the next ticket gets one that can still be met; now and then it is one of"
            " the late ones. More hands on the queue end it."
        ),
    }
    return known.get(recorded, recorded)


def _metric(name: str, t: Translator) -> str | None:
    """What a step of an SLA policy speaks of."""
    names = {
        "first response": t("First answer"),
        "next response": t("Further answers"),
        "resolution": t("Solution"),
        "update": t("Update"),
        "callback": t("Call back"),
    }
    return names.get(name)


_ADVICE = (
    "Whoever asks for the next ticket gets one that can still be met; now and then it is one of"
    " the late ones. More hands on the queue end it."
)
