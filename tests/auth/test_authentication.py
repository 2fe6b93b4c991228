"""service/http/authentication.py: tokens, scopes and routes of a running service."""

from __future__ import annotations

import base64
import hmac
import json
import re
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from service.app import create_app
from service.auth import token_format as tokens
from service.auth.audit_log import AuditLog
from service.config import Config
from service.store.engines import Database
from service.store.queries import load_queries
from service.store.tokens import TokenStore
from tests.auth.scopes import PUBLIC, SCOPES, scopes_of
from tests.support.live import Answer, LiveService
from tests.support.raw_http import exchange
from tests.support.reports import report
from tests.support.routes import served_routes
from tests.support.tokens import bearer, make_token, token

STORED = "10.77.66.55"  # the address in the only report that is stored


class Closed(NamedTuple):
    """A service in which tokens were made, one of each scope."""

    live: LiveService
    secrets: dict[str, str]
    sources: Iterator[int]

    def ask(self, method: str, path: str, secret: str, body: bytes | None = None) -> Answer:
        return self.live.request(method, path, body, bearer(secret))

    def ask_from_new_address(
        self, method: str, path: str, body: bytes | None = None, **shown: str
    ) -> Answer:
        """Asks from an unused address, since addresses with invalid tokens are throttled."""
        source = {"X-Forwarded-For": str(IPv4Address(next(self.sources)))}
        return self.live.request(method, path, body, source | shown)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Closed]:
    live = LiveService(tmp_path_factory.mktemp("closed") / "var", COMPLIANCE_PROXIES="127.0.0.1")
    secrets = {scope: make_token(live.data, scope) for scope in SCOPES if scope != "inscripcion"}
    secrets["inscripcion"] = make_token(live.data, "inscripcion", "--usos", "100")
    closed = Closed(live, secrets, count(int(IPv4Address("10.0.0.1"))))
    try:
        live.start()
        first = json.dumps(report(ipaddress=STORED)).encode()
        assert closed.ask("POST", "/servers", secrets["ingest"], first).status == 201
        yield closed
    finally:
        live.stop()


# --- no valid token ---


def revoked(closed: Closed) -> str:
    secret = make_token(closed.live.data, "admin")
    assert closed.ask("GET", "/servers", secret).status == 200
    listed = closed.ask("GET", "/tokens", secret).json()["tokens"]
    assert token(closed.live.data, "revoke", str(listed[-1]["id"])).returncode == 0
    return f"Bearer {secret}"


def expired(closed: Closed) -> str:
    secret = make_token(closed.live.data, "admin", "--vence", "30m")
    ended = {"now": time.time_ns() // 1000, "digest": tokens.digest_of(secret)}
    closed.live.execute("UPDATE token SET expires_at = :now WHERE digest = :digest", ended)
    return f"Bearer {secret}"


def with_a_wrong_checksum(closed: Closed) -> str:
    good = closed.secrets["admin"]
    return f"Bearer {good[:-1]}{'0' if good[-1] != '0' else '1'}"


def basic(secret: str) -> str:
    return "Basic " + base64.b64encode(b"x:" + secret.encode()).decode()


BAD: dict[str, Callable[[Closed], str]] = {
    "empty": lambda _: "",
    "a scheme alone": lambda _: "Bearer",
    "a scheme and a space": lambda _: "Bearer ",
    "malformed": lambda _: "Bearer xyz",
    "non-ASCII": lambda _: "Bearer ñ\xff\x80é",
    "digits of other scripts": lambda _: "Bearer ccsa_" + "\xb2" * 36,
    "8,000 characters": lambda _: "Bearer " + "a" * 8000,
    "a wrong checksum": with_a_wrong_checksum,
    "of no scope": lambda _: "Bearer ccsx_" + "0" * 36,
    "unknown": lambda _: f"Bearer {tokens.make('admin')}",
    "revoked": revoked,
    "expired": expired,
    "no scheme": lambda closed: closed.secrets["admin"],
    "another scheme": lambda closed: f"Token {closed.secrets['admin']}",
    "digest": lambda closed: f'Digest username="x", response="{closed.secrets["admin"]}"',
    "two": lambda closed: f"Bearer {closed.secrets['admin']}, Bearer {closed.secrets['admin']}",
    "with a NUL's escape": lambda closed: f"Bearer {closed.secrets['admin']}%00",
    "its digest": lambda closed: "Bearer " + tokens.digest_of(closed.secrets["admin"]).hex(),
    "basic, unencoded": lambda closed: f"Basic {closed.secrets['admin']}",
    "basic, wrong": lambda _: basic("wrong"),
    "basic, no base64": lambda _: "Basic ~~~~",
    "basic, no UTF-8": lambda _: "Basic " + base64.b64encode(b"x:\xff\xfe").decode(),
    "SQL": lambda _: "Bearer ' OR 1=1 --",
}  # fmt: skip


def visible_of(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    """Everything that an answer shows, but for the time of day."""
    return answer.status, {**answer.headers, "date": ""}, answer.body


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/servers"), ("POST", "/servers"), ("GET", "/tokens")]
)
def test_every_invalid_token_gets_the_same_answer(closed: Closed, method: str, path: str) -> None:
    body = json.dumps(report(ipaddress="10.9.9.9")).encode() if method == "POST" else None
    none = closed.ask_from_new_address(method, path, body)
    assert none.status == 401
    assert none.headers["content-type"] == "application/problem+json"
    assert none.headers["www-authenticate"] == 'Bearer realm="compliance"'
    for name, make in BAD.items():
        answer = closed.ask_from_new_address(method, path, body, Authorization=make(closed))
        assert visible_of(answer) == visible_of(none), name
    assert b"10.9.9.9" not in closed.ask("GET", "/servers", closed.secrets["lectura"]).body


def test_an_oversized_authorization_header_is_refused(closed: Closed) -> None:
    shown = bearer("a" * 10_000)
    assert closed.live.request("GET", "/servers", headers=shown).status == 400


@pytest.mark.torture
def test_finding_no_token_takes_as_long_as_finding_a_revoked_one(
    tmp_path: Path, database_at: Callable[[Path], Database]
) -> None:
    database = database_at(tmp_path / "compliance.db")
    database.migrate()
    store = TokenStore(database, load_queries(), AuditLog(tmp_path / "audit.jsonl"))
    gone = store.add("admin")
    store.revoke(gone.id)
    best = {}
    for name, secret in (("revoked", gone.secret), ("unknown", tokens.make("admin"))):
        times = []
        for _ in range(300):
            start = time.perf_counter()
            assert store.find(secret) is None
            times.append(time.perf_counter() - start)
        best[name] = min(times)
    assert abs(best["revoked"] - best["unknown"]) < 0.000_2, best


def test_digests_are_compared_in_constant_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_at: Callable[[Path], Database]
) -> None:
    database = database_at(tmp_path / "compliance.db")
    database.migrate()
    store = TokenStore(database, load_queries(), AuditLog(tmp_path / "audit.jsonl"))
    secret = store.add("lectura").secret
    assert store.find(secret) is not None
    monkeypatch.setattr(hmac, "compare_digest", lambda _one, _other: False)
    assert store.find(secret) is None


