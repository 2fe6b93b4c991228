"""/etiquetas: tags of the fleet. /servers/{id_serv}/etiquetas: those of a server."""

from __future__ import annotations

from io import StringIO

import falcon

from service import times
from service.errors import (
    Fault,
    InvalidParameterError,
    InvalidReportError,
    InvalidTagFileError,
)
from service.http.asker import told_by
from service.http.filters import AT_MOMENT, moment_of
from service.http.listing import FORMAT, Listing, show_whole
from service.http.parameters import Query, choice
from service.http.request_body import read_body
from service.ingest.json_reader import read_json
from service.resources.veredictos import asked_moment
from service.store.read.history import HistoryStore
from service.store.read.tags import TagStore
from service.store.tag_file import MOST_A_REQUEST, TagImport
from service.store.write.tag_changes import TagChanges, TagEdit

_MAX_BYTES = 10_000
_MAX_FILE_BYTES = 512 * 1024
_SPANS = choice("historial", {"si": True, "no": False})
_TIMES = ("desde", "dicha", "hasta")


class FleetTags:
    def __init__(self, tags: TagStore, importer: TagImport) -> None:
        self._tags, self._importer = tags, importer

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Each tag that a server has, now or at a moment, and how many have it."""
        query = Query(req.query_string, *AT_MOMENT, FORMAT)
        moment = moment_of(query)
        rows = self._tags.counts(moment)
        columns = ("clave", "valor", "servidores")
        listing = Listing("etiquetas", columns, rows, beside=asked_moment(moment))
        show_whole(req, resp, query, listing)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Tells the tags of a CSV file, all or none."""
        try:
            lines = StringIO(_csv_of(req), newline="")
            changed, same = self._importer.run(lines, told_by(req), MOST_A_REQUEST)
        except InvalidTagFileError as error:
            raise InvalidReportError(Fault("", str(error))) from error
        resp.media = {"cambiadas": changed, "iguales": same}


class RecordTags:
    def __init__(self, history: HistoryStore, tags: TagStore) -> None:
        self._history, self._tags = history, tags

    def on_get(self, req: falcon.Request, resp: falcon.Response, id_serv: int) -> None:
        """Those in force, now or at a moment as they were known then; or every value ever told."""
        query = Query(req.query_string, *AT_MOMENT, _SPANS, FORMAT)
        server_id, moment = self._history.server_of(id_serv), moment_of(query)
        columns: tuple[str, ...] = ("clave", "valor", "desde", "dicha", "por")
        rows: list[tuple[object, ...]]
        if query[_SPANS]:
            columns += ("hasta",)
            rows = [(*tag[1:], until_at) for tag, until_at in self._tags.spans(server_id, moment)]
        else:
            rows = [tag[1:] for tag in self._tags.of_server(server_id, moment)]
        show_whole(req, resp, query, Listing("etiquetas", columns, rows, times=_TIMES))


class OneTag:
    def __init__(self, history: HistoryStore, changes: TagChanges) -> None:
        self._history, self._changes = history, changes

    def on_put(self, req: falcon.Request, resp: falcon.Response, id_serv: int, clave: str) -> None:
        value, since_at = _tag(read_json(read_body(req, _MAX_BYTES)).value)
        edit = TagEdit(self._history.server_of(id_serv), clave, value, since_at)
        self._changes.tell([edit], told_by(req))
        resp.status = falcon.HTTP_204

    def on_delete(
        self, req: falcon.Request, resp: falcon.Response, id_serv: int, clave: str
    ) -> None:
        edit = TagEdit(self._history.server_of(id_serv), clave, None)
        self._changes.tell([edit], told_by(req))
        resp.status = falcon.HTTP_204


def _csv_of(req: falcon.Request) -> str:
    """Raises InvalidReportError."""
    length = req.content_length or 0
    if (req.content_type or "").partition(";")[0].strip().lower() != "text/csv":
        raise InvalidReportError(Fault("", "expected Content-Type text/csv"))
    if not 0 < length <= _MAX_FILE_BYTES:
        detail = f"expected 1 to {_MAX_FILE_BYTES} bytes with Content-Length"
        raise InvalidReportError(Fault("", detail))
    try:
        return req.bounded_stream.read(length).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidReportError(Fault("", "expected CSV in UTF-8")) from error


def _tag(document: object) -> tuple[str, int | None]:
    """The value, and since when it holds. Raises InvalidReportError, InvalidParameterError."""
    if not isinstance(document, dict) or not {"valor"} <= document.keys() <= {"valor", "desde"}:
        raise InvalidReportError(Fault("", 'expected an object such as {"valor": "produccion"}'))
    value, since = document["valor"], document.get("desde")
    if not isinstance(value, str):
        raise InvalidReportError(Fault("/valor", "expected a text"))
    if since is None:
        return value, None
    try:
        return value, times.parse(since)
    except (TypeError, ValueError) as error:
        raise InvalidParameterError("desde", "expected a time as 2026-11-23T10:00:00Z") from error
