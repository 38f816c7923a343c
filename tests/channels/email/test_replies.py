"""Only what is new in an answer is shown unfolded, in any language, and nothing is ever lost."""

import pytest

from helpdesk.channels.email import forwards, replies
from helpdesk.channels.email.mail import Address

ATTRIBUTIONS = [
    "On Wed, Nov 18, 2026 at 9:00 AM Bo Ek <bo@x.example> wrote:",
    "On 18 Nov 2026, at 09:00, Bo Ek wrote:",
    "Den ons 18 nov. 2026 kl 09:00 skrev Bo Ek <bo@x.example>:",
    "18 nov. 2026 kl. 09:00 skrev Bo Ek <bo@x.example>:",
    "Am 18.11.2026 um 09:00 schrieb Bo Ek:",
    "Bo Ek <bo@x.example> schrieb am Mi., 18. Nov. 2026, 09:00:",
    "Le 18/11/2026 à 09:00, Bo Ek a écrit :",
    "El mié, 18 nov 2026 a las 9:00, Bo Ek (<bo@x.example>) escribió:",
    "Em qua., 18 de nov. de 2026 às 09:00, Bo Ek <bo@x.example> escreveu:",
    "Il giorno mer 18 nov 2026 alle ore 09:00 Bo Ek <bo@x.example> ha scritto:",
    "Op wo 18 nov 2026 om 09:00 schreef Bo Ek <bo@x.example>:",
    "Den 18.11.2026 09:00, skrev Bo Ek:",
    "ke 18. marrask. 2026 klo 9.00 Bo Ek (bo@x.example) kirjoitti:",
    "śr., 18 lis 2026 o 09:00 Bo Ek <bo@x.example> napisał(a):",
    "st 18. 11. 2026 v 9:00 odesílatel Bo Ek <bo@x.example> napsal:",
    "ср, 18 нояб. 2026 г. в 09:00, Bo Ek <bo@x.example>:",
    "18 ноября 2026, 09:00, Bo Ek <bo@x.example> написал:",
    "Bo Ek <bo@x.example>, 18 Kas 2026 Çar, 09:00 tarihinde şunu yazdı:",
    "在 2026年11月18日，上午9:00，Bo Ek <bo@x.example> 写道：",
    "2026年11月18日(水) 9:00 Bo Ek <bo@x.example>:",
    "2026년 11월 18일 (수) 오전 9:00, Bo Ek <bo@x.example>님이 작성:",
    "On Wed, 18 Nov 2026 at 09:00 Bo Ek\n\n<\nmailto:Bo Ek <bo@x.example>\n> wrote:",
]


@pytest.mark.parametrize("line", ATTRIBUTIONS)
def test_an_attribution_line_begins_the_quote(line):
    text = f"Yes, thank you!\n\n{line}\n\n> Does it work now?\n> Bo\n"

    found = replies.split(text)

    assert found.new.strip() == "Yes, thank you!"
    assert found.new + found.signature + found.quoted == text


@pytest.mark.parametrize(
    "block",
    [
        "From: Bo Ek <bo@x.example>\nSent: Wednesday, 18 November 2026 09:00\nTo: Support\nSubject: Mixer\n",
        "Från: Bo Ek <bo@x.example>\nSkickat: den 18 november 2026 09:00\nTill: Support\nÄmne: Mixer\n",
        "Von: Bo Ek\nGesendet: Mittwoch, 18. November 2026 09:00\nAn: Support\nBetreff: Mixer\n",
        "De : Bo Ek\nEnvoyé : mercredi 18 novembre 2026 09:00\nÀ : Support\nObjet : Mixer\n",
        "De: Bo\nEnviado el: miércoles, 18 de noviembre de 2026 9:00\nPara: Support\nAsunto: Mixer\n",
        "Fra: Bo\nSendt: 18. november 2026 09:00\nTil: Support\nEmne: Mixer\n",
        "Lähettäjä: Bo\nLähetetty: ke 18. marraskuuta 2026 9.00\nVastaanottaja: Support\nAihe: Mixer\n",
        "Od: Bo\nWysłano: środa, 18 listopada 2026 09:00\nDo: Support\nTemat: Mixer\n",
        "发件人: Bo\n发送时间: 2026年11月18日 9:00\n收件人: Support\n主题: Mixer\n",
        "________________________________\nFrom: Bo\nSent: 18 November 2026\nTo: Support\nSubject: Mixer\n",
        "-----Original Message-----\nHello",
        "-----Ursprüngliche Nachricht-----\nHallo",
        "-----Ursprungligt meddelande-----\nHej",
        "-------- Message d'origine --------\nBonjour",
        "Please type your reply above this line\nHello",
        "— Skriv ovanför den här raden — ref:r1.7f3.2k9d.abcdefghijklmnop\nHej",
    ],
)
def test_a_header_block_or_separator_begins_the_quote(block):
    found = replies.split(f"It does.\n\n{block}\n\nDoes it work now?\n")

    assert found.new.strip() == "It does."
    assert "Does it work now?" in found.quoted


