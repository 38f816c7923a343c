"""What is worth a line in the log of something that is lost and tried again several times a second."""

REMIND_EVERY = 60.0
"""Seconds between two words on the same loss."""


class Outage:
    """Told when it begins, at most once a minute while it lasts, and when it is over. `now` in seconds."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._told_at: float | None = None
        self._is_told = False

    def lasts(self, now: float) -> bool:
        """It is lost, or still lost: whether to say so. What comes and goes is not told more often."""
        if self._since is None:
            self._since = now
        if self._told_at is not None and now - self._told_at < REMIND_EVERY:
            return False
        self._told_at, self._is_told = now, True
        return True

    def seconds(self, now: float) -> float:
        """For how long it has been lost, 0 while all is well."""
        return now - self._since if self._since is not None else 0.0

    def ends(self, now: float) -> float | None:
        """It is back: for how many seconds it was lost, None where nobody was told of that."""
        since, told = self._since, self._is_told
        self._since, self._is_told = None, False
        return now - since if since is not None and told else None
