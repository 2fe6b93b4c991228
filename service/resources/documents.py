"""The contract as files: the schemas of reports, and the description of this interface."""

from __future__ import annotations

from pathlib import Path

import falcon


class Document:
    """One file, read when the service starts."""

    def __init__(self, path: Path, content_type: str) -> None:
        self._content = path.read_bytes()
        self._content_type = content_type

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        resp.content_type = self._content_type
        resp.data = self._content
