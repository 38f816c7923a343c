"""A real server that can be stopped, and agents in Chromium who work at it."""

from tests.browser.windows import browser, visits
from tests.widget.conftest import served

__all__ = ["browser", "served", "visits"]
