"""Bodies: a connection that breaks is no fault of the storage; a full disk is none of a body."""

from __future__ import annotations

import io
from pathlib import Path

import falcon
import falcon.testing
import pytest

from service.errors import InvalidReportError, StorageUnavailableError
from service.http.request_body import receive_body

MOST = 8 * 1024 * 1024


class Anybody:
    def expect(self, length: int, *, compressed: bool) -> None: ...

    def read(self, size: int) -> None: ...


class Breaking(io.RawIOBase):
    """A connection that breaks after so many bytes."""

    def __init__(self, after: int) -> None:
        self._left = after

    def read(self, size: int = -1, /) -> bytes:
        if size > self._left:
            raise ConnectionResetError("reset by peer")
        self._left -= size
        return b" " * size


def received(stream: io.RawIOBase, length: int, folder: Path) -> bytes:
    headers = {"Content-Length": str(length)}
    environ = falcon.testing.create_environ(method="POST", headers=headers)
    request = falcon.Request(environ | {"wsgi.input": stream})
    with receive_body(request, Anybody(), MOST, folder) as body:
        return body.read()


@pytest.mark.parametrize("length", [1000, 2_000_000])
def test_a_connection_that_breaks_is_no_fault_of_the_storage(tmp_path: Path, length: int) -> None:
    with pytest.raises(InvalidReportError, match="connection broke: reset by peer"):
        received(Breaking(length // 2), length, tmp_path)
    assert received(Breaking(length), length, tmp_path) == b" " * length


def test_a_long_body_that_cannot_be_kept_is_a_fault_of_the_storage(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailableError):
        received(Breaking(2_000_000), 2_000_000, tmp_path / "gone")
