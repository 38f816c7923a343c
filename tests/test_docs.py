"""Everything a user can set, run, call or watch is written down."""

import re
from pathlib import Path
from unittest.mock import Mock

import pytest

from helpdesk.api import routes as api
from helpdesk.channels.notify_addresses import KINDS
from helpdesk.cli.commands import main
from helpdesk.cli.doctor import list_settings
from helpdesk.domain.events import EVENTS
from helpdesk.realtime.agents import Agents
from helpdesk.realtime.visitors import Visitors
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


def test_the_doctor_lists_every_setting_in_one_column(capsys: pytest.CaptureFixture[str]) -> None:
    list_settings(Settings())

    lines = capsys.readouterr().out.splitlines()
    column = len(f"HELPDESK_{max(Settings.model_fields, key=len)}")
    assert [line[:column].strip() for line in lines] == [
        f"HELPDESK_{one.upper()}" for one in Settings.model_fields
    ]
    assert {line[column : column + 2] for line in lines} == {"  "}


@pytest.mark.parametrize("command", commands())
def test_every_command_is_documented(command: str) -> None:
    assert command in DOCS


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_is_documented(event: str) -> None:
    assert re.search(rf"`{event}`", (ROOT / "docs/events.md").read_text())


def test_every_kind_of_notify_address_is_documented() -> None:
    named = re.findall(r"`([a-z0-9]+)(\(s\))?`", (ROOT / "docs/rota.md").read_text())
    assert {kind + end for kind, both in named for end in (("", "s") if both else ("",))} >= KINDS


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


@pytest.mark.parametrize("namespace", [Agents, Visitors])
def test_every_command_of_a_socket_is_documented(namespace: type[Agents] | type[Visitors]) -> None:
    told = (ROOT / "docs/protocol.md").read_text()
    made = namespace(*(Mock() for _ in range(4)))
    assert [name for name in made.commands if f"| `{name}` |" not in told] == []


def test_what_the_readme_links_to_exists() -> None:
    for name in ("README.md", "ARCHITECTURE.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / name).read_text()):
            assert (ROOT / target).exists(), f"{name} → {target}"


def test_documents_that_code_and_documents_name_exist() -> None:
    places = [ROOT, ROOT / "docs"]
    for source in _sources():
        for cited in re.findall(r"[\w/-]+\.md\b", source.read_text()):
            is_there = any((place / cited.lstrip("/")).exists() for place in [*places, source.parent])
            assert is_there, f"{source.relative_to(ROOT)} → {cited}"


def test_files_that_the_map_names_exist() -> None:
    told = (ROOT / "ARCHITECTURE.md").read_text()
    for cited in re.findall(r"`([\w/]+(?:/|\.py|\.js|\.css|\.toml))`", told):
        is_there = any(ROOT.glob(f"*/{cited}")) or any((ROOT / "helpdesk").rglob(cited.rstrip("/")))
        assert is_there or (ROOT / cited).exists(), f"ARCHITECTURE.md → {cited}"


def _sources() -> list[Path]:
    """Everything people wrote but the tests, which make up names of files."""
    found = [ROOT / "Makefile", ROOT / "pyproject.toml", *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    for folder in ("helpdesk", "agents_ui", "widget", "benchmarks", "tools"):
        found += [
            path
            for ending in ("py", "js", "ts", "sh")
            for path in (ROOT / folder).rglob(f"*.{ending}")
            if "node_modules" not in path.parts
        ]
    return found
