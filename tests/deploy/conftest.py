"""Services with and without a front."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.certificates import Authority
from tests.deploy.front import Front, GuardedService, TlsService


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    return Authority(tmp_path_factory.mktemp("authority") / "ours")


@pytest.fixture(scope="session")
def certificate(authority: Authority) -> Path:
    return authority.issue("api")


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedService]:
    """A service that believes what a front on this machine says of clients."""
    data = tmp_path_factory.mktemp("behind") / "var"
    live = GuardedService(data, COMPLIANCE_PROXIES="127.0.0.1/32")
    live.token = live.make_token("admin")
    try:
        yield live.start()
    finally:
        live.stop()


@pytest.fixture(scope="module")
def front(
    behind: GuardedService,
    authority: Authority,
    certificate: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Front]:
    nginx = Front(tmp_path_factory.mktemp("front") / "nginx", behind, certificate, authority.cert)
    try:
        yield nginx.start()
    finally:
        nginx.stop()


@pytest.fixture(scope="module")
def by_itself(
    authority: Authority, certificate: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TlsService]:
    """A service that speaks TLS itself, with few threads."""
    live = TlsService(
        tmp_path_factory.mktemp("tls") / "var",
        COMPLIANCE_CERTIFICATE=str(certificate),
        COMPLIANCE_KEY=str(certificate),
        COMPLIANCE_WORKERS="1",
        COMPLIANCE_THREADS="4",
    )
    live.trusted = authority.cert
    live.url = live.url.replace("http:", "https:")
    try:
        yield live.start()
    finally:
        live.stop()
