"""The machine and its tables, held to an oracle that keeps every event of a rule in a list.

The plain tests play 6 histories, the torture tests 100. Each is stored and loaded again after
1, 2, 5 or 50 events. Some leave out the reports that changes_nothing() says write nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from service.store.verdict_rows import Bound, flat
from tests.support import plain_verdict_spans, plain_violations
from tests.support.engine import ENGINES, Engine
from tests.support.plain_verdict_spans import FoundSpan
from tests.support.plain_violations import Found
from tests.support.violation_histories import History, random_history

_FEW, _MANY = range(6), range(6, 106)
_BOUND = ("report_id", "at", "received_at", "mark")


@pytest.fixture(scope="module", params=ENGINES)
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    engine = ENGINES[request.param](tmp_path_factory.mktemp("machine") / "compliance.db")
    engine.migrated().close()
    with closing(engine):
        yield engine


@pytest.mark.parametrize(
    "seeds", [_FEW, pytest.param(_MANY, marks=pytest.mark.torture)], ids=["few", "many"]
)
def test_stored_violations_and_spans_are_those_of_the_plain_oracle(
    engine: Engine, seeds: range
) -> None:
    kinds: set[object] = set()
    for seed in seeds:
        history = random_history(engine, seed, 60)
        expected = plain_violations.violations(history.entries)
        assert stored_violations(history) == sorted(map(shown, expected), key=repr), seed
        assert stored_spans(history) == plain_verdict_spans.spans(history.entries), seed
        kinds |= {found.ended and found.ended[1] for found in expected}
        kinds |= {name for found in expected for name in traits(found)}
        kinds |= {"skipped"} if history.skipped else set()
    if len(seeds) < len(_MANY):
        return
    # Otherwise the histories prove less than they claim.
    assert kinds >= {
        None, "resuelta", "regla_cambiada", "regla_retirada", "dejo_de_aplicar", "retirado",
        "relapsed", "late", "former", "continues", "fugaz", "tardios",
        "skipped",
    }  # fmt: skip


def traits(found: Found) -> Iterator[str]:
    if found.relapses:
        yield "relapsed"
    if found.is_late:
        yield "late"
    if found.former is not None:
        yield "former"
    if found.continues is not None:
        yield "continues"
    if found.ended is not None and found.confirmed is None:
        yield "fugaz"
    if found.tardios:
        yield "tardios"


def shown(found: Found) -> tuple[Any, ...]:
    """A violation of the oracle, as stored_violations() returns it."""
    bound, how, known_at = found.ended or (None, None, None)
    former = None if found.former is None else found.former.opened_in
    continues = None if found.continues is None else found.continues.opened_in
    return (
        found.text_id,
        found.key,
        *(
            flat(each)
            for each in (found.opened_after, found.opened_in, found.confirmed, found.seen, bound)
        ),
        how,
        known_at,
        found.relapses,
        found.is_late,
        None if found.is_late else flat(former),
        flat(continues),
        found.case_since,
        sorted(found.tardios, key=str),
    )


def columns(alias: str, prefix: str) -> str:
    return ", ".join(f"{alias}.{prefix}_{name}" for name in _BOUND)


def stored_violations(history: History) -> list[tuple[Any, ...]]:
    names = ("opened_after", "opened_in", "confirmed", "seen", "ended")
    rows = history.engine.rows(
        f"SELECT v.id, v.text_id, v.key, {', '.join(columns('v', name) for name in names)},"
        " v.ended_as, v.ended_known_at, v.relapses, v.is_late, v.case_since_at,"
        f" {columns('f', 'opened_in')}, {columns('c', 'opened_in')}"
        " FROM violation AS v LEFT JOIN violation AS f ON f.digest = v.former_digest"
        " LEFT JOIN violation AS c ON c.digest = v.continues_digest WHERE v.server_id = ?",
        (history.server.id,),
    )
    found = []
    for number, text_id, key, *rest in rows:
        bounds = [tuple(rest[at : at + 4]) for at in range(0, 20, 4)]
        how, known_at, relapses, is_late, case_since = rest[20:25]
        sightings = history.engine.rows(
            "SELECT report_id FROM late_sighting WHERE violation_id = ?", (number,)
        )
        found.append(
            (
                text_id,
                key,
                *bounds,
                how,
                known_at,
                relapses,
                bool(is_late),
                None if is_late else tuple(rest[25:29]),
                tuple(rest[29:33]),
                case_since,
                sorted((row[0] for row in sightings), key=str),
            )
        )
    return sorted(found, key=repr)


def stored_spans(history: History) -> list[FoundSpan]:
    names = ("after", "first", "last", "until")
    rows = history.engine.rows(
        f"SELECT s.text_id, s.state, s.reason, {', '.join(columns('s', name) for name in names)}"
        " FROM verdict_span AS s WHERE s.server_id = ? ORDER BY s.id",
        (history.server.id,),
    )
    return [
        FoundSpan(
            *row[:3],
            *(None if row[at + 1] is None else Bound(*row[at : at + 4]) for at in range(3, 19, 4)),
        )
        for row in rows
    ]
