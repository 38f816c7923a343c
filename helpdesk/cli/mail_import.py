"""`helpdesk mail import`: folders of .eml, mbox files, single mails; nothing twice, run again to go on."""

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
    if source.is_dir():
        for path in sorted(source.rglob("*.eml")):
            yield path.read_bytes()
        for path in sorted(source.rglob("*.mbox")):
            yield from _of_mbox(path)
    elif _is_mbox(source):
        yield from _of_mbox(source)
    elif source.is_file():
        yield source.read_bytes()
    else:
        raise Invalid("import_source_missing", f"There is no {source}.")


def count_mails(source: Path) -> int:
    """For the progress bar; counts beginnings only."""
    if source.is_dir():
        boxes = sum(_count(path) for path in source.rglob("*.mbox"))
        return boxes + sum(1 for _ in source.rglob("*.eml"))
    return _count(source) if _is_mbox(source) else 1


def _of_mbox(path: Path) -> Iterator[bytes]:
    box = mailbox.mbox(path, create=False)
    try:
        for key in box.keys():  # noqa: SIM118 - a mailbox iterates its messages, not its keys
            yield box.get_bytes(key)
    finally:
        box.close()


def _is_mbox(path: Path) -> bool:
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
