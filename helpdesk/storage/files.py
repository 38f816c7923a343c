"""Attachments on disk under random keys, and the signed, short-lived addresses they are read by."""

import asyncio
import base64
import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from helpdesk.errors import NotFound, Unavailable

ADDRESS_LIFETIME = timedelta(hours=12)
"""Of addresses that ask who reads: staff's."""

BEARER_LIFETIME = timedelta(hours=1)
"""Of addresses that whoever has them may read: a widget's pictures cannot send the visitor's token."""

_BEARER_GRID = 600
_KEY_LENGTH = 32


@dataclass(frozen=True)
class Stored:
    key: str
    size: int
    sha256: str


class Files:
    """`root` is a folder of ours alone. A file is written once, under a key nobody can guess."""

    def __init__(self, root: Path, secret: bytes) -> None:
        self._root = root
        self._secret = hmac.digest(secret, b"files", "sha256")

    async def put(self, data: bytes) -> Stored:
        """On the disk when this returns. Errors: Unavailable when the disk is full or broken."""
        return await asyncio.to_thread(self._put, data)

    async def get(self, key: str) -> bytes:
        """Errors: NotFound."""
        return await asyncio.to_thread(self._get, key)

    async def delete(self, key: str) -> None:
        """Idempotent."""
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    async def older_than(self, moment: datetime) -> list[str]:
        """Keys of the files that were written before then."""
        return await asyncio.to_thread(self._older_than, moment.timestamp())

    def address(self, attachment: dict[str, Any], now: datetime, *, for_staff: bool = False) -> str:
        """The path a browser may read one attachment by, until it ends; one for staff asks who reads."""
        if for_staff:
            ends = int((now + ADDRESS_LIFETIME).timestamp()) // 3600 * 3600
        else:  # the same for some minutes, so that browsers keep what they have
            ends = (int((now + BEARER_LIFETIME).timestamp()) // _BEARER_GRID + 1) * _BEARER_GRID
        key, name = attachment["key"], attachment["name"]
        kind = attachment["content_type"]
        signature = self._signature(_readers(key, for_staff=for_staff), name, kind, ends)
        readers = "&for=staff" if for_staff else ""
        shown = f"name={quote(name)}&type={quote(kind, safe='/')}{readers}"
        return f"/files/{key}?{shown}&ends={ends}&signature={signature}"

    def addressed(
        self, attachments: list[dict[str, Any]], now: datetime, *, for_staff: bool = False
    ) -> list[dict[str, Any]]:
        """Attachments as readers get them: with an address in place of the key."""
        return [
            {key: value for key, value in one.items() if key != "key"}
            | {"url": self.address(one, now, for_staff=for_staff)}
            for one in attachments
        ]

    def check_file(
        self, key: str, name: str, kind: str, ends: str, signature: str, now: datetime, *, for_staff: bool
    ) -> None:
        """Errors: as `check`."""
        self.check(_readers(key, for_staff=for_staff), name, kind, ends, signature, now)

    def page_address(self, message_id: object, now: datetime) -> str:
        """The path of a message's HTML, until it ends; who asks is checked there again."""
        ends = int((now + ADDRESS_LIFETIME).timestamp()) // 3600 * 3600
        return f"/m/{message_id}?ends={ends}&signature={self._signature('page', str(message_id), '', ends)}"

    def check_page(self, message_id: object, ends: str, signature: str, now: datetime) -> None:
        """Errors: as `check`."""
        self.check("page", str(message_id), "", ends, signature, now)

    def picture_address(self, url: str, now: datetime) -> str:
        """The path by which a remote picture is fetched through us, until it ends."""
        ends = int((now + ADDRESS_LIFETIME).timestamp()) // 3600 * 3600
        signature = self._signature("picture", url, "", ends)
        return f"/m/picture?url={quote(url, safe='')}&ends={ends}&signature={signature}"

    def check_picture(self, url: str, ends: str, signature: str, now: datetime) -> None:
        """Errors: as `check`."""
        self.check("picture", url, "", ends, signature, now)

    def check(self, key: str, name: str, content_type: str, ends: str, signature: str, now: datetime) -> None:
        """Errors: NotFound for an address that is not ours or has ended."""
        until = int(ends) if ends.isascii() and ends.isdigit() and len(ends) < 16 else 0
        right = self._signature(key, name, content_type, until)
        if not hmac.compare_digest(right.encode(), signature.encode()) or until < now.timestamp():
            raise NotFound("file_not_found")

    def _signature(self, key: str, name: str, content_type: str, ends: int) -> str:
        said = "\n".join((key, name, content_type, str(ends))).encode()
        digest = hmac.digest(self._secret, said, hashlib.sha256)[:16]
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def _put(self, data: bytes) -> Stored:
        key = secrets.token_hex(_KEY_LENGTH // 2)
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            _sync_folder(path.parent)
        except OSError as failure:
            path.unlink(missing_ok=True)
            raise Unavailable("file_store_unavailable", str(failure)) from failure
        return Stored(key, len(data), hashlib.sha256(data).hexdigest())

    def _get(self, key: str) -> bytes:
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            raise NotFound("file_not_found") from None

    def _older_than(self, moment: float) -> list[str]:
        found = []
        for file in self._root.glob(f"??/{'?' * _KEY_LENGTH}"):
            with suppress(FileNotFoundError):  # deleted meanwhile
                if file.name.isalnum() and file.stat().st_mtime < moment:
                    found.append(file.name)
        return found

    def _path(self, key: str) -> Path:
        if len(key) != _KEY_LENGTH or not key.isalnum():
            raise NotFound("file_not_found")
        return self._root / key[:2] / key


def _readers(key: str, *, for_staff: bool) -> str:
    """What is signed in place of the key, so that neither kind of address passes for the other."""
    return f"staff {key}" if for_staff else key


def _sync_folder(folder: Path) -> None:
    """The name is durable too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
