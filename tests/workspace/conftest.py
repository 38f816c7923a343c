"""A real server that can be stopped, and agents in Chromium who work at it."""

from tests.browser.served import served
from tests.browser.windows import browser, visits

__all__ = ["browser", "served", "visits"]
