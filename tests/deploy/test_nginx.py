"""The shipped nginx configuration: requests that it forwards, and answers of its own."""

from __future__ import annotations

import gzip
import json
import re
import socket
import ssl
import warnings
from pathlib import Path

import pytest

from service.config import Config
from tests.agent.certificates import Authority
from tests.deploy.front import NAME, SITE, Front, GuardedService, replaced
from tests.support.live import Answer
from tests.support.reports import report


def problem_of(answer: Answer, status: int) -> dict[str, object]:
    """The problem document of an answer that nginx gave itself."""
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert answer.headers.get("server") == "nginx"
    document: dict[str, object] = answer.json()
    assert document["status"] == status
    assert document.keys() == {"type", "title", "status", "detail"}
    return document


def test_a_report_is_stored_plain_or_compressed(front: Front) -> None:
    stored = front.post(report(5000))
    assert stored.status == 201
    compressed = gzip.compress(json.dumps(report(5000)).encode())
    again = front.post(compressed, Content_Encoding="gzip")
    assert (again.status, again.json()) == (200, stored.json())
    assert stored.headers["strict-transport-security"] == "max-age=31536000"


def test_an_answer_passes_unchanged(front: Front) -> None:
    for path in ("/", "/servers", "/openapi.json"):
        answer = front.get(path, **{"Accept-Encoding": "gzip"})
        direct = front.behind.get(path, **{"Accept-Encoding": "gzip"})
        assert "content-encoding" not in answer.headers
        assert len(answer.body) > 10
        assert answer.headers.get("etag", "").startswith('"') == ("etag" in direct.headers)


def test_problems_of_the_service_pass_unchanged(front: Front) -> None:
    answer = front.post(b"{")
    assert answer.status == 400
    assert answer.json()["type"] == "urn:compliance-continuo:problems:invalid-report"


def test_an_address_passes_unchanged(front: Front) -> None:
    for path in ("/procesos?name=%2e%2e%2F%00%41", "/servers/../healthz", "//healthz", "/a%2Fb"):
        assert front.get(path).status == front.behind.get(path).status
    with_name = front.get("/procesos?name=" + "%F0%9F%90%A7" * 600)
    assert with_name.status == 200


def test_a_body_at_the_limit_passes_and_one_more_byte_gets_400(front: Front) -> None:
    most = Config().max_body
    answer = front.post(b" " * most)
    assert answer.json()["type"] == "urn:compliance-continuo:problems:invalid-report"
    problem_of(front.post(b" " * (most + 1)), 400)


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/procesos?name=" + "x" * 9000, {}),
        ("GET", "/healthz", {"X-Much": "x" * 9000}),
        ("GET", "/healthz", {f"X-Much-{number}": "x" * 6000 for number in range(10)}),
        ("GET", "/healthz", {"Transfer-Encoding": "rubbish"}),
    ],
    ids=["line", "header", "headers", "coding"],
)
def test_oversized_and_malformed_requests_get_a_problem_document(
    front: Front, method: str, path: str, headers: dict[str, str]
) -> None:
    detail = problem_of(front.request(method, path, None, headers), 400)["detail"]
    assert "8 KiB" in str(detail)


def test_an_unknown_method_gets_a_problem_document(front: Front) -> None:
    problem_of(front.request("TRACE", "/servers"), 405)


def test_the_problem_pages_of_nginx_are_internal(front: Front) -> None:
    problem_of(front.get("/problems/503"), 404)


def test_an_unreachable_service_is_503_with_retry_after(
    authority: Authority, certificate: Path, tmp_path: Path
) -> None:
    nobody = GuardedService(tmp_path / "var")  # not started
    front = Front(tmp_path / "nginx", nobody, certificate, authority.cert)
    try:
        answer = front.start().post(report(2))
    finally:
        front.stop()
    assert answer.headers["retry-after"] == "10"
    problem_of(answer, 503)


def test_only_old_tls_versions_are_refused(front: Front) -> None:
    for version, good in (
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_3, True),
    ):
        context = ssl.create_default_context(cafile=str(front.trusted))
        with warnings.catch_warnings(action="ignore"):  # that 1.1 is deprecated
            context.minimum_version = context.maximum_version = version
        with socket.create_connection(("127.0.0.1", front.port), timeout=5) as plain:
            if not good:
                with pytest.raises((ssl.SSLError, OSError)):
                    context.wrap_socket(plain, server_hostname="127.0.0.1")
            else:
                with context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
                    assert connection.version() == version.name.replace("_", ".")


def test_plain_http_redirects_readers_only(front: Front) -> None:
    led = front.request_plainly("GET", "/servidor/1?fecha_hora=2026-01-01")
    assert led.status == 301
    assert led.headers["location"] == f"https://{NAME}/servidor/1?fecha_hora=2026-01-01"
    answer = front.request_plainly("POST", "/servers")
    assert answer.status == 403
    assert b"HTTPS only" in answer.body


def test_the_limits_of_nginx_equal_those_of_the_service() -> None:
    site = SITE.read_text(encoding="utf-8")
    assert f"client_max_body_size {Config().max_body // 2**20}m;" in site
    assert f"server {Config().bind};" in site
    assert Config().max_body % 2**20 == 0


def test_every_forwarding_header_is_set_or_dropped() -> None:
    site = SITE.read_text(encoding="utf-8")
    names = {name.lower() for name in re.findall(r"proxy_set_header (\S+)", site)}
    assert {"forwarded", "x-real-ip", "x-forwarded-for", "x-forwarded-proto"} <= names
    assert "$proxy_add_x_forwarded_for" not in site


def test_a_replacement_without_a_match_is_an_error() -> None:
    for text in ("", "listen 80; listen 80;"):
        with pytest.raises(AssertionError, match="times"):
            replaced(text, {"listen 80;": "listen 81;"})


def test_the_token_of_a_feed_reader_is_in_no_log_and_not_sent_in_the_clear(front: Front) -> None:
    secret = front.behind.make_token("novedades")
    address = f"/novedades.atom?token={secret}"
    assert front.request("GET", address, headers={"Authorization": ""}).status == 200
    plain = front.request_plainly("GET", address)
    assert plain.status == 403
    assert b"HTTPS only" in plain.body
    assert secret not in front.log
    assert secret not in front.access_log
    assert "GET /readyz" in front.access_log
