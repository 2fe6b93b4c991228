"""Mutations of what periods are made of."""

from __future__ import annotations

from tests.mutations.group import group

_PERIODS = ("tests/store/test_periods.py", "tests/store/test_stretches.py")
_ANSWERS = "tests/resources/test_periodo_get.py"

PERIOD_MUTATIONS = [
    *group(
        "sql/queries/period_rows.sql",
        *_PERIODS,
        faults=[
            ("span.until_received_at > :ended_after", "span.until_received_at > :until"),
            ("ORDER BY 3;", "ORDER BY -3;"),
            ("gap.back_received_at <= :known_at THEN gap.back_at END", "1 THEN gap.back_at END"),
            (
                "WHEN :known_at IS NULL OR violation.ended_received_at <= :known_at",
                "WHEN 1",
            ),
            (
                "WHEN :known_at IS NULL OR violation.cleared_received_at <= :known_at",
                "WHEN 1",
            ),
            (
                "WHEN :known_at IS NULL OR span.until_received_at <= :known_at",
                "WHEN 1",
            ),
        ],
    ),
    *group(
        "sql/queries/periods.sql",
        *_PERIODS,
        faults=[
            ("AND (:server_id IS NULL OR server.id = :server_id)", ""),
            ("from_at < :until AND", "from_at < :since AND"),
        ],
    ),
    *group(
        "service/store/read/stretches.py",
        *_PERIODS,
        faults=[
            ("left.append(piece)", "left.extend(())"),
            ("at = max(at, MAX_INTEGER if ends is None else ends)", "at = at"),
            ("found[-1]._replace(until=max(found[-1].until, piece.until))", "piece"),
            ("verdicts[-1].until == until", "verdicts[-1].until >= 0"),
        ],
    ),
    *group(
        "service/store/read/period_totals.py",
        _ANSWERS,
        "tests/store/test_stretches.py",
        faults=[
            ('self.has_unknown |= "desconocido" in found.last', "pass"),
            ("now[state] += change", "now[state] = max(change, 0)"),
        ],
    ),
]
