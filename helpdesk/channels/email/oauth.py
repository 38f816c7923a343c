"""OAuth 2 for mailboxes: the address to ask for consent at, and what its code and refresh token are worth.

The authorisation code flow with PKCE (RFC 7636); XOAUTH2 takes the access token in place of a password.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx2
import orjson
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.httpx_client import AsyncOAuth2Client

from helpdesk.errors import Unauthenticated, Unavailable
from helpdesk.settings import Settings

_SECONDS = 10.0
_LIFETIME = timedelta(hours=1)
"""Of an access token whose server does not say."""

_FINAL = frozenset(
    {"invalid_grant", "invalid_client", "unauthorized_client", "access_denied", "consent_required"}
)
_GOOGLE = ("https://accounts.google.com/o/oauth2/v2/auth", "https://oauth2.googleapis.com/token")
_MICROSOFT = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0"


@dataclass(frozen=True)
class Provider:
    """`host` is where its mailboxes are; `extra` what its consent page wants to be told besides."""

    name: str
    client_id: str
    client_secret: str
    authorize_url: str
    token_url: str
    scope: str
    host: str = ""
    extra: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Asked:
    """`verifier` stays with us until the code comes back under the same `state`."""

    url: str
    state: str
    verifier: str


@dataclass(frozen=True)
class Tokens:
    access: str
    refresh: str
    expire_at: datetime

    def packed(self) -> str:
        """As they are kept (sealed); when they end stands beside them."""
        return orjson.dumps([self.access, self.refresh]).decode()


def unpacked(packed: str) -> tuple[str, str]:
    """(access token, refresh token)"""
    access, renewal = orjson.loads(packed)
    return str(access), str(renewal)


def providers(settings: Settings) -> dict[str, Provider]:
    """Those whose client id is set, by name: google, microsoft, other."""
    known = (_google(settings), _microsoft(settings), _other(settings))
    return {one.name: one for one in known if one.client_id and one.token_url}


def ask(provider: Provider, state: str, redirect_uri: str, login_hint: str) -> Asked:
    """Where an administrator goes to let us read the mailbox."""
    verifier = generate_token(64)
    url, _ = _client(provider, redirect_uri).create_authorization_url(
        provider.authorize_url,
        state=state,
        code_verifier=verifier,
        **({"login_hint": login_hint} if login_hint else {}),
        **(provider.extra or {}),
    )
    return Asked(url, state, verifier)


async def exchange(provider: Provider, code: str, verifier: str, redirect_uri: str, now: datetime) -> Tokens:
    """Errors: Unauthenticated when the provider says no, Unavailable when it says nothing."""
    given = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
    return await _tokens(provider, redirect_uri, given, now, "")


async def refresh(provider: Provider, token: str, now: datetime) -> Tokens:
    """Some providers give a new refresh token each time; else the old one goes on. Errors: as `exchange`."""
    return await _tokens(provider, "", {"grant_type": "refresh_token", "refresh_token": token}, now, token)


async def _tokens(
    provider: Provider, redirect_uri: str, given: dict[str, str], now: datetime, before: str
) -> Tokens:
    try:
        async with _client(provider, redirect_uri) as client:
            if before:
                said = await client.refresh_token(provider.token_url, before)
            else:
                said = await client.fetch_token(provider.token_url, **given)
    except AuthlibBaseError as failure:
        detail = f"{failure.error}: {failure.description or ''}".strip(": ")[:300]
        kind = Unauthenticated if failure.error in _FINAL else Unavailable
        raise kind("mail_consent_refused", detail) from failure
    except (httpx2.HTTPError, ValueError) as failure:
        raise Unavailable("mail_provider_unavailable", type(failure).__name__) from failure
    return _checked(said, now, before)


def _checked(said: dict[str, Any], now: datetime, before: str) -> Tokens:
    access, renewed = str(said.get("access_token") or ""), str(said.get("refresh_token") or before)
    if not access or not renewed:
        missing = "refresh_token" if access else "access_token"
        raise Unauthenticated("mail_consent_refused", f"The provider gave no {missing}.")
    seconds = str(said.get("expires_in") or "")
    lasts = timedelta(seconds=int(seconds[:9])) if seconds.isdigit() else _LIFETIME
    return Tokens(access, renewed, now + lasts)


def _client(provider: Provider, redirect_uri: str) -> AsyncOAuth2Client:
    return AsyncOAuth2Client(
        client_id=provider.client_id,
        client_secret=provider.client_secret or None,
        token_endpoint_auth_method="client_secret_post" if provider.client_secret else "none",
        scope=provider.scope,
        redirect_uri=redirect_uri or None,
        code_challenge_method="S256",
        timeout=_SECONDS,
    )


def _google(settings: Settings) -> Provider:
    """`prompt=consent`: without it a second consent brings no refresh token."""
    return Provider(
        "google", settings.mail_google_client_id or "", _plain(settings, "mail_google_client_secret"),
        *_GOOGLE, "https://mail.google.com/", "imap.gmail.com",
        {"access_type": "offline", "prompt": "consent"},
    )  # fmt: skip


def _microsoft(settings: Settings) -> Provider:
    base = _MICROSOFT.format(tenant=settings.mail_microsoft_tenant)
    return Provider(
        "microsoft",
        settings.mail_microsoft_client_id or "",
        _plain(settings, "mail_microsoft_client_secret"),
        f"{base}/authorize",
        f"{base}/token",
        "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
        "outlook.office365.com",
    )


def _other(settings: Settings) -> Provider:
    return Provider(
        "other",
        settings.mail_oauth_client_id or "",
        _plain(settings, "mail_oauth_client_secret"),
        settings.mail_oauth_authorize_url or "",
        settings.mail_oauth_token_url or "",
        settings.mail_oauth_scope,
    )


def _plain(settings: Settings, name: str) -> str:
    secret = getattr(settings, name)
    return secret.get_secret_value() if secret else ""
