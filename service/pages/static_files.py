"""Style sheet, script and icon. Their addresses contain a content hash, so caches keep them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import falcon

STATIC_FOLDER = Path(__file__).resolve().parent / "static"

_CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class StaticFiles:
    """The files of a folder, read at start-up."""

    def __init__(self, folder: Path = STATIC_FOLDER) -> None:
        self._files: dict[str, tuple[bytes, str]] = {}
        self._addresses: dict[str, str] = {}
        for path in sorted(folder.iterdir()):
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:16]
            name = f"{path.stem}.{digest}{path.suffix}"
            self._files[name] = content, _CONTENT_TYPES[path.suffix]
            self._addresses[path.name] = f"/static/{name}"

    def address(self, name: str) -> str:
        """The address of a file of the folder, such as style.css."""
        return self._addresses[name]

    def on_get(self, _req: falcon.Request, resp: falcon.Response, name: str) -> None:
        if name not in self._files:
            raise falcon.HTTPNotFound
        resp.data, resp.content_type = self._files[name]
        resp.set_header("Cache-Control", "public, max-age=31536000, immutable")
        resp.set_header("X-Content-Type-Options", "nosniff")


@cache
def shipped_files() -> StaticFiles:
    """Those of the pages, the same for each application of a process."""
    return StaticFiles()
