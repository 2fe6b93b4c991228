"""Disabled authentication: without a token the service answers this machine only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.config import Config
from service.maintenance.startup import prepare
from tests.support.live import PROJECT, LiveService, free_port
from tests.support.raw_http import exchange
from tests.support.reports import report
from tests.support.tokens import bearer, make_token, token


def start(data: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs gunicorn until it ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "gunicorn"],
        cwd=PROJECT,
        env={**os.environ, "COMPLIANCE_DATA": str(data), **settings},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "192.0.2.1", "compliance.example"])
def test_without_a_token_it_starts_on_loopback_only(tmp_path: Path, host: str) -> None:
    refused = start(tmp_path / "var", COMPLIANCE_BIND=f"{host}:{free_port()}")
    assert refused.returncode not in (0, None)
    said = refused.stderr.strip().splitlines()[-1]
    assert "without a token everybody could read and report" in said
    assert "python -m service token create --scope admin" in said
    assert "Traceback" not in refused.stderr
    assert "Listening at" not in refused.stderr


def test_without_a_token_it_starts_behind_no_proxy(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    refused = start(tmp_path / "var", COMPLIANCE_BIND=address, COMPLIANCE_PROXIES="127.0.0.1")
    assert refused.returncode not in (0, None)
    assert "token create" in refused.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]"])
def test_with_any_token_it_starts_on_every_address(tmp_path: Path, host: str) -> None:
    data = tmp_path / "var"
    make_token(data, "lectura")
    prepare(Config(data=data, bind=f"{host}:8000"))
    assert token(data, "revoke", "1").returncode == 0
    prepare(Config(data=data, bind=f"{host}:8000"))  # a revoked token disables no authentication


def test_authentication_is_disabled_until_the_first_token_is_made(
    fresh_service: LiveService,
) -> None:
    live = fresh_service.start()
    assert live.post(report()).status == 201
    for shown in ({}, bearer("whatever"), {"Authorization": "Basic ~"}, {"Cookie": "sesion=x"}):
        assert live.get("/servers", **shown).status == 200
    assert live.get("/tokens").json() == {"tokens": []}
    assert live.request("POST", "/inscripcion", b'{"id_maquina":"a"}').status == 403
    secret = make_token(live.data, "lectura")
    for _ in range(20):  # in any worker
        assert live.get("/servers").status == 401
        assert live.post(report(ipaddress="10.0.0.1")).status == 401
    assert live.get("/servers", **bearer(secret)).status == 200
    assert token(live.data, "revoke", "1").returncode == 0
    for _ in range(20):
        assert live.get("/servers").status == 401


@pytest.mark.parametrize(
    "header",
    ["Host: compliance.example", "Host: 192.0.2.1:8000", "Host: 127.0.0.1.attacker.example",
     "Host: localhost.attacker.example", "Host: [::1].attacker.example", "Host: 1127.0.0.1",
     "Host: 127.0.0.1\r\nX-Forwarded-For: 192.0.2.1", "Host: 127.0.0.1\r\nForwarded: for=192.0.2.1",
     "Host: 127.0.0.1\r\nX-Real-IP: 192.0.2.1"],
)  # fmt: skip
def test_disabled_authentication_refuses_proxies_and_pages_of_other_sites(
    service: LiveService, header: str
) -> None:
    for path in ("/servers", "/", "/tokens", "/resumen"):
        request = f"GET {path} HTTP/1.1\r\n{header}\r\n\r\n".encode()
        assert exchange(service, request).status == 403, path
    posted = f"POST /servers HTTP/1.1\r\n{header}\r\nContent-Length: 2\r\n\r\n{{}}".encode()
    assert exchange(service, posted).status == 403


@pytest.mark.parametrize("origin", ["http://attacker.example", "null"])
@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"],
)
def test_a_page_of_another_site_cannot_report_through_a_readers_browser(
    service: LiveService, origin: str, content_type: str
) -> None:
    # A form, or a script without a preflight, may send these to another site, and a body without
    # a type. JSON needs a preflight with Access-Control headers, which no answer has.
    shown = {"Origin": origin, "Content-Type": content_type, "Sec-Fetch-Site": "cross-site"}
    body = json.dumps(report()).encode()
    assert service.request("POST", "/servers", body, shown).status == 403
    del shown["Content-Type"]
    assert service.request("POST", "/servers", body, shown).status == 403
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    for path in ("/servers", "/inscripcion", "/tokens/1"):
        answer = service.request("OPTIONS", path, headers=asked)
        assert not any(name.startswith("access-control-") for name in answer.headers)
    assert service.get("/servers").json()["servers"] == []
