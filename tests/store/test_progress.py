"""How far servers are judged, and the moment that pages show."""

from __future__ import annotations

import os
from pathlib import Path

from service import times
from service.store.queries import load_queries
from service.store.read.deafness import NOTICED
from service.store.read.policies import PolicyStore
from service.store.read.progress import Progress
from service.times import MINUTE, SECOND
from tests.support.asked_verdicts import START, asked
from tests.support.judged import PASSES, fails
from tests.support.stores import stores


def test_progress_names_the_first_report_that_is_not_judged() -> None:
    with stores() as both:
        ask = asked(both)
        assert ask.policies.progress() == Progress(None, None, False)
        ask.judge(1, 0, PASSES)
        assert ask.policies.progress() == Progress(START + SECOND, None, True)
        ask.store(1, 5)
        ask.store(2, 6)
        waits_since = START + 5 * MINUTE + SECOND
        assert ask.policies.progress() == Progress(waits_since - 1, waits_since, True)
        assert ask.policies.settled()[1] == (START + 5 * MINUTE,) * 2


def test_servers_are_judged_until_the_evaluator_stopped_which_would_notice_silence(
    tmp_path: Path,
) -> None:
    alive = tmp_path / "evaluator.lock"
    alive.touch()
    stopped_at = times.now() - NOTICED - SECOND
    with stores() as both:
        ask = asked(both)
        policies = PolicyStore(both.database, load_queries(), alive)
        ask.judge(1, 0, PASSES)
        assert policies.progress().behind_since is None
        os.utime(alive, ns=(stopped_at * 1000, stopped_at * 1000))
        assert policies.progress() == Progress(stopped_at - 1, stopped_at, True)
        assert policies.settled()[1].at <= stopped_at


def test_a_server_that_sends_more_than_is_judged_holds_no_other_back() -> None:
    with stores() as both:
        ask = asked(both)
        for server in (1, 2, 3):
            ask.judge(server, 0, PASSES)
        waits_since = START + MINUTE + SECOND
        for minute in range(1, 6):
            ask.store(1, minute)
        last = ask.judge(2, 6, fails("xmrig"))
        now = START + 7 * MINUTE
        policies = PolicyStore(both.database, load_queries(), clock=lambda: now)
        progress, moment = policies.settled()
        assert progress == Progress(START + 6 * MINUTE + SECOND, None, True, 1, waits_since)
        assert moment.at == now - SECOND
        (violation,) = ask.listed(moment=moment)
        assert violation.opened_in.report_id == last
        # What is said of all servers, and of this one, says that it is behind.
        assert ask.policies.progress() == Progress(waits_since - 1, waits_since, True)
        assert ask.policies.progress_of(1) == Progress(waits_since - 1, waits_since, True)
        assert ask.policies.progress_of(2) == Progress(START + 6 * MINUTE + SECOND, None, True)
        # Where the others wait as long, none is slow.
        ask.store(2, 7)
        ask.store(3, 8)
        held = START + 7 * MINUTE + SECOND
        assert ask.policies.settled()[0] == Progress(held - 1, held, True, 1, waits_since)


def test_a_server_that_waits_alone_or_for_a_moment_is_not_slow() -> None:
    with stores() as both:
        ask = asked(both)
        ask.judge(1, 0, PASSES)
        ask.store(1, 1)
        assert ask.policies.settled()[0].slow == 0  # there is no other
        waits_since = START + MINUTE + SECOND
        ask.judge(2, 1, PASSES)
        clock = lambda: waits_since + 9 * SECOND  # noqa: E731
        policies = PolicyStore(both.database, load_queries(), clock=clock)
        assert policies.settled()[0] == Progress(waits_since - 1, waits_since, True)
