"""Where mail providers post to: POST /inbound/{provider}/{inbox}. 2xx only after the commit."""

import contextlib
import hashlib
from dataclasses import dataclass, replace

import httpx2
import structlog
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import SYSTEM
from helpdesk.api.answers import answer
from helpdesk.api.requests import database_of
from helpdesk.channels.email import providers, s3
from helpdesk.channels.email.providers import Posted
from helpdesk.channels.email.s3 import Amazon
from helpdesk.domain import inboxes
from helpdesk.domain.tickets.mail import inlets, intake
from helpdesk.domain.tickets.mail.model import Inlet
from helpdesk.errors import HelpdeskError, NotFound, Unauthenticated, Unavailable
from helpdesk.storage.sealing import Sealer

LARGEST = 45 * 1024 * 1024
_SECONDS = 20.0
_certificates: dict[str, bytes] = {}

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Door:
    inlet: Inlet
    inbox: inboxes.Inbox
    secret: str


async def receive_post(request: Request) -> Response:
    """One mail from a provider."""
    provider = request.path_params["provider"]
    door = await _door(request, provider)
    try:
        posted = await _posted(request, provider, door)
    except HelpdeskError as refusal:
        await _count_refusal(request, provider, refusal)
        raise
    if posted.confirm_url is not None:
        await _get(posted.confirm_url)
        return answer({"confirmed": True})
    if posted.stored is not None:
        raw = await _fetched(request, door, posted.stored)
        posted = replace(posted, raw=raw)
    elif not posted.raw:
        return answer({"left": True})
    return answer({"duplicate": await _keep(request, provider, door, posted)})


async def _door(request: Request, provider: str) -> _Door:
    async with database_of(request).transaction(SYSTEM) as tx:
        if provider not in inlets.KINDS or provider == "imap":
            raise NotFound("inlet_not_found")
        inlet, inbox = await inlets.of_inbox(tx, request.path_params["inbox"], provider)
    sealer = Sealer(request.app.state.settings.key)
    return _Door(inlet, inbox, sealer.open(inlet.secret, inlet.id) if inlet.secret else "")


async def _posted(request: Request, provider: str, door: _Door) -> Posted:
    body, now, secret = await request.body(), database_of(request).clock.now(), door.secret
    if provider == "raw":
        return providers.generic(secret, request.headers, body, now)
    if provider == "postmark":
        return providers.postmark(secret, request.headers, body)
    if provider == "ses":
        amazon: Amazon = request.app.state.amazon
        certificate = await _certificate(providers.sns_certificate_url(body, amazon.sns))
        return providers.ses(secret.partition("\n")[0], certificate, body, amazon.sns)
    form = await request.form(max_files=100, max_fields=200, max_part_size=LARGEST)
    fields = await _fields(form, body)
    if provider == "mailgun":
        return providers.mailgun(secret, fields, now)
    return providers.sendgrid(secret, request.headers, body, fields, now)


async def _keep(request: Request, provider: str, door: _Door, posted: Posted) -> bool:
    """Answers whether it was taken before. Errors: Unauthenticated for the same key with other words."""
    digest = hashlib.sha256(posted.raw).hexdigest()
    async with database_of(request).transaction(SYSTEM) as tx:
        before = await inlets.seen_before(tx, f"{provider}:{posted.key}", digest)
        if before is not None:
            if before != digest or provider == "raw":
                raise Unauthenticated("replayed")
            return True
        to = posted.envelope_to
        known = await intake.inbox_for(tx, to) if to else None
        address = to if known is not None and known.id == door.inbox.id else str(door.inbox.address)
        await intake.keep(
            tx, inbox_id=door.inbox.id, path=provider, envelope_from=posted.envelope_from,
            envelope_to=address, raw=posted.raw,
        )  # fmt: skip
        await inlets.worked(tx, door.inlet.id, brought_mail=True)
    return False


async def _count_refusal(request: Request, provider: str, refusal: HelpdeskError) -> None:
    log.warning("inbound_refused", provider=provider, code=refusal.code)
    async with database_of(request).transaction(SYSTEM) as tx:
        await inlets.refused(tx, provider, refusal.code)


async def _fields(form: FormData, body: bytes) -> dict[str, bytes]:
    """Form fields as the bytes they were: decoding guessed their charset, and the body says which it was."""
    found: dict[str, bytes] = {}
    for name, value in form.multi_items():
        if not isinstance(value, str):
            found.setdefault(name, await value.read())
            continue
        data = value.encode("utf-8", "surrogateescape")
        if not value.isascii() and data not in body:
            with contextlib.suppress(UnicodeEncodeError):
                data = value.encode("latin-1")
        found.setdefault(name, data)
    return found


async def _certificate(url: str) -> bytes:
    if url not in _certificates:
        if len(_certificates) > 20:
            _certificates.clear()
        _certificates[url] = await _get(url)
    return _certificates[url]


async def _fetched(request: Request, door: _Door, stored: providers.Stored) -> bytes:
    """The object itself, before the post is answered: until then SNS tries again. Errors: Unavailable."""
    amazon: Amazon = request.app.state.amazon
    options, (_, _, secret) = door.inlet.options, door.secret.partition("\n")
    key, region = str(options.get("s3_key", "")), str(options.get("s3_region", ""))
    if not (key and region and secret):
        raise Unavailable("bucket_key_missing", "SES left the mail in a bucket whose key is not set here.")
    url = s3.presigned(amazon.bucket_address(stored.bucket, region), stored.key, s3.Key(key, secret, region),
                       database_of(request).clock.now())  # fmt: skip
    return await _get(url, LARGEST)


async def _get(url: str, limit: int = 100_000) -> bytes:
    """Amazon's own addresses only; they were checked before. Errors: Unavailable, also for too much."""
    data = bytearray()
    try:
        async with (
            httpx2.AsyncClient(timeout=_SECONDS, follow_redirects=False) as client,
            client.stream("GET", url) as got,
        ):
            got.raise_for_status()
            async for piece in got.aiter_bytes():
                data += piece
                if len(data) > limit:
                    raise Unavailable("amazon_sent_too_much")
    except httpx2.HTTPError as failure:
        raise Unavailable("amazon_unavailable", type(failure).__name__) from failure
    return bytes(data)
