"""What a waiver may be: what it covers, until when, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from ipaddress import ip_network
from typing import NamedTuple

from service import times
from service.errors import InvalidParameterError
from service.store.tag_format import WantedTag, wanted_tag
from service.times import DAY, MINUTE

LONGEST_DAYS = 400
LONGEST_REASON = 500  # characters
_LONGEST_KEY = 4000  # characters of JSON; an entry of the audit log holds it

KeyValue = str | int | float | None


class Target(NamedTuple):
    """What a waiver covers: one of the three is given."""

    server_id: int | None = None
    tag: WantedTag | None = None  # with a value
    network: str | None = None


def target_of(server_id: int | None, tag: str | None, network: str | None) -> Target:
    """Raises InvalidParameterError, also where not exactly one is given."""
    if sum(part is not None for part in (server_id, tag, network)) != 1:
        raise InvalidParameterError(
            "servidor", "expected one of servidor, etiqueta and red, and one of them alone"
        )
    return Target(
        server_id,
        None if tag is None else _tag(tag),
        None if network is None else _network(network),
    )


def _tag(text: str) -> WantedTag:
    found = wanted_tag(text)
    if found.value is None:
        raise InvalidParameterError("etiqueta", "expected a tag with its value: entorno=pruebas")
    return found


def _network(text: str) -> str:
    try:
        found = ip_network(text.replace("%", " "))  # a zone, which no stored address has
    except ValueError as error:
        raise InvalidParameterError(
            "red", f"expected a network such as 10.1.0.0/16, got {text[:60]!r}"
        ) from error
    return str(found)


def end_of(text: str) -> int:
    """The end that a text names: a date ends with its day, in UTC. Raises InvalidParameterError."""
    try:
        if len(text) == len("2026-11-23"):
            end = times.parse(date.fromisoformat(text).isoformat()) + DAY
        else:
            end = times.parse(text)
    except (ValueError, OverflowError) as error:
        raise InvalidParameterError(
            "hasta",
            "expected a date such as 2026-12-31, which it includes, or a minute such as"
            f" 2026-12-31T18:00Z, got {text[:60]!r}",
        ) from error
    if end % MINUTE:
        raise InvalidParameterError("hasta", "expected a whole minute: a waiver ends with one")
    return end


def checked_end(until_at: int, at: int, now: int) -> None:
    """Whether a waiver that is told at this time may end then. Raises InvalidParameterError."""
    if until_at <= max(at, now):
        raise InvalidParameterError(
            "hasta", f"expected a time after {times.to_text(max(at, now))[:16]} (UTC)"
        )
    latest = min(at, now) + LONGEST_DAYS * DAY
    if until_at > latest:
        raise InvalidParameterError(
            "hasta",
            f"expected {times.to_text(latest)[:16]} (UTC) at the latest, {LONGEST_DAYS} days from"
            " now: renew it then",
        )


def reason_of(text: str) -> str:
    """The reason itself, without spaces around it. Raises InvalidParameterError."""
    reason = text.strip()
    if not (0 < len(reason) <= LONGEST_REASON and reason.isprintable()):
        raise InvalidParameterError(
            "motivo",
            f"expected why it is waived, in one line of at most {LONGEST_REASON} printable"
            " characters",
        )
    return reason


def key_of(key: Mapping[str, object] | None, columns: Sequence[str]) -> str | None:
    """A key as it is stored; columns: those of the rule's `clave`. Raises InvalidParameterError."""
    if key is None:
        return None
    if not key or not key.keys() <= set(columns):
        of_rule = ", ".join(columns) or "none: leave clave out"
        raise InvalidParameterError("clave", f"expected values of columns of the rule: {of_rule}")
    for column, value in key.items():
        is_value = value is None or (isinstance(value, str | int) and not isinstance(value, bool))
        if not is_value:
            raise InvalidParameterError("clave", f"{column}: expected a text, an integer or null")
    try:
        text = json.dumps(key, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidParameterError("clave", "expected text in UTF-8") from error
    if len(text) > _LONGEST_KEY or "\\u0000" in text:
        raise InvalidParameterError(
            "clave", f"expected at most {_LONGEST_KEY} characters of JSON, without NUL"
        )
    return text


def fits(wanted: Mapping[str, KeyValue], key: Mapping[str, object]) -> bool:
    """Whether the key of a violation has the values that a waiver names.

    Commands name integers by their digits.
    """
    return all(column in key and _is(key[column], value) for column, value in wanted.items())


def _is(found: object, wanted: KeyValue) -> bool:
    return found == wanted or (
        found is not None and isinstance(wanted, str) and str(found) == wanted
    )
