from __future__ import annotations

import email.utils
import time

import pytest

from agent.transport import backoff
from agent.transport.backoff import parse_retry_after, pause_seconds


def test_pauses_are_random_up_to_a_doubling_limit() -> None:
    for attempt, bound in ((1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (10_000, 300)):
        drawn = [pause_seconds(attempt, None) for _ in range(400)]
        assert all(0 <= seconds <= bound for seconds in drawn)
        assert min(drawn) < bound * 0.1
        assert max(drawn) > bound * 0.9


def test_retry_after_is_added_to_a_random_pause() -> None:
    drawn = [pause_seconds(1, "7") for _ in range(100)]
    assert all(7 <= seconds <= 8 for seconds in drawn)
    assert len(set(drawn)) > 50


def test_retry_after_is_limited() -> None:
    longest = backoff.MAX_RETRY_AFTER_SECONDS
    assert longest <= pause_seconds(1, "86400") <= longest + 1


@pytest.mark.parametrize("text", [None, "", "soon", "-5", "nan", "1e9", "Wed, 99 Foo", "\xb2"])
def test_invalid_retry_after_counts_as_zero(text: str | None) -> None:
    assert parse_retry_after(text) == 0


def test_retry_after_may_be_a_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0)
    assert parse_retry_after(email.utils.formatdate(1_800_000_030, usegmt=True)) == 30
    assert parse_retry_after(email.utils.formatdate(1_799_999_970, usegmt=True)) == 0
