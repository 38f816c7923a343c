"""Files in (uploads) and out (signed addresses)."""

from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Actor, ActorKind
from helpdesk.api.answers import answer
from helpdesk.api.requests import actor_of, database_of, files_of, visitor_of
from helpdesk.channels import uploads
from helpdesk.domain import limits, permissions
from helpdesk.domain.tickets import attachments
from helpdesk.errors import Invalid, LimitReached

MEBIBYTE = 1024 * 1024
LARGEST_BY_VISITOR = 10 * MEBIBYTE
LARGEST_BY_AGENT = 25 * MEBIBYTE


async def create_upload(request: Request) -> Response:
    """Store a file (multipart field `file`) to be named by a message later."""
    actor = await actor_of(request)
    permissions.require_writer(actor)
    return await _store(request, actor)


async def create_visitor_upload(request: Request) -> Response:
    """The same for the widget."""
    return await _store(request, await visitor_of(request))


async def show_file(request: Request) -> Response:
    """A stored file by its signed address: always as a download unless it is a picture we made sure of.

    An address that was given to staff opens the file only to staff who may see its ticket now.
    """
    given = request.query_params
    name, kind = given.get("name", "file"), given.get("type", "application/octet-stream")
    key = request.path_params["key"]
    now = database_of(request).clock.now()
    ends, signature = given.get("ends", ""), given.get("signature", "")
    for_staff = given.get("for") == "staff"
    files_of(request).check_file(key, name, kind, ends, signature, now, for_staff=for_staff)
    if for_staff:
        async with database_of(request).transaction(await actor_of(request)) as tx:
            await attachments.require_readable(tx, key)
    data = await files_of(request).get(key)
    return Response(
        data,
        media_type=kind if kind in uploads.SHOWN else "application/octet-stream",
        headers={
            "Content-Disposition": uploads.disposition(name, inline=kind in uploads.SHOWN),
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            # A mail is shown in a frame without an origin; its pictures must be allowed in there.
            "Cross-Origin-Resource-Policy": "cross-origin" if kind in uploads.SHOWN else "same-origin",
            "Cache-Control": "private, max-age=3600",
        },
    )


async def _store(request: Request, actor: Actor) -> Response:
    largest = LARGEST_BY_VISITOR if actor.kind is ActorKind.CONTACT else LARGEST_BY_AGENT
    form = await request.form(max_files=1, max_fields=5, max_part_size=largest)
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise Invalid("file_missing", "Send the file as the form field `file`.", field="file")
    data = await file.read()
    if len(data) > largest:
        raise LimitReached("too_large", f"At most {largest // MEBIBYTE} MB.", field="file")
    if actor.contact_id is not None:
        async with database_of(request).transaction(actor) as tx:
            await limits.spend(tx, limits.UPLOADS, actor.contact_id)
            await limits.spend(tx, limits.UPLOADED_BYTES, actor.contact_id, len(data))
    stored = await files_of(request).put(data)
    described = uploads.describe(stored, uploads.as_named(file.filename or ""), data)
    async with database_of(request).transaction(actor) as tx:
        attachment = await attachments.add(tx, described)
    described_again = [attachments.described(attachment)]
    shown: dict[str, Any] = files_of(request).addressed(described_again, tx.now, for_staff=actor.is_staff)[0]
    return answer(shown, 201)
