"""What is told of a violation at a past moment is what was known then."""

from __future__ import annotations

from service.store.queries import load_queries
from service.store.read.moments import Moment
from service.store.read.violations import ViolationFilter, ViolationStore
from service.times import DAY, MINUTE
from tests.store.test_placement import report_of
from tests.support.judged import PASSES, Judging, fails
from tests.support.plain_time import Arrival
from tests.support.stores import stores

START = 20_000 * DAY


def test_relapses_and_the_last_yes_are_those_of_the_moment() -> None:
    verdicts = [fails("xmrig"), PASSES, fails("xmrig"), PASSES, fails("xmrig"), fails("xmrig")]
    with stores() as both:
        judging = Judging(both.database)
        judging.take_up("minero", START - DAY, resolve=5)
        numbers = []
        for minute, verdict in enumerate(verdicts):
            at = START + minute * MINUTE
            numbers.append(both.store.add(report_of(Arrival("web", at, at)), at).id_serv)
            judging.report(numbers[-1], minero=verdict)
        asked = ViolationStore(both.database, load_queries())
        found = []
        for minute in range(len(verdicts)):
            at = START + minute * MINUTE
            both_ways = [
                asked.page(ViolationFilter(moment=moment), 0, 10).violations[0]
                for moment in (Moment(at), Moment(START + DAY, at))
            ]
            assert both_ways[0].relapses == both_ways[1].relapses
            assert both_ways[0].seen == both_ways[1].seen
            seen = both_ways[0].seen
            found.append((both_ways[0].relapses, seen and numbers.index(seen.report_id or 0)))
        assert found == [(0, 0), (0, 0), (1, 2), (1, 2), (2, 4), (2, 5)]
        (now,) = asked.page(ViolationFilter(), 0, 10).violations
        assert (now.relapses, now.seen and now.seen.report_id) == (2, numbers[-1])
