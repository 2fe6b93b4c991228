"""What `evaluate --once --oscal` writes: valid documents that claim no more than is known."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from service.auth.audit_log import AuditLog
from service.errors import InvalidParameterError, NoControlError, StorageUnavailableError
from service.policies.evaluator.oscal import checked_ssp, write_oscal
from service.policies.evaluator.oscal_parts import control_id
from service.store.queries import load_queries
from service.store.read.evaluation import Assessed, Evaluation, EvaluationReader
from service.store.write.retirement_changes import Retirements
from service.times import HOUR
from tests.support import engine
from tests.support.assessed import (
    ELSEWHERE,
    FAIL,
    FAULT,
    HOSTILE,
    NOW,
    PASS,
    PLAN,
    RESULTS,
    SILENT,
    VIOLATION,
    WAIVER,
    evaluation,
    members,
    rule,
    server,
    values,
    verdict,
    written,
)
from tests.support.judged_fleet import Fleet
from tests.support.live import PROJECT


def status(result: dict[str, Any]) -> tuple[str, str]:
    (finding,) = result["findings"]
    found = finding["target"]["status"]
    return found["state"], found["reason"]


SITUATIONS = {
    "passes": (evaluation(PASS), "satisfied", "pass"),
    "applies to some": (evaluation(PASS, ELSEWHERE), "satisfied", "pass"),
    "fails": (evaluation(FAIL, violations=(VIOLATION,)), "not-satisfied", "fail"),
    "fails, unknown": (evaluation(FAIL, SILENT), "not-satisfied", "fail"),
    "unknown": (evaluation(PASS, SILENT), "not-satisfied", "other"),
    "waived": (
        evaluation(FAIL, violations=(VIOLATION._replace(waiver=WAIVER),)),
        "not-satisfied",
        "fail",
    ),
    "not resolved": (evaluation(PASS, violations=(VIOLATION,)), "not-satisfied", "other"),
    "silent since it failed": (
        evaluation(
            verdict("desconocido", "silencio"), violations=(VIOLATION._replace(waiver=WAIVER),)
        ),
        "not-satisfied",
        "other",
    ),
    "applies to none": (evaluation(ELSEWHERE), "not-satisfied", "other"),
    "no servers": (evaluation(), "not-satisfied", "other"),
    "a server not judged": (
        evaluation(PASS, servers=(server(1), server(2))),
        "not-satisfied",
        "other",
    ),
    "a refused file": (evaluation(PASS, faults=(FAULT,)), "satisfied", "pass"),
}


@pytest.mark.parametrize(("found", "state", "reason"), SITUATIONS.values(), ids=SITUATIONS.keys())
def test_a_rule_is_satisfied_only_where_all_is_known_to_pass(
    tmp_path: Path, found: Evaluation, state: str, reason: str
) -> None:
    result, _ = written(tmp_path, found)
    assert status(result) == (state, reason)


def test_nothing_is_satisfied_while_reports_are_not_judged(tmp_path: Path) -> None:
    result, _ = written(tmp_path, evaluation(PASS), is_complete=False)
    assert status(result) == ("not-satisfied", "other")
    assert values(result)["complete"] == "no"


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_reference_leads_somewhere(tmp_path: Path, name: str) -> None:
    found, _, _ = SITUATIONS[name]
    result, plan = written(tmp_path, found, "https://c.example")
    observed = {each["uuid"] for each in result["observations"]}
    risks = {each["uuid"] for each in result.get("risks", ())}
    inventory = {each["uuid"] for each in members(result, "inventory-items") for each in each}
    assert set(members(result, "observation-uuid")) <= observed
    assert observed == set(members(result["findings"], "observation-uuid"))
    assert set(members(result, "risk-uuid")) == risks
    assert set(members(result, "subject-uuid")) <= inventory
    tools = {each["uuid"] for each in plan["assessment-assets"]["components"]}
    assert set(members(result, "actor-uuid")) == tools
    objectives = {part["id"] for parts in members(plan, "parts") for part in parts}
    assert set(members(result, "target-id")) == objectives
    uuids = [*members(result, "uuid"), *members(plan, "uuid")]
    assert len(uuids) == len(set(uuids))


def test_servers_that_pass_are_counted_and_the_others_stand_alone(tmp_path: Path) -> None:
    others = [verdict("cumple", number=n) for n in range(3, 9)]
    result, _ = written(tmp_path, evaluation(FAIL, SILENT, *others, violations=(VIOLATION,)))
    of_rule, fails, silent = result["observations"]
    assert len(of_rule["subjects"]) == 6
    expected = {"pass": "6", "fail": "1", "unknown": "1", "not-applicable": "0"}
    assert values(of_rule).items() >= expected.items()
    assert values(fails).items() >= {"server": "1", "verdict": "fail"}.items()
    assert values(silent)["reason"] == "silencio"
    (evidence,) = fails["relevant-evidence"]
    assert values(evidence)["violation"] == "ab"
    assert "relevant-evidence" not in silent


def test_a_waiver_is_a_risk_that_was_accepted_until_its_deadline(tmp_path: Path) -> None:
    found = evaluation(FAIL, violations=(VIOLATION._replace(waiver=WAIVER), VIOLATION))
    result, _ = written(tmp_path, found)
    (risk,) = result["risks"]
    assert (risk["status"], risk["description"]) == ("deviation-approved", "lab")
    assert risk["deadline"] == "2026-03-01T11:00:00.000000Z"
    assert values(result["findings"][0])["fail-waived"] == "0"
    result, _ = written(tmp_path, SITUATIONS["waived"][0])
    assert values(result["findings"][0])["fail-waived"] == "1"


def test_controls_are_what_a_rule_is_evidence_for(tmp_path: Path) -> None:
    result, plan = written(tmp_path, evaluation(PASS))
    target = result["findings"][0]["target"]
    named = [each["value"] for each in target["props"] if each["name"] == "evidence-for"]
    assert named == ["SI-3", "AC-2(1)", "4.1"]
    reviewed = {"ac-2.1", "si-3", "cis-4.1"}
    assert set(members(result["reviewed-controls"], "control-id")) == reviewed
    assert set(members(plan["reviewed-controls"], "control-id")) == reviewed
    assert (target["type"], target["target-id"]) == ("objective-id", "rule.minero")
    assert control_id("ens", "op.exp.2") == "op.exp.2"


def test_a_rule_without_controls_is_judged_all_the_same(tmp_path: Path) -> None:
    free = rule("silencioso", {})
    result, _ = written(tmp_path, evaluation(PASS, rules=(rule(), free)))
    assert [each["target"]["target-id"] for each in result["findings"]] == [
        "rule.minero",
        "rule.silencioso",
    ]
    with pytest.raises(NoControlError, match="expected one at least"):
        written(tmp_path, evaluation(PASS, rules=(free,)))


def test_names_from_reports_are_data(tmp_path: Path) -> None:
    hostile = server(1, HOSTILE)._replace(nombre_host=HOSTILE, ip_server=" ")
    violation = VIOLATION._replace(
        key=HOSTILE, motive_en=HOSTILE, waiver=WAIVER._replace(reason=HOSTILE, told_by="\t")
    )
    failing = verdict("falla", identity=HOSTILE)._replace(detail=HOSTILE)
    found = evaluation(failing, violations=(violation,), faults=(FAULT,), servers=(hostile,))
    result, _ = written(tmp_path, found)
    texts = [*members(result, "description"), *members(result, "remarks")]
    shown = [text for text in texts if "script" in text]
    assert len(shown) == 4
    for text in shown:
        data = text[text.index("x") :]
        assert not re.findall(r"(?<!\\)[<>\[\]()`!#&*_]", data.rpartition("script")[0])
    for text in [*texts, *members(result, "value")]:
        assert text.replace("\n\n", "").isprintable()


def test_the_same_state_gives_the_same_documents(tmp_path: Path) -> None:
    found = SITUATIONS["waived"][0]
    first = written(tmp_path, found)
    before = (tmp_path / "verdicts.json").read_bytes()
    written(tmp_path, found)
    assert (tmp_path / "verdicts.json").read_bytes() == before
    later, _ = written(tmp_path, found._replace(read_at=NOW + HOUR))
    assert later["uuid"] != first[0]["uuid"]
    assert later["findings"][0]["uuid"] == first[0]["findings"][0]["uuid"]
    fleet = found._replace(assessed=found.assessed._replace(fleet="id:another"))
    other, _ = written(tmp_path, fleet)
    assert not set(members(other, "uuid")) & set(members(first[0], "uuid"))


def test_clones_are_two_servers(tmp_path: Path) -> None:
    twin = server(2)._replace(identity="id:m1", sibling=1)
    second = FAIL._replace(server_id=2, sibling=1)
    result, _ = written(tmp_path, evaluation(FAIL, second, servers=(server(1), twin)))
    items = result["local-definitions"]["inventory-items"]
    subjects = [each["subject-uuid"] for each in members(result, "subjects") for each in each]
    assert subjects == [each["uuid"] for each in items]


def test_links_lead_to_the_pages_if_their_address_is_known(tmp_path: Path) -> None:
    found = SITUATIONS["waived"][0]
    result, _ = written(tmp_path, found)
    assert not [*members(result, "href")]
    result, _ = written(tmp_path, found, "https://c.example/x")
    links = set(members(result, "href"))
    assert "https://c.example/x/incumplimientos?politica=minero&servidor=1" in links
    assert "https://c.example/x/dispensas#waiver-7" in links
    routes = (PROJECT / "service" / "routes.py").read_text(encoding="utf-8")
    pages = {re.split("[/?#]", link.removeprefix("https://c.example/x/"))[0] for link in links}
    assert pages == {"regla", "servidor", "incumplimientos", "dispensas"}
    assert all(f'"/{page}' in routes for page in pages)


@pytest.mark.parametrize(
    "href", ["ssp.json", "../a/ssp.json#p", "#0b3a", "https://a.b:8443/ssp?v=1", "urn:x:y", "a/b:c"]
)
def test_a_place_of_the_system_security_plan_is_a_reference(tmp_path: Path, href: str) -> None:
    path = tmp_path / "verdicts.json"
    write_oscal(evaluation(PASS), path, checked_ssp(href), None, is_complete=True)
    assert PLAN.is_valid(json.loads(path.with_suffix(".plan.json").read_bytes()))


@pytest.mark.parametrize(
    "href", [None, "", " ", "a b", "ssp\n", "é", "%zz", "1:x", "a#b#c", "http://a:b/", "<a>"]
)
def test_anything_else_is_refused_with_what_is_expected(href: str | None) -> None:
    with pytest.raises(InvalidParameterError, match="expected where the system security plan"):
        checked_ssp(href)


def test_the_plan_is_named_as_a_reference(tmp_path: Path) -> None:
    path = tmp_path / "a: é?.json"
    write_oscal(evaluation(PASS), path, "ssp.json", None, is_complete=True)
    results = json.loads(path.read_bytes())
    assert results["assessment-results"]["import-ap"]["href"] == "a%3A%20%C3%A9%3F.plan.json"
    assert (tmp_path / "a: é?.plan.json").is_file()
    assert RESULTS.is_valid(results)


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "verdicts.json"
    with pytest.raises(StorageUnavailableError, match=r"verdicts\.plan\.json cannot be written"):
        write_oscal(evaluation(PASS), path, "ssp.json", None, is_complete=True)


def test_the_rules_in_force_and_the_servers_in_service_are_assessed(
    tmp_path: Path, fleet: Fleet
) -> None:
    for ago in (3 * HOUR, 2 * HOUR):
        fleet.add(ago)
    fleet.add(HOUR, machine="m2")
    fleet.judge()
    reader = EvaluationReader(fleet.database, load_queries())
    assessed = reader.read(fleet.now, with_assessed=True).assessed
    assert [each.rule for each in assessed.rules] == ["a-rule", "silencioso"]
    assert [(each.server_id, each.received_at) for each in assessed.servers] == [
        (1, fleet.now - 2 * HOUR),
        (2, fleet.now - HOUR),
    ]
    assert assessed.fleet == assessed.servers[0].identity
    audit = AuditLog(fleet.config.audit_log)
    Retirements(fleet.database, load_queries(), audit).retire(2, "sold", "ana")
    (tmp_path / "rules" / "a-rule.sql").unlink()
    fleet.judge()
    assessed = reader.read(fleet.now, with_assessed=True).assessed
    assert [each.rule for each in assessed.rules] == ["silencioso"]
    assert [each.server_id for each in assessed.servers] == [1]
    engine.execute(
        fleet.config.database,
        "UPDATE policy SET missing_since = NULL, retired_at = 1 WHERE rule = 'a-rule'",
    )
    assessed = reader.read(fleet.now, with_assessed=True).assessed
    assert [each.rule for each in assessed.rules] == ["silencioso"]
    assert reader.read(fleet.now).assessed == Assessed()
