"""Why an alert came, as the mail, the phone page and the list tell it."""

import pytest

from helpdesk.domain.oncall import words
from helpdesk.translation import translator


@pytest.mark.parametrize(
    ("recorded", "told"),
    [
        ("P1 outside staffed hours, plan Enterprise", "Brådskande, och ingen är på plats"),
        ("first response 80 %", "Första svar: 80 % av tiden använd"),
        ("next response -30 min", "Följande svar: 30 minuter före förfall"),
        ("first response +1 min", "Första svar: 1 minut efter förfall"),
        ("callback +10 min", "Återuppringning: 10 minuter efter förfall"),
        ("backup of db-2 +10 min", "backup of db-2 +10 min"),
        ("Disk full", "Disk full"),
        ("Mail to Support is not coming in", "E-post till Support kommer inte in"),
        ("A way in for mail stopped working", "En väg in för e-post slutade fungera"),
    ],
)
def test_the_usual_reasons_are_told_in_the_readers_language(recorded: str, told: str):
    assert words.in_words(recorded, translator("sv")) == told
