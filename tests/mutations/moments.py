"""Mutations of places in time, and of the answers at moments."""

from __future__ import annotations

from tests.mutations.group import group

_FILTERS = "tests/store/test_name_filters.py"
_FLEET = "tests/store/test_fleet.py"
_FIGURES = "tests/store/test_figures.py"
_MOMENTS = "tests/store/test_moments.py"
_PLACEMENT = "tests/store/test_placement.py"

MOMENT_MUTATIONS = [
    *group(
        "service/store/write/placement.py",
        _PLACEMENT,
        faults=[
            ("elif taken_at > newest.placed_at:", "elif taken_at >= newest.placed_at:"),
            ("max(earlier, newest.placed_at + 1)", "earlier"),
            ("max(received_at, newest.placed_at + 1)", "received_at"),
            ("history.lowest - 1, taken_at", "-1, taken_at"),
            ("not was_late and not was_set_back", "not was_late"),
            ("waited >= _SAME_CLOCK_AFTER", "True"),
            ("taken_at > received_at + _AHEAD", "taken_at > received_at"),
            ("waited <= 2 * passed <= 3 * waited", "waited <= 2 * passed"),
            ("offset if agrees else None", "offset"),
        ],
    ),
    *group(
        "sql/queries/moments.sql",
        _FLEET,
        faults=[
            (":now - server.heard_at > max(", ":now - server.heard_at >= max("),
            (":now - server.heard_at > max(", ":now - server.heard_at > min("),
        ],
    ),
    *group(
        "sql/queries/moments.sql",
        _MOMENTS,
        after="-- fragment: shown_at_moment",
        faults=[
            ("known.placed_at <= :moment", "known.placed_at < :moment"),
            ("known.received_at <= :known_at", "1 = 1"),
        ],
    ),
    *group(
        "sql/queries/moments.sql",
        _MOMENTS,
        after="-- fragment: place_at_moment",
        faults=[("known.placed_at <= :moment", "known.placed_at < :moment")],
    ),
    *group(
        "sql/queries/moments.sql",
        _MOMENTS,
        faults=[
            ("OR later.received_at <= :known_at", "OR 1 = 1"),
            ("later.placed_at > :moment", "later.placed_at >= :moment"),
            ("late.taken_at >= shown.placed_at", "late.taken_at > shown.placed_at"),
            ("late.taken_at >= coalesce(", "late.taken_at > coalesce("),
            ("late.received_at <= :known_at)\nORDER BY", "1 = 1)\nORDER BY"),
        ],
    ),
    *group(
        "sql/queries/moments.sql",
        _MOMENTS,
        after="-- name: places_until",
        faults=[("ORDER BY known.placed_at DESC", "ORDER BY known.placed_at")],
    ),
    *group(
        "service/store/read/name_filters.py",
        _FILTERS,
        faults=[
            ('for special in "!%_":', 'for special in "!%":'),
            ('for special in "!%_":', 'for special in "%_":'),
        ],
    ),
    *group(
        "service/store/read/moments.py",
        _MOMENTS,
        faults=[
            ("min(moment.at, moment.known_at)", "moment.known_at"),
            ("late_at < next_at", "late_at <= next_at"),
            ("if standing.silent == silent:", "if standing.silent != silent:"),
            ("else known_at + _PLACED", "else known_at - _PLACED"),
        ],
    ),
    *group(
        "service/store/read/silence.py",
        _FLEET,
        faults=[("max(self.minimum, self.intervals", "max(0, self.intervals")],
    ),
    *group(
        "service/store/read/figures.py",
        _FIGURES,
        faults=[
            ("if time.monotonic() >= kept.until:", "if True:"),
            ("                if not costly:", "                if costly:"),
            ("if len(self._kept) > _MAX_KEPT:", "if False:"),
        ],
    ),
]
