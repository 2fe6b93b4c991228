"""Services with and without a front."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def pair(folder: Path, certificate: Path, authority: Authority) -> Iterator[Front]:
    """nginx before a service that trusts it and has fewer threads than there are slow clients."""
    settings = {"COMPLIANCE_PROXIES": "127.0.0.1/32", "COMPLIANCE_THREADS": "4"}
    service = GuardedService(folder / "var", **settings)
    service.token = service.make_token("admin")
    nginx = Front(folder / "nginx", service, certificate, authority.cert)
    try:
        service.start()
        yield nginx.start()
    finally:
        nginx.stop()
        service.kill()  # soon; stopping has tests of its own


@pytest.fixture(scope="session")
def front(
    certificate: Path, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    with pair(tmp_path_factory.mktemp("front"), certificate, authority) as nginx:
        yield nginx


@pytest.fixture(scope="session")
def empty_front(
    certificate: Path, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    """nginx before a service in which nothing is stored."""
    with pair(tmp_path_factory.mktemp("empty"), certificate, authority) as nginx:
        yield nginx


@pytest.fixture(scope="session")
def empty_behind(empty_front: Front) -> GuardedService:
    """The service behind it, asked directly."""
    return empty_front.behind


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
