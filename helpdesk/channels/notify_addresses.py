"""Which Apprise addresses ring somebody on call: kinds that speak HTTP alone, and nothing of this machine."""

from typing import Any

import apprise
from apprise.plugins import url_to_dict

from helpdesk.errors import Invalid

_PUSH_AND_CHAT = """
    bark barks discord gchat gotify gotifys hassio hassios line matrix matrixs mmost mmosts nctalk
    nctalks ntfy ntfys pbul pover prowl pushy rocket rockets signal signals slack spush tgram threema
    webex workflow workflows wxteams zulip
"""
_PAGING = """
    betterstack firehydrant goalert goalerts ilert incidentio opsgenie pagerduty pagertree signl4 spike
    splunk squadcast victorops xmatters
"""
_SMS_AND_VOICE = """
    46elks atalk bulksms bulkvs burstsms clickatell clicksend d7sms elks freemobile httpsms infobip
    msg91 msgbird nexmo plivo seven sinch smseagle smseagles sns telnyx twilio voipms vonage
"""
_GENERAL = "apprise apprises form forms json jsons xml xmls"
KINDS = frozenset(f"{_PUSH_AND_CHAT} {_PAGING} {_SMS_AND_VOICE} {_GENERAL}".split())
"""Each connects by `requests`, whose every look-up of a name the guard sees. Apprise has others, which send
datagrams, write to this machine's desktop, log or disk, or start programs: those reach nobody who sleeps."""

_FILES = frozenset({"attach", "keyfile", "pgpkey", "pgpprv", "pgppub", "subfile", "template"})
"""Parameters by which an address names a file of this machine, in the letters Apprise compares them in."""


def sender_for(url: str) -> Any:
    """What sends to this address, made of exactly what was checked. Errors: Invalid."""
    parts = _parts(url.strip())
    if parts is None or parts["schema"] not in KINDS:
        raise _refusal(
            "Not a kind of address that can ring somebody. The documentation of the rota names those."
        )
    if _FILES & parts.get("qsd", {}).keys():
        raise _refusal("An address may not name a file.")
    sender = apprise.Apprise.instantiate(parts, suppress_exceptions=True)
    if sender is None:
        raise _refusal("Apprise cannot read this address.")
    return sender


def require_notify_address(url: str) -> str:
    """Errors: Invalid for what cannot be sent to, and for addresses that lead to this machine itself."""
    sender_for(url)
    return url.strip()


def _parts(url: str) -> dict[str, Any] | None:
    """As Apprise itself reads it, addresses copied from a service's own pages among them."""
    try:
        parts: dict[str, Any] | None = url_to_dict(url)  # type: ignore[no-untyped-call]
    except Exception:  # noqa: BLE001  each kind reads its own addresses, some not without falling
        return None
    return parts


def _refusal(why: str) -> Invalid:
    return Invalid("notify_address_invalid", why, field="address")
