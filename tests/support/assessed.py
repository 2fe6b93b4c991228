"""Evaluations, and what is written of them as OSCAL, validated by NIST's schemas."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs

from service import times
from service.policies.evaluator.oscal import write_oscal
from service.policies.evaluator.oscal_parts import OSCAL_VERSION
from service.policies.rules.places import SHIPPED_FOLDER
from service.store.read.evaluation import (
    Assessed,
    Evaluation,
    OpenViolation,
    RuleInForce,
    ServerInService,
    ServerVerdict,
)
from service.store.read.unjudged import Waiting
from service.store.read.waivers import Waiver
from service.times import HOUR

NOW = times.parse("2026-03-01 10:00:00")
SCHEMAS = Path(__file__).parents[1] / "data" / "oscal"
HOSTILE = 'x\x00\x1b[2J\n# <script>alert("1")</script> ![i](http://a.b/c) `c` \u202e\ud800'

WAIVER = Waiver(
    *(7, "minero", 1, None, None, None, None, "lab", "ana", NOW - HOUR, NOW + HOUR, None, None)
)
VIOLATION = OpenViolation(
    *(1, "minero", "alta", "ab", '{"name":"xmrig"}', None, NOW - HOUR, NOW, None, "m", "m", None)
)


def validator(name: str) -> jsonschema_rs.Draft7Validator:
    path = SCHEMAS / f"oscal_assessment-{name}_schema.json.gz"
    schema = json.loads(gzip.decompress(path.read_bytes()))
    assert f"/{OSCAL_VERSION}/" in schema["$id"]
    return jsonschema_rs.Draft7Validator(schema, validate_formats=True)


RESULTS, PLAN = validator("results"), validator("plan")


def rule(name: str = "minero", controls: dict[str, list[str]] | None = None) -> RuleInForce:
    source = (SHIPPED_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    controls = {"nist": ["SI-3", "AC-2(1)"], "cis": ["4.1"]} if controls is None else controls
    return RuleInForce(name, "ab" * 32, 1, "alta", controls, source)


def server(number: int, identity: str = "id:m") -> ServerInService:
    return ServerInService(number, f"{identity}{number}", 0, "10.0.0.1", f"web-{number}", NOW)


def verdict(
    state: str, reason: str | None = None, number: int = 1, identity: str = "id:m"
) -> ServerVerdict:
    return ServerVerdict(number, f"{identity}{number}", 0, "minero", "alta", state, reason, None)


PASS, FAIL = verdict("cumple"), verdict("falla")
SILENT, ELSEWHERE = verdict("desconocido", "silencio", 2), verdict("no_aplica", "etiqueta", 2)
FAULT = ("rules/<x>.sql", 3, HOSTILE)


def evaluation(
    *verdicts: ServerVerdict,
    violations: tuple[OpenViolation, ...] = (),
    faults: tuple[tuple[str, int | None, str], ...] = (),
    rules: tuple[RuleInForce, ...] = (rule(),),
    servers: tuple[ServerInService, ...] | None = None,
) -> Evaluation:
    """servers: those of the verdicts, if they are not given."""
    if servers is None:
        servers = tuple(server(n) for n in sorted({v.server_id for v in verdicts}))
    assessed = Assessed("id:m1" if servers else None, rules, servers)
    return Evaluation(NOW, verdicts, violations, faults, Waiting(0, None), assessed)


def written(
    folder: Path, found: Evaluation, base: str | None = None, *, is_complete: bool = True
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The result and the plan, of documents that are valid."""
    path = folder / "verdicts.json"
    write_oscal(found, path, "../ssp.json", base, is_complete=is_complete)
    results = json.loads(path.read_bytes())
    plan = json.loads((folder / "verdicts.plan.json").read_bytes())
    assert [(e.instance_path, e.message) for e in RESULTS.iter_errors(results)] == []
    assert [(e.instance_path, e.message) for e in PLAN.iter_errors(plan)] == []
    assert results["assessment-results"]["import-ap"] == {"href": "verdicts.plan.json"}
    assert plan["assessment-plan"]["import-ssp"] == {"href": "../ssp.json"}
    (result,) = results["assessment-results"]["results"]
    return result, plan["assessment-plan"]


def members(document: object, name: str) -> Iterator[Any]:
    """All members of this name, at any depth."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key == name:
                yield value
            yield from members(value, name)
    elif isinstance(document, list):
        for item in document:
            yield from members(item, name)


def values(part: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in part["props"]}
