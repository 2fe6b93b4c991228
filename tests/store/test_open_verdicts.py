"""Whether the verdict at a moment may still change."""

from __future__ import annotations

from service.store.read.moments import Moment
from tests.support.asked_verdicts import START, asked, at
from tests.support.judged import PASSES, SILENT, fails
from tests.support.plain_time import MINUTE
from tests.support.stores import stores


def test_a_moment_is_closed_once_a_later_report_is_judged() -> None:
    def is_closed(moment: Moment | None) -> bool:
        row = ask.verdict(1, moment)
        assert row is not None
        return row.is_closed

    with stores() as both:
        ask = asked(both)
        ask.judge(1, 0, PASSES)
        ask.judging.event(1, "silencio", START + 30 * MINUTE, minero=SILENT)
        # A spool may still tell of a time before the silence.
        assert [is_closed(moment) for moment in (None, at(0), at(5), at(1e6))] == [False] * 4
        ask.store(1, 10, delay=60 * MINUTE)
        assert not is_closed(at(5))  # it waits for the evaluator
        ask.judge(1, 15, PASSES, delay=61 * MINUTE)
        assert [is_closed(moment) for moment in (None, at(15), at(12))] == [False, False, True]
        assert not is_closed(Moment(at(5).at, at(40).at))


def test_a_server_is_new_at_a_moment_to_come_if_it_is_now() -> None:
    with stores() as both:
        ask = asked(both, grace=60)
        ask.judge(1, 0, fails("xmrig"))
        for moment in (None, at(30), at(1e6)):
            row = ask.verdict(1, moment)
            assert row is not None
            assert row.in_grace
            (violation,) = ask.listed(moment=moment)
            assert violation.in_grace
        ask.judge(1, 70, fails("xmrig"))
        assert [ask.listed(moment=moment)[0].in_grace for moment in (at(30), at(1e6))] == [
            True,
            False,
        ]
