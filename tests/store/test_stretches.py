"""Verdicts over time, against what is computed moment by moment."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from service.store.read.period_totals import Total, Worst, worst
from service.store.read.stretches import History, Stretch, TextStretch, stretches

PIECES = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6)), max_size=5)


@settings(max_examples=200, deadline=None)
@given(
    texts=PIECES, spans=st.lists(PIECES, min_size=2, max_size=2), bad=st.lists(PIECES, min_size=2)
)
def test_what_stands_over_what_is_computed_moment_by_moment(
    texts: list[tuple[int, int]],
    spans: list[list[tuple[int, int]]],
    bad: list[list[tuple[int, int]]],
) -> None:
    judging = [
        TextStretch(since, since + length, number % 2)
        for number, (since, length) in enumerate(sorted(texts))
    ]
    unknown = {
        text: [
            Stretch(since, since + length, "desconocido", f"{number}")
            for number, (since, length) in enumerate(spans[text])
        ]
        for text in (0, 1)
    }
    failing = {
        text: [Stretch(since, since + length, "falla") for since, length in bad[text]]
        for text in (0, 1)
    }
    found = stretches(judging, unknown, failing, 2, 15)
    shown = {
        at: (stretch.state, stretch.reason)
        for stretch in found
        for at in range(stretch.since, stretch.until)
    }
    assert sum(stretch.until - stretch.since for stretch in found) == len(shown)
    expected = {}
    for at in range(2, 15):
        texts_then = [text.text_id for text in judging if text.since <= at < text.until]
        if not texts_then:
            continue
        over = [each for each in unknown[texts_then[-1]] if each.since <= at < each.until]
        fails_then = any(each.since <= at < each.until for each in failing[texts_then[-1]])
        below = ("falla" if fails_then else "cumple", None)
        expected[at] = (over[-1].state, over[-1].reason) if over else below
    assert shown == expected
    assert found == sorted(found)


def test_the_worst_of_several_rules_is_that_of_each_moment() -> None:
    states = ("falla", "desconocido", "cumple", "no_aplica")
    chance = Random(7)
    for _ in range(200):
        histories = []
        for _ in range(chance.randint(1, 3)):
            edges = sorted(chance.sample(range(20), 6))
            pairs = pairwise(edges)
            histories.append([Stretch(*pair, chance.choice(states)) for pair in pairs])
        expected: Counter[str] = Counter()
        for at in range(20):
            then = {
                each.state for own in histories for each in own if each.since <= at < each.until
            }
            if then:
                expected[next(state for state in states if state in then)] += 1
        assert worst(histories) == expected


def test_a_rule_that_stopped_judging_has_no_verdict_at_the_end() -> None:
    verdicts = [Stretch(0, 4, "cumple"), Stretch(4, 9, "desconocido", "silencio")]
    history = History(verdicts, 10)
    assert (history.last, history.state) == (None, None)
    assert history.times == {("cumple", None): 4, ("desconocido", "silencio"): 5}
    assert History(verdicts, 9).state == "desconocido"


def test_what_is_waived_comes_after_the_unknown() -> None:
    total = Total()
    total.add(Worst({"falla": 5}, frozenset({"falla"})), [], is_closed=True)  # nothing unwaived
    assert (total.state, total.is_waived) == ("falla", True)
    both = frozenset({"falla", "desconocido"})
    total.add(Worst({"falla": 5}, both), [], is_closed=False)
    assert (total.state, total.is_waived, total.is_closed) == ("desconocido", False, False)
    assert (total.at_end["falla"], total.times["falla"], total.share) == (2, 10, 0)
