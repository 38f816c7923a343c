"""A mail as it was read."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field


class MailPerson(BaseModel):
    """`email` is empty where a mail names somebody without an address."""

    name: str
    email: str


class MailFile(BaseModel):
    """`disposition` is what the mail says of it, `inline` whether its HTML shows it. Who is not `named`
    got its name here."""

    name: str
    named: bool
    content_type: str
    size: int
    sha256: str
    disposition: str
    content_id: str | None
    inline: bool


class MailAsRead(BaseModel):
    """`text` is made from the HTML where there is no plain form, and is the new words, the signature and what
    is quoted, in that order. `html` is what is shown: nothing in it runs. `text_as_sent` and `html_as_sent`
    are what stands in the mail, null where it has no such form; its HTML is a stranger's: not for showing."""

    subject: str
    sender: MailPerson | None = Field(alias="from")
    reply_to: list[MailPerson]
    to: list[MailPerson]
    cc: list[MailPerson]
    date: datetime | None
    message_id: str | None
    in_reply_to: list[str]
    references: list[str]
    text: str
    html: str | None
    text_as_sent: str | None
    html_as_sent: str | None
    new_text: str
    signature_text: str
    quoted_text: str
    attachments: list[MailFile]
    auto: str | None
    auto_why: str | None
    bounce: dict[str, Any] | None
    forwarded: dict[str, Any] | None
    invitation: dict[str, Any] | None
    protection: str | None
    signature: dict[str, Any] | None
    headers: list[list[str]]
    defects: list[str]
