"""Query parameters: a route lists the ones it takes, and any other is refused.

    NAME = text("name", 1024)
    MOMENT = time("fecha_hora")
    query = Query(req.query_string, NAME, MOMENT, *PAGING)
    query[NAME], query[MOMENT], query.after, query.limit

A parameter without a value (`?q=`) counts as absent: a browser sends every empty field of a form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Generic, TypeVar
from urllib.parse import unquote_to_bytes, urlencode

from service import times
from service.errors import InvalidParameterError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000

# Python's int() would read +1, 1_0, spaces and digits of every script as well.
_INTEGER = re.compile(r"[0-9]{1,19}")
_CURSOR = re.compile(r"[0-7][0-9a-f]{15}")  # 0 to 2^63 - 1
_PREFIX_LENGTH = re.compile(r"0|[1-9][0-9]{0,2}")  # ipaddress reads a netmask there, too
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_IPV4_WITHIN_IPV6 = IPv6Network("::ffff:0:0/96")


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T_co]):
    """A parameter that a route takes. parse raises ValueError, whose text is added as a hint."""

    name: str
    expected: str
    parse: Callable[[str], T_co]

    def read(self, value: str) -> T_co:
        """Raises InvalidParameterError, which names the expected and the received value."""
        try:
            return self.parse(value)
        except ValueError as error:
            detail = f"expected {self.expected}, got {json.dumps(value[:60])}"
            hint = error.args[0] if isinstance(error, _HintedError) else ""
            raise InvalidParameterError(self.name, detail + hint) from error


class _HintedError(ValueError):
    """An invalid value whose likely cause is known; its text is added as a hint."""


class Query:
    """The parameters that were given, read and checked. Raises InvalidParameterError."""

    def __init__(self, query_string: str, *taken: Parameter[Any]) -> None:
        self._texts = _single_values(query_string, [parameter.name for parameter in taken])
        self._values: dict[str, Any] = {
            parameter.name: parameter.read(self._texts[parameter.name])
            for parameter in taken
            if parameter.name in self._texts
        }

    def __getitem__(self, parameter: Parameter[T]) -> T | None:
        value: T | None = self._values.get(parameter.name)
        return value

    @property
    def limit(self) -> int:
        """How many rows a page holds."""
        limit = self[LIMIT]
        return DEFAULT_LIMIT if limit is None else limit

    @property
    def after(self) -> int:
        """The key after which the page begins, 0 for the first."""
        return self[CURSOR] or 0

    def text(self, parameter: Parameter[Any]) -> str:
        """The text of a parameter, unchanged; empty if it is absent."""
        return self._texts.get(parameter.name, "")

    def address(self, path: str, **changes: str | int | None) -> str:
        """This path with the same parameters and these changes; null removes one."""
        texts = {**self._texts, **changes}
        given = {name: value for name, value in texts.items() if value is not None}
        return f"{path}?{urlencode(given)}" if given else path

    def address_after(self, path: str, after: int, **changes: str | int | None) -> str:
        """The address of the next page; `after` is the last key on this one."""
        return self.address(path, **changes, cursor=f"{after:016x}")


def text(name: str, most: int) -> Parameter[str]:
    """1 to `most` characters other than NUL, which no stored text contains."""

    def parse(value: str) -> str:
        if len(value) > most or "\0" in value:
            raise ValueError
        return value

    return Parameter(name, f"a text of at most {most} characters, without NUL", parse)


def integer(name: str, low: int, high: int) -> Parameter[int]:
    def parse(value: str) -> int:
        if not (_INTEGER.fullmatch(value) and low <= int(value) <= high):
            raise ValueError
        return int(value)

    return Parameter(name, f"an integer from {low} to {high}", parse)


def choice(name: str, options: Mapping[str, T]) -> Parameter[T]:
    """One of several words, each with the value that it stands for."""

    def parse(value: str) -> T:
        if value not in options:
            raise ValueError
        return options[value]

    return Parameter(name, _listed(list(options), "or"), parse)


def time(name: str) -> Parameter[int]:
    """A moment, in microseconds. A date alone is the moment at which it begins, in UTC."""

    def parse(value: str) -> int:
        if not _TIME.fullmatch(value):
            if _TIME.fullmatch("+".join(value.rsplit(" ", 1))):
                raise _HintedError(" (a + in an address is read as a space: write %2B)")
            raise ValueError
        return times.parse(value)

    expected = (
        "a date from 1970 to 9999 such as 2026-11-23, with or without a time:"
        " 2026-11-23T10:00, 2026-11-23 10:00:00.5, 2026-11-23T10:00:00+01:00"
    )
    return Parameter(name, expected, parse)


def past_time(name: str) -> Parameter[int]:
    """A moment that has passed; one of the future is now."""
    moment = time(name)
    return Parameter(name, moment.expected, lambda value: min(moment.parse(value), times.now()))


def network(name: str) -> Parameter[IPv4Network | IPv6Network]:
    """An address, or the network around one: 10.1.2.3/24 is 10.1.2.0/24."""
    expected = "an IPv4 or IPv6 address, or a network such as 192.168.1.0/24 or 2001:db8::/32"
    return Parameter(name, expected, _network)


def _network(value: str) -> IPv4Network | IPv6Network:
    _, slash, prefix_length = value.partition("/")
    if "%" in value or (slash and not _PREFIX_LENGTH.fullmatch(prefix_length)):
        raise ValueError
    found = ip_network(value, strict=False)
    if isinstance(found, IPv6Network) and found.subnet_of(_IPV4_WITHIN_IPV6):
        # As the address of a report is stored: ::ffff:10.1.2.3 is 10.1.2.3.
        within = int(found.network_address) & 0xFFFF_FFFF
        return IPv4Network((within, found.prefixlen - _IPV4_WITHIN_IPV6.prefixlen))
    return found


def _cursor(value: str) -> int:
    if not _CURSOR.fullmatch(value):
        raise ValueError
    return int(value, 16)


LIMIT = integer("limit", 1, MAX_LIMIT)
CURSOR = Parameter("cursor", "the cursor of a next page", _cursor)
PAGING = (LIMIT, CURSOR)


def _single_values(query_string: str, taken: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in filter(None, query_string.split("&")):
        encoded_name, _, encoded_value = pair.partition("=")
        name = _decoded(encoded_name, "")
        if name not in taken:
            only = _listed(taken, "or") if taken else "none"
            raise InvalidParameterError(name[:60], f"unknown parameter, expected {only}")
        value = _decoded(encoded_value, name)
        if name in found:
            raise InvalidParameterError(name, "expected one value, got several")
        found[name] = value
    return {name: value for name, value in found.items() if value}


def _decoded(encoded: str, parameter: str) -> str:
    # WSGI hands the bytes of an address on as latin-1 (PEP 3333).
    octets = unquote_to_bytes(encoded.replace("+", " ").encode("latin-1"))
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        shown = json.dumps(octets[:60].decode("ascii", "backslashreplace"))
        raise InvalidParameterError(parameter, f"expected UTF-8, got {shown}") from error


def _listed(words: list[str], conjunction: str) -> str:
    return f" {conjunction} ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
