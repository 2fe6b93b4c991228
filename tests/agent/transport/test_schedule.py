from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.state.spool import Spool
from agent.transport import schedule
from agent.transport.credentials import Credentials
from agent.transport.delivery import Delivery
from agent.transport.delivery_error import DeliveryFailure
from agent.transport.delivery_status import DeliveryStatus
from agent.transport.http_client import ApiClient
from agent.transport.schedule import first_pause, run_forever, run_once


class Over(Exception):  # noqa: N818 — the end of a test
    pass


class ScriptedDelivery(Delivery):
    """A delivery with prepared results; only the clock and the network are replaced."""

    def __init__(
        self, folder: Path, results: list[DeliveryFailure | None], clock: list[float]
    ) -> None:
        super().__init__(ApiClient("http://127.0.0.1:9", Credentials()), Spool(str(folder)), 2)
        self.results = results
        self.clock = clock
        self.delivered_at: list[float] = []
        self.left = 0

    def deliver(self, most: int = 100) -> DeliveryFailure | None:
        del most
        self.delivered_at.append(self.clock[0])
        failure = self.results.pop(0) if self.results else None
        if failure is None:
            self.left = max(0, self.left - 1)
            self._tracker.status = DeliveryStatus.DELIVERED
        return failure

    def waiting(self) -> int:
        return self.left

    def finish(self) -> DeliveryStatus:
        return self.status


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]

    def sleep(seconds: float) -> None:
        assert seconds >= 0
        now[0] += seconds
        if now[0] > 5000:
            raise Over

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", sleep)
    return now


def taking(
    delivery: ScriptedDelivery, taken_at: list[float], *lasting: float
) -> Callable[[], None]:
    rest = list(lasting)

    def take() -> None:
        taken_at.append(delivery.clock[0])
        delivery.left += 1
        delivery._tracker.status = DeliveryStatus.WAITING
        delivery.clock[0] += rest.pop(0) if rest else 0.0

    return take


def test_turns_do_not_drift_and_missed_ones_are_skipped(clock: list[float], tmp_path: Path) -> None:
    """The interval is 10 seconds; the runs take 3, 25 and 1."""
    delivery = ScriptedDelivery(tmp_path, [], clock)
    taken_at: list[float] = []
    with pytest.raises(Over):
        run_forever(delivery, taking(delivery, taken_at, 3, 25, 1), 10, 4)
    assert taken_at[:5] == [1004, 1014, 1044, 1054, 1064]


def test_pauses_grow_while_reports_are_taken_on_time(
    clock: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        schedule, "pause_seconds", lambda attempt, asked: float(asked or 0) + 2.0**attempt
    )
    failures = [
        DeliveryFailure("503"),
        DeliveryFailure("503"),
        DeliveryFailure("503", "50"),
        None,
        DeliveryFailure("503"),
    ]
    delivery = ScriptedDelivery(tmp_path, [*failures], clock)
    taken_at: list[float] = []
    with pytest.raises(Over):
        run_forever(delivery, taking(delivery, taken_at), 20, 0)
    assert delivery.delivered_at[:4] == [1000, 1002, 1006, 1064]
    # All waiting reports are sent at once, and the next failure starts with a short pause.
    assert delivery.delivered_at[4:6] == [1064, 1066]
    assert taken_at[:5] == [1000, 1020, 1040, 1060, 1080]


def test_due_report_interrupts_a_long_delivery(clock: list[float], tmp_path: Path) -> None:
    delivery = ScriptedDelivery(tmp_path, [], clock)
    delivery.left = 50
    real = delivery.deliver

    def slow(most: int = 100) -> DeliveryFailure | None:
        clock[0] += 7
        return real(most)

    delivery.deliver = slow  # type: ignore[method-assign]
    taken_at: list[float] = []
    with pytest.raises(Over):
        run_forever(delivery, taking(delivery, taken_at), 20, 0)
    assert [at - 1000 - 20 * n for n, at in enumerate(taken_at[:5])] == pytest.approx(
        [0] * 5, abs=7
    )


def test_single_run_makes_four_attempts(clock: list[float], tmp_path: Path) -> None:
    delivery = ScriptedDelivery(tmp_path, [DeliveryFailure("503")] * 3, clock)
    assert run_once(delivery, taking(delivery, []))[0] is DeliveryStatus.DELIVERED
    delivery = ScriptedDelivery(tmp_path, [DeliveryFailure("503")] * 9, clock)
    fate, failure = run_once(delivery, taking(delivery, []))
    assert (fate, failure) == (DeliveryStatus.WAITING, DeliveryFailure("503"))
    assert len(delivery.delivered_at) == schedule.ATTEMPTS


@pytest.mark.parametrize(
    "failure", [DeliveryFailure("401", access_denied=True), DeliveryFailure("503", "61")]
)
def test_single_run_does_not_wait_for_denied_access_or_a_long_pause(
    failure: DeliveryFailure, clock: list[float], tmp_path: Path
) -> None:
    delivery = ScriptedDelivery(tmp_path, [failure] * 9, clock)
    assert run_once(delivery, taking(delivery, []))[1] == failure
    assert len(delivery.delivered_at) == 1
    assert clock[0] == 1000


def test_single_run_sends_for_a_minute(clock: list[float], tmp_path: Path) -> None:
    delivery = ScriptedDelivery(tmp_path, [], clock)
    delivery.left = 5
    run_once(delivery, taking(delivery, []))
    assert delivery.left == 0
    delivery.left = 10**6
    real = delivery.deliver

    def slow(most: int = 100) -> DeliveryFailure | None:
        clock[0] += 9
        return real(most)

    delivery.deliver = slow  # type: ignore[method-assign]
    run_once(delivery, taking(delivery, []))
    assert 10**6 - 9 < delivery.left < 10**6


def test_first_report_is_spread_over_the_interval() -> None:
    pauses = [first_pause(300, at_once=False) for _ in range(500)]
    assert all(0 <= pause <= 300 for pause in pauses)
    assert min(pauses) < 30
    assert max(pauses) > 270
    assert first_pause(300, at_once=True) == 0
    assert first_pause(5, at_once=False) == 0  # a trial by hand