@pytest.mark.parametrize(
    "text",
    [
        "On 1/1/2026 Bo <bo@x.example> wrote:\n> Which one?\n\nThe red one.\n",
        "Hi,\n\n> Which one?\n\nThe red one.\n\n> And when?\n\nTomorrow.\n",
        "> only\n> quoted\n",
        "On the other hand, as somebody wrote:\nit may be fine.\n",
        "Something wrote:\nthis is not a quote\n",
        "From: the beginning\nit was clear.\n",
        "---------- Forwarded message ---------\nFrom: <bo@x.example>\nDate: x\nSubject: x\nTo: y\n\nNews\n",
    ],
)
def test_answers_below_or_between_and_forwards_are_not_cut(text):
    assert replies.split(text).quoted == ""


def test_a_long_quoted_line_that_was_wrapped_is_no_answer():
    text = (
        "Fine.\n\nOn 1/1/2026 Bo <bo@x.example> wrote:\n"
        "> This line was so long that the sender's program wrapped it, so its\nend\n> stands alone.\n"
    )

    assert replies.split(text).new.strip() == "Fine."


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        ("Thanks\n\n-- \nKim\nAcme\n", "-- \nKim\nAcme\n"),
        ("Thanks\n\nSent from my iPhone\n", "Sent from my iPhone\n"),
        ("Tack\n\nSkickat från min iPhone", "Skickat från min iPhone"),
        ("Danke\n\nVon meinem iPad gesendet", "Von meinem iPad gesendet"),
        ("Merci\n\nEnvoyé de mon mobile", "Envoyé de mon mobile"),
        ("Sent from my iPhone", ""),
        ("Here\n\nSent from my desk, which is easier.\n", ""),
        ("Yes\n\nBest regards,\nKim Lund\nAcme, +46 8 1\n", "Best regards,\nKim Lund\nAcme, +46 8 1\n"),
        ("Ja\n\nMed vänlig hälsning\nKim Lund\nAcme", "Med vänlig hälsning\nKim Lund\nAcme"),
        ("Yes\n\nBest regards,\nKim\n", ""),
        ("Yes\n\nRegards\nKim\nAcme\nI need an invoice too.\n", ""),
        ("Yes\n\nRegards\nKim\nAcme\nPS: When will it come?\n", ""),
    ],
)
def test_a_signature_is_folded_where_something_stands_above_it(text, signature):
    assert replies.split(text).signature == signature


def test_text_beyond_the_scanned_lines_passes_through():
    text = "a\n" * 6000 + "> b\n"

    found = replies.split(text)

    assert found.new + found.signature + found.quoted == text


BLOCKS = {
    "gmail": """Fwd: Mixer
---------- Forwarded message ---------
From: Bo Ek <bo@x.example>
Date: Wed, Nov 18
Subject: Mixer
To: <anna@acme.example>


It broke.
""",
    "apple": """Fwd: Mixer
Begin forwarded message:

> From: Bo Ek <bo@x.example>
> Subject: Mixer
> Date: 18 November 2026
> To: Anna <anna@acme.example>
>
> It broke.
""",
    "outlook": """FW: Mixer
From: Bo Ek <bo@x.example>
Sent: Wednesday
To: Anna <anna@acme.example>
Subject: Mixer

It broke.
""",
    "mailto": """FW: Mixer
From: Bo Ek [mailto:bo@x.example]
Sent: Wednesday
To: Anna <anna@acme.example>
Subject: Mixer

It broke.
""",
    "swedish": """VB: Mixer
Från: Bo Ek <bo@x.example>
Skickat: onsdag
Till: Anna <anna@acme.example>
Ämne: Mixer

It broke.
""",
    "german": """WG: Mixer
-------- Weitergeleitete Nachricht --------
Betreff: \tMixer
Datum: \tMi
Von: \tBo Ek <bo@x.example>
An: \tanna@acme.example

It broke.
""",
    "yahoo": """Fw: Mixer
   ----- Forwarded message ----- From: Bo Ek <bo@x.example>To: "A" <a@acme.example>Sent: WedSubject: Mixer
 It broke.
""",
    "attribution": """FW: Mixer
Am 18.11.2026 09:00 schrieb "Bo Ek" <bo@x.example>:

It broke.
""",
}


