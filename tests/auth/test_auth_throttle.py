"""The throttle of invalid tokens, the last use of tokens, and the audit log."""

from __future__ import annotations

import json
import sqlite3
import stat
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from ipaddress import IPv6Address
from pathlib import Path

import pytest

from service.auth import auth_throttle
from service.auth import token_format as tokens
from service.auth.audit_log import AuditLog
from service.auth.auth_throttle import AuthThrottle
from service.errors import StorageUnavailableError, TooManyAttemptsError
from tests.support.live import LiveService
from tests.support.raw_http import exchange
from tests.support.reports import report
from tests.support.tokens import bearer, make_token, token


@pytest.fixture
def closed(fresh_service: LiveService) -> Iterator[tuple[LiveService, str]]:
    """A service in which a token was made, and that token."""
    secret = make_token(fresh_service.data, "admin")
    yield fresh_service.start(), secret
    assert secret not in fresh_service.log


# --- the throttle ---


@pytest.mark.torture
def test_100_invalid_tokens_a_second_do_not_delay_valid_ones(
    closed: tuple[LiveService, str],
) -> None:
    live, _ = closed
    agent = make_token(live.data, "ingest")
    ends, answers = time.monotonic() + 6, []

    def try_tokens() -> None:
        while time.monotonic() < ends:
            start = time.monotonic()
            wrong = bearer(tokens.make("admin"))
            status = live.request("GET", "/tokens", headers=wrong).status
            answers.append((status, time.monotonic() - start))
            time.sleep(max(0, 0.3 - (time.monotonic() - start)))

    times, number = [], 0
    with ThreadPoolExecutor(30) as attackers:  # each three a second
        for _ in range(30):
            attackers.submit(try_tokens)
        time.sleep(1)  # until their free attempts are used up
        while time.monotonic() < ends:
            number += 1
            document = report(300, ipaddress=f"10.0.{number // 250}.{number % 250 + 1}")
            start = time.monotonic()
            posted = live.request("POST", "/servers", json.dumps(document).encode(), bearer(agent))
            times.append(time.monotonic() - start)
            assert posted.status == 201
            time.sleep(0.05)
    assert len(times) > 20
    assert sorted(times)[len(times) // 2] < 0.5
    assert min(times) < 0.2
    statuses = {status for status, _ in answers}
    assert statuses == {401, 429}
    at_once = [seconds for status, seconds in answers if status == 401 and seconds < 0.9]
    workers = 3
    assert len(at_once) <= 5 * workers, "five a minute are free, in each worker"


@pytest.mark.torture
def test_a_throttled_attempt_gets_429_with_retry_after(closed: tuple[LiveService, str]) -> None:
    live, secret = closed
    with ThreadPoolExecutor(60) as attackers:
        tries = [bearer(tokens.make("admin"))] * 60
        answers = list(attackers.map(lambda wrong: live.get("/servers", **wrong), tries))
    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    for answer in refused:
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["content-type"] == "application/problem+json"
    assert live.get("/servers", **bearer(secret)).status == 200


def test_the_throttle_remembers_a_bounded_number_of_clients() -> None:
    throttle = AuthThrottle(sleep=lambda _: None)
    for number in range(auth_throttle._MAX_CLIENTS + 5_000):
        throttle.failed(f"{number}." * 4)
    assert len(throttle._failures) == auth_throttle._MAX_CLIENTS


def test_all_addresses_of_an_ipv6_network_are_one_client() -> None:
    waits: list[float] = []
    throttle = AuthThrottle(sleep=waits.append)
    for host in range(auth_throttle._FREE_ATTEMPTS):
        throttle.failed(str(IPv6Address("2001:db8::") + host * 2**40))
    assert not waits
    throttle.failed("2001:db8::ffff:ffff:ffff:ffff")
    assert waits == [1.0]
    throttle.failed("2001:db8:0:1::1")
    assert waits == [1.0]


def test_throttling_ends_after_a_minute_and_spares_other_clients() -> None:
    now, waits = [0.0], list[float]()
    throttle = AuthThrottle(now=lambda: now[0], sleep=waits.append)
    for _ in range(auth_throttle._FREE_ATTEMPTS + 1):
        throttle.failed("10.0.0.1")
    throttle.failed("10.0.0.2")
    assert waits == [1.0]
    now[0] = 61.0
    throttle.failed("10.0.0.1")
    assert waits == [1.0]


def test_a_bounded_number_of_threads_waits() -> None:
    let_go, waiting = threading.Event(), threading.Semaphore(0)

    def sleep(_: float) -> None:
        waiting.release()
        let_go.wait(10)

    throttle = AuthThrottle(sleep=sleep)
    throttle._count = lambda _: 100  # type: ignore[method-assign,assignment]
    with ThreadPoolExecutor(8) as threads:
        for _ in range(auth_throttle._MAX_WAITING):
            threads.submit(throttle.failed, "10.0.0.1")
            assert waiting.acquire(timeout=10)
        with pytest.raises(TooManyAttemptsError):
            throttle.failed("10.0.0.1")
        let_go.set()


# --- the last use ---


def test_the_last_use_of_a_token_is_not_written_with_every_request(
    closed: tuple[LiveService, str],
) -> None:
    live, secret = closed
    before, data_versions = time.time(), set()
    with closing(sqlite3.connect(live.database)) as connection:
        for _ in range(20):
            assert live.get("/servers", **bearer(secret)).status == 200
            data_versions.add(connection.execute("PRAGMA data_version").fetchone()[0])
        used_at = connection.execute("SELECT used_at FROM token").fetchone()[0]
    assert before <= used_at / 1_000_000 <= time.time()
    assert len(data_versions) == 1, "only the first request wrote"


# --- the audit log ---


def lines(live: LiveService) -> list[dict[str, object]]:
    text = (live.data / "audit.jsonl").read_text(encoding="ascii")
    assert text.endswith("\n")
    assert all(character.isprintable() for character in text.replace("\n", ""))
    return [json.loads(line) for line in text.split("\n")[:-1]]


def test_the_audit_log_has_each_use_of_admin_scope_and_each_change_of_tokens(
    closed: tuple[LiveService, str],
) -> None:
    live, secret = closed
    name = 'x\r\n\x1b[31m\u202e\u2028{"hecho": "nothing"}\x85ñ\''
    reader = make_token(live.data, "lectura", "--nombre", name)
    admin = make_token(live.data, "admin", "--nombre", name)
    start = len(lines(live))
    assert live.get("/servers", **bearer(reader)).status == 200
    assert len(lines(live)) == start
    assert live.get("/procesos?name=%0A%1B%5B31m%E2%80%AE", **bearer(admin)).status == 200
    assert live.get(f"/servers?{'q=&' * 2000}q=x", **bearer(admin)).status == 400
    assert live.request("DELETE", "/tokens/2", headers=bearer(admin)).status == 204
    assert live.request("DELETE", "/tokens/2", headers=bearer(admin)).status == 404
    assert token(live.data, "revoke", "3").returncode == 0
    assert live.get("/tokens", **bearer(admin)).status == 401
    entries = lines(live)[start:]
    assert [line["hecho"] for line in entries] == [
        "admin scope used", "admin scope used", "admin scope used", "token revoked",
        "admin scope used", "token revoked",
    ]  # fmt: skip
    assert {line.get("name") for line in entries if line["hecho"] == "admin scope used"} == {name}
    assert all(len(json.dumps(line)) < 1000 for line in entries)
    mode = stat.S_IMODE((live.data / "audit.jsonl").stat().st_mode)
    assert mode == 0o600
    written = (live.data / "audit.jsonl").read_text()
    assert not any(each in written for each in (secret, reader, admin))


def test_no_action_without_an_audit_entry(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailableError):
        AuditLog(tmp_path / "missing" / "audit.jsonl").write("token revoked", token=1)


def test_logs_hold_no_token_even_of_malformed_requests(
    closed: tuple[LiveService, str],
) -> None:
    live, secret = closed
    shown = b"Authorization: Bearer " + secret.encode()
    for request in (
        b"GET / HTTP/1.1\r\n" + shown.replace(b":", b" :") + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n " + shown + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + shown + b"\x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + shown + b"\r\n\tand more\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + shown.replace(b":", b"") + b"\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n" + shown + b"\r\n\r\n",
        b"GET / " + shown + b"\r\n\r\n",
        shown + b"\r\n\r\n",
        b"G@T / HTTP/1.1\r\nHost: x\r\n" + shown + b"\r\n\r\n",
    ):
        answer = exchange(live, request)
        assert answer.status == 400, request
        assert secret.encode() not in answer.body
    assert secret not in live.log
