"""How the agent's own token is renewed without a gap, and what the API may answer meanwhile."""

from __future__ import annotations

import email.utils
import json
import logging
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.build.interpreters import interpreters
from agent.report import Identity
from agent.transport.delivery import DeliveryStatus
from agent.transport.delivery_error import Trouble
from agent.transport.enrolment import _own_token
from agent.transport.http_client import Answer
from tests.agent.apis import proxy_before
from tests.agent.enrolled import DAY, ID, Server, a_delivery, given, keep, own, shown, stored
from tests.agent.transport.test_http_client import Said, api_that_says
from tests.support.live import PROJECT, LiveService
from tests.support.tokens import bearer, make_token

STORED = Said(201)


@pytest.mark.parametrize(
    ("age", "life", "due"),
    [(0, 30, False), (19.9, 30, False), (20.1, 30, True), (40, 30, True), (9999, None, False)],
)
def test_a_token_is_renewed_after_two_thirds_of_its_life(
    age: float, life: float | None, due: bool
) -> None:
    token = own(age=age * DAY, life=None if life is None else life * DAY)
    assert token.is_to_be_renewed(time.time()) == due


def test_the_clock_of_this_machine_may_be_wrong() -> None:
    """A token's life is counted from the answer's own date."""
    body = b'{"token": "ccsi_x", "vence": "2027-02-21 07:30:00.000000"}'
    date = "Sun, 21 Feb 2027 07:00:00 GMT"
    for said, until in ((date, 1800.0), (None, 1803195000.0), ("nonsense", 1803195000.0)):
        answer = Answer(201, "Created", None, None, "", body, said)
        assert _own_token(answer, "", Identity(ID, None), 0.0) == ("ccsi_x", ID, 0.0, until)
    assert email.utils.parsedate_to_datetime(date).timestamp() == 1803195000 - 1800


