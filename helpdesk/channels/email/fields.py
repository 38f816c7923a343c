"""Every field of a mail as it was read, ready for JSON: the answer to "why was this mail read so?"."""

import hashlib
from dataclasses import asdict
from typing import Any

from helpdesk.channels.email.mail import Address, Mail, Part

_AS_THEY_ARE = (
    "message_id in_reply_to references text html text_as_sent html_as_sent new_text signature_text"
    " quoted_text auto auto_why protection defects headers"
).split()
_RECORDS = ("bounce", "forwarded", "invitation", "signature")


def of(mail: Mail) -> dict[str, Any]:
    """Files by size and digest, without their bytes; `from` is whom the helpdesk takes for the sender."""
    return {
        "subject": mail.subject,
        "from": _person(mail.sender) if mail.sender else None,
        **{name: [_person(one) for one in getattr(mail, name)] for name in ("reply_to", "to", "cc")},
        "date": mail.date,
        **{name: getattr(mail, name) for name in _AS_THEY_ARE},
        **{name: asdict(found) if (found := getattr(mail, name)) else None for name in _RECORDS},
        "attachments": [_file(part) for part in mail.attachments],
    }


def _person(address: Address) -> dict[str, str]:
    return {"name": address.name, "email": address.email}


def _file(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "named": part.named,
        "content_type": part.content_type,
        "size": len(part.data),
        "sha256": hashlib.sha256(part.data).hexdigest(),
        "disposition": part.disposition,
        "content_id": part.content_id,
        "inline": part.inline,
    }
