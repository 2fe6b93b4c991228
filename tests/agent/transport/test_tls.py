from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent.transport.credentials import Credentials
from agent.transport.delivery_error import DeliveryError
from agent.transport.http_client import ApiClient
from tests.agent.apis import Reply
from tests.agent.certificates import Authority, tls_api
from tests.support.live import PROJECT

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca") / "ours")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca") / "theirs")


def post(url: str, **access: Path) -> int:
    with ApiClient(url, Credentials(**{name: str(path) for name, path in access.items()})) as api:
        return api.post(b"{}").status


def test_api_with_a_trusted_certificate_gets_the_report(ours: Authority) -> None:
    with tls_api(ours.issue("api"), Reply(201)) as api:
        assert post(api.url, ca_file=ours.cert) == 201
        assert len(api.requests) == 1


def test_api_without_a_trusted_certificate_gets_nothing(ours: Authority, theirs: Authority) -> None:
    for cert, ca_file in (
        (theirs.issue("stranger"), {"ca_file": ours.cert}),
        (ours.issue("another", "DNS:another.example,IP:127.0.0.9"), {"ca_file": ours.cert}),
        (ours.issue("unknown"), {}),  # by the certificates of this system
    ):
        with tls_api(cert, Reply(201)) as api:
            with pytest.raises(DeliveryError, match="certificate verify failed"):
                post(api.url, **ca_file)
            assert api.requests == []


def test_client_certificate_is_presented(
    ours: Authority, theirs: Authority, tmp_path: Path
) -> None:
    server, client = ours.issue("api"), ours.issue("client")
    alone, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    text = client.read_text("ascii")
    start = text.index("-----BEGIN PRIVATE KEY")
    alone.write_text(text[:start], "ascii")
    key.write_text(text[start:], "ascii")
    with tls_api(server, *[Reply(201)] * 2, clients=ours.cert) as api:
        assert post(api.url, ca_file=ours.cert, cert=client) == 201
        assert post(api.url, ca_file=ours.cert, cert=alone, key=key) == 201
        for access in ({}, {"cert": theirs.issue("client")}):
            with pytest.raises(DeliveryError, match="the connection broke"):
                post(api.url, ca_file=ours.cert, **access)
        assert len(api.requests) == 2


def test_unusable_files_are_named(ours: Authority, tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("rubbish", "ascii")
    locked = ours.issue("locked", passphrase="secret phrase")
    for access in ({"ca_file": rubbish}, {"cert": rubbish}, {"cert": locked}):
        name = str(next(iter(access.values())))
        with pytest.raises(DeliveryError, match=f"^{name}: "):
            post("https://127.0.0.1:9", **access)


def test_agent_reports_over_tls_with_a_certificate_and_a_token(
    ours: Authority, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("t0ken\n", "ascii")
    client = ours.issue("agent")
    config = tmp_path / "agent.ini"
    config.write_text(f"[agent]\nca_file = {ours.cert}\ncert = {client}\n", "utf-8")
    with tls_api(ours.issue("api"), Reply(201), clients=ours.cert) as api:
        command = [sys.executable, "-W", "error", "-m", "agent", "--api", api.url]
        done = subprocess.run(
            [*command, "--config", str(config), "--token-file", str(token)],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, "")
        assert "t0ken" not in done.stderr
        assert api.requests[0][1]["Authorization"] == "Bearer t0ken"
