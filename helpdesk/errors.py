"""The seven ways a request can fail; every entrance owns one table from these to its protocol."""


class HelpdeskError(Exception):
    """`code` is a stable word for machines, `detail` a sentence for people, `field` what was wrong."""

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        *,
        field: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.field = field
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}" if self.detail else self.code


class Unauthenticated(HelpdeskError):
    """Nobody we know asks."""


class Forbidden(HelpdeskError):
    """Somebody we know asks for what is not theirs to do."""


class NotFound(HelpdeskError):
    """It does not exist, or not for this actor: the two must look the same."""


class Conflict(HelpdeskError):
    """The world moved on since the caller last looked."""


class Invalid(HelpdeskError):
    """What was sent cannot be what was meant."""


class LimitReached(HelpdeskError):
    """Too much, too fast; `retry_after` is in seconds. `limit` is its name where a proof of work helps."""

    limit: str | None = None


class Unavailable(HelpdeskError):
    """Something we depend on does not answer; trying again later may work."""
