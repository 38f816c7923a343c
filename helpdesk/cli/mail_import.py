"""`helpdesk mail import`: folders, mbox files, single mails; nothing twice, run again to go on."""

import mailbox
from collections.abc import Iterator
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from helpdesk.actors import SYSTEM
from helpdesk.cli.running import err
from helpdesk.domain.tickets.mail import intake
from helpdesk.errors import Invalid
from helpdesk.storage.database import Database

BATCH = 50
_MAILDIR = ("cur", "new")
_LARGEST = 100 * 1024 * 1024


async def import_mail(database: Database, source: Path, address: str | None) -> tuple[int, int, int]:
    """(kept, known before, left out as empty or too large). Each batch is committed before the next."""
    total = count_mails(source)
    kept = known = left = 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err) as progress:
        task = progress.add_task("Importing", total=total)
        for batch in _batches(mails_in(source)):
            async with database.transaction(SYSTEM) as tx:
                to = address or await intake.default_address(tx)
                for raw in batch:
                    if not raw.strip() or len(raw) > _LARGEST:
                        left += 1
                    elif await intake.is_kept(tx, to, raw):
                        known += 1
                    else:
                        await intake.keep_for(tx, to, path="import", envelope_from="", raw=raw)
                        kept += 1
            progress.advance(task, len(batch))
    return kept, known, left


def mails_in(source: Path) -> Iterator[bytes]:
    """In a stable order. Errors: Invalid for nothing we know."""
    for path in files_in(source):
        yield from mails_of(path)


def files_in(source: Path) -> list[Path]:
    """Of a folder and those below it: .eml and .mbox files, whatever Maildirs hold, and the mbox files of
    mail programs, which have no ending (of a .mbox folder). Errors: Invalid for nothing at all."""
    if source.is_dir():
        return [path for path in sorted(source.rglob("*")) if path.is_file() and _is_mail(path)]
    if not source.is_file():
        raise Invalid("import_source_missing", f"There is no {source}.")
    return [source]


def mails_of(path: Path) -> Iterator[bytes]:
    """All of an mbox file; any other is one mail."""
    if is_mbox(path):
        yield from _of_mbox(path)
    else:
        yield path.read_bytes()


def count_mails(source: Path) -> int:
    """For the progress bar; counts beginnings only."""
    return sum(_count(path) if is_mbox(path) else 1 for path in files_in(source))


def _is_mail(path: Path) -> bool:
    kind = path.suffix.lower()
    is_kept_alone = path.parent.name in _MAILDIR and (path.parent.parent / "cur").is_dir()
    return kind in (".eml", ".mbox") or is_kept_alone or (not kind and is_mbox(path))


def _of_mbox(path: Path) -> Iterator[bytes]:
    box = mailbox.mbox(path, create=False)
    try:
        for key in box.keys():  # noqa: SIM118 - a mailbox iterates its messages, not its keys
            yield box.get_bytes(key)
    finally:
        box.close()


def is_mbox(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(5) == b"From "


def _count(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for line in file if line.startswith(b"From "))


def _batches(mails: Iterator[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    for raw in mails:
        batch.append(raw)
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