@pytest.mark.parametrize(
    "said",
    [
        Said(200, {"Content-Type": "text/html"}, b"<html>please log in"),
        *[
            Said(201, {}, body)
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
def test_an_answer_without_a_token_is_none(said: Said, tmp_path: Path) -> None:
    with api_that_says(said) as api:
        delivery = a_delivery(api.url, tmp_path, enrolment="e")
        trouble = delivery.deliver()
    assert trouble is not None
    assert trouble.reason.startswith(f"this machine cannot be enrolled: {api.url}/inscripcion")
    assert not (tmp_path / "token").exists()
    assert (delivery.fate, delivery.waiting()) == (DeliveryStatus.WAITING, 1)


def test_a_renewed_token_is_used_at_once_and_the_next_is_not_yet_due(tmp_path: Path) -> None:
    keep(tmp_path, own("former", age=21 * DAY))
    with api_that_says(given("next"), STORED, STORED) as api:
        assert a_delivery(api.url, tmp_path).deliver() is None
        assert a_delivery(api.url, tmp_path).deliver() is None
    assert shown(api.requests) == [
        ("/inscripcion", "Bearer former"),
        ("/servers", "Bearer next"),
        ("/servers", "Bearer next"),
    ]
    assert json.loads(api.requests[0][2]) == {"id_maquina": ID, "nombre_host": "host"}


@pytest.mark.parametrize("status", [0, 400, 401, 403, 404, 429, 500, 503])
def test_a_renewal_that_fails_changes_nothing(
    status: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep(tmp_path, own("former", age=21 * DAY))
    before = (tmp_path / "token").read_bytes()
    with api_that_says(Said(status), STORED) as api:
        assert a_delivery(api.url, tmp_path).deliver() is None
    assert shown(api.requests)[1] == ("/servers", "Bearer former")
    assert (tmp_path / "token").read_bytes() == before
    assert caplog.text.count("going on with the one that there is") == 1
    assert "former" not in caplog.text


def test_a_renewal_that_goes_on_failing_is_told_once_an_hour(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep(tmp_path, own("former", age=21 * DAY))
    with api_that_says(Said(503), STORED, Said(503), Said(503)) as api:
        delivery = a_delivery(api.url, tmp_path)
        for _ in range(3):
            assert delivery.deliver() is None
    assert len(api.requests) == 4
    assert caplog.text.count("cannot be renewed") == 1


def test_what_another_agent_has_kept_meanwhile_is_used(tmp_path: Path) -> None:
    keep(tmp_path, own("former"))
    with api_that_says(Said(401), STORED) as api:
        delivery = a_delivery(api.url, tmp_path, enrolment="e")
        answers = api.answers.pop

        def pop(at: int) -> Said:
            keep(tmp_path, own("theirs"))
            return answers(at)

        api.answers = type("Answers", (list,), {"pop": lambda _self, at: pop(at)})(api.answers)
        assert delivery.deliver() is None
    assert shown(api.requests) == [("/servers", "Bearer former"), ("/servers", "Bearer theirs")]


def test_a_new_token_that_is_refused_too_is_not_asked_for_again(tmp_path: Path) -> None:
    with api_that_says(given("a"), Said(401), Said(401), given("b"), Said(401)) as api:
        delivery = a_delivery(api.url, tmp_path, enrolment="e")
        for _ in range(2):
            trouble = delivery.deliver()
            assert trouble == Trouble(f"{api.url} answered 401 Unauthorized", not_let_in=True)
    assert [path for path, _ in shown(api.requests)] == [
        "/inscripcion",
        "/servers",
        "/servers",
        "/inscripcion",
        "/servers",
    ]


def test_without_any_token_nothing_is_asked_for_and_none_is_shown(tmp_path: Path) -> None:
    with api_that_says(STORED) as api:
        assert a_delivery(api.url, tmp_path).deliver() is None
    assert shown(api.requests) == [("/servers", None)]


def test_an_enrolment_token_that_is_missing_is_told_until_it_has_served(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    with api_that_says(STORED, Said(401)) as api:
        trouble = a_delivery(api.url, tmp_path, enrolment_file=missing).deliver()
        assert trouble == Trouble(f"the enrolment token in {missing}: No such file or directory")
        keep(tmp_path, own())
        delivery = a_delivery(api.url, tmp_path, enrolment_file=missing)
        trouble = delivery.deliver()
    assert trouble == Trouble(f"{api.url} answered 401 Unauthorized", not_let_in=True)


def test_rotation_leaves_no_gap(
    service: LiveService, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A daemon goes on reporting while its token comes near its end, again and again."""
    caplog.set_level(logging.INFO)
    server = Server(tmp_path / "one")
    server.is_given(make_token(service.data, "inscripcion", "--usos", "1", "--validez", "30d"))
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
    for number, token in enumerate(tokens):  # each stays good until its own end
        body = json.loads(proxy.bodies[-1])
        body["fecha_hora"] = f"2026-01-01 00:00:0{number}"
        assert service.post(body, **bearer(token)).status == 201


def wait_for(paths: list[str], path: str, times: int) -> None:
    end = time.monotonic() + 20
    while paths.count(path) < times:
        assert time.monotonic() < end, paths
        time.sleep(0.01)


@pytest.mark.parametrize("minor", [9, 13])
def test_the_one_file_enrols_and_renews_on_the_oldest_python_and_a_new_one(
    minor: int, service: LiveService, tmp_path: Path, pyz: Path
) -> None:
    python = interpreters().get((3, minor))
    if python is None:
        pytest.skip(f"there is no Python 3.{minor} here")
    program = (python, "-W", "error", "-I", str(pyz))
    server = Server(tmp_path / "one")
    server.is_given(make_token(service.data, "inscripcion", "--usos", "1", "--validez", "30d"))
    done = server.report(service.url, program=program)
    assert done.returncode == 0, done.stderr
    former = server.token
    server.age(25 * 86400)
    done = server.report(service.url, program=program)
    assert done.returncode == 0, done.stderr
    assert server.token != former
    assert stored(service, server) == 2
