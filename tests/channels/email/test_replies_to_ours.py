"""Answers to mails of ours, as mail programs quote them: new is what the other side wrote, no more."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape

import pytest

from helpdesk.channels.email import replies
from helpdesk.channels.email.composing import OutgoingMail, Quote, compose
from helpdesk.channels.email.mail import Address
from helpdesk.channels.email.reader import read

WHO = "Maja via Support <support@demo.localhost>"
ATTRIBUTION = f"On Wed, 18 Nov 2026 at 12:00, {WHO} wrote:"
OUTLOOK = (
    f"From: {WHO}\nSent: Wednesday, November 18, 2026 12:00\nTo: kim@customer.example\nSubject: Re: Mill\n"
)


def ours(locale: str = "en", *, is_letter: bool = False) -> EmailMessage:
    """An agent's answer, or an acknowledgement, with the marker below its words."""
    raw = compose(
        OutgoingMail(
            message_id="m1.a.b@demo.localhost",
            sender=Address("Maja via Support", "support@demo.localhost"),
            to=(Address("", "kim@customer.example"),),
            subject="Re: Mill",
            body="Hello Kim,\n\nhave you tried the lever?",
            signature="Maja\nSupport",
            date=datetime(2026, 11, 18, tzinfo=UTC),
            loop="x",
            marker="ref:r1.tb.zkmhnuui5ig.iwx6i4rlcmbl26n5",
            locale=locale,
            title="We have your mail" if is_letter else "",
            quote=None if is_letter else Quote("Wed 18 Nov 2026, Kim wrote:", "The mill does not turn."),
        )
    )
    found = message_from_bytes(raw, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def said(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text.replace("\r\n", "\n")


def quoted(text: str) -> str:
    return "".join(f"> {line}".rstrip() + "\n" for line in text.splitlines())


@pytest.mark.parametrize("mail", [ours(), ours("sv"), ours(is_letter=True)], ids=["en", "sv", "letter"])
@pytest.mark.parametrize("style", ["quoted", "wrapped", "blank", "outlook", "dashes", "unknown words"])
def test_written_above_the_quote_nothing_of_ours_is_new(mail: EmailMessage, style: str) -> None:
    plain = said(mail, "plain")
    below = {
        "quoted": f"{ATTRIBUTION}\n{quoted(plain)}",
        "wrapped": ATTRIBUTION.replace(" <", "\n<") + "\n\n" + quoted(plain),
        "blank": f"{ATTRIBUTION}\n\n{plain}",
        "outlook": f"{OUTLOOK}\n{plain}",
        "dashes": f"-----Original Message-----\n{OUTLOOK}\n{plain}",
        "unknown words": quoted(plain),
    }[style]

    found = replies.split(f"Yes, it helped.\n\n{below}")

    assert found.new.strip() == "Yes, it helped."
    assert found.new + found.signature + found.quoted == f"Yes, it helped.\n\n{below}"


def test_written_below_or_between_the_answer_is_not_folded() -> None:
    plain = said(ours(), "plain")
    lines = quoted(plain).split("\n")

    below = replies.split(f"{ATTRIBUTION}\n{quoted(plain)}\nYes, it helped.\n")
    between = replies.split("\n".join((ATTRIBUTION, *lines[:3], "", "I have.", "", *lines[3:])))

    assert "Yes, it helped." in below.new
    assert "I have." in between.new
    assert "The mill does not turn." in between.quoted


def test_a_marker_that_nothing_else_announces_ends_what_is_new() -> None:
    plain = said(ours(), "plain")

    found = replies.split(f"Yes, it helped.\n\n~~ Maja schrub am Mittwoch ~~\n{plain}")

    assert found.new.startswith("Yes, it helped.")
    assert "The mill does not turn." in found.quoted


def test_in_html_as_gmail_sends_it_text_and_html_agree() -> None:
    mail, answer = ours(), EmailMessage()
    answer["From"], answer["Subject"] = "kim@customer.example", "Re: Mill"
    answer.set_content(f"Yes, it helped.\n\n{ATTRIBUTION}\n\n{quoted(said(mail, 'plain'))}")
    answer.add_alternative(
        '<div dir="ltr">Yes, it helped.</div><br><div class="gmail_quote"><div class="gmail_attr">'
        f'{escape(ATTRIBUTION)}<br></div><blockquote class="gmail_quote">{said(mail, "html")}'
        "</blockquote></div>",
        subtype="html",
    )

    found = read(bytes(answer))

    assert found.new_text.strip() == "Yes, it helped."
    assert found.new_html == '<div dir="ltr">Yes, it helped.</div><br>'


@pytest.mark.parametrize("unit", ["0cm 0cm 0cm", "0in 0in 0in"])
def test_in_html_as_outlook_for_windows_sends_it_text_and_html_agree(unit: str) -> None:
    mail, answer = ours(), EmailMessage()
    head = "<br>".join(escape(line) for line in OUTLOOK.split("\n")[:4])
    rule = f"border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt {unit}"
    answer["From"], answer["Subject"] = "kim@customer.example", "Re: Mill"
    answer.set_content(f"Yes, it helped.\n\n{OUTLOOK}\n{said(mail, 'plain')}")
    answer.add_alternative(
        '<div class="WordSection1"><p class="MsoNormal">Yes, <b>it helped</b>.</p><div>'
        f'<div style="{rule}"><p class="MsoNormal">{head}</p></div></div>{said(mail, "html")}</div>',
        subtype="html",
    )

    found = read(bytes(answer))

    assert found.new_text.strip() == "Yes, it helped."
    assert "it helped" in (found.new_html or "")
    assert "lever" not in (found.new_html or "")
