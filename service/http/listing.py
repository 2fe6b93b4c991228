"""Lists: the same rows as JSON or as CSV, complete or in pages."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import falcon

from service import times
from service.errors import StorageUnavailableError
from service.http.csv_format import to_csv, to_csv_lines
from service.http.parameters import Query, choice

CUT_OFF = "# cortado: faltan filas; the list was cut off, and rows are missing"

FORMAT = choice("formato", {"json": "json", "csv": "csv"})


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows and the names of their columns."""

    name: str  # the member of the JSON document that holds them
    columns: Sequence[str]
    rows: Iterable[Sequence[object]]
    times: Collection[str] = ()  # columns that hold microseconds, or null, and are shown as text
    of: Mapping[str, object] = field(default_factory=dict)  # shared by all rows
    # In JSON, rows with this value in this column stand in a member of their own.
    apart: tuple[str, object, str] | None = None
    beside: Mapping[str, object] = field(default_factory=dict)  # more members of the JSON document


def show_page(
    req: falcon.Request, resp: falcon.Response, query: Query, listing: Listing, after: int | None
) -> None:
    """A page of a list; `after` is the key after which the next one begins, null on the last."""
    following = None if after is None else query.address_after(req.path, after)
    if following is not None:
        resp.append_link(following, "next")
    _show(req, resp, query, listing, {"siguiente": following})


def show_whole(req: falcon.Request, resp: falcon.Response, query: Query, listing: Listing) -> None:
    _show(req, resp, query, listing, {})


def csv_is_wanted(req: falcon.Request, resp: falcon.Response, query: Query) -> bool:
    """`formato` decides, else whether Accept says that CSV is better than JSON."""
    resp.set_header("Vary", "Accept")
    chosen = query[FORMAT]
    if chosen is not None:
        return chosen == "csv"
    try:
        return _quality("text/csv", req) > _quality("application/json", req)
    except falcon.InvalidMediaRange:
        return False


def show_csv(
    req: falcon.Request,
    resp: falcon.Response,
    columns: Iterable[str],
    rows: Iterable[Iterable[object]],
) -> None:
    """A file to keep, named as its address: servers-17-procesos.csv."""
    resp.content_type = "text/csv; charset=utf-8; header=present"
    resp.downloadable_as = _file_name(req)
    resp.data = to_csv(columns, rows)


def stream_csv(
    req: falcon.Request,
    resp: falcon.Response,
    listing: Listing,
    batches: Iterable[Iterable[Sequence[object]]],
) -> None:
    """All rows of a list, sent as they are read; listing.rows is left aside.

    Its status is sent before its last row is read. One that storage cut off ends in a line that
    says so. It has no ETag, for its bytes are not known when the headers are sent.
    """
    resp.content_type = "text/csv; charset=utf-8; header=present"
    resp.downloadable_as = _file_name(req)
    resp.cache_control = ["no-store"]
    resp.stream = _csv_chunks(listing, batches)


def _csv_chunks(listing: Listing, batches: Iterable[Iterable[Sequence[object]]]) -> Iterator[bytes]:
    shared = listing.of.values()
    yield to_csv([*listing.of, *listing.columns], [])
    try:
        for rows in batches:
            yield to_csv_lines((*shared, *_shown(listing, row)) for row in rows)
    except StorageUnavailableError:
        yield to_csv_lines([[CUT_OFF]])


def _file_name(req: falcon.Request) -> str:
    return req.path.strip("/").replace("/", "-") + ".csv"


def _quality(content_type: str, req: falcon.Request) -> float:
    return falcon.mediatypes.quality(content_type, req.accept.lower())


def document_of(listing: Listing) -> dict[str, object]:
    """The list as a JSON document, whole."""
    return _document(listing, [_shown(listing, row) for row in listing.rows])


def _document(listing: Listing, rows: list[Sequence[object]]) -> dict[str, object]:
    objects = [dict(zip(listing.columns, row, strict=True)) for row in rows]
    return {**listing.of, **_members(listing, objects), **listing.beside}


def _show(
    req: falcon.Request,
    resp: falcon.Response,
    query: Query,
    listing: Listing,
    more: Mapping[str, object],
) -> None:
    rows = [_shown(listing, row) for row in listing.rows]
    if csv_is_wanted(req, resp, query):
        shared = listing.of.values()
        show_csv(req, resp, [*listing.of, *listing.columns], [(*shared, *row) for row in rows])
    else:
        resp.media = {**_document(listing, rows), **more}


def _members(
    listing: Listing, objects: list[dict[str, object]]
) -> dict[str, list[dict[str, object]]]:
    if listing.apart is None:
        return {listing.name: objects}
    column, value, name = listing.apart
    return {
        listing.name: [each for each in objects if each[column] != value],
        name: [each for each in objects if each[column] == value],
    }


def _shown(listing: Listing, row: Sequence[object]) -> Sequence[object]:
    if not listing.times:
        return row
    return [
        times.to_text(value) if name in listing.times and isinstance(value, int) else value
        for name, value in zip(listing.columns, row, strict=True)
    ]
