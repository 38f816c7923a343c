"""Reports of servers that wrote them for people only, and people who ask about such reports."""

import pytest

from helpdesk.channels.email.reader import read

QMAIL = """From: MAILER-DAEMON@mx.example.net
Subject: failure notice

Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<gone@example.net>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <support@acme.example>
Message-ID: <m1.2.abc@acme.example>
Subject: Re: Mill stuck

Hello
"""

POSTFIX = """From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender

This is the Postfix program at host mx.example.net.

I'm sorry to have to inform you that the message returned below could not be delivered.

If you do so, please contact <postmaster@mx.example.net>

\t\t\tThe Postfix program

<gone@example.net>: unknown user: "gone"
"""


@pytest.mark.parametrize("report", [QMAIL, POSTFIX])
def test_only_whom_it_could_not_reach_is_named(report):
    found = read(report.encode()).bounce

    assert found is not None
    assert (found.kind, found.permanent) == ("failed", True)
    assert [one.address for one in found.recipients] == ["gone@example.net"]


DRAGONFLY = """From: MAILER-DAEMON <>
To: support@acme.example
Subject: Mail delivery failed

There was an error delivering your mail to <gone@example.net>, sent for support@acme.example.

mx.example.net did not like our RCPT TO:
550 {} <gone@example.net>: no

Message headers follow.

Received: from root (uid 0)
\t(envelope-from mill@acme.example)
Subject: Re: Mill stuck
To: <else@example.net>
Message-Id: <6668162d.e0722@acme.example>
"""


ZOHO = """From: mailer-daemon@mail.example.net
To: support@acme.example
Subject: Undelivered Mail Returned to Sender

This message was created automatically by mail delivery software.
A message that you sent could not be delivered to one or more of its recipients. This is a permanent error.

gone@example.net Invalid Address, ERROR_CODE :550, ERROR_CODE :{} <gone@example.net>... User Unknown

Message-ID:<14a3e1b4b5a.10b1a4c5610175@acme.example>
Date:Fri, 12 Dec 2014 10:46:23 +0000
From:Mill <support@acme.example>
Subject:Mill stuck
"""


@pytest.mark.parametrize("report", [DRAGONFLY, ZOHO])
def test_who_stands_in_the_returned_mail_or_gets_the_report_is_not_whom_it_could_not_reach(report):
    found = read(report.format("5.1.1").encode()).bounce

    assert found is not None
    assert [one.address for one in found.recipients] == ["gone@example.net"]


def test_a_passing_error_of_a_server_that_gave_up_is_not_final():
    found = read(QMAIL.replace("5.1.1", "4.2.2").encode()).bounce

    assert found is not None
    assert (found.kind, found.permanent) == ("failed", False)


def test_the_mail_it_is_about_is_found_below():
    found = read(QMAIL.encode()).bounce

    assert found is not None
    assert found.message_ids == ("m1.2.abc@acme.example",)


def test_a_report_without_a_robots_name_is_one_all_the_same():
    found = read(QMAIL.replace("MAILER-DAEMON", "system").encode()).bounce

    assert found is not None
    assert found.kind == "failed"


@pytest.mark.parametrize(
    "asked", ["Re: failure notice", "Fwd: failure notice", "failure notice\nIn-Reply-To: <a@acme.example>"]
)
def test_a_person_who_quotes_a_report_is_no_report(asked):
    mail = QMAIL.replace("MAILER-DAEMON@mx", "kim@mx").replace("failure notice", asked)

    assert read(mail.encode()).bounce is None


def test_the_address_we_wrote_to_counts_before_its_name_on_the_last_server():
    report = (
        "From: MAILER-DAEMON@mx.example.net\nSubject: Returned\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\n\n'
        "--B\nContent-Type: text/plain\n\nSorry.\n"
        "--B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n"
        "Original-Recipient: rfc822; kim@example.net\nFinal-Recipient: x400; /S=kim/O=example/\n"
        "Action: failed\nStatus: 5.1.1\n\n--B--\n"
    )

    found = read(report.encode()).bounce

    assert found is not None
    assert [one.address for one in found.recipients] == ["kim@example.net"]


def test_a_report_from_a_sender_in_no_known_letters_is_read() -> None:
    raw = QMAIL.encode().replace(b"From: MAILER-DAEMON", b"From: \xe9\xff MAILER-DAEMON")

    found = read(raw)

    assert found.subject == "failure notice"


def test_a_report_without_words_for_people_is_read_as_it_is():
    report = "Content-Type: message/delivery-status\n\nYour mail was not delivered: no SMS wanted.\n"

    found = read(f'Content-Type: multipart/report; boundary="B"\n\n--B\n{report}--B--\n'.encode())

    assert found.text.strip() == "Your mail was not delivered: no SMS wanted."
    assert [file.content_type for file in found.attachments] == ["message/delivery-status"]


@pytest.mark.parametrize(("action", "permanent"), [("expired", False), ("bounced", True)])
def test_a_report_in_words_of_its_own_tells_of_no_delivery(action, permanent):
    report = f"Final-Recipient: rfc822; gone@example.net\nAction: {action}\n"
    head = "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n"

    found = read(
        f'Content-Type: multipart/report; boundary="B"\n\n--B\n{head}{report}--B--\n'.encode()
    ).bounce

    assert found is not None
    assert (found.kind, found.permanent) == ("failed", permanent)
