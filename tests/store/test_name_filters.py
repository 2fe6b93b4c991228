"""Filters by name: exact, or with * for any text."""

from __future__ import annotations

import pytest

from service.store.queries import load_queries
from service.store.read.moments import Moment
from service.store.read.name_filters import ProcessFilter
from service.store.read.occurrences import process_occurrences
from tests.support.examples import HOUR, report
from tests.support.stores import stores

LIMIT = 100  # more than there is


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("cron", ["cron"]),
        ("CRON", []),
        ("CR*", ["cron", "cr%n", "cr_n"]),
        ("cr_n", ["cr_n"]),
        ("cr_*", ["cr_n"]),
        ("*%*", ["cr%n"]),
        ("*!*", ["!"]),
        ("*Ñ*", ["Ñu"]),  # only ASCII letters are alike in either case
        ("ñ*", ["ñu"]),
        ("*n", ["cron", "cr%n", "cr_n"]),
        ("**", ["cron", "cr%n", "cr_n", "!", "Ñu", "ñu", "*"]),
        ("*", ["cron", "cr%n", "cr_n", "!", "Ñu", "ñu", "*"]),
    ],
)
def test_only_the_asterisk_is_special_in_a_pattern(pattern: str, found: list[str]) -> None:
    names = ["cron", "cr%n", "cr_n", "!", "Ñu", "ñu", "*", None]
    shown = report(1, *((pid, name, None, None) for pid, name in enumerate(names)))
    with stores() as both:
        both.add(shown)
        ours = process_occurrences(both.database, load_queries())
        for rows in (
            ours.now(ProcessFilter(name=pattern), 0, LIMIT).rows,
            ours.at(ProcessFilter(name=pattern), Moment(HOUR), 0, LIMIT).rows,
            ours.history(ProcessFilter(name=pattern), 0, LIMIT).rows,
        ):
            assert sorted(str(row.name) for row in rows) == sorted(found)
