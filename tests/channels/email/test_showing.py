"""`helpdesk mail show`: how mails are read, as JSON."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

from helpdesk.cli.mail_showing import show_mails

MAIL = b"""From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>
To: Kim <kim@example.net>
Subject: Two files
Date: Fri, 20 Nov 2026 10:00:00 +0100
Message-ID: <1@example.org>
Content-Type: multipart/mixed; boundary=B

--B

Here.
--B
Content-Type: application/pdf; name=offer.pdf
Content-Transfer-Encoding: base64

UERG
--B--
"""


async def shown(*sources: Path) -> list[dict[str, Any]]:
    out = io.BytesIO()
    await show_mails(sources, out)
    text = out.getvalue().decode()
    return [json.loads(text)] if text.startswith("{\n") else [json.loads(line) for line in text.splitlines()]


async def test_a_mail_is_shown_with_every_field_and_the_digest_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(MAIL)

    (found,) = await shown(tmp_path / "one.eml")

    assert "file" not in found
    assert found["from"] == {"name": "J\u00fcrgen", "email": "j@example.org"}
    assert found["to"] == [{"name": "Kim", "email": "kim@example.net"}]
    assert (found["subject"], found["date"]) == ("Two files", "2026-11-20T09:00:00Z")
    assert found["text"].strip() == "Here."
    (file,) = found["attachments"]
    assert (file["name"], file["content_type"], file["size"]) == ("offer.pdf", "application/pdf", 3)
    assert file["sha256"] == hashlib.sha256(b"PDF").hexdigest()


async def test_of_a_folder_each_mail_stands_in_a_line_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "b.EML").write_bytes(MAIL)
    (tmp_path / "a.mbox").write_bytes(b"From x\n" + MAIL + b"\nFrom y\n" + MAIL)

    found = await shown(tmp_path)

    assert [Path(one["file"]).name for one in found] == ["a.mbox", "a.mbox", "b.EML"]
    assert {one["message_id"] for one in found} == {"1@example.org"}


async def test_what_stands_in_a_mail_is_told_beside_what_is_shown_of_it(tmp_path: Path) -> None:
    page = "<style>p { color: red }</style><p onclick='run()'>The mill</p>"
    head = "From: kim@example.org\nContent-Type: text/html\n\n"
    (tmp_path / "one.eml").write_text(head + page)

    (found,) = await shown(tmp_path / "one.eml")

    assert (found["text"], found["html"]) == ("The mill", "<p>The mill</p>")
    assert (found["text_as_sent"], found["html_as_sent"]) == (None, page)
