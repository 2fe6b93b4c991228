"""The OSCAL assessment plan that assessment results need: what is judged, by which rules."""

from __future__ import annotations

from collections.abc import Sequence

from service.policies.evaluator.oscal_parts import (
    EVIDENCE_ONLY,
    NAMESPACE,
    Identifiers,
    Part,
    description_of,
    home_of,
    metadata,
    objective_id,
    properties_of,
    reviewed_controls,
    title_of,
)
from service.store.read.evaluation import Assessed, RuleInForce


def assessment_plan(assessed: Assessed, at: int, ssp: str) -> Part:
    """ssp: where the system security plan is, which only the user knows. Raises NoControlError."""
    ids = Identifiers(assessed.fleet)
    plan: Part = {
        "uuid": ids.of("plan"),
        "metadata": metadata("Rules for servers", at),
        "import-ssp": {"href": ssp},
        "local-definitions": {"objectives-and-methods": _objectives(assessed.rules)},
        "reviewed-controls": reviewed_controls(assessed),
        "assessment-subjects": [
            {
                "type": "inventory-item",
                "description": "All servers that report and are not retired.",
                "include-all": {},
            }
        ],
        "assessment-assets": {
            "components": [
                {
                    "uuid": tool(ids),
                    "type": "software",
                    "title": "compliance",
                    "description": "Judges the reports of servers by rules.",
                    "status": {"state": "operational"},
                }
            ],
            "assessment-platforms": [
                {
                    "uuid": ids.of("platform"),
                    "title": "compliance",
                    "uses-components": [{"component-uuid": tool(ids)}],
                }
            ],
        },
    }
    return {"assessment-plan": plan}


def tool(ids: Identifiers) -> str:
    """The id of what makes the observations."""
    return ids.of("tool")


def _objectives(rules: Sequence[RuleInForce]) -> list[Part]:
    """An objective for each rule that names a control, which OSCAL has it stand below."""
    return [
        {
            "control-id": home,
            "description": description_of(rule),
            "props": properties_of(rule),
            "parts": [
                {
                    "id": objective_id(rule.rule),
                    "name": "rule",
                    "ns": NAMESPACE,
                    "title": title_of(rule),
                }
            ],
            "remarks": EVIDENCE_ONLY,
        }
        for rule in rules
        for home in [home_of(rule)]
        if home is not None
    ]
