"""Who really wrote a mail where a web form, a group address or only an envelope stands in between."""

from collections.abc import Iterable
from dataclasses import replace

from helpdesk.channels.email.mail import Address, Mail
from helpdesk.channels.email.reading.addresses import is_address
from helpdesk.channels.email.reading.automatic import is_answered
from helpdesk.domain import inboxes
from helpdesk.storage.transaction import Transaction


async def own_addresses(tx: Transaction, mails: Iterable[Mail]) -> frozenset[str]:
    """Of our inboxes, in small letters; asked only where one of the mails may have come by way of one."""
    if not any(mail.reply_to or mail.header("list-id") is not None for mail in mails):
        return frozenset()
    return frozenset(str(one.address).lower() for one in await inboxes.all_of(tx) if one.address)


def settled(mail: Mail, envelope_from: str, own: frozenset[str]) -> Mail:
    """The mail as from its author. What is settled here proves no more than any From would."""
    if mail.bounce is not None:
        return mail
    mail = _past_own_list(mail, own)
    if mail.sender is None or not mail.sender.email:
        if not is_address(envelope_from):
            return mail
        return _unproven(mail, Address(mail.sender.name if mail.sender else "", envelope_from))
    written = next((one for one in mail.reply_to if not _is_own(one.email, own)), None)
    if written is None or not _is_own(mail.sender.email, own):
        return mail
    return _unproven(mail, Address(written.name or mail.sender.name, written.email))


def _past_own_list(mail: Mail, own: frozenset[str]) -> Mail:
    """An inbox behind a group of its own name (as of Google) gets people's mail, not a list's."""
    list_id = (mail.header("list-id") or "").rpartition("<")[2].partition(">")[0].strip().lower()
    if mail.auto not in ("list", "bulk") or list_id not in {one.replace("@", ".") for one in own}:
        return mail
    answered = mail.sender is not None and is_answered(mail.sender)
    return replace(mail, auto=None, auto_why=None, may_acknowledge=answered)


def _unproven(mail: Mail, author: Address) -> Mail:
    """What was found out about the address in From says nothing of this one."""
    headers = tuple(one for one in mail.headers if one[0] != "authentication-results")
    return replace(mail, sender=author, headers=headers, signed_by=(), sealed_by=())


def _is_own(address: str, own: frozenset[str]) -> bool:
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}" in own
