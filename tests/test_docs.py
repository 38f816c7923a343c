"""Everything a user can set, run, call or watch is written down."""

import re
from pathlib import Path

import pytest

from helpdesk.api import routes as api
from helpdesk.cli import main
from helpdesk.domain.events import EVENTS
from helpdesk.settings import Settings

ROOT = Path(__file__).parents[1]
DOCS = "\n".join(path.read_text() for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))])


def commands() -> list[str]:
    groups = {group.name: group.typer_instance for group in main.registered_groups}
    found = [f"helpdesk {_name(one)}" for one in main.registered_commands]
    for name, group in groups.items():
        assert group is not None
        found += [f"helpdesk {name} {_name(one)}" for one in group.registered_commands]
    return found


def _name(command) -> str:  # type: ignore[no-untyped-def]
    return command.name or command.callback.__name__


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name: str) -> None:
    assert f"`HELPDESK_{name.upper()}`" in (ROOT / "docs/settings.md").read_text()


@pytest.mark.parametrize("command", commands())
def test_every_command_is_documented(command: str) -> None:
    assert command in DOCS


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_is_documented(event: str) -> None:
    assert re.search(rf"`{event}`", (ROOT / "docs/events.md").read_text())


def test_every_endpoint_says_what_it_does() -> None:
    silent = [
        f"{sorted(route.methods or [])} {route.path}"
        for route in api.routes()
        if route.path.startswith(api.V1) and not (route.endpoint.__doc__ or "").strip()
    ]
    assert silent == []


def test_every_metric_is_documented() -> None:
    source = (ROOT / "helpdesk/api/health.py").read_text()
    for metric in re.findall(r'"(helpdesk_[a-z_]+)"', source):
        assert f"`{metric}`" in DOCS


def test_what_the_readme_links_to_exists() -> None:
    for name in ("README.md", "ARCHITECTURE.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / name).read_text()):
            assert (ROOT / target).exists(), f"{name} → {target}"
