"""Validates documents against the schemas of reports, and words the faults of invalid ones.

jsonschema-rs judges every report, a hundred times faster than jsonschema. jsonschema, the
reference, checks the schema files when they are loaded and finds the faults of a rejected
document. Tests hold the two to the same verdicts. A schema's titles word its expectations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs

from service.errors import Fault, InvalidReportError
from service.ingest import wire
from service.ingest.json_reader import Bounds, Document
from service.project import SCHEMAS_FOLDER
from service.report import Report

MAX_FAULTS = 10
MAX_SHOWN = 60  # characters of a text that was sent

_FILE_NAME = re.compile(r"report\.v(\d+)\.json")


class ReportValidator:
    """The schemas of a folder, compiled once in a process: a tenth of a second."""

    def __init__(self, folder: Path = SCHEMAS_FOLDER) -> None:
        self._schemas: dict[int, _CompiledSchema] = {}
        for path in folder.glob("report.v*.json"):
            match = _FILE_NAME.fullmatch(path.name)
            if match:
                self._schemas[int(match[1])] = _compiled(path.read_bytes())
        bounds = [schema.bounds for schema in self._schemas.values()]
        # The bounds of every report, of any version.
        self.bounds = Bounds(
            max(bound.containers for bound in bounds), max(bound.commas for bound in bounds)
        )

    def validate(self, document: Document) -> Report:
        """The report that this document is. Raises InvalidReportError, with at most 10 faults."""
        value = document.value
        schema = self._schema_for(value)
        report = None
        if schema.accepts(value):
            assert isinstance(value, dict)  # noqa: S101 — as every schema of a report demands
            report = wire.report_of(value, document.digest, document.spelled_digest)
        if report is None:
            raise InvalidReportError(*islice(schema.faults(value), MAX_FAULTS))
        return report

    def _schema_for(self, value: object) -> _CompiledSchema:
        if not (isinstance(value, dict) and "version_esquema" in value):
            return self._schemas[1]
        version = value["version_esquema"]
        # true is no number, though Python says True == 1. The reader made 2 of 2.0.
        if type(version) is int and version != 1 and version in self._schemas:
            return self._schemas[version]
        known = ", ".join(str(number) for number in sorted(self._schemas))
        raise InvalidReportError(
            Fault(
                "/version_esquema",
                f"expected a version that this service knows ({known}; 1 is a document without"
                f" this member), got {_shown(version)}",
            )
        )


class _CompiledSchema:
    """One schema file: a fast verdict, and the faults in words."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        jsonschema.Draft202012Validator.check_schema(schema)
        self._schema = schema
        self._reference = jsonschema.Draft202012Validator(schema)
        self.accepts = _fast_validator(schema)
        self._lists = {
            member: _fast_validator({**subschema["items"], "$defs": schema["$defs"]})
            for member, subschema in schema["properties"].items()
            if "items" in subschema
        }
        self.bounds = self._bounds(schema)

    def _subschema(self, path: Sequence[str | int]) -> Mapping[str, Any] | None:
        """The schema of that place of a document; null for a member that the schema has not."""
        subschema = self._schema
        for part in path:
            if isinstance(part, int):
                inner = subschema["items"]
            elif part in subschema["properties"]:
                inner = subschema["properties"][part]
            else:
                return None
            subschema = self._resolved(inner)
        return subschema

    def faults(self, value: object) -> Iterator[Fault]:
        """The faults of a document, each place once even where it breaks several rules."""
        seen = set()
        for fault in chain(self._schema_faults(value), self._unreadable(value)):
            if fault.pointer not in seen:
                seen.add(fault.pointer)
                yield fault

    def _unreadable(self, value: object) -> Iterator[Fault]:
        if isinstance(value, dict):
            for path, found in wire.unreadable(value):
                subschema = self._subschema(path)
                # Version 1 has no `inicio`: there, the member itself is the fault.
                if subschema is not None:
                    yield Fault(_pointer(path), _sentence(subschema["title"], found))

    def _schema_faults(self, value: object) -> Iterator[Fault]:
        """The reference's errors in words.

        The reference needs a tenth of a millisecond an item, so of a long list it sees only
        the first items that the fast validator rejects; and it writes out all members that are
        unknown, so it sees only the first of those.
        """
        positions: dict[str, list[int]] = {}
        seen_by_reference = _shortened(value, self._schema)
        if isinstance(value, dict):
            for member, accepts in self._lists.items():
                items = value.get(member)
                if isinstance(items, list):
                    subschema = self._schema["properties"][member]
                    if len(items) > subschema["maxItems"]:
                        yield Fault(f"/{member}", _sentence(subschema["title"], items))
                    rejected = (at for at, item in enumerate(items) if not accepts(item))
                    positions[member] = list(islice(rejected, MAX_FAULTS))
                    item = self._resolved(subschema["items"])
                    seen_by_reference[member] = [
                        _shortened(items[at], item) for at in positions[member]
                    ]
        for error in self._reference.iter_errors(seen_by_reference):
            path = list(error.absolute_path)
            if len(path) > 1 and path[0] in positions:
                path[1] = positions[str(path[0])][int(path[1])]
            yield from self._faults_of(error, path)

    def _faults_of(
        self, error: jsonschema.ValidationError, path: list[str | int]
    ) -> Iterator[Fault]:
        schema: Mapping[str, Any] = error.schema  # type: ignore[assignment]  # ours are objects
        found: Any = error.instance
        if error.validator == "required":
            for member in schema["required"]:
                if member not in found:
                    expected = self._resolved(schema["properties"][member])["title"]
                    yield Fault(_pointer([*path, member]), f"expected {expected}, it is missing")
        elif error.validator == "additionalProperties":
            members = ", ".join(schema["properties"])
            for member in found:
                if member not in schema["properties"]:
                    yield Fault(
                        _pointer([*path, member]), f"expected no such member, only {members}"
                    )
        else:
            yield Fault(_pointer(path), _sentence(schema["title"], found))

    def _bounds(self, subschema: Mapping[str, Any]) -> Bounds:
        """The most structure that a value can have which this schema accepts."""
        subschema = self._resolved(subschema)
        if "items" in subschema:
            most, item = subschema["maxItems"], self._bounds(subschema["items"])
            return Bounds(1 + most * item.containers, most - 1 + most * item.commas)
        if "properties" in subschema:  # and no others
            members = [self._bounds(member) for member in subschema["properties"].values()]
            return Bounds(
                1 + sum(member.containers for member in members),
                len(members) - 1 + sum(member.commas for member in members),
            )
        return Bounds(0, 0)

    def _resolved(self, subschema: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" not in subschema:
            return subschema
        found: Mapping[str, Any] = self._schema["$defs"][subschema["$ref"].removeprefix("#/$defs/")]
        return found


@cache
def _compiled(text: bytes) -> _CompiledSchema:
    return _CompiledSchema(json.loads(text))


def _fast_validator(schema: Mapping[str, Any]) -> Callable[[object], bool]:
    # The linear-time engine: no text that is sent can make a pattern backtrack.
    linear = jsonschema_rs.RegexOptions()
    validator = jsonschema_rs.Draft202012Validator(dict(schema), pattern_options=linear)

    def accepts(value: object) -> bool:
        try:
            return validator.is_valid(value)
        except ValueError:  # nested past what the validator follows; no report is
            return False

    return accepts


def _shortened(value: object, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401 — as it came
    """An object with its members that the schema knows, and the first of all others."""
    if not isinstance(value, dict):
        return value
    known = schema["properties"]
    unknown = islice((member for member in value if member not in known), MAX_FAULTS)
    kept = known.keys() & value.keys() | set(unknown)
    return {member: found for member, found in value.items() if member in kept}


def _sentence(expected: str, found: object) -> str:
    return f"expected {expected}, got {_shown(found)}"


def _shown(found: object) -> str:
    """The received value, harmless and short: ASCII, one line."""
    if isinstance(found, list):
        return f"a list of {len(found)} items"
    if isinstance(found, dict):
        return f"an object of {len(found)} members"
    if isinstance(found, str):
        start = _start(found)
        cut = f"... ({len(found)} characters)" if len(start) < len(found) else ""
        return _quoted(start) + cut
    return json.dumps(found)


def _start(text: str) -> str:
    """As much of a text as stays short when every character outside ASCII is escaped."""
    start = text[:MAX_SHOWN]
    while len(_quoted(start)) > MAX_SHOWN + len('""'):
        start = start[:-1]
    return start


def _quoted(text: str) -> str:
    return json.dumps(text).replace("\x7f", "\\u007f")  # the one control character that JSON keeps


def _pointer(path: list[str | int]) -> str:
    """RFC 6901, with each part kept short and in ASCII as it may be anything that was sent."""
    parts = (_start(str(part)).replace("~", "~0").replace("/", "~1") for part in path)
    return "".join("/" + _quoted(part)[1:-1] for part in parts)
