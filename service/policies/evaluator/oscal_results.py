"""OSCAL assessment results: what the rules say of the servers at one moment.

A finding says of a rule whether all servers pass that it applies to. Unknown is not satisfied, for
another reason than a failure. Each server that fails or is unknown, or has a violation that is not
resolved yet, has an observation of its own; the others that pass are named in that of the rule. A
waiver is a risk that was accepted until its deadline, and changes no finding.
"""

from __future__ import annotations

from collections.abc import Iterator

from service.policies.evaluator.oscal_parts import (
    CLAIM,
    Identifiers,
    Part,
    markdown,
    metadata,
    moment,
    objective_id,
    prop,
    properties_of,
    props,
    reviewed_controls,
    title_of,
)
from service.policies.evaluator.oscal_plan import tool
from service.policies.evaluator.oscal_verdicts import STATES, Covered, Verdicts
from service.policies.guard.verdict import State
from service.store.read.evaluation import (
    Evaluation,
    OpenViolation,
    RuleInForce,
    ServerVerdict,
)
from service.times import to_text


class ResultsWriter:
    """base: COMPLIANCE_URL, or null; without it there are no links. is_complete: see Verdicts."""

    def __init__(self, evaluation: Evaluation, base: str | None, *, is_complete: bool) -> None:
        assessed = evaluation.assessed
        self._evaluation, self._assessed, self._base = evaluation, assessed, base
        self._is_complete = is_complete
        self._ids = Identifiers(assessed.fleet)
        self._servers = {
            server.server_id: self._ids.of("server", server.identity, server.sibling)
            for server in assessed.servers
        }
        self._verdicts = Verdicts(evaluation, is_complete=is_complete)

    def document(self, plan: str) -> Part:
        """With iterators in the place of long arrays. plan: where the assessment plan is."""
        at = self._evaluation.read_at
        return {
            "assessment-results": {
                "uuid": self._ids.of("results"),
                "metadata": metadata("Verdicts of rules on servers", at),
                "import-ap": {"href": plan},
                "results": iter([self._result()]),
            }
        }

    def _result(self) -> Part:
        at = moment(self._evaluation.read_at)
        result: Part = {
            "uuid": self._ids.of("result", self._evaluation.read_at),
            "title": f"Verdicts at {at}",
            "description": CLAIM,
            "start": at,
            "end": at,
            "props": props(
                servers=len(self._servers),
                servers_with_reports_not_judged=self._evaluation.waiting.servers,
                complete="yes" if self._is_complete else "no",
                refused_files_of_rules=len(self._evaluation.faults),
            ),
            "reviewed-controls": reviewed_controls(self._assessed),
            "observations": self._observations(),
            "findings": map(self._finding, self._assessed.rules),
        }
        if self._servers:
            result["local-definitions"] = {"inventory-items": self._inventory()}
        if self._verdicts.covered:
            result["risks"] = map(self._risk, self._verdicts.covered.values())
        if self._evaluation.faults:
            result["remarks"] = "\n\n".join(
                f"Refused: {markdown(path)}, line {line or '?'}: {markdown(reason)}"
                for path, line, reason in self._evaluation.faults
            )
        return result

    def _inventory(self) -> Iterator[Part]:
        for server in self._assessed.servers:
            yield {
                "uuid": self._servers[server.server_id],
                "description": f"Server {server.server_id}, as it reports itself.",
                "props": props(
                    server=server.server_id,
                    identity=server.identity,
                    sibling=server.sibling or None,
                    ip_server=server.ip_server,
                    nombre_host=server.nombre_host,
                    newest_report_received=to_text(server.received_at),
                ),
            } | self._links(f"/servidor/{server.server_id}")

    def _observations(self) -> Iterator[Part]:
        for rule in self._assessed.rules:
            yield self._summary(rule)
            for verdict in self._verdicts.apart(rule.rule):
                yield self._observation(rule, verdict)

    def _summary(self, rule: RuleInForce) -> Part:
        """Of a rule: how many, and who passes."""
        passing = [
            {"subject-uuid": self._servers[verdict.server_id], "type": "inventory-item"}
            for verdict in self._verdicts.passing(rule.rule)
        ]
        return {
            **self._observed(self._ids.of("rule", rule.rule), "control-objective"),
            "title": f"Servers by {rule.rule}",
            "description": self._said(rule) + " The subjects are those that pass." * bool(passing),
            "props": [*props(rule=rule.rule), *self._counted(rule)],
            **({"subjects": passing} if passing else {}),
        } | self._links(f"/regla/{rule.rule}")

    def _observation(self, rule: RuleInForce, verdict: ServerVerdict) -> Part:
        """Of a server that does not simply pass."""
        server_id = verdict.server_id
        page = f"/incumplimientos?politica={rule.rule}&servidor={server_id}"
        state = STATES[State(verdict.state)]
        evidence = [
            self._evidence(violation, page) for violation in self._verdicts.open_of(verdict)
        ]
        why = ": ".join(markdown(text) for text in (verdict.reason, verdict.detail) if text)
        found = f"Server {server_id}, rule {rule.rule}: {state}{f', {why}' * bool(why)}."
        if evidence and verdict.state == State.DESCONOCIDO:
            found += " It failed when it was last known."
        elif evidence and verdict.state == State.CUMPLE:
            found += " A violation is not resolved yet."
        return {
            **self._observed(self._pair(verdict), "discovery"),
            "description": found,
            "props": props(
                rule=rule.rule,
                server=server_id,
                verdict=state,
                reason=verdict.reason,
                detail=verdict.detail,
            ),
            "subjects": [{"subject-uuid": self._servers[server_id], "type": "inventory-item"}],
            **({"relevant-evidence": evidence} if evidence else {}),
        } | self._links(page)

    def _observed(self, identifier: str, kind: str) -> Part:
        return {
            "uuid": identifier,
            "methods": ["TEST"],
            "types": [kind],
            "origins": [{"actors": [{"type": "tool", "actor-uuid": tool(self._ids)}]}],
            "collected": moment(self._evaluation.read_at),
        }

    def _evidence(self, violation: OpenViolation, page: str) -> Part:
        """Of an open violation. What its rule reads of command lines is for administrators."""
        grace, confirmed = violation.grace_until_at, violation.confirmed_at
        after = violation.opened_after_at
        found: Part = {
            "description": markdown(violation.motive_en or "For administrators alone."),
            "props": props(
                violation=violation.digest,
                key=violation.key,
                opened_after=None if after is None else to_text(after),
                opened_in=to_text(violation.opened_in_at),
                confirmed="not yet" if confirmed is None else to_text(confirmed),
                grace_until=None if grace is None else to_text(grace),
                waiver=None if violation.waiver is None else violation.waiver.id,
            ),
        }
        if self._base is not None:
            found["href"] = f"{self._base}{page}"
        return found

    def _finding(self, rule: RuleInForce) -> Part:
        apart = [self._ids.of("rule", rule.rule), *map(self._pair, self._verdicts.apart(rule.rule))]
        state, reason = self._verdicts.status(rule.rule)
        risks = [
            {"risk-uuid": self._ids.of("waiver", each.waiver.id)}
            for each in self._verdicts.covered.values()
            if each.waiver.rule == rule.rule
        ]
        return {
            "uuid": self._ids.of("finding", rule.rule),
            "title": f"Rule {title_of(rule)}",
            "description": self._said(rule),
            "props": self._counted(rule),
            "target": {
                "type": "objective-id",
                "target-id": objective_id(rule.rule),
                "title": title_of(rule),
                "props": properties_of(rule),
                "status": {"state": state, "reason": reason, "remarks": CLAIM},
            },
            "related-observations": [{"observation-uuid": each} for each in apart],
            **({"related-risks": risks} if risks else {}),
        }

    def _risk(self, covered: Covered) -> Part:
        waiver = covered.waiver
        return {
            "uuid": self._ids.of("waiver", waiver.id),
            "title": f"Waiver {waiver.id} of rule {waiver.rule}",
            "description": markdown(waiver.reason),
            "statement": "The rule keeps failing where this waiver covers it. That is accepted"
            f" until {moment(waiver.ends_at)}, and changes no finding.",
            "props": props(
                waiver=waiver.id,
                rule=waiver.rule,
                told_by=waiver.told_by,
                told_at=to_text(waiver.at),
                server=waiver.server_id,
                tag=waiver.tag,
                network=waiver.network,
            ),
            "status": "deviation-approved",
            "deadline": moment(waiver.ends_at),
            "related-observations": [
                {"observation-uuid": self._pair(verdict)} for verdict in covered.verdicts
            ],
        } | self._links(f"/dispensas#waiver-{waiver.id}")

    def _counted(self, rule: RuleInForce) -> list[Part]:
        counts = self._verdicts.counted(rule.rule)
        return [prop(name, count) for name, count in counts.items()]

    def _said(self, rule: RuleInForce) -> str:
        counts = self._verdicts.counted(rule.rule)
        said = ", ".join(f"{count} {name}" for name, count in counts.items())
        return f"Of {len(self._servers)} servers: {said}."

    def _pair(self, verdict: ServerVerdict) -> str:
        return self._ids.of("verdict", verdict.rule, verdict.identity, verdict.sibling)

    def _links(self, page: str) -> Part:
        return {} if self._base is None else {"links": [{"href": f"{self._base}{page}"}]}
