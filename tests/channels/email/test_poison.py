"""Nothing in a mail takes long or raises: the lines of the denial-of-service table, and mutated mail."""

import os
import random
import time
from pathlib import Path

import pytest

from helpdesk.channels.email import forwards, replies
from helpdesk.channels.email.mail import pack
from helpdesk.channels.email.reader import read
from helpdesk.channels.email.reading.sanitising import sanitise

SAMPLES = sorted((Path(__file__).parents[1] / "samples").glob("*.eml"))
PLAIN = b"From: a@x.example\nSubject: x\n"
HTML = PLAIN + b"Content-Type: text/html\n\n"
SECONDS = MUTATED_SECONDS = 5.0
"""Of processor time, half of that after which a reader is killed; on an idle core all take a tenth of it."""
ROUNDS = int(os.environ.get("HELPDESK_FUZZ_ROUNDS", "300"))


def nested(depth: int) -> bytes:
    parts = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth))
    return b"From: a@x.example\n" + parts.encode() + b"Content-Type: text/plain\n\ndeep\n"


POISON = {
    "quotes in From": b'From: ' + b'"' * 200_000 + b"\n\nx",
    "commas in To": PLAIN + b"To: " + b"," * 200_000 + b"\n\nx",
    "dots in To": PLAIN + b"To: " + b"a." * 100_000 + b"\n\nx",
    "escaped quotes": PLAIN + b'To: "' + b'\\"' * 100_000 + b"\n\nx",
    "semicolons in Content-Type": PLAIN + b"Content-Type: text/plain" + b";" * 200_000 + b"\n\nx",
    "parameters in Content-Type": PLAIN + b"Content-Type: text/plain" + b"; a=b" * 20_000 + b"\n\nx",
    "deep multiparts": nested(3000),
    "many parts": PLAIN + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 20_000,
    "encoded-word starts": b"From: a@x.example\nSubject: " + b"=?" * 100_000 + b"\n\nx",
    "encoded words": b"From: a@x.example\nSubject: " + b"=?utf-8?q?a?=" * 80_000 + b"\n\nx",
    "long subject": b"From: a@x.example\nSubject: " + b"a" * 1_000_000 + b"\n\nx",
    "many headers": PLAIN + b"X-A: b\n" * 100_000 + b"\nx",
    "lines without colon": PLAIN + b"no colon here\n" * 50_000 + b"\nx",
    "odd Message-ID": PLAIN + b"Message-ID: <" + b"<" * 100_000 + b"\n\nx",
    "unknown charset": PLAIN + b"Content-Type: text/plain; charset=rot13\n\n\xff",
    "attribution lines": PLAIN + b"\n" + b"On Mon, Jan 1 2020 x\n" * 20_000,
    "line ends": PLAIN + b"\n" + b"\n" * 1_000_000,
    "spaces": PLAIN + b"\n" + b" " * 1_000_000,
    "dashes": PLAIN + b"\n" + b"-" * 1_000_000,
    "one long attribution": PLAIN + b"\n" + b"On " * 300_000,
    "wrote lines": PLAIN + b"\n" + b"x wrote:\n" * 20_000,
    "quoted wrote lines": PLAIN + b"\n" + b"> On 1/1/2020 x@y.z wrote:\n" * 20_000,
    "header block lines": PLAIN + b"\n" + b"From: x\n" * 20_000,
    "brackets in a forward": b"From: a@x.example\nSubject: Fwd: x\n\n" + b"<" * 200_000,
    "nested divs": HTML + b"<div>" * 100_000,
    "nested formatting": HTML + b"".join(b"<b id=%d>" % n for n in range(250)) + b"<p>" * 50_000,
    "angle brackets": HTML + b"<" * 400_000,
    "ampersands": HTML + b"&" * 400_000,
    "unclosed attribute": HTML + b'<a b="' * 100_000,
    "pictures in addresses": HTML + b'<img src="data:image/png;base64,%41AAA">' * 25_000,
    "comments": HTML + b"<!--" * 100_000,
    "nested quotes": HTML + b'x<div class="gmail_quote">' * 20_000,
    "tables": HTML + b"<table><tr><td>" * 20_000,
}  # fmt: skip


@pytest.mark.parametrize("name", POISON)
def test_poison_is_read_in_good_time(name):
    started = time.process_time()

    found = read(POISON[name])

    assert time.process_time() - started < SECONDS
    assert pack(found)
    assert found.new_text + found.signature_text + found.quoted_text == found.text


@pytest.mark.parametrize(
    "char", ["<", "-", "_", "\n", " ", ">", "On ", "wrote:", "a@b ", "From: ", "> ", '"', ":"]
)
def test_repeated_text_is_split_in_good_time(char):
    started = time.process_time()

    for text in (char * 60_000, (char * 30 + "\n") * 4000):
        replies.split(text)
        forwards.read(text, "Fwd: x")

    assert time.process_time() - started < SECONDS


def test_what_cannot_be_cleaned_is_shown_as_text():
    found = read(HTML + b"<div>" * 300 + b"the words")

    assert found.html is None
    assert found.text == "the words"
    assert found.defects == ("html_as_text",)
    assert sanitise("x" * 1_000_001) is None


def test_parts_and_depth_are_limited_and_said():
    assert "too_deep" in read(nested(40)).defects
    assert "too_many_parts" in read(POISON["many parts"]).defects


def test_mutated_mail_never_raises_and_is_always_storable():
    """Set HELPDESK_FUZZ_ROUNDS for a longer run, as `make fuzz` does: its seed is the number of rounds."""
    chance = random.Random(20261118 + ROUNDS)
    originals = [path.read_bytes() for path in SAMPLES]

    for _ in range(ROUNDS):
        raw = _mutated(chance, chance.choice(originals))
        started = time.process_time()
        found = read(raw)
        assert pack(found).decode("latin-1").encode("latin-1")
        assert found.new_text + found.signature_text + found.quoted_text == found.text
        assert "\x00" not in found.subject + found.text + (found.html or "")
        assert time.process_time() - started < MUTATED_SECONDS


def _mutated(chance: random.Random, raw: bytes) -> bytes:
    data = bytearray(raw)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(data))
        kind = chance.randrange(6)
        if kind == 0:
            data[at] = chance.randrange(256)
        elif kind == 1:
            del data[at : at + chance.randint(1, 80)]
        elif kind == 2:
            data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 20)))
        elif kind == 3:
            data[at:at] = chance.choice(
                [b"\r\n", b"\n\n", b"\0", b"=?", b"?=", b"--", b'"', b";", b"<", b"\x1b$B"]
            )
        elif kind == 4:
            data[at:at] = data[at : at + chance.randint(1, 200)] * chance.randint(1, 20)
        else:
            del data[max(1, at) :]
        data = data or bytearray(b"x")
    return bytes(data)
