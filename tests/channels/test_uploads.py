"""What a stored file is called, and of what type it is."""

import pytest

from helpdesk.channels import uploads

PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000")


@pytest.mark.parametrize(
    ("data", "said", "told"),
    [
        (b"BEGIN:VCALENDAR\r\n", "text/calendar", "text/calendar"),
        (b"Subject: x\r\n\r\ny", "message/rfc822", "message/rfc822"),
        (b"<p>Hello</p>", "text/html", "text/html"),
        (PNG, "application/octet-stream", "image/png"),
        (PNG, "image/jpeg", "image/png"),
        (b"<script>alert(1)</script>", "image/png", "text/plain"),
        (b"no claim", "", "text/plain"),
        (b"a line of its own", "text/html\r\nX: y", "text/plain"),
        (b"a long claim", "a/" + "b" * 10_000, "text/plain"),
    ],
)
def test_a_file_is_what_its_mail_says_but_a_picture_only_by_its_bytes(data, said, told):
    assert uploads.media_type(data, said) == told


def test_a_long_name_keeps_its_ending():
    assert uploads.safe_name("a" * 300 + ".pdf") == "a" * 196 + ".pdf"
