"""Admission: each source has its share of the reports under way, and large ones take turns."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from service.errors import QuestionAbandonedError, SourceBusyError
from service.ingest.admission import AT_ONCE, LARGE, OF_A_SOURCE, OF_ALL, Admission
from service.ingest.budget import BURST_SECONDS, BYTES_A_UNIT, Budget
from service.ingest.large_turn import CREDIT_SECONDS, LargeTurn
from service.store.write.reports import MANY_CHANGES
from tests.support.live import PATIENCE, wait_until
from tests.support.threads import in_thread

RATE = 500.0
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
    return Admission(LargeTurn(tmp_path / "turn.json"), Budget(RATE), delays)


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


def test_a_source_that_changes_too_much_on_average_is_refused_and_no_other_one(
    admission: Admission,
) -> None:
    first_contact = 300
    for _ in range(int(RATE * BURST_SECONDS / first_contact)):
        with admission.admit("greedy", *ORDINARY) as work:
            work.will_change(first_contact)
    with admission.admit("greedy", *ORDINARY) as work:
        work.will_change(MANY_CHANGES)
        with pytest.raises(SourceBusyError) as refused:
            work.will_change(1)
    assert refused.value.retry_after >= BURST_SECONDS
    with pytest.raises(SourceBusyError):
        admission.sender("greedy", stays).expect(1000, compressed=False)
    admission.sender("healthy", stays).expect(1000, compressed=False)
    with admission.admit("healthy", *ORDINARY) as work:
        work.will_change(first_contact)


def stays() -> bool:
    return False


def test_any_report_is_possible_however_small_the_part_of_a_worker_is(tmp_path: Path) -> None:
    tiny = Admission(LargeTurn(tmp_path / "turn.json"), Budget(0.5), Delays())
    sender = tiny.sender("a", stays)
    sender.expect(1_400_000, compressed=False)
    for _ in range(20):
        sender.read(70_000)
    with sender.admit(1_400_000, 100) as work:
        assert not work.large
        work.will_change(MANY_CHANGES)
    with pytest.raises(SourceBusyError):
        tiny.sender("a", stays).expect(1000, compressed=False)


def test_requests_cost_something_even_if_nothing_is_in_them(admission: Admission) -> None:
    def flood() -> int:
        for number in range(round(RATE * BURST_SECONDS)):
            try:
                admission.sender("greedy", stays).expect(1, compressed=False)
            except SourceBusyError:
                return number
        raise AssertionError("never refused")

    assert 0.1 * RATE * BURST_SECONDS < flood() < 0.5 * RATE * BURST_SECONDS


def test_a_large_report_owes_the_same_time_whatever_the_number_of_workers(tmp_path: Path) -> None:
    for workers in (1, 64):
        turn = LargeTurn(tmp_path / f"{workers}.json")
        part = Admission(turn, Budget(1500 / workers), Delays(), large_rate=RATE)
        for _ in range(3):
            with part.admit("a", *MEDIUM) as work:
                work.enlarge()
                work.will_change(round(RATE * (CREDIT_SECONDS - 10) / 3))
        assert turn.pause_of("a") == 0


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
        work.will_change(round((CREDIT_SECONDS + 100) * RATE))
    for each in (admission, Admission(LargeTurn(tmp_path / "turn.json"), Budget(RATE), Delays())):
        with pytest.raises(SourceBusyError) as refused, each.admit("greedy", *BIGGEST):
            pass
        assert 100 < refused.value.retry_after <= 105
        with each.admit("greedy", *ORDINARY), each.admit("other", *BIGGEST):
            pass


def test_a_source_pauses_by_the_size_of_a_large_report_that_was_refused(
    admission: Admission,
) -> None:
    size = int((CREDIT_SECONDS + 30) * RATE * BYTES_A_UNIT)
    with pytest.raises(ZeroDivisionError), admission.admit("greedy", size, 0):
        raise ZeroDivisionError
    with pytest.raises(SourceBusyError) as refused, admission.admit("greedy", *BIGGEST):
        pass
    assert 20 < refused.value.retry_after <= 30
    with admission.admit("other", *BIGGEST):
        pass


def test_a_large_report_whose_sender_left_while_it_waited_is_not_handled(
    admission: Admission,
) -> None:
    handled: list[str] = []

    def handle(source: str, *, left: bool) -> None:
        with admission.admit(source, *BIGGEST, lambda: left):
            handled.append(source)

    with admission.admit("first", *BIGGEST):
        impatient = in_thread(lambda: handle("impatient", left=True))
        wait_until(lambda: "impatient" in admission._large_sources)
        patient = in_thread(lambda: handle("patient", left=False))
        time.sleep(1)
    assert isinstance(impatient.exception(PATIENCE), QuestionAbandonedError)
    patient.result(PATIENCE)
    handle("half-closed", left=True)
    assert handled == ["patient", "half-closed"]


def test_a_body_that_could_not_be_handled_now_is_not_received(admission: Admission) -> None:
    admission.expect("greedy", 8_000_000, compressed=False)
    with admission.admit("greedy", *BIGGEST):
        for length, compressed in ((8_000_000, False), (500_000, True)):
            with pytest.raises(SourceBusyError):
                admission.expect("greedy", length, compressed=compressed)
            admission.expect("other", length, compressed=compressed)
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


def test_a_source_that_waited_for_others_in_vain_is_not_blamed(
    admission: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.ingest.admission._WAIT_SECONDS", 0.05)
    with admission.admit("greedy", *BIGGEST):
        with (
            pytest.raises(SourceBusyError, match="of this client"),
            admission.admit("greedy", *BIGGEST),
        ):
            pass
        with (
            pytest.raises(SourceBusyError, match="of other clients"),
            admission.admit("a", *BIGGEST),
        ):
            pass
    with ExitStack() as held:
        for number in range(OF_ALL // AT_ONCE):
            held.enter_context(admission.admit(f"source {number}", 1_500_000, 0))
            held.enter_context(admission.admit(f"source {number}", 1_500_000, 0))
        with (
            pytest.raises(SourceBusyError, match="of other clients"),
            admission.admit("b", *MEDIUM),
        ):
            pass
        with (
            pytest.raises(SourceBusyError, match="of this client"),
            admission.admit("source 1", *MEDIUM),
        ):
            pass


def test_nothing_is_held_after_a_failure(admission: Admission) -> None:
    for weight in (ORDINARY, MEDIUM, BIGGEST):
        with pytest.raises(ZeroDivisionError), admission.admit("a", *weight):
            raise ZeroDivisionError
    assert not admission._claimed
    assert not admission._handled
    assert not admission._large_sources