@pytest.mark.parametrize("name", BLOCKS)
def test_the_first_sender_of_a_forward_is_found(name):
    subject, _, block = BLOCKS[name].partition("\n")

    found = forwards.read(f"Can you take this?\n\n{block}", subject)

    assert found is not None
    assert found.sender is not None
    assert (found.sender.name, found.sender.email) == ("Bo Ek", "bo@x.example")
    assert found.comment == "Can you take this?"
    assert found.body.strip() == "It broke."


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Re: Mixer", "Yes\n\nFrom: Bo <bo@x.example>\nSent: Wed\nTo: Anna\nSubject: Mixer\n\nIt broke.\n"),
        (
            "Re: Mixer",
            "Yes\n\nOn 1/1/2026 Bo <bo@x.example> wrote:\n> ---- Forwarded message ----\n> From: a@b.c\n",
        ),
        ("Mixer", "It broke.\n"),
    ],
)
def test_an_answer_is_no_forward(subject, text):
    assert forwards.read(text, subject) is None


@pytest.mark.parametrize(
    ("subject", "plain"),
    [
        ("Re: Fwd: SV: Mixer", "Mixer"),
        ("Re[2]: Mixer", "Mixer"),
        ("AW: WG: Mixer", "Mixer"),
        ("Rest: it", "Rest: it"),
    ],
)
def test_prefixes_are_no_part_of_a_subject(subject, plain):
    assert forwards.plain_subject(subject) == plain


def test_a_forward_separator_with_words_that_name_nobody_is_no_forward():
    assert forwards.read("---------- Forwarded message ------@x.example\nHello", "Hi") is None


@pytest.mark.parametrize(
    "line",
    [
        "2026. 11. 18. 9:00 időpontban Bo Ek <bo@x.example> ezt írta:",
        "Op 18-11-2026 om 09:00 heeft Bo Ek <bo@x.example> het volgende geschreven:",
        "Dňa 18. 11. 2026 o 9:00 používateľ Bo Ek <bo@x.example> napísal:",
        "18.11.2026 kl. 09:00 skrev \ufeffBo Ek <bo@x.example>:",
    ],
)
def test_only_the_name_is_taken_from_the_line_above_a_forward(line):
    found = forwards.read(f"{line}\n\n> The mixer is stuck", "Fwd: Mixer")

    assert found is not None
    assert (found.sender.name, found.sender.email) == ("Bo Ek", "bo@x.example")


def test_what_a_forward_says_in_its_headers_is_told_apart():
    found = forwards.read(
        "Please help\n\nForwarded message:\n\n"
        "> From: Kim Lund <kim@bakery.example<mailto:kim@bakery.example>>\n"
        '> To: "desk@shop.example" <desk@shop.example>, Bo <bo@shop.example<mailto:bo@shop.example>>\n'
        "> Subject: Mixer\n>\n> The mixer, which is\nquite new,\n> is stuck",
        "Fwd: Mixer",
    )

    assert found is not None
    assert found.sender == Address("Kim Lund", "kim@bakery.example")
    assert found.to == (Address("", "desk@shop.example"), Address("Bo", "bo@shop.example"))
    assert found.body == "The mixer, which is\nquite new,\nis stuck"


@pytest.mark.parametrize(
    "line",
    [
        'On 28/10/2021 12:46, "Kim" <kim@bakery.example> wrote:',
        "Kim <kim@bakery.example> kirjoitti 28/10/2021 12:46:",
    ],
)
def test_when_a_forwarded_mail_was_written_is_kept_as_it_stands(line):
    found = forwards.read(f"{line}\n\n    The mixer is stuck", "Fwd: Mixer")

    assert found is not None
    assert (found.date, found.sender) == ("28/10/2021 12:46", Address("Kim", "kim@bakery.example"))


def test_a_separator_needs_two_headers_below_it():
    found = forwards.read(
        "---------- Forwarded message ----------\nFrom: kim@bakery.example\nSubject: Mixer\n\nHi"
    )

    assert found is not None
    assert (found.subject, found.body) == ("Mixer", "Hi")


def test_everybody_copied_in_a_forward_on_one_line_is_found():
    found = forwards.read(
        "----- Weitergeleitete Nachricht ----- Von: Kim <kim@bakery.example>An: <desk@shop.example>"
        "CC: Bo <bo@shop.example>Gesendet: Dienstag, 2. November 2021Betreff: Mixer\nStuck"
    )

    assert found is not None
    assert (found.cc, found.subject) == ((Address("Bo", "bo@shop.example"),), "Mixer")


@pytest.mark.parametrize("between", [" ", "--- "])
def test_an_attribution_behind_the_last_words_begins_the_quote(between):
    text = f"Fine\nby me{between}On Mon, 2 Mar 2026 at 09:12, bo@x.example wrote:\n> Shall we?"

    reply = replies.split(text)

    assert reply.new == "Fine\nby me"
    assert reply.new + reply.signature + reply.quoted == text