def test_a_token_in_the_address_authenticates_nobody(closed: Closed) -> None:
    secret = closed.secrets["admin"]
    for name in ("token", "access_token", "Authorization", "sesion"):
        assert closed.ask_from_new_address("GET", f"/servers?{name}={secret}").status == 401
        refused = closed.ask("GET", f"/servers?{name}={secret}", secret)
        assert refused.status == 400
        assert refused.json()["errors"][0]["parameter"] == name
        assert secret.encode() not in refused.body
    assert secret not in closed.live.log
    assert secret not in (closed.live.data / "audit.jsonl").read_text()


# --- a valid token of another scope ---


def routes(app: Any) -> list[tuple[str, str]]:
    """Every method and address that the application serves, as falcon knows them."""
    return [
        (method.method, route.path)
        for route in served_routes(app)
        for method in route.methods
        if not method.internal
    ]


ROUTES = routes(create_app(Config(data=Path("var"))))


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_each_route_accepts_exactly_its_scopes(closed: Closed, method: str, path: str) -> None:
    path, scopes = re.sub(r"\{[^{}]*\}", "9999", path), scopes_of(method, path)
    for scope in SCOPES:
        status = closed.ask(method, path, closed.secrets[scope], b"").status
        assert (status == 403) == (scope not in scopes), (scope, status)
        assert status not in (401, 429, 500, 503) or path == "/entrar", (scope, status)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_but_the_public_ones_requires_a_token(
    closed: Closed, method: str, path: str
) -> None:
    answer = closed.ask_from_new_address(method, re.sub(r"\{[^{}]*\}", "9999", path))
    if f"{method} {path}" in PUBLIC:
        assert answer.status != 401 or path == "/entrar"
    elif answer.status == 303:  # of a page, which redirects to the sign-in page
        assert answer.headers["location"].startswith("/entrar?volver=%2F")
    else:
        assert answer.status == 401
    assert STORED.encode() not in answer.body


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE"])
@pytest.mark.parametrize("path", sorted({path for _, path in ROUTES}))
def test_other_methods_do_not_bypass_authentication(closed: Closed, method: str, path: str) -> None:
    address = re.sub(r"\{[^{}]*\}", "9999", path)
    answer = closed.ask_from_new_address(method, address)
    if f"{method} {path}" not in PUBLIC:
        # A page sends its reader to the sign-in page.
        assert answer.status == 401 or (method == "HEAD" and answer.status == 303)
        return_to = answer.headers.get("location", "/entrar")
        assert return_to.startswith("/entrar")
    if f"{method} {path}" in PUBLIC:
        return
    if method not in ("HEAD", "OPTIONS"):
        assert closed.ask(method, address, closed.secrets["lectura"]).status == 403
    assert closed.ask(method, address, closed.secrets["ingest"]).status == 403
    assert closed.ask(method, address, closed.secrets["inscripcion"]).status == 403


def test_the_method_cannot_be_overridden(closed: Closed) -> None:
    for name in ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"):
        shown = bearer(closed.secrets["lectura"]) | {name: "DELETE"}
        assert closed.live.request("GET", "/tokens/1", headers=shown).status in (403, 405)
        shown = bearer(closed.secrets["ingest"]) | {name: "GET"}
        assert closed.live.request("POST", "/servers", b"{}", shown).status == 400


@pytest.mark.parametrize(
    "target",
    [b"//servers", b"/servers/", b"/./servers", b"/%2e/servers", b"/healthz/../servers",
     b"/static/../servers", b"/static/..%2fservers", b"/SERVERS", b"/servers%00", b"/servers;x",
     b"http://127.0.0.1/servers", b"*", b"/healthz?/servers", b"/%73ervers"],
)  # fmt: skip
def test_other_spellings_of_an_address_do_not_bypass_authentication(
    closed: Closed, target: bytes
) -> None:
    answer = exchange(closed.live, b"GET " + target + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert answer.status in (200, 303, 400, 401, 404)
    assert STORED.encode() not in answer.body
