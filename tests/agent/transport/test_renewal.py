"""Renewal of the token of a machine, and unusual answers of the API."""

from __future__ import annotations

import email.utils
import json
import logging
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from agent.build.interpreters import interpreters
from agent.report import Identity
from agent.transport.delivery_error import DeliveryFailure
from agent.transport.delivery_status import DeliveryStatus
from agent.transport.enrolment import issued_token
from agent.transport.http_client import Answer
from tests.agent.apis import Reply, proxy_before, scripted_api
from tests.agent.enrolled import (
    DAY,
    ID,
    Server,
    a_delivery,
    authorizations,
    granted,
    issued,
    store,
    stored,
    tokens_of,
)
from tests.support.live import PROJECT, LiveService, wait_until
from tests.support.tokens import bearer, make_token

STORED = Reply(201)


@pytest.mark.parametrize(
    ("age", "life", "due"),
    [
        (0, 30, False),
        (19.9, 30, False),
        (20.1, 30, True),
        (40, 30, True),
        (9999, None, False),
        (-37, 30, True),  # issued while the clock was 37 days ahead
        (-37, None, False),
    ],
)
def test_token_is_renewed_after_two_thirds_of_its_life(
    age: float, life: float | None, due: bool
) -> None:
    token = issued(age=age * DAY, life=None if life is None else life * DAY)
    assert token.is_due_for_renewal(time.time()) == due


def test_validity_is_counted_by_the_clock_of_the_api() -> None:
    """The validity starts at the Date of the answer."""
    body = b'{"token": "ccsi_x", "vence": "2027-02-21 07:30:00.000000"}'
    date = "Sun, 21 Feb 2027 07:00:00 GMT"
    for header, until in ((date, 1800.0), (None, 1803195000.0), ("nonsense", 1803195000.0)):
        answer = Answer(201, "Created", None, None, "", body, header)
        assert issued_token(answer, "", Identity(ID, None), 0.0) == ("ccsi_x", ID, 0.0, until)
    assert email.utils.parsedate_to_datetime(date).timestamp() == 1803195000 - 1800


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, {"Content-Type": "text/html"}, b"<html>please log in"),
        *[
            Reply(201, {}, body)
            for body in (
                b"",
                b"[]",
                b"{}",
                b'{"token": 5, "vence": null}',
                b'{"token": "two\\nlines", "vence": null}',
                b'{"token": "", "vence": null}',
                b'{"token": "x", "vence": "soon"}',
                b'{"token": "x", "vence": 5}',
                b'{"token": "x"}',
                b"[" * 60_000,
            )
        ],
    ],
)
def test_answer_without_a_token_is_a_failure(reply: Reply, tmp_path: Path) -> None:
    with scripted_api(reply) as api:
        delivery = a_delivery(api.url, tmp_path, enrolment="e")
        failure = delivery.deliver()
    assert failure is not None
    assert failure.reason.startswith(f"this machine cannot be enrolled: {api.url}/inscripcion")
    assert not (tmp_path / "token").exists()
    assert (delivery.status, delivery.waiting()) == (DeliveryStatus.WAITING, 1)


@pytest.mark.torture
def test_last_use_of_an_enrolment_token_survives_a_lost_answer(
    service: LiveService, tmp_path: Path
) -> None:
    """The next run is another process: it shows the key that the first one left."""
    server = Server(tmp_path / "one")
    server.set_enrolment_token(make_token(service.data, "inscripcion", "--uses", "1"))
    with proxy_before(service.port, lambda _number: True) as proxy:
        assert server.report(proxy.url).returncode == 1
    assert [revoked for _, revoked in tokens_of(service, server)][-1] is False
    done = server.report(service.url)
    assert done.returncode == 0, done.stderr
    assert [revoked for _, revoked in tokens_of(service, server)].count(False) == 1
    assert (stored(service, server), server.waiting()) == (2, [])


def test_renewed_token_is_used_at_once(tmp_path: Path) -> None:
    store(tmp_path, issued("former", age=21 * DAY))
    with scripted_api(granted("next"), STORED, STORED) as api:
        assert a_delivery(api.url, tmp_path).deliver() is None
        assert a_delivery(api.url, tmp_path).deliver() is None
    assert authorizations(api.requests) == [
        ("/inscripcion", "Bearer former"),
        ("/servers", "Bearer next"),
        ("/servers", "Bearer next"),
    ]
    assert json.loads(api.requests[0][2]) == {"id_maquina": ID, "nombre_host": "host"}


