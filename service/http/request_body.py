"""Reads the body of a request, within its limits."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, NamedTuple, Protocol, TypeGuard

import falcon

from service.errors import (
    Fault,
    InvalidReportError,
    SourceBusyError,
    StorageUnavailableError,
)
from service.store.engines import MAX_INTEGER

_GZIP = 16 + zlib.MAX_WBITS
_IN_MEMORY = 256 * 1024  # bytes of a body; a longer one waits in a file
_BLOCK = 64 * 1024


class Body:
    """A body that was received, not yet inflated, and its cost."""

    def __init__(self, file: IO[bytes] | None, content: bytes, cost: Cost, *, gzip: bool) -> None:
        self._file = file
        self._content = content
        self._gzip = gzip
        self.size = cost.size
        self.objects = cost.objects

    def read(self) -> bytes:
        """The body, inflated where it was compressed."""
        content = self._content
        if self._file is not None:
            self._file.seek(0)
            content = self._file.read()
        # It was inflated before, only to count: a refused body costs no memory, and an accepted
        # one needs no growing buffer. That takes 20 microseconds more for 300 processes.
        return zlib.decompress(content, _GZIP, self.size) if self._gzip else content


class Cost(NamedTuple):
    """What handling a body costs."""

    size: int  # bytes, inflated
    objects: int  # at most so many


def read_body(req: falcon.Request, most: int) -> bytes:
    """As receive_body(), for a body that is short enough for no file."""
    with receive_body(req, _Unbounded(), min(most, _IN_MEMORY), Path()) as body:
        return body.read()


class Sender(Protocol):
    """The source of a request, which may be refused. Both methods may raise SourceBusyError."""

    def expect(self, length: int, *, compressed: bool) -> None:
        """Before a body of so many bytes is received."""

    def read(self, size: int) -> None:
        """Before so many bytes of it are looked at, inflated."""


class _Unbounded:
    """A sender that is not refused."""

    def expect(self, length: int, *, compressed: bool) -> None: ...

    def read(self, size: int) -> None: ...


@contextmanager
def receive_body(req: falcon.Request, sender: Sender, most: int, folder: Path) -> Iterator[Body]:
    """Receives a body of at most `most` bytes on the wire and inflated.

    A long one waits in a file of that folder, which has no name: a client that sends slowly, or
    waits for its turn, takes next to no memory. Raises InvalidReportError, where the headers alone
    are invalid before reading any byte, StorageUnavailableError and SourceBusyError.
    """
    length, gzip = _checked(req, most)
    try:
        sender.expect(length, compressed=gzip)
    except SourceBusyError:
        req.bounded_stream.exhaust()  # gunicorn would close a connection with much unread
        raise
    with ExitStack() as opened:
        if length <= _IN_MEMORY:
            content = _received(req, length)
            _require_length(length, len(content))
            file, pieces = None, iter([content])
        else:
            content = b""
            file = opened.enter_context(_received_file(req, length, folder))
            pieces = _blocks(file)
        try:
            cost = _inflated_cost(pieces, most, sender) if gzip else _cost(pieces, sender)
        except zlib.error as error:
            raise _refused(f"expected a body in gzip format: {error}") from error
        yield Body(file, content, cost, gzip=gzip)


def _checked(req: falcon.Request, most: int) -> tuple[int, bool]:
    """The length of the body, and whether it is compressed. Raises InvalidReportError."""
    if req.get_header("Transfer-Encoding") is not None:
        raise _refused("expected a body with Content-Length, got a chunked one")
    length = req.content_length or 0
    if length == 0:
        raise _refused("expected a report as JSON, got an empty body")
    if length > most:
        raise _refused(f"expected at most {most} bytes, got {length}")
    content_type = (req.content_type or "application/json").partition(";")[0].strip().lower()
    if not (content_type == "application/json" or content_type.endswith("+json")):
        raise _refused(f"expected Content-Type application/json, got {content_type[:60]!a}")
    codings = _content_codings(req)
    if codings not in ([], ["gzip"]):
        shown = ", ".join(codings)[:60]
        raise _refused(f"expected Content-Encoding gzip or none, got {shown!a}")
    return length, bool(codings)


def _received_file(req: falcon.Request, length: int, folder: Path) -> IO[bytes]:
    with ExitStack() as opened:
        with _storage():
            file: IO[bytes] = opened.enter_context(tempfile.TemporaryFile(dir=folder))
        left = length
        while left and (block := _received(req, min(left, _BLOCK))):
            with _storage():
                file.write(block)
            left -= len(block)
        _require_length(length, length - left)
        with _storage():
            file.flush()
        opened.pop_all()
    return file


@contextmanager
def _storage() -> Iterator[None]:
    """Raises StorageUnavailableError for a full disk."""
    try:
        yield
    except OSError as error:
        raise StorageUnavailableError(f"a report cannot be received now: {error}") from error


def _received(req: falcon.Request, size: int) -> bytes:
    """Raises InvalidReportError if the connection breaks."""
    try:
        return req.bounded_stream.read(size)
    except OSError as error:
        raise _refused(f"expected a whole body, but the connection broke: {error}") from error


def _require_length(length: int, received: int) -> None:
    if received < length:
        raise _refused(f"expected {length} bytes as Content-Length says, got {received}")


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while block := file.read(_BLOCK):
        yield block


def _content_codings(req: falcon.Request) -> list[str]:
    """The codings of the body in RFC 9110's one spelling: 8.4.1.3 makes x-gzip equal to gzip.

    Empty list members and `identity`, which stands for no coding, are left out.
    """
    names = (req.get_header("Content-Encoding") or "").lower().split(",")
    codings = [name.strip(" \t") for name in names]
    return [
        "gzip" if name == "x-gzip" else name for name in codings if name not in ("", "identity")
    ]


def _cost(pieces: Iterator[bytes], sender: Sender) -> Cost:
    size = objects = 0
    for piece in pieces:
        sender.read(len(piece))
        size += len(piece)
        objects += piece.count(b"{")
    return Cost(size, objects)


def _inflated_cost(pieces: Iterator[bytes], most: int, sender: Sender) -> Cost:
    inflater = zlib.decompressobj(_GZIP)
    size = objects = 0
    is_all = True
    for piece in pieces:
        is_all = is_all and not inflater.eof
        rest: bytes | None = piece
        while rest is not None and not inflater.eof:
            inflated = inflater.decompress(rest, _BLOCK)
            # A full block may be followed by more, also where all of the piece was taken in.
            rest = inflater.unconsumed_tail or (b"" if len(inflated) == _BLOCK else None)
            sender.read(len(inflated))
            size += len(inflated)
            objects += inflated.count(b"{")
            if size > most:
                raise _refused(f"expected at most {most} bytes after inflation, got more")
    if not inflater.eof or inflater.unused_data or not is_all:
        raise _refused("expected exactly one complete gzip member, got part of one or more")
    return Cost(size, objects)


def _refused(detail: str) -> InvalidReportError:
    return InvalidReportError(Fault("", detail))


def is_row_number(value: object) -> TypeGuard[int]:
    """Whether a member of a document can be the number of something that is stored."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_INTEGER
