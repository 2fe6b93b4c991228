"""The evaluator finds out who is silent, and takes no time for silence that it cannot know of."""

from __future__ import annotations

import errno
import os

import pytest

from service import times
from service.maintenance.downtime import note_alive, note_downtime
from service.policies.evaluator import evaluator
from service.policies.evaluator.evaluator import Evaluator
from service.times import HOUR, MINUTE
from tests.support import engine
from tests.support.judged_fleet import Fleet


def test_silence_ends_no_violation_and_is_one(fleet: Fleet) -> None:
    only = fleet.add(5 * HOUR, "bad")
    fleet.judge()
    assert fleet.violations() == [(None, only, None, None, 0)]
    spans = "SELECT reason FROM verdict_span JOIN policy_text ON policy_text.id = text_id"
    spans += " WHERE rule = 'a-rule' AND until_at IS NULL"
    assert engine.rows(fleet.config.database, spans) == [("silencio",)]
    silent = "SELECT count(*) FROM violation JOIN policy_text ON policy_text.id = text_id"
    silent += " WHERE rule = 'silencioso' AND ended_at IS NULL"
    assert engine.rows(fleet.config.database, silent) == [(1,)]


def silences(fleet: Fleet) -> int:
    query = "SELECT count(*) FROM verdict_span WHERE reason = 'silencio' AND until_at IS NULL"
    ((count,),) = engine.rows(fleet.config.database, query)
    return int(count)


def test_nobody_is_silent_while_the_service_is_down_nor_just_after(fleet: Fleet) -> None:
    fleet.add(5 * HOUR, "bad")
    note_alive(fleet.config)
    long_ago = (fleet.now - 5 * HOUR) / times.SECOND
    os.utime(fleet.config.alive, (long_ago, long_ago))
    fleet.judge()
    assert silences(fleet) == 0
    note_downtime(fleet.config)  # it starts again
    fleet.judge()
    assert silences(fleet) == 0
    ((since, until),) = engine.rows(
        fleet.config.database, "SELECT from_at, until_at FROM deaf_span"
    )
    assert until - since > 4 * HOUR
    longer_ago = fleet.now - 3 * HOUR
    engine.execute(fleet.config.database, "UPDATE deaf_span SET until_at = ?", (longer_ago,))
    fleet.judge()
    assert silences(fleet) == 1


def test_nobody_was_silent_before_a_service_first_left_word(fleet: Fleet) -> None:
    """A version before this one left none: that it did not run is no silence of its servers."""
    fleet.add(5 * HOUR, "bad")
    note_downtime(fleet.config, 0)
    fleet.judge()
    assert silences(fleet) == 0
    ((since,),) = engine.rows(fleet.config.database, "SELECT from_at FROM deaf_span")
    assert since == fleet.now - 5 * HOUR


def test_a_new_text_is_judged_on_servers_that_say_nothing_more(fleet: Fleet) -> None:
    only = fleet.add(2 * MINUTE, "worse")
    fleet.judge()
    assert fleet.violations() == []
    text = fleet.rule.read_text(encoding="utf-8")
    fleet.rule.write_text(
        text.replace("'bad'", "'worse'")
        .replace('"bad"', '"worse"')
        .replace("version = 2", "version = 3")
    )
    fleet.judge()
    ((after, opened, ended, _, _),) = fleet.violations()
    assert (after, ended) == (None, None)
    assert opened in (None, only)


def test_nobody_is_silent_before_the_service_is_known_to_have_heard_for_so_long(
    fleet: Fleet,
) -> None:
    fleet.add(16 * MINUTE, "bad")
    note_alive(fleet.config)
    just_before = (fleet.now - 2 * MINUTE) / times.SECOND
    os.utime(fleet.config.alive, (just_before, just_before))
    fleet.judge()
    assert silences(fleet) == 0
    fleet.add(0, machine="m2")  # so the service has heard until now
    fleet.judge()
    assert silences(fleet) == 1


def test_a_service_that_can_store_nothing_hears_nobody(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    note_alive(fleet.config)
    long_ago = (fleet.now - HOUR) / times.SECOND
    os.utime(fleet.config.alive, (long_ago, long_ago))
    with monkeypatch.context() as full:

        def fail(_descriptor: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        full.setattr(os, "fsync", fail)
        note_downtime(fleet.config)
    assert fleet.config.alive.stat().st_mtime == pytest.approx(long_ago)
    note_downtime(fleet.config)
    ((since, until),) = engine.rows(
        fleet.config.database, "SELECT from_at, until_at FROM deaf_span"
    )
    assert until - since >= HOUR


def test_a_server_that_sends_more_than_is_judged_hides_no_silence_of_others(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluator, "_TIMERS_SECONDS", 0.0)
    for minutes in range(40, 20, -1):
        fleet.add(minutes * MINUTE, machine="m2")
    fleet.add(5 * HOUR)
    with Evaluator(fleet.config) as made:
        made.begin(look_seconds=0)
        for _ in range(4):
            assert made.work()
        waiting = "SELECT max(report.seq) > judged.seq FROM judged JOIN report USING (server_id)"
        waiting += " GROUP BY server_id ORDER BY server_id"
        assert engine.rows(fleet.config.database, waiting) == [(1,), (0,)]
        silent = "SELECT DISTINCT server_id FROM verdict_span WHERE reason = 'silencio'"
        assert engine.rows(fleet.config.database, silent) == [(2,)]
