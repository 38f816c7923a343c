"""Files that a crash left without a row are swept; no other is touched."""

import os
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import cast

import pytest

from helpdesk.actors import SYSTEM
from helpdesk.channels import uploads
from helpdesk.domain import tickets
from helpdesk.domain.tickets import Attachment
from helpdesk.domain.tickets.mail import intake
from helpdesk.jobs import timetable
from helpdesk.jobs.mail.read import read_mail
from helpdesk.jobs.timetable import sweep_lost_files
from helpdesk.storage.files import Stored
from tests.jobs.test_kills import killed
from tests.mail_desk import MailDesk, a_mail


def stored(desk: MailDesk) -> list[str]:
    root = Path(desk.workshop.settings.data_dir) / "files"
    return sorted(path.name for path in root.glob("??/*"))


def grow_old(desk: MailDesk, key: str, age: timedelta = timedelta(days=2)) -> None:
    then = (desk.database.clock.now() - age).timestamp()
    os.utime(Path(desk.workshop.settings.data_dir) / "files" / key[:2] / key, (then, then))


async def a_named_file(desk: MailDesk, data: bytes = b"plan") -> Stored:
    file = await desk.workshop.files.put(data)
    async with desk.database.transaction(SYSTEM) as tx:
        await tickets.attachments.add(tx, uploads.describe(file, "plan.txt", data))
    return file


async def test_a_crash_between_file_and_commit_leaves_a_file_that_is_swept_and_the_mail_keeps_its_own(
    desk: MailDesk, tmp_path: Path
) -> None:
    mail = cast(EmailMessage, message_from_bytes(a_mail("See the plan."), policy=SMTP))
    mail.add_attachment(b"the plan", maintype="application", subtype="octet-stream", filename="plan.bin")
    async with desk.database.transaction(SYSTEM) as tx:
        kept = await intake.keep_for(
            tx, str(desk.inbox.address), path="smtp", envelope_from="kim@customer.example", raw=bytes(mail)
        )
    process = await killed("read", desk.database.url, str(tmp_path), str(kept))
    assert await process.wait() == -9
    (lost,) = stored(desk)

    await read_mail(desk.workshop, {"mail_id": str(kept)})
    for key in stored(desk):
        grow_old(desk, key)
    await sweep_lost_files(desk.workshop)
    await sweep_lost_files(desk.workshop)

    (attachment,) = await desk.all(Attachment)
    assert stored(desk) == [attachment.key]
    assert attachment.key != lost
    assert await desk.workshop.files.get(attachment.key) == b"the plan"


async def test_a_file_of_today_may_still_be_waiting_for_its_row(desk: MailDesk) -> None:
    file = await desk.workshop.files.put(b"just now")
    grow_old(desk, file.key, timedelta(hours=23))

    await sweep_lost_files(desk.workshop)

    assert stored(desk) == [file.key]


async def test_what_is_no_stored_file_is_left_alone(desk: MailDesk) -> None:
    file = await a_named_file(desk)
    grow_old(desk, file.key)
    other = Path(desk.workshop.settings.data_dir) / "files" / "notes.txt"
    other.write_text("not ours")
    os.utime(other, (0, 0))

    await sweep_lost_files(desk.workshop)

    assert other.exists()
    assert stored(desk) == [file.key]


async def test_beside_a_database_that_names_few_of_the_files_nothing_is_deleted(
    desk: MailDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timetable, "_LOST_AT_ONCE", 1)
    for number in range(3):
        grow_old(desk, (await desk.workshop.files.put(b"%d" % number)).key)

    await sweep_lost_files(desk.workshop)

    assert len(stored(desk)) == 3
