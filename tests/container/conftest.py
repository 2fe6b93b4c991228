"""Debian 12 and 13, each booted once with a fleet of one server, and once with nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.container import roots
from tests.container.fleet import Artifacts, Server


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a release follow one another, whatever file they are in: it is set up once."""
    ours = [item for item in items if Path(__file__).parent in item.path.parents]
    items[:] = [item for item in items if item not in ours] + sorted(ours, key=release_of)


def release_of(item: pytest.Item) -> str:
    """The release of the server that the test shares with others, if it does."""
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return str(parameters.get("server", ""))


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Artifacts:
    return Artifacts(tmp_path_factory.mktemp("artifacts"))


@pytest.fixture(scope="session")
def all_roots() -> dict[str, Path]:
    return roots.build_all()


@contextmanager
def booted(root: Path, artifacts: Artifacts) -> Iterator[Server]:
    server = Server(root, artifacts)
    try:
        yield server.start()
    finally:
        server.container.stop()


@pytest.fixture(scope="session", params=roots.RELEASES)
def server(
    request: pytest.FixtureRequest, all_roots: dict[str, Path], artifacts: Artifacts
) -> Iterator[Server]:
    """With the service, and the agent that reports to it; its timer is enabled, but stopped."""
    with booted(all_roots[request.param], artifacts) as server:
        server.install_service()
        server.roll_out()
        # From here on it is the tests that decide when the agent reports.
        server.container.run(
            "systemctl is-active compliance-agent.timer && systemctl stop compliance-agent.timer"
        )
        yield server


@pytest.fixture(params=roots.RELEASES)
def bare_server(
    request: pytest.FixtureRequest, all_roots: dict[str, Path], artifacts: Artifacts
) -> Iterator[Server]:
    """With nothing of ours."""
    with booted(all_roots[request.param], artifacts) as server:
        yield server
