"""Admission: each source has its share of the reports under way, and large ones take turns."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from service.errors import SourceBusyError
from service.ingest.admission import AT_ONCE, CHANGES_A_SECOND, LARGE, OF_A_SOURCE, Admission
from service.ingest.large_turn import LargeTurn
from service.store.write.reports import MANY_CHANGES
from tests.support.live import PATIENCE, wait_until
from tests.support.threads import in_thread

ORDINARY = (20_000, 301)  # bytes and objects of a report of 300 processes
MEDIUM = (400_000, 4000)
BIGGEST = (8 * 1024 * 1024, 100_001)


class Delays:
    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
def delays() -> Delays:
    return Delays()


@pytest.fixture
def admission(tmp_path: Path, delays: Delays) -> Admission:
    return Admission(LargeTurn(tmp_path / "turn.json"), delays)


def test_a_hundred_ordinary_reports_of_one_source_are_handled_together(
    admission: Admission, delays: Delays
) -> None:
    with ExitStack() as held:
        for _ in range(100):
            work = held.enter_context(admission.admit("a", *ORDINARY))
            assert not work.large
    assert delays.seconds == []


def test_a_source_over_its_share_is_refused_and_no_other_one(
    admission: Admission, delays: Delays
) -> None:
    with ExitStack() as held:
        for _ in range(OF_A_SOURCE // 500_000):
            held.enter_context(admission.admit("greedy", 0, 500))
        with pytest.raises(SourceBusyError) as refused, admission.admit("greedy", 0, 1000):
            pass
        assert refused.value.retry_after > 0
        assert delays.seconds == [1.0], "a client that does not wait is slowed down"
        held.enter_context(admission.admit("healthy", *ORDINARY))
    with admission.admit("greedy", *ORDINARY):
        pass


def test_medium_reports_wait_for_others_of_their_source_alone(admission: Admission) -> None:
    def handle(source: str) -> None:
        with admission.admit(source, *MEDIUM):
            pass

    with ExitStack() as held:
        for _ in range(AT_ONCE // (4 * MEDIUM[0] + 1000 * MEDIUM[1])):
            held.enter_context(admission.admit("greedy", *MEDIUM))
        waits = in_thread(handle, "greedy")
        in_thread(handle, "other").result(PATIENCE)
        with admission.admit("greedy", *ORDINARY):
            assert not waits.done()
    waits.result(PATIENCE)


def test_a_source_has_one_large_report_under_way_and_another_source_waits(
    admission: Admission,
) -> None:
    def handle() -> None:
        with admission.admit("other", *BIGGEST):
            pass

    with admission.admit("greedy", *BIGGEST) as work:
        assert work.large
        with pytest.raises(SourceBusyError), admission.admit("greedy", *BIGGEST):
            pass
        waits = in_thread(handle)
        wait_until(lambda: "other" in admission._large_sources)
        with admission.admit("greedy", *ORDINARY), admission.admit("healthy", *ORDINARY):
            assert not waits.done()
    waits.result(PATIENCE)


def test_rows_count_as_well_as_bytes(admission: Admission) -> None:
    with admission.admit("a", LARGE // 4, 10) as long, admission.admit("b", 1000, 10) as short:
        assert long.large
        assert not short.large
    with admission.admit("c", 1000, LARGE // 1000 + 1) as many:
        assert many.large


def test_a_source_pauses_after_a_report_that_changed_much_in_every_process(
    admission: Admission, tmp_path: Path
) -> None:
    with admission.admit("greedy", *BIGGEST) as work:
        work.stored(100 * CHANGES_A_SECOND + MANY_CHANGES)
    for each in (admission, Admission(LargeTurn(tmp_path / "turn.json"), Delays())):
        with pytest.raises(SourceBusyError) as refused, each.admit("greedy", *BIGGEST):
            pass
        assert 95 < refused.value.retry_after <= 105
        with each.admit("greedy", *ORDINARY), each.admit("other", *BIGGEST):
            pass


def test_a_large_report_that_changed_little_costs_no_pause(admission: Admission) -> None:
    for _ in range(3):
        with admission.admit("a", *BIGGEST) as work:
            work.stored(MANY_CHANGES)


def test_a_body_that_could_not_be_handled_now_is_not_received(admission: Admission) -> None:
    admission.expect("greedy", 8_000_000, compressed=False)
    with admission.admit("greedy", *BIGGEST):
        for length, compressed in ((8_000_000, False), (500_000, True)):
            with pytest.raises(SourceBusyError):
                admission.expect("greedy", length, compressed)
            admission.expect("other", length, compressed)
        admission.expect("greedy", 500_000, compressed=False)
        admission.expect("greedy", 20_000, compressed=True)


def test_a_report_that_turns_out_to_change_much_is_enlarged_once(admission: Admission) -> None:
    with admission.admit("a", *MEDIUM) as work:
        work.enlarge()
        work.enlarge()
        with pytest.raises(SourceBusyError), admission.admit("a", *BIGGEST):
            pass


def test_other_threads_wait_less_long_while_a_large_report_is_computed(
    admission: Admission,
) -> None:
    usual = sys.getswitchinterval()
    with admission.admit("a", *BIGGEST):
        assert sys.getswitchinterval() < usual
    assert sys.getswitchinterval() == usual


def test_nothing_is_held_after_a_failure(admission: Admission) -> None:
    for weight in (ORDINARY, MEDIUM, BIGGEST):
        with pytest.raises(ZeroDivisionError), admission.admit("a", *weight):
            raise ZeroDivisionError
    assert not admission._claimed
    assert not admission._handled
    assert not admission._large_sources
