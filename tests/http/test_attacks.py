"""Attacks by NUL, log forgery, paths and headers. Nothing is stored, and no other client notices.

Bodies: test_servers_post_hostile.py, test_attacks_cost.py. Tokens: tests/auth/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import falcon.testing
import pytest

from service.app import create_app
from service.config import Config
from service.maintenance.startup import prepare
from service.pages.static_files import StaticFiles
from service.store.engines import Database
from tests.auth.scopes import PUBLIC
from tests.auth.test_authentication import ROUTES, basic
from tests.pages.hostile import NAMES
from tests.support.live import Answer, LiveService
from tests.support.raw_http import exchange
from tests.support.reports import report, report_2
from tests.support.tokens import bearer, make_token


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """A service without tokens; its workers must survive all of these tests."""
    service = LiveService(tmp_path_factory.mktemp("attacked") / "var")
    try:
        workers = service.start().worker_pids()
        assert len(workers) == 3
        yield service
        assert service.worker_pids() == workers
        assert " failed\n" not in service.log  # what problems.py says of an unexpected exception
        assert "Traceback" not in service.log
    finally:
        service.stop()


@pytest.fixture
def nothing_is_stored(live: LiveService) -> Iterator[None]:
    before = stored(live)
    yield
    assert stored(live) == before


def stored(live: LiveService) -> tuple[int, dict[str, bytes]]:
    ((count,),) = live.rows("SELECT count(*) FROM report")
    return count, {path.name: path.read_bytes() for path in live.archive.iterdir()}


def raw(live: LiveService, request: bytes) -> Answer:
    return exchange(live, request.replace(b"\n", b"\r\n"))


# --- NUL ---


def places_of_text(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in pairs:
            yield from places_of_text(inner, (*path, key))


@pytest.mark.usefixtures("nothing_is_stored")
@pytest.mark.parametrize(
    "place", list(places_of_text(report_2(1))), ids=lambda place: "/".join(map(str, place))
)
def test_nul_in_any_text_is_refused_with_its_pointer(
    live: LiveService, place: tuple[Any, ...]
) -> None:
    for spelled in ("\\u0000", "\0"):
        for text in ("{}x", "x{}", "{}"):
            document = report_2(1)
            parent: Any = document
            for key in place[:-1]:
                parent = parent[key]
            parent[place[-1]] = text.format("#")
            answer = live.post(json.dumps(document).replace("#", spelled).encode())
            assert answer.status == 400
            if spelled != "\0":  # which is invalid JSON anywhere
                (fault,) = answer.json()["errors"]
                assert fault["pointer"] == "/" + "/".join(map(str, place))
                assert "\0" not in answer.body.decode()


@pytest.mark.parametrize(
    "address",
    ["/procesos?name=a%00", "/procesos?name=%00&formato=csv", "/usuarios_activos?username=%00",
     "/servers?q=%00", "/servers?q=%00&formato=csv", "/programa?name=%00", "/usuario?username=%00",
     "/?q=%00", "/servers?nombre_so=%00"],
)  # fmt: skip
def test_queries_for_nul_are_refused(live: LiveService, address: str) -> None:
    answer = live.get(address)
    assert answer.status == 400
    assert b"\0" not in answer.body


# --- logs ---


def test_clients_cannot_forge_log_lines(live: LiveService) -> None:
    names = [name for name in NAMES if "\0" not in name]
    rows = [{"username": name[:256], "pid": 1, "name": name[:1024]} for name in names]
    hostile = report_2(
        procesos=rows, nombre_host=names[0][:255], ipaddress="10.66.0.1", marca_proc=names[10][:512]
    )
    assert live.post(hostile).status == 201
    for name in names:
        octets = name.encode()
        quoted = "".join(f"%{octet:02x}" for octet in octets)
        assert live.get(f"/nothing{quoted}").status in (400, 404)
        assert live.get(f"/procesos?name={quoted}").status in (200, 400)
        assert live.get(f"/procesos?{quoted}={quoted}").status in (200, 400)
        assert live.post(hostile | {"version_so": [name]}).status == 400
        for request in (
            b"GET /" + octets + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
            b"G" + octets + b"T / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX" + octets + b": 1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + octets + b"\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: " + octets + b"\r\n\r\n",
            b"GET / " + octets + b"\r\nHost: 127.0.0.1\r\n\r\n",
        ):
            assert exchange(live, request).status in (200, 303, 304, 400, 403, 404), request
    lines = live.log.split("\n")
    assert all(line.isascii() and line.isprintable() for line in lines)
    assert all(re.match(r"\[20\d\d-\d\d-\d\d ", line) for line in lines[:-1])
    assert max(map(len, lines)) < 1000


def test_an_internal_error_logs_the_request_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    database_at: Callable[[Path], Database],
) -> None:
    monkeypatch.setattr(StaticFiles, "on_get", lambda *_, **__: 1 / 0)
    config = Config(data=tmp_path)
    prepare(config)
    client = falcon.testing.TestClient(create_app(config, database_at(config.database)))
    assert client.simulate_get("/static/a%0Ab%1B%5B31m%C3%B1").status_code == 503
    (record,) = caplog.records
    assert record.getMessage().isprintable()


# --- files ---


@pytest.mark.parametrize("folder", ["static", "schemas", "servers", "servidor", "archive", ""])
@pytest.mark.parametrize(
    "name",
    ["../../compliance.db", "..%2f..%2fcompliance.db", "%2e%2e/%2e%2e/compliance.db",
     "..%5c..%5ccompliance.db", "....//compliance.db", "..%c0%afcompliance.db",
     "..%252f..%252fcompliance.db", "/etc/passwd", "%2fetc%2fpasswd", "compliance.db",
     "audit.jsonl", "archive/2026-01-01.jsonl", "..", ".", "%00", "style.css%00.svg", ".git/config",
     "static_files.py", "__init__.py", "con", "C:%5cwindows", "x" * 4000],
)  # fmt: skip
def test_paths_in_addresses_reach_no_file(live: LiveService, folder: str, name: str) -> None:
    target = f"/{folder}/{name}" if folder else f"/{name}"
    answer = raw(live, f"GET {target} HTTP/1.1\nHost: 127.0.0.1\n\n".encode())
    assert answer.status in (400, 404), answer.body[:100]
    assert b"SQLite format" not in answer.body
    assert b"root:" not in answer.body


def test_paths_in_reports_reach_no_file(live: LiveService) -> None:
    for number, name in enumerate(["../../pwn", "/tmp/pwn", "..", "2020-01-01.jsonl"]):
        document = report_2(ipaddress=f"10.67.0.{number}", nombre_host=name, nucleo=name)
        document["procesos"][0] |= {"name": name, "ejecutable": name}
        assert live.post(document).status == 201
        assert live.post(document | {"id_maquina": "a/../b"}).status == 400
    files = {path.name for path in live.data.rglob("*") if path.is_file()}
    assert {re.sub(r"\d{4}-\d\d-\d\d", "DAY", name) for name in files} <= {
        "compliance.db", "compliance.db-wal", "compliance.db-shm", "compliance.db.lock",
        "audit.jsonl", "DAY.jsonl", "service.alive",
        *(path.name for path in live.data.glob("*.lock")),
    }  # fmt: skip
    assert not list(Path("/tmp").glob("pwn*"))


# --- headers ---

TOO_MUCH = {
    "a header of 9,000 bytes": b"GET /servers HTTP/1.1\nX: " + b"a" * 9000 + b"\n\n",
    "a name of 9,000 bytes": b"GET /servers HTTP/1.1\n" + b"a" * 9000 + b": x\n\n",
    "a header without an end": b"GET /servers HTTP/1.1\nX: " + b"a" * 2**20,
    "200 headers": b"GET /servers HTTP/1.1\n" + b"X: y\n" * 200 + b"\n",
    "100,000 headers": b"GET /servers HTTP/1.1\n" + b"X: y\n" * 100_000 + b"\n",
    "an address of 9,000 bytes": b"GET /" + b"a" * 9000 + b" HTTP/1.1\nHost: x\n\n",
    "an address without an end": b"GET /" + b"a" * 2**20,
    "a method of 9,000 bytes": b"G" * 9000 + b" / HTTP/1.1\nHost: x\n\n",
    "a folded header": b"GET /servers HTTP/1.1\nX: y\n z\n\n",
    "a header with NUL": b"GET /servers HTTP/1.1\nX: \0\n\n",
    "a header without a name": b"GET /servers HTTP/1.1\n: y\n\n",
    "another protocol": b"GET /servers HTTP/3.0\n\n",
    "no protocol": b"GET /servers\n\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 100 + b"\n\n",
}


@pytest.mark.usefixtures("nothing_is_stored")
@pytest.mark.parametrize("request_", TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_a_malformed_request_head_gets_400(live: LiveService, request_: bytes) -> None:
    try:
        assert raw(live, request_).status == 400
    except (ConnectionResetError, BrokenPipeError):
        assert len(request_) > 100_000, "a client that still sends may miss the answer"


# --- credentials that a browser sends by itself ---


@pytest.mark.parametrize(
    ("method", "path"), [route for route in ROUTES if route[0] not in ("GET", "HEAD")], ids=str
)
def test_cookies_and_basic_authentication_change_nothing(
    closed: tuple[LiveService, str], method: str, path: str
) -> None:
    service, admin = closed
    address = re.sub(r"\{[^{}]*\}", "1", path)
    for shown in ({"Cookie": f"sesion={admin}"}, {"Authorization": basic(admin)}):
        answer = service.request(method, address, json.dumps(report()).encode(), shown)
        if f"{method} {path}" in PUBLIC:  # the sign-in page, which has its own tests
            assert answer.status in (303, 400, 401)
        else:
            assert answer.status == 401
    tokens_left = service.get("/tokens", **bearer(admin)).json()["tokens"]
    assert [token["vigente"] for token in tokens_left] == [True]


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveService, str]]:
    service = LiveService(tmp_path_factory.mktemp("csrf") / "var")
    secret = make_token(service.data, "admin")
    try:
        yield service.start(), secret
    finally:
        service.stop()
