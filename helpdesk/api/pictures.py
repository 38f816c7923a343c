"""An agent's own picture, in and out."""

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import SYSTEM
from helpdesk.api.people import show_me
from helpdesk.api.requests import actor_of, database_of
from helpdesk.channels import jpeg
from helpdesk.domain import pictures
from helpdesk.errors import Invalid, LimitReached

LARGEST = 64 * 1024
SMALLEST_SIDE, LARGEST_SIDE = 32, 512


async def choose_picture(request: Request) -> Response:
    """Show this picture beside one's name (multipart field `file`): a JPEG of 32 to 512 pixels a side and at
    most 64 KB. Only what draws it is kept."""
    actor = await actor_of(request)
    form = await request.form(max_files=1, max_fields=5, max_part_size=LARGEST)
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise Invalid("file_missing", "Send the file as the form field `file`.", field="file")
    data = await file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise LimitReached("too_large", f"At most {LARGEST // 1024} KB.", field="file")
    bare = jpeg.bare(data, SMALLEST_SIDE, LARGEST_SIDE)
    async with database_of(request).transaction(actor) as tx:
        await pictures.choose(tx, bare)
    return await show_me(request)


async def remove_picture(request: Request) -> Response:
    """Initials again. Who has seen the picture may keep a copy for a while."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        await pictures.remove(tx)
    return await show_me(request)


async def show_picture(request: Request) -> Response:
    """For whoever was told the address: agents, and visitors they answered."""
    async with database_of(request).transaction(SYSTEM) as tx:
        body = await pictures.body_of(tx, request.path_params["key"])
    return Response(
        body,
        media_type="image/jpeg",
        headers={
            "Cache-Control": "public, max-age=31536000, immutable",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cross-Origin-Resource-Policy": "same-origin",
        },
    )
