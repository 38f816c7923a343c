"""Renews vendor/ from the pinned packages in vendor/vendor.lock.json; maintainers only, needs npm.

`python tools/vendor.py` fetches every pin with scripts off, refuses an archive whose integrity differs from
the lock, bundles and copies, and writes the sha256 of each output back. To take a newer version, change
`version` in the lock, delete its `integrity`, and run it again.
"""

import base64
import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

VENDOR = Path(__file__).resolve().parent.parent / "vendor"
LOCK = VENDOR / "vendor.lock.json"

UI_ENTRY = """
export { h, render, Fragment, Component, createContext, createRef, cloneElement } from "preact"
export {
  useCallback, useContext, useEffect, useId, useLayoutEffect, useMemo, useReducer, useRef, useState,
} from "preact/hooks"
export {
  signal, computed, effect, batch, untracked, useSignal, useComputed, useSignalEffect,
} from "@preact/signals"
import { h } from "preact"
import htm from "htm"
export const html = htm.bind(h)
"""

SYMBOL = (
    '<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
    'stroke-linecap="round" stroke-linejoin="round">{shapes}</symbol>'
)


def main() -> None:
    lock = json.loads(LOCK.read_text())
    with tempfile.TemporaryDirectory() as scratch:
        modules = Path(scratch) / "node_modules"
        for pin in lock["packages"] + lock["tools"]:
            unpack(pin, modules)
        bundle_ui(Path(scratch), lock["tools"])
        write_sprite(modules / "lucide-static" / "icons", lock["icons"])
        for output in lock["outputs"]:
            if source := output.get("copied_from"):
                text = (modules / source).read_text().rstrip("\n")
                text = re.sub(r"\n?//# sourceMappingURL=\S+$", "", text)
                (VENDOR / output["file"]).write_text(text + "\n")
        collect_licences(modules, lock["packages"])
    for output in lock["outputs"]:
        output["sha256"] = hashlib.sha256((VENDOR / output["file"]).read_bytes()).hexdigest()
    LOCK.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n")


def unpack(pin: dict[str, Any], modules: Path) -> None:
    """One package archive into node_modules, after its integrity was compared."""
    name, version = pin["package"], pin["version"]
    packed = _npm("pack", f"{name}@{version}", "--ignore-scripts", "--json", cwd=modules)
    listing = json.loads(packed)
    first = listing[0] if isinstance(listing, list) else next(iter(listing.values()))
    archive = modules / first["filename"].replace("@", "").replace("/", "-")
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if pin.setdefault("integrity", integrity) != integrity:
        raise SystemExit(f"{name}@{version}: the archive is not the one in the lock ({integrity})")

    with tarfile.open(archive) as tar:
        tar.extractall(modules / ".unpacked", filter="data")
    target = modules / name
    target.parent.mkdir(parents=True, exist_ok=True)
    next((modules / ".unpacked").iterdir()).rename(target)


def bundle_ui(scratch: Path, tools: list[dict[str, Any]]) -> None:
    """Preact, its hooks, signals and htm as one module, so that a page asks for one file."""
    (scratch / "ui.js").write_text(UI_ENTRY)
    binary = next(tool["binary"] for tool in tools if "binary" in tool)
    subprocess.run(
        [
            scratch / "node_modules" / binary,
            "ui.js",
            "--bundle",
            "--minify",
            "--format=esm",
            "--target=es2022",
            "--legal-comments=none",
            f"--outfile={VENDOR / 'ui.js'}",
        ],
        cwd=scratch,
        check=True,
    )


def write_sprite(icons: Path, names: list[str]) -> None:
    symbols = []
    for name in names:
        svg = (icons / f"{name}.svg").read_text()
        shapes = re.sub(r"\s*\n\s*", "", svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")])
        symbols.append(SYMBOL.format(name=name, shapes=shapes.replace(" />", "/>")))
    sprite = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
    (VENDOR / "icons.svg").write_text(sprite)


def collect_licences(modules: Path, packages: list[dict[str, Any]]) -> None:
    """Every shipped package's licence text, because minified code carries none of them."""
    parts = ["Licences of the third-party code in this folder. vendor.lock.json names versions and files.\n"]
    for pin in packages:
        text = next(
            path for path in sorted((modules / pin["package"]).iterdir()) if path.name.startswith("LICEN")
        )
        title = f"{pin['package']} {pin['version']} ({pin['licence']})"
        parts.append(f"{'=' * 80}\n{title}\n\n{text.read_text().strip()}\n")
    (VENDOR / "LICENCES.txt").write_text("\n".join(parts))


def _npm(*arguments: str, cwd: Path) -> str:
    cwd.mkdir(parents=True, exist_ok=True)
    return subprocess.run(["npm", *arguments], cwd=cwd, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
