"""Mutations of what OSCAL documents say."""

from __future__ import annotations

from tests.mutations.group import group

_OSCAL = "tests/policies/test_oscal.py"

ASSESSMENT_MUTATIONS = [
    *group(
        "service/policies/evaluator/oscal_verdicts.py",
        _OSCAL,
        faults=[
            ("_APART = {State.FALLA, State.DESCONOCIDO}", "_APART = {State.FALLA}"),
            ("self._is_complete and counts", "counts"),
            (" and counts.total() == self._servers", ""),
            ("is_judged and counts[State.CUMPLE] and not", "is_judged and not"),
            (" and not any(self.apart(rule))", ""),
            ("            and all(each.waiver", "            and any(each.waiver"),
        ],
    ),
    *group(
        "service/policies/evaluator/oscal_parts.py",
        _OSCAL,
        faults=[
            ("if c.isprintable() else", "if c.isascii() else"),
            ("return value(text).translate(_ESCAPED)", "return value(text)"),
            ("json.dumps([NAMESPACE, fleet])", "NAMESPACE"),
        ],
    ),
    *group(
        "sql/queries/evaluation.sql",
        _OSCAL,
        after="-- name: rules_in_force",
        faults=[
            ("policy.retired_at IS NULL AND ", ""),
            (" AND policy.missing_since IS NULL", ""),
        ],
    ),
    *group(
        "sql/queries/evaluation.sql",
        _OSCAL,
        after="-- name: servers_in_service",
        faults=[("SELECT max(seq)", "SELECT min(seq)"), ("WHERE NOT\n", "WHERE true OR\n")],
    ),
]