@pytest.mark.parametrize("status", [0, 400, 401, 403, 404, 429, 500, 503])
def test_failed_renewal_keeps_the_token(
    status: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store(tmp_path, issued("former", age=21 * DAY))
    before = (tmp_path / "token").read_bytes()
    with scripted_api(Reply(status), STORED) as api:
        assert a_delivery(api.url, tmp_path).deliver() is None
    assert authorizations(api.requests)[1] == ("/servers", "Bearer former")
    assert (tmp_path / "token").read_bytes() == before
    assert caplog.text.count("continuing with the present one") == 1
    assert "former" not in caplog.text


def test_repeated_failures_of_a_renewal_are_logged_once_an_hour(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store(tmp_path, issued("former", age=21 * DAY))
    with scripted_api(Reply(503), STORED, Reply(503), Reply(503)) as api:
        delivery = a_delivery(api.url, tmp_path)
        for _ in range(3):
            assert delivery.deliver() is None
    assert len(api.requests) == 4
    assert caplog.text.count("cannot be renewed") == 1


def test_token_stored_by_another_agent_meanwhile_is_used(tmp_path: Path) -> None:
    store(tmp_path, issued("former"))
    with scripted_api(Reply(401), STORED) as api:
        delivery = a_delivery(api.url, tmp_path, enrolment="e")
        answers = api.answers.pop

        def pop(at: int) -> Reply:
            store(tmp_path, issued("theirs"))
            return answers(at)

        api.answers = type("Answers", (list,), {"pop": lambda _self, at: pop(at)})(api.answers)
        assert delivery.deliver() is None
    assert authorizations(api.requests) == [
        ("/servers", "Bearer former"),
        ("/servers", "Bearer theirs"),
    ]


def test_refused_new_token_is_not_requested_again(tmp_path: Path) -> None:
    with scripted_api(granted("a"), Reply(401), Reply(401), granted("b"), Reply(401)) as api:
        delivery = a_delivery(api.url, tmp_path, enrolment="e")
        for _ in range(2):
            failure = delivery.deliver()
            assert failure == DeliveryFailure(
                f"{api.url} answered 401 Unauthorized", access_denied=True
            )
    assert [path for path, _ in authorizations(api.requests)] == [
        "/inscripcion",
        "/servers",
        "/servers",
        "/inscripcion",
        "/servers",
    ]


def test_older_reports_of_another_machine_are_skipped_but_the_newest_is_sent(
    tmp_path: Path,
) -> None:
    """The API decides about the newest one: the identity may be unreadable for now."""
    store(tmp_path, issued())
    with scripted_api(STORED, STORED) as api:
        delivery = a_delivery(api.url, tmp_path)
        for host in ("older", "newest"):
            document: Any = {"id_maquina": "0" * 32, "nombre_host": host}
            delivery.take(document, "a report")
        assert delivery.deliver() is None
        assert delivery.waiting() == 0
    sent = [json.loads(body).get("nombre_host") for _, _, body in api.requests]
    assert sent == [None, "newest"]
    assert len(list(tmp_path.glob("*-*.json"))) == 1


def test_agent_without_tokens_sends_none_and_does_not_enrol(tmp_path: Path) -> None:
    with scripted_api(STORED) as api:
        assert a_delivery(api.url, tmp_path).deliver() is None
    assert authorizations(api.requests) == [("/servers", None)]


def test_missing_enrolment_token_is_reported_before_the_enrolment_only(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    with scripted_api(STORED, Reply(401)) as api:
        failure = a_delivery(api.url, tmp_path, enrolment_file=missing).deliver()
        assert failure == DeliveryFailure(
            f"the enrolment token in {missing}: No such file or directory"
        )
        store(tmp_path, issued())
        delivery = a_delivery(api.url, tmp_path, enrolment_file=missing)
        failure = delivery.deliver()
    assert failure == DeliveryFailure(f"{api.url} answered 401 Unauthorized", access_denied=True)


def test_rotation_leaves_no_gap(
    service: LiveService, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A daemon keeps reporting while its token is renewed several times."""
    caplog.set_level(logging.INFO)
    server = Server(tmp_path / "one")
    server.set_enrolment_token(
        make_token(service.data, "inscripcion", "--usos", "1", "--validez", "30d")
    )
    tokens = []
    with proxy_before(service.port, lambda _number: False) as proxy:
        command = [sys.executable, "-m", "agent", *server.command(proxy.url, "--every", "1")]
        with subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE) as agent:
            try:
                for turn in range(3):
                    wait_for(proxy.paths, "/inscripcion", turn + 1)
                    wait_for(proxy.paths, "/servers", turn + 1)
                    tokens.append(server.token)
                    server.age(21 * DAY)
                    server.secret.unlink(missing_ok=True)
            finally:
                agent.terminate()
                agent.communicate(timeout=20)
        assert set(proxy.statuses) == {201}
    assert len(set(tokens)) == 3
    # The one in use and the one before are valid, in case the new one was lost.
    for number, (token, status) in enumerate(zip(tokens, (401, 201, 201), strict=True)):
        body = json.loads(proxy.bodies[-1])
        body["fecha_hora"] = f"2026-01-01 00:00:0{number}"
        assert service.post(body, **bearer(token)).status == status


def wait_for(paths: list[str], path: str, times: int) -> None:
    wait_until(lambda: paths.count(path) >= times)


@pytest.mark.torture
@pytest.mark.parametrize("minor", [9, 13])
def test_pyz_enrols_and_renews_on_the_oldest_and_a_new_python(
    minor: int, service: LiveService, tmp_path: Path, pyz: Path
) -> None:
    python = interpreters().get((3, minor))
    if python is None:
        pytest.skip(f"there is no Python 3.{minor} here")
    program = (python, "-W", "error", "-I", str(pyz))
    server = Server(tmp_path / "one")
    server.set_enrolment_token(
        make_token(service.data, "inscripcion", "--usos", "1", "--validez", "30d")
    )
    done = server.report(service.url, program=program)
    assert done.returncode == 0, done.stderr
    former = server.token
    server.age(25 * 86400)
    done = server.report(service.url, program=program)
    assert done.returncode == 0, done.stderr
    assert server.token != former
    assert stored(service, server) == 2
