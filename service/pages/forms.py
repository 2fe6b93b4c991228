"""The forms that pages send by POST."""

from __future__ import annotations

from typing import Any

import falcon

from service.errors import InvalidParameterError
from service.http.parameters import Parameter


def form_of(req: falcon.Request, main: Parameter[Any], max_bytes: int) -> str:
    """The fields of a form, as a query string. main: its longest field, which errors name.

    Raises InvalidParameterError.
    """
    length = req.content_length or 0
    if length > max_bytes:
        raise InvalidParameterError(main.name, f"expected a form of at most {max_bytes} bytes")
    try:
        return req.bounded_stream.read(length).decode("ascii")
    except ValueError as error:
        detail = f"expected a form with the field {main.name}"
        raise InvalidParameterError(main.name, detail) from error


def text_of(value: str | None) -> str:
    """The text of a field of several lines, with its own line ends: a form sends CR LF."""
    return (value or "").replace("\r\n", "\n")
