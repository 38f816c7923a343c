"""Every setting, typed, read once from the environment or helpdesk.toml."""

import secrets
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from helpdesk.errors import Invalid

SAMPLE_KEYS = frozenset({"changeme", "change-me", "secret", "your-secret-key", "example"})
"""Values from documents and examples; starting with one of them is refused."""

SMTP_SCHEMES = ("smtp", "smtp+starttls", "smtps")

A_YEAR = 366 * 24 * 60
"""In minutes."""


class Settings(BaseSettings):
    """Names are the environment's `HELPDESK_*` in upper case; helpdesk.toml uses them in lower case."""

    model_config = SettingsConfigDict(
        env_prefix="HELPDESK_", toml_file="helpdesk.toml", extra="ignore", env_ignore_empty=True
    )

    database_url: SecretStr | None = Field(
        None, description="PostgreSQL 15 or newer; unset: the bundled one in the data directory"
    )
    data_dir: Path = Field(Path(".data"), description="where the bundled database and attachments live")
    host: str = Field("127.0.0.1", description="address the web process binds to")
    port: int = Field(8000, ge=0, le=65535, description="port of the web process")
    public_url: str | None = Field(None, description="how browsers reach it, e.g. https://help.example.com")
    secret_key: SecretStr | None = Field(
        None, description="signs links and mail addresses; at least 32 characters"
    )
    mail_keys: SecretStr | None = Field(
        None,
        description="keys of the marks in our mails, as `1:secret,2:32 or more other characters`: the highest"
        " signs, all are read, one left out is revoked; `secret` stands for the secret key",
    )
    smtp_in_host: str = Field("127.0.0.1", description="address the mail listener binds to")
    smtp_in_port: int = Field(2525, ge=0, le=65535, description="port of the mail listener; 0 turns it off")
    smtp_out_url: SecretStr | None = Field(
        None,
        description="smtp://user:pass@host:587 to send mail; unset in the demo: mails are kept to look at",
    )
    smtp_in_tls_certificate: Path | None = Field(
        None, description="PEM file with certificate and chain: the mail listener then offers STARTTLS"
    )
    smtp_in_tls_key: Path | None = Field(None, description="PEM file with the key of that certificate")
    lmtp_port: int = Field(0, ge=0, le=65535, description="port of the LMTP listener; 0 turns it off")
    authserv_ids: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(),
        description="names under which our own mail server writes Authentication-Results, comma separated",
    )
    verify_dkim: bool = Field(
        True, description="check DKIM signatures ourselves where our mail server did not"
    )
    arc_sealers: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(), description="domains of forwarders whose ARC seal is believed, comma separated"
    )
    mail_google_client_id: str | None = Field(
        None, description="OAuth client id at Google, for mailboxes that are read there"
    )
    mail_google_client_secret: SecretStr | None = Field(None, description="the secret of that client")
    mail_microsoft_client_id: str | None = Field(
        None, description="application (client) id at Microsoft Entra, for mailboxes in Microsoft 365"
    )
    mail_microsoft_client_secret: SecretStr | None = Field(None, description="the secret of that application")
    mail_microsoft_tenant: str = Field(
        "common", pattern=r"^[A-Za-z0-9.-]{1,80}$", description="directory (tenant) id; common: any"
    )
    mail_oauth_client_id: str | None = Field(
        None, description="client id at another OAuth 2 provider of mailboxes"
    )
    mail_oauth_client_secret: SecretStr | None = Field(None, description="the secret of that client")
    mail_oauth_authorize_url: str | None = Field(None, description="where that provider asks for consent")
    mail_oauth_token_url: str | None = Field(None, description="where that provider gives tokens")
    mail_oauth_scope: str = Field("", description="the scopes that read a mailbox there")
    remote_images: bool = Field(
        False, description="let agents load pictures that mails link to, through this server only"
    )
    bus_url: SecretStr | None = Field(
        None, description="Redis or Valkey, only when several hosts serve one database"
    )
    log_format: Literal["console", "json"] = Field("console", description="console or json")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level logged")
    metrics_token: SecretStr | None = Field(
        None, description="bearer token for /metrics; loopback needs none while public_url is unset"
    )
    trusted_proxies: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(), description="addresses whose X-Forwarded-* headers are believed, comma separated"
    )
    private_networks: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(),
        description="networks of one's own in which alerts may be sent and calendars read,"
        " e.g. 10.1.0.0/16, comma separated; unset: public addresses only",
    )
    queue_p1_head_start: int = Field(10, ge=0, le=240, description="minutes a P1 gets ahead in the queue")
    queue_p2_head_start: int = Field(5, ge=0, le=240, description="minutes a P2 gets ahead in the queue")
    queue_chat_head_start: int = Field(30, ge=0, le=240, description="minutes a live chat gets ahead")
    queue_mail_minutes: int = Field(9, ge=0, le=240, description="minutes it takes to write a mail")
    queue_chat_due: int = Field(
        5, ge=1, le=A_YEAR, description="minutes until a chat without a promise is due"
    )
    queue_phone_due: int = Field(60, ge=1, le=A_YEAR, description="the same of a call that was logged")
    queue_mail_due: int = Field(720, ge=1, le=A_YEAR, description="the same of a mail")
    queue_rescue_every: int = Field(
        5, ge=0, le=100, description="in an overload one of so many claims takes a late ticket; 0: none"
    )
    pool_size: int = Field(8, ge=4, le=64, description="database connections per process")
    company_name: str = Field(
        "Helpdesk", description="what the company calls itself on its pages and in its chat"
    )
    second_factor_for: Literal["nobody", "administrators", "everybody"] = Field(
        "nobody", description="who must prove themselves twice at sign-in; everybody may: Your profile"
    )
    demo: bool = Field(False, description="set by `helpdesk demo`: sample company, mails kept")

    @field_validator("trusted_proxies", "authserv_ids", "arc_sealers", "private_networks", mode="before")
    @classmethod
    def _split(cls, given: object) -> object:
        return (
            [part.strip() for part in given.split(",") if part.strip()] if isinstance(given, str) else given
        )

    @field_validator("private_networks", "trusted_proxies")
    @classmethod
    def _networks(cls, given: frozenset[str]) -> frozenset[str]:
        return frozenset(str(ip_network(one, strict=False)) for one in given)

    @field_validator("public_url", "mail_oauth_authorize_url", "mail_oauth_token_url")
    @classmethod
    def _page(cls, given: str | None) -> str | None:
        return given and _address(given, "https", "http")

    @field_validator("smtp_out_url")
    @classmethod
    def _relay(cls, given: SecretStr | None) -> SecretStr | None:
        return given and SecretStr(_address(given.get_secret_value(), *SMTP_SCHEMES))

    @field_validator("bus_url")
    @classmethod
    def _bus(cls, given: SecretStr | None) -> SecretStr | None:
        return given and SecretStr(_address(given.get_secret_value(), "redis", "rediss", "unix"))

    @field_validator("database_url")
    @classmethod
    def _database(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None:
            _require_postgres(given.get_secret_value())
        return given

    @field_validator("secret_key")
    @classmethod
    def _key(cls, given: SecretStr | None) -> SecretStr | None:
        value = given.get_secret_value() if given else None
        if value and (value.lower() in SAMPLE_KEYS or len(value) < 32 or len(set(value)) < 8):
            raise ValueError("is a sample value or too short: give it at least 32 random characters")
        return given

    @field_validator("mail_keys")
    @classmethod
    def _mail_keys(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None:
            _mail_keys_in(given.get_secret_value())
        return given

    def __init__(self, **values: object) -> None:
        """Errors: Invalid, naming the setting in a sentence."""
        try:
            super().__init__(**values)  # type: ignore[arg-type]
        except ValidationError as failure:
            first = failure.errors(include_url=False, include_input=False)[0]
            name = "HELPDESK_" + str(first["loc"][0]).upper()
            what = first["msg"].removeprefix("Value error, ")
            raise Invalid("setting_invalid", f"{name}: {what}", field=name) from None
        except (OSError, ValueError) as failure:  # the file itself: not to be read, no TOML, no text
            raise Invalid("setting_invalid", f"helpdesk.toml: {failure}", field="helpdesk.toml") from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def address(self) -> str:
        """Where people reach the server, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def queue(self) -> dict[str, Any]:
        """What the order of the queue asks for, as its QueueSettings takes it."""
        mail, due = self.queue_mail_minutes, self.queue_mail_due
        chat, phone = self.queue_chat_due, self.queue_phone_due
        return {
            "priority_head_start": {1: self.queue_p1_head_start, 2: self.queue_p2_head_start},
            "live_chat_head_start": self.queue_chat_head_start,
            "handling": {"email": mail, "api": mail, "chat": 0, "phone": 0},
            "default_due": {"chat": chat, "phone": phone, "email": due, "api": due},
            "rescue_every": self.queue_rescue_every,
        }

    @property
    def bus(self) -> str | None:
        return self.bus_url.get_secret_value() if self.bus_url else None

    @property
    def is_https(self) -> bool:
        return self.address.startswith("https://")

    @property
    def key(self) -> bytes:
        """The secret key; the demo makes one and keeps it, everything else must be given one."""
        if self.secret_key is None:
            return _demo_key(self.data_dir) if self.demo else _refuse_missing_key()
        return self.secret_key.get_secret_value().encode()

    @property
    def mail_key_ring(self) -> dict[int, bytes]:
        """What the signed marks in mails are made with, by version; the highest is the one in use."""
        given = _mail_keys_in(self.mail_keys.get_secret_value() if self.mail_keys else "1:secret")
        return {number: self.key if key == "secret" else key.encode() for number, key in given.items()}


def _address(given: str, *schemes: str) -> str:
    """Errors: ValueError."""
    parts = urlsplit(given)
    _ = parts.port  # a ValueError where it is no number
    if parts.scheme not in schemes or not (parts.hostname or parts.scheme == "unix"):
        raise ValueError(f"must be an address that begins with {' or '.join(f'{one}://' for one in schemes)}")
    return given


def _require_postgres(given: str) -> None:
    """Errors: ValueError; of the address itself nothing is told, there is a password in it."""
    try:
        is_ours = make_url(given).drivername in ("postgresql", "postgres", "postgresql+asyncpg")
    except (ArgumentError, ValueError):
        is_ours = False
    if not is_ours:
        raise ValueError("must be an address as postgresql://user:password@host/database")


def _mail_keys_in(given: str) -> dict[int, str]:
    """Errors: ValueError."""
    found = {}
    for one in given.split(","):
        number, _, key = one.strip().partition(":")
        is_number = number.isascii() and number.isdigit() and 0 < int(number) < 1000
        if not is_number or (key != "secret" and len(key) < 32):
            raise ValueError("must be a list as 1:secret,2:… with at least 32 random characters for each")
        found[int(number)] = key
    return found


def _demo_key(data_dir: Path) -> bytes:
    path = data_dir / "demo.key"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text().encode()


def _refuse_missing_key() -> bytes:
    raise Invalid(
        "secret_key_missing",
        "Set HELPDESK_SECRET_KEY to at least 32 random characters "
        "(python3 -c 'import secrets; print(secrets.token_urlsafe(48))').",
        field="HELPDESK_SECRET_KEY",
    )
