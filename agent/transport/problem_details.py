"""Reads the reasons in an answer that refuses a request: problem details (RFC 9457)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.transport.http_client import Answer

_MAX_FAULTS = 10
_MAX_LINE_LENGTH = 300
_REDIRECTS = {301, 302, 303, 307, 308}


def explain(answer: Answer) -> Iterator[str]:
    """The reasons in an answer, one line each, with at most ten faults.

    A problem document has a title, a detail and, as an extension, a list of faults. Any other
    body, such as the page of a proxy, gives no line.
    """
    if answer.status in _REDIRECTS and answer.location:
        yield f"it has moved; set --api to the new address: {one_line(answer.location)}"
    problem = _problem(answer)
    yield from (
        one_line(problem[key]) for key in ("title", "detail") if isinstance(problem.get(key), str)
    )
    for value in problem.values():
        if isinstance(value, list):
            yield from (_fault(fault) for fault in value[:_MAX_FAULTS])


def has_fault_at(pointer: str, answer: Answer) -> bool:
    """Whether a problem document reports a fault at this JSON Pointer."""
    return any(
        isinstance(fault, dict) and pointer in fault.values()
        for value in _problem(answer).values()
        if isinstance(value, list)
        for fault in value
    )


def members_at_fault(answer: Answer) -> set[str]:
    """The last names in all JSON Pointers of a problem document, such as pid in /procesos/3/pid."""
    return {
        pointer.rpartition("/")[2]
        for value in _problem(answer).values()
        if isinstance(value, list)
        for fault in value
        if isinstance(fault, dict)
        for pointer in fault.values()
        if isinstance(pointer, str) and pointer.startswith("/")
    }


def _problem(answer: Answer) -> dict[str, Any]:
    try:
        problem: Any = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return problem if isinstance(problem, dict) else {}


def _fault(fault: object) -> str:
    """A fault as one line, its JSON Pointer first: `/procesos/3/pid: expected an integer`."""
    if not isinstance(fault, dict):
        return one_line(str(fault))
    # A fault of the whole report has an empty pointer.
    words = [value for value in fault.values() if isinstance(value, str) and value]
    pointers = [word for word in words if word.startswith("/")]
    return one_line(": ".join(pointers + [word for word in words if word not in pointers]))


def one_line(text: str) -> str:
    """Foreign text for the log: one line, without control characters, at most 300 characters."""
    printable = "".join(
        character if character.isprintable() else " " for character in text[:_MAX_LINE_LENGTH]
    )
    return " ".join(printable.split())
