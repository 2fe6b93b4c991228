"""The tags that a receiver asks servers for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from service.store.engines import Connection
from service.store.read.tags import TagReader, Told
from service.store.tag_format import WantedTag


class TagWatch:
    """Of one receiver. wanted: a server must have all of them; none asks for nothing."""

    def __init__(self, queries: Mapping[str, str], wanted: Sequence[WantedTag]) -> None:
        self._reader, self._wanted = TagReader(queries), wanted
        self._looked_at: int | None = None  # the last change of a tag

    def bears(self, connection: Connection, server_id: int | None, told: Told) -> bool:
        """Whether a server had these tags. server_id: null, that is the evaluator: always."""
        if not self._wanted or server_id is None:
            return True
        tags = {tag.key: tag.value for tag in self._reader.of_server(connection, server_id, told)}
        return all(
            wanted.key in tags and wanted.value in {None, tags[wanted.key]}
            for wanted in self._wanted
        )

    def has_news(self, connection: Connection) -> bool:
        """Whether a tag was told since the last look, so that more servers may have them."""
        return bool(self._wanted) and self._reader.last_id(connection) != self._looked_at

    def look(self, connection: Connection) -> None:
        self._looked_at = self._reader.last_id(connection)
