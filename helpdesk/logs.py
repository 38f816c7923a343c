"""Structured logs: readable in a terminal, JSON lines for machines; no query strings, no secrets."""

import logging

import structlog

from helpdesk.settings import Settings

_TELL_SECRETS = ("apprise", "httpx2", "urllib3")
"""They write out addresses that hold passwords and tokens, some in what they complain of. What came of a try
we say ourselves."""

_NEVER = logging.CRITICAL + 1


def configure(settings: Settings) -> None:
    """Once per process. Library logs go the same way."""
    level = getattr(logging, settings.log_level.upper())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(
            colors=False, pad_event_to=30, exception_formatter=structlog.dev.plain_traceback
        )
    )
    errors = [structlog.processors.format_exc_info] if settings.log_format == "json" else []
    structlog.configure(
        processors=[*shared, *errors, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers, root.level = [handler], level
    for noisy in ("uvicorn.access", "pgqueuer", "mail.log", "asyncio", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    for telling in _TELL_SECRETS:
        logging.getLogger(telling).setLevel(_NEVER)
