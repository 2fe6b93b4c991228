"""Writes the verdicts as OSCAL assessment results, and the assessment plan beside them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

from service.errors import InvalidParameterError, StorageUnavailableError
from service.policies.evaluator.oscal_parts import Part
from service.policies.evaluator.oscal_plan import assessment_plan
from service.policies.evaluator.oscal_results import ResultsWriter
from service.store.read.evaluation import Evaluation

# RFC 3986, without addresses in brackets: only a scheme or a later segment may have a colon.
_LETTER = r"(?:[A-Za-z0-9._~!$&'()*+,;=@-]|%[0-9A-Fa-f]{2})"
_PATH = f"(?:{_LETTER}|[:/])*"
_REFERENCE = re.compile(
    rf"(?:[A-Za-z][A-Za-z0-9+.-]*:{_PATH}|{_LETTER}*(?:/{_PATH})?)"
    rf"(?:\?(?:{_LETTER}|[:/?])*)?(?:#(?:{_LETTER}|[:/?])*)?"
)


def checked_ssp(href: str | None) -> str:
    """Where the system security plan is. Raises InvalidParameterError."""
    if not href or not _REFERENCE.fullmatch(href) or not _has_port(href):
        raise InvalidParameterError(
            "--oscal-ssp",
            "expected where the system security plan of these servers is, which an OSCAL"
            " assessment plan has to name: a URI, or a path relative to FILE, such as ssp.json",
        )
    return href


def _has_port(href: str) -> bool:
    """Whether its port is one, if it names one."""
    try:
        _ = urlsplit(href).port
    except ValueError:
        return False
    return True


def plan_beside(results: Path) -> Path:
    """verdicts.plan.json for verdicts.json."""
    return results.with_suffix(".plan.json")


def write_oscal(
    evaluation: Evaluation, path: Path, ssp: str, base: str | None, *, is_complete: bool
) -> None:
    """base, is_complete: see ResultsWriter. Raises NoControlError, StorageUnavailableError."""
    plan = plan_beside(path)
    results = ResultsWriter(evaluation, base, is_complete=is_complete)
    _write(plan, assessment_plan(evaluation.assessed, evaluation.read_at, ssp))
    _write(path, results.document(quote(os.fsencode(plan.name), safe="")))


def _write(path: Path, document: Part) -> None:
    try:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(_pieces(document))
            file.write("\n")
    except OSError as error:
        raise StorageUnavailableError(f"{path} cannot be written: {error.strerror}") from error


def _pieces(value: object) -> Iterator[str]:
    """JSON, of which iterators are arrays that never stand in memory as a whole."""
    if isinstance(value, Mapping):
        for position, (name, member) in enumerate(value.items()):
            yield f"{',' if position else '{'}{json.dumps(name)}:"
            yield from _pieces(member)
        yield "}" if value else "{}"
    elif isinstance(value, Iterator):
        yield "["
        for position, item in enumerate(value):
            yield "," * bool(position)
            yield from _pieces(item)
        yield "]"
    else:
        yield json.dumps(value, ensure_ascii=False, separators=(",", ":"))


__all__ = ["checked_ssp", "plan_beside", "write_oscal"]
