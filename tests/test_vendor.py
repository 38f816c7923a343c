"""What lies in vendor/ is exactly what the lock names; checked without a network."""

import hashlib
import json
import re
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "vendor"
LOCK = json.loads((VENDOR / "vendor.lock.json").read_text())
WRITTEN_BY_HAND = {"vendor.lock.json", "LICENCES.txt"}


def test_every_vendored_file_has_the_locked_sha256():
    for output in LOCK["outputs"]:
        content = (VENDOR / output["file"]).read_bytes()

        assert hashlib.sha256(content).hexdigest() == output["sha256"], output["file"]


def test_nothing_is_vendored_without_a_line_in_the_lock():
    locked = {output["file"] for output in LOCK["outputs"]}

    present = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file()}

    assert {name for name in present if not name.endswith(".d.ts")} - WRITTEN_BY_HAND == locked


def test_every_package_is_pinned_with_an_integrity_and_a_licence():
    licences = (VENDOR / "LICENCES.txt").read_text()

    for pin in LOCK["packages"]:
        assert re.fullmatch(r"\d+\.\d+\.\d+", pin["version"]), pin
        assert pin["integrity"].startswith("sha512-"), pin
        assert f"{pin['package']} {pin['version']} ({pin['licence']})" in licences, pin


def test_every_output_comes_from_pinned_packages():
    pinned = {pin["package"] for pin in LOCK["packages"]}

    for output in LOCK["outputs"]:
        assert set(output["packages"]) <= pinned, output["file"]


def test_every_icon_named_in_the_lock_is_in_the_sprite():
    sprite = (VENDOR / "icons.svg").read_text()

    assert re.findall(r'<symbol id="([^"]+)"', sprite) == LOCK["icons"]
