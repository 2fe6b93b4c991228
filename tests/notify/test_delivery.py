"""A message is tried until its receiver takes it, or refuses it for good."""

from __future__ import annotations

import hashlib
import hmac
import time

import pytest

from service import times
from service.notify import line as line_module
from service.notify.attempt import GIVEN_UP_AFTER, answered, pause_after
from service.notify.line import Line
from service.times import DAY, MINUTE, SECOND
from tests.notify.receiver import HttpReceiver
from tests.notify.told import ToldFleet, tell
from tests.support import engine


@pytest.fixture
def line(told: ToldFleet, receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch) -> Line:
    """A receiver that was told that nothing is open; then a violation opened."""
    monkeypatch.setattr(line_module, "pause_after", lambda _failures: 50 * MINUTE)
    told.report()
    line = told.listen(receiver.url, 'secret = "s3cret"', "deadline = 1")
    tell(line)
    receiver.taken.clear()
    receiver.seen.clear()
    told.report("bad")
    return line


def kinds(receiver: HttpReceiver) -> list[str]:
    return [message.json()["tipo"] for message in receiver.taken]


def test_what_may_pass_is_tried_again_with_the_same_body_and_id(
    told: ToldFleet, receiver: HttpReceiver, line: Line
) -> None:
    behaviours: list[int | str] = [500, 408, 425, 429, 302, "hang", "drip", "close", "break"]
    receiver.behaviours = list(behaviours)
    receiver.answer_headers = {"Location": f"{receiver.url}/elsewhere"}
    for behaviour in behaviours:
        (attempt,) = tell(line)
        assert attempt.error is not None, behaviour
        assert "secret" not in attempt.error
        assert tell(line) == []  # there is a pause
        told.age()
    tell(line)
    assert len(receiver.seen) == len(behaviours) + 1  # a redirect was not followed
    assert len({message.body for message in receiver.seen}) == 1
    assert len({message.headers["x-compliance-id"] for message in receiver.seen}) == 1
    assert kinds(receiver) == ["abierta"]


def test_what_no_repeat_mends_is_set_aside_at_once_and_holds_nobody_up(
    told: ToldFleet, receiver: HttpReceiver, line: Line
) -> None:
    receiver.behaviours = [404]
    told.report("bad", machine="m2")
    tell(line)
    sent = [row[1:3] for row in told.messages()[1:]]
    assert sent[:2] == [("abierta", "fallido"), ("abierta", "enviado")]
    # And once it takes messages again, it hears in one digest what is open.
    assert kinds(receiver) == ["abierta", "resumen"]
    digest = receiver.taken[-1].json()
    assert (digest["razon"], digest["total"]) == ("perdido", 2)


def test_only_some_answers_of_4xx_may_pass() -> None:
    final = {status for status in range(200, 600) if answered(status, {}, 0).is_final}
    assert final == set(range(400, 500)) - {408, 425, 429}
    taken = {status for status in range(200, 600) if answered(status, {}, 0).error is None}
    assert taken == set(range(200, 300))


def test_a_receiver_that_refuses_hears_everything_later_in_order(
    told: ToldFleet, receiver: HttpReceiver, line: Line
) -> None:
    receiver.stop()
    assert [attempt.error for attempt in tell(line)] == ["no connection"]
    told.report()
    told.report("bad")
    line.take()
    receiver.start()
    told.age()
    tell(line)
    assert kinds(receiver) == ["abierta", "resuelta", "abierta"]


def test_a_message_that_fails_delays_the_messages_of_its_subject_only(
    told: ToldFleet, receiver: HttpReceiver, line: Line
) -> None:
    receiver.behaviours = [500, 200]
    tell(line)
    told.report()
    told.report("bad", machine="m2")
    engine.execute(told.fleet.config.database, "UPDATE receiver SET paused_until = 0")
    tell(line)
    assert [message.json()["servidor"] for message in receiver.taken] == [2]
    told.age()
    tell(line)
    assert [message.json()["tipo"] for message in receiver.taken[1:]] == ["abierta", "resuelta"]


def test_retry_after_is_obeyed(told: ToldFleet, receiver: HttpReceiver, line: Line) -> None:
    receiver.behaviours, receiver.answer_headers = [429], {"Retry-After": "3600"}
    tell(line)
    told.age(59 * MINUTE)
    assert tell(line) == []
    told.age(2 * MINUTE)
    tell(line)
    assert kinds(receiver) == ["abierta"]


def test_after_seven_days_a_message_is_given_up_and_one_digest_follows(
    told: ToldFleet, receiver: HttpReceiver, line: Line
) -> None:
    receiver.behaviours = [500, 500]
    tell(line)
    told.age(GIVEN_UP_AFTER)
    tell(line)
    assert told.messages()[-1][1:3] == ("abierta", "fallido")
    assert tell(line) == []
    told.report("bad", machine="m2")
    tell(line)
    tell(line)
    assert kinds(receiver) == ["abierta", "resumen"]


def test_a_message_is_signed_over_the_time_of_the_try_and_its_body(
    told: ToldFleet, receiver: HttpReceiver, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.behaviours = [500]
    tell(line)
    told.age()
    moment = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: moment)
    tell(line)
    for message in receiver.seen:
        stamp = message.headers["x-compliance-timestamp"]
        expected = hmac.new(b"s3cret", f"{stamp}.".encode() + message.body, hashlib.sha256)
        assert message.headers["x-compliance-signature"] == f"sha256={expected.hexdigest()}"
    assert len({message.headers["x-compliance-timestamp"] for message in receiver.seen}) == 2


