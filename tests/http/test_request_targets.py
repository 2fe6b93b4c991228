"""Request targets other than paths (RFC 9112, section 3.2), and equal spellings of headers."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.support.live import LiveService
from tests.support.raw_http import exchange
from tests.support.reports import report


@pytest.mark.parametrize(
    "target",
    [
        b"OPTIONS *",
        b"GET *",
        b"CONNECT proxy-check.example:443",
        b"CONNECT 127.0.0.1:80",
        b"GET http://proxy-check.example/",
        b"GET proxy-check.example:443",
        b"GET ?",
        b"GET //",
    ],
)
def test_a_request_target_other_than_a_path_gets_a_4xx_and_no_traceback(
    service: LiveService, target: bytes
) -> None:
    answer = exchange(service, target + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert 200 <= answer.status < 500
    assert b"<html" not in answer.body.lower() or answer.status == 200
    assert "Traceback" not in service.log


@pytest.mark.parametrize(
    ("coding", "zipped"),
    [
        ("x-gzip", True),
        ("X-GZIP", True),
        (" gzip ", True),
        ("identity, gzip", True),
        (",gzip", True),
        ("identity", False),
        ("", False),
    ],
)
def test_equal_content_codings_are_equal(service: LiveService, coding: str, zipped: bool) -> None:
    body = json.dumps(report(7, ipaddress="10.0.7.7")).encode()
    headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
    sent = gzip.compress(body) if zipped else body
    assert service.request("POST", "/servers", sent, headers).status in (200, 201)


@pytest.mark.parametrize("coding", ["br", "gzip, gzip", "deflate", "gzip, br"])
def test_other_content_codings_are_refused(service: LiveService, coding: str) -> None:
    body = gzip.compress(json.dumps(report(1)).encode())
    answer = service.request("POST", "/servers", body, {"Content-Encoding": coding})
    assert answer.status == 400
    assert "Content-Encoding" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1", "http://127.0.0.1"),
        ("127.0.0.1:80", "http://127.0.0.1"),
        ("LOCALHOST", "http://localhost:80"),
        ("localhost:443", "https://localhost"),
    ],
)
def test_equal_origins_are_equal(service: LiveService, host: str, origin: str) -> None:
    answer = service.request("GET", "/servers", headers={"Host": host, "Origin": origin})
    assert answer.status == 200


@pytest.mark.parametrize("origin", ["http://127.0.0.1:81", "http://127.0.0.1.evil", "null", ""])
def test_other_origins_are_refused(service: LiveService, origin: str) -> None:
    answer = service.request("GET", "/servers", headers={"Host": "127.0.0.1", "Origin": origin})
    assert answer.status == 403


def test_a_weak_etag_matches_its_strong_twin(service: LiveService) -> None:
    etag = service.get("/openapi.json").headers["etag"]
    known = f'"other", W/{etag}'
    assert service.request("GET", "/openapi.json", headers={"If-None-Match": known}).status == 304
