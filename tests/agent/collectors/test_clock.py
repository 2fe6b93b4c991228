from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from agent.collectors import clock


def test_zero_microseconds_are_written() -> None:
    moment = datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)
    assert clock.as_text(moment) == "2026-11-23T10:00:00.000000+00:00"


def test_moment_of_another_zone_is_converted_to_utc() -> None:
    moment = datetime(2026, 11, 23, 10, 0, 0, 123456, timezone(timedelta(hours=5, minutes=30)))
    assert clock.as_text(moment) == "2026-11-23T04:30:00.123456+00:00"


def test_collected_time_is_the_present() -> None:
    before = datetime.now(UTC)
    assert before <= clock.collect() <= datetime.now(UTC)
