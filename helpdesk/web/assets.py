"""Browser files in memory, compressed once, under addresses that change with their content."""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from helpdesk import translation
from helpdesk.web.joined_modules import joined, trimmed

TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".wav": "audio/wav",
    ".webmanifest": "application/manifest+json",
}
"""What is served at all; anything else in those folders (types, tests, notes) stays private."""

JOINED = "widget/panel.js"
"""Visitors meet it once and on bad networks, so it comes as one file; agents keep their modules all day."""

LOADER = "widget/loader.js"
SHIMS = {"/widget/chatwoot.js": "widget/chatwoot.js", "/widget/intercom.js": "widget/intercom.js"}
"""Scripts of other people's pages beside the loader: the calls of two other widgets."""

IMMUTABLE = "public, max-age=31536000, immutable"
LOADER_CACHE = "public, max-age=300"
_HASHED_CHARACTERS = 12
_SMALLEST_WORTH_COMPRESSING = 300
_STATIC_IMPORT = re.compile(
    r"""^\s*(?:import|export)\b (?!\s*\() (?:[^"';]*?\bfrom)? \s*["'] (\.{1,2}/[^"']+) ["']""",
    re.MULTILINE | re.VERBOSE,
)


def source_root() -> Path:
    """The folder that holds `helpdesk/`, `widget/`, `agents_ui/` and `vendor/`."""
    return Path(__file__).resolve().parents[2]


def folders() -> dict[str, Path]:
    """Under which name each folder is served; relative imports between them hold in the browser."""
    root = source_root()
    return {
        "widget": root / "widget",
        "agents_ui": root / "agents_ui",
        "vendor": root / "vendor",
        "static": root / "helpdesk" / "web" / "static",
    }


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    compressed: bytes | None
    content_type: str
    etag: str

    @classmethod
    def of(cls, path: str, body: bytes) -> "Asset":
        smaller = gzip.compress(body, 9, mtime=0) if len(body) >= _SMALLEST_WORTH_COMPRESSING else body
        return cls(
            body=body,
            compressed=smaller if len(smaller) < len(body) else None,
            content_type=TYPES[PurePosixPath(path).suffix],
            etag=f'W/"{hashlib.sha256(body).hexdigest()[:20]}"',
        )


class Snapshot:
    """Every file as it was when the process started; `build` names exactly this content."""

    def __init__(self, files: dict[str, bytes]) -> None:
        digest = hashlib.sha256()
        for path, body in sorted(files.items()):
            digest.update(f"{path}\0{len(body)}\0".encode() + body)
        self.build = digest.hexdigest()[:_HASHED_CHARACTERS]
        self._files = files
        self._assets = {path: Asset.of(path, body) for path, body in files.items()}

    def get(self, path: str) -> Asset | None:
        return self._assets.get(path)

    @cached_property
    def imports(self) -> dict[str, tuple[str, ...]]:
        """Which modules each module names in its static imports."""
        modules = (path for path in self._files if path.endswith((".js", ".mjs")))
        return {path: _imports_of(path, self._files[path].decode()) for path in modules}

    def preloads(self, path: str) -> tuple[str, ...]:
        """Everything a module needs before it can run, nearest first, itself left out."""
        found: dict[str, None] = {}
        waiting = [path]
        while waiting:
            for needed in self.imports.get(waiting.pop(0), ()):
                if needed in self._files and needed != path and needed not in found:
                    found[needed] = None
                    waiting.append(needed)
        return tuple(found)


class Assets:
    """`reload` (development) looks for changed files at every request."""

    def __init__(self, roots: dict[str, Path] | None = None, *, reload: bool = False) -> None:
        self._roots = folders() if roots is None else roots
        self._reload = reload
        self._seen = self._fingerprint() if reload else None
        self._snapshot = Snapshot(self._read())

    @property
    def snapshot(self) -> Snapshot:
        if self._reload and (seen := self._fingerprint()) != self._seen:
            translation.forget()
            self._snapshot, self._seen = Snapshot(self._read()), seen
        return self._snapshot

    @property
    def build(self) -> str:
        return self.snapshot.build

    def url(self, path: str) -> str:
        """The address of a file; a name nobody has is a mistake of ours and fails at once."""
        snapshot = self.snapshot
        if snapshot.get(path) is None:
            raise LookupError(f"no such asset: {path}")
        return f"/assets/{snapshot.build}/{path}"

    def preloads(self, path: str) -> tuple[str, ...]:
        """Addresses for `<link rel="modulepreload">`, so that no import waits for another."""
        return tuple(self.url(needed) for needed in self.snapshot.preloads(path))

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/assets/{build}/{path:path}", self.serve, methods=["GET"], name="asset"),
            *(Route(address, self.serve_shim, methods=["GET"], name=path) for address, path in SHIMS.items()),
        ]

    async def serve(self, request: Request) -> Response:
        """A build we no longer have is answered with today's file, which no cache may keep there."""
        snapshot = self.snapshot
        current = request.path_params["build"] == snapshot.build
        return answer_with(
            request, snapshot.get(request.path_params["path"]), IMMUTABLE if current else "no-cache"
        )

    async def serve_shim(self, request: Request) -> Response:
        """Their addresses stand in other people's pages, as the loader's does."""
        return answer_with(request, self.snapshot.get(SHIMS[request.url.path]), LOADER_CACHE)

    def _read(self) -> dict[str, bytes]:
        files = {name: path.read_bytes() for name, path in self._paths()}
        for bundle in translation.BUNDLES:
            for language in translation.languages():
                texts = orjson.dumps(translation.catalog(bundle, language), option=orjson.OPT_SORT_KEYS)
                files[f"locales/{bundle}.{language}.js"] = b"export default " + texts + b"\n"
        for path in {LOADER, *SHIMS.values()} & files.keys():
            files[path] = trimmed(files[path])
        if JOINED in files:
            files[JOINED] = joined(JOINED, files)
        return files

    def _paths(self) -> list[tuple[str, Path]]:
        return [
            (f"{name}/{path.relative_to(folder).as_posix()}", path)
            for name, folder in self._roots.items()
            for path in sorted(folder.rglob("*"))
            if path.suffix in TYPES and path.is_file() and not path.name.startswith(".")
        ]

    def _fingerprint(self) -> tuple[tuple[str, int, int], ...]:
        locales = (Path(translation.__file__).parent / "locales").rglob("*.po")
        watched = [*(path for _, path in self._paths()), *locales]
        return tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in watched)


def answer_with(request: Request, asset: Asset | None, caching: str) -> Response:
    if asset is None:
        return Response("Not found", 404, {"Cache-Control": "no-store"}, "text/plain; charset=utf-8")
    headers = {
        "Cache-Control": caching,
        "ETag": asset.etag,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        # The loader runs inside other people's sites; these files are public and the same for everybody.
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if asset.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if asset.compressed is not None and accepts_gzip(request.headers.get("accept-encoding", "")):
        return Response(asset.compressed, 200, {**headers, "Content-Encoding": "gzip"}, asset.content_type)
    return Response(asset.body, 200, headers, asset.content_type)


def accepts_gzip(accept_encoding: str) -> bool:
    for offer in accept_encoding.lower().split(","):
        name, _, weight = offer.partition(";")
        if name.strip() in ("gzip", "*"):
            return weight.strip().replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _imports_of(path: str, source: str) -> tuple[str, ...]:
    return tuple(_joined(PurePosixPath(path).parent, relative) for relative in _STATIC_IMPORT.findall(source))


def _joined(folder: PurePosixPath, relative: str) -> str:
    parts = list(folder.parts)
    for part in PurePosixPath(relative).parts:
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