def test_quiet_hours_delay_and_drop_nothing(told: ToldFleet, receiver: HttpReceiver) -> None:
    told.report()
    line = told.listen(receiver.url)
    tell(line)
    now = times.to_text(times.now())
    hour = int(now[11:13])
    quiet = f'quiet = {{ from = "{hour:02}:00", to = "{(hour + 2) % 24:02}:00", zone = "UTC" }}'
    line = told.listen(receiver.url, quiet)
    receiver.taken.clear()
    told.report("bad")
    assert tell(line) == []
    line = told.listen(receiver.url)  # its clock says that they are over
    assert tell(line) == []
    told.age(2 * 60 * MINUTE)
    tell(line)
    assert kinds(receiver) == ["abierta"]


@pytest.mark.parametrize("severity", ["alta", "critica"])
def test_quiet_hours_that_begin_later_delay_a_digest_of_what_is_open(
    told: ToldFleet, receiver: HttpReceiver, severity: str
) -> None:
    text = told.fleet.rule.read_text(encoding="utf-8")
    told.fleet.rule.write_text(text.replace('"alta"', f'"{severity}"'), encoding="utf-8")
    told.report("bad")
    receiver.behaviours = [500]
    tell(told.listen(receiver.url))
    line = told.listen(
        receiver.url, 'quiet = { from = "00:00", to = "23:59:59.999999", zone = "UTC" }'
    )
    told.age()
    tell(line)
    assert kinds(receiver) == (["resumen"] if severity == "critica" else [])
    told.age(DAY)
    tell(told.listen(receiver.url))
    assert kinds(receiver) == ["resumen"]


def test_a_new_receiver_gets_one_digest_of_what_is_open_and_hears_of_its_end(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    told.report("bad")
    told.report("bad", machine="m2")
    line = told.listen(receiver.url)
    tell(line)
    (digest,) = (message.json() for message in receiver.taken)
    assert (digest["tipo"], digest["razon"], digest["total"]) == ("resumen", "nuevo", 2)
    assert digest["por_severidad"]["alta"] == len(digest["mensajes"]) == 2
    told.report()
    tell(told.line())  # a sender that was started anew repeats nothing
    assert kinds(receiver) == ["resumen", "resuelta"]


def test_a_receiver_that_listens_to_more_hears_what_it_was_not_told(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    told.report("bad")
    tell(told.listen(receiver.url, 'severities = ["critica"]'))
    told.report("bad", machine="m2")
    tell(told.listen(receiver.url))
    tell(told.listen(receiver.url, 'severities = ["alta"]'))
    assert kinds(receiver) == ["resumen", "resumen"]
    assert [message.json()["total"] for message in receiver.taken] == [0, 2]


def test_more_than_a_receiver_takes_a_minute_is_told_together(
    told: ToldFleet, receiver: HttpReceiver
) -> None:
    told.report()
    line = told.listen(receiver.url, "most_a_minute = 3")
    tell(line)
    receiver.taken.clear()
    for number in range(6):
        told.fleet.add(100 * SECOND, "bad", machine=f"n{number}")
    told.judge()
    tell(line)
    (digest,) = (message.json() for message in receiver.taken)
    assert (digest["razon"], digest["total"]) == ("acumulado", 6)
    assert {entry["tipo"] for entry in digest["mensajes"]} == {"abierta"}
    told.fleet.add(90 * SECOND, machine="n0")
    told.judge()
    tell(line)
    assert kinds(receiver) == ["resumen", "resuelta"]
    for number in range(6, 12):
        told.fleet.add(80 * SECOND, "bad", machine=f"n{number}")
    told.judge()
    assert tell(line) == []  # a digest has just been sent
    engine.execute(told.fleet.config.database, "UPDATE message SET ended_at = ended_at - 30000000")
    tell(line)
    assert receiver.taken[-1].json()["total"] == 6
    assert all(state == "enviado" for _, _, state, _ in told.messages())


def test_pauses_grow_and_differ() -> None:
    assert all(SECOND <= pause_after(1) <= 2 * SECOND for _ in range(20))
    assert all(450 * SECOND <= pause_after(n) <= 900 * SECOND for n in (12, 10_000))
    assert len({pause_after(12) for _ in range(20)}) > 1


def test_retry_after_may_be_a_date_and_nonsense_is_none() -> None:
    now = times.parse("2026-11-27 04:00:00")
    dated = {"Retry-After": "Fri, 27 Nov 2026 04:01:40 GMT"}
    assert answered(503, dated, now).retry_after == 100 * SECOND
    assert answered(503, {"Retry-After": "soon"}, now).retry_after is None
    assert answered(503, {"Retry-After": "9" * 40}, now).retry_after == GIVEN_UP_AFTER


def test_each_kind_of_receiver_gets_its_shape(told: ToldFleet, receiver: HttpReceiver) -> None:
    told.report("bad")
    address = f'url = "{receiver.url}"'
    kinds_of_chat = ("slack", "teams", "mattermost")
    told.write(*(f'{kind}\nkind = "{kind}"\n{address}' for kind in kinds_of_chat))
    for kind in kinds_of_chat:
        tell(told.line(kind))
    members = [sorted(message.json()) for message in receiver.taken]
    assert [set(each) & {"blocks", "attachments", "text"} for each in members] == [
        {"blocks", "text"},
        {"attachments"},
        {"text"},
    ]
