"""Enrolment with the real service."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.agent.apis import Reply, proxy_before, scripted_api
from tests.agent.enrolled import Server, revoke, stored, tokens_of
from tests.support.live import PROJECT, LiveService
from tests.support.tokens import make_token, token


@pytest.fixture(scope="module")
def secret(service: LiveService, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An enrolment token for many machines, made by the command in agent/README.md."""
    readme = (PROJECT / "agent" / "README.md").read_text("utf-8")
    [line] = re.findall(r"^(.* token create --scope inscripcion .*)$", readme, re.MULTILINE)
    folder = tmp_path_factory.mktemp("api")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environ = {"COMPLIANCE_DATA": str(service.data), "PYTHONPATH": str(PROJECT), "PATH": path}
    subprocess.run(["sh", "-ec", line], cwd=folder, env=os.environ | environ, check=True)
    assert stat.S_IMODE((folder / "enrolment").stat().st_mode) == 0o600
    return (folder / "enrolment").read_text("ascii").strip()


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path / "one")


@pytest.fixture
def another(tmp_path: Path) -> Server:
    return Server(tmp_path / "another")


def test_first_contact_issues_a_token_for_the_machine(
    service: LiveService, secret: str, server: Server
) -> None:
    server.set_enrolment_token(secret)
    done = server.report(service.url)
    assert done.returncode == 0, done.stderr
    assert "this machine has a token of its own" in done.stderr
    facts = server.token_file.stat()
    assert stat.S_IMODE(facts.st_mode) == 0o600
    assert server.token.startswith("ccsi_")
    assert server.kept["id_maquina"] == server.id_maquina
    assert 90 * 86400 - 60 < server.kept["until"] - server.kept["since"] < 90 * 86400 + 60
    kept = server.token_file.read_bytes()
    server.secret.unlink()  # no longer needed
    done = server.report(service.url)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert server.token_file.read_bytes() == kept
    assert stored(service, server) == 2
    assert len(tokens_of(service, server)) == 1
    left = {file.name for file in server.state.iterdir()}
    assert left - {"lock", "sending.lock", "token.lock"} == {"clock", "delivered", "token"}


@pytest.mark.parametrize("way", ["environment", "credential", "file of settings"])
def test_enrolment_token_comes_from_every_source(
    way: str, service: LiveService, secret: str, server: Server, tmp_path: Path
) -> None:
    environ, options = {}, []
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "enrolment-token").write_text(secret + "\n", "ascii")
    if way == "environment":
        environ["COMPLIANCE_AGENT_ENROLMENT_TOKEN"] = secret
    elif way == "credential":
        (folder / "token").write_text("\n", "ascii")  # the default of the unit
        environ["CREDENTIALS_DIRECTORY"] = str(folder)
    else:
        ini = tmp_path / "agent.ini"
        ini.write_text(f"[agent]\nenrolment_token_file = {folder}/enrolment-token\n", "utf-8")
        options = ["--config", str(ini)]
    done = server.report(service.url, *options, environ=environ)
    assert done.returncode == 0, done.stderr
    assert not server.holds(secret)
    assert secret not in done.stderr


def test_report_waits_during_an_outage_and_the_next_run_enrols(
    service: LiveService, secret: str, server: Server
) -> None:
    server.set_enrolment_token(secret)
    with scripted_api(Reply(503, {"Retry-After": "3600"})) as api:
        done = server.report(api.url)
    assert done.returncode == 1
    assert "/inscripcion answered 503" in done.stderr
    assert [path for path, _, _ in api.requests] == ["/inscripcion"]
    assert len(server.waiting()) == 1
    assert not server.token_file.exists()
    done = server.report(service.url)
    assert done.returncode == 0, done.stderr
    assert (stored(service, server), server.waiting()) == (2, [])


def test_lost_token_is_requested_again_and_revoked(
    service: LiveService, secret: str, server: Server
) -> None:
    server.set_enrolment_token(secret)
    with proxy_before(service.port, lambda number: number == 1) as proxy:
        done = server.report(proxy.url)
    assert done.returncode == 0, done.stderr
    assert proxy.paths == ["/inscripcion", "/inscripcion", "/servers"]
    assert [revoked for _, revoked in tokens_of(service, server)] == [True, False]
    assert (stored(service, server), server.waiting()) == (1, [])


@pytest.mark.parametrize("wrong", ["revoked", "of a reader"])
def test_invalid_enrolment_token_is_reported_and_a_valid_one_delivers_all(
    wrong: str, service: LiveService, secret: str, server: Server
) -> None:
    if wrong == "revoked":
        wrong = make_token(service.data, "inscripcion", "--usos", "1")
        ((last,),) = service.rows("SELECT max(id) FROM token")
        assert token(service.data, "revoke", str(last)).returncode == 0
    else:
        wrong = make_token(service.data, "lectura")
    server.set_enrolment_token(wrong)
    with proxy_before(service.port, lambda _number: False) as proxy:
        done = server.report(proxy.url)
        assert done.returncode == 4
        assert re.fullmatch(
            r"agent: error: this machine cannot be enrolled: \S+/inscripcion answered 40[13] .*;"
            r" reports waiting: 1\n",
            done.stderr,
        )
        assert proxy.paths == ["/inscripcion"]
    assert len(server.waiting()) == 1
    server.set_enrolment_token(secret)
    assert server.report(service.url).returncode == 0
    assert (stored(service, server), server.waiting()) == (2, [])


def test_used_up_enrolment_token_is_refused(
    service: LiveService, server: Server, another: Server
) -> None:
    for_one = make_token(service.data, "inscripcion", "--usos", "1")
    server.set_enrolment_token(for_one)
    another.set_enrolment_token(for_one)
    assert server.report(service.url).returncode == 0
    assert server.kept["until"] is None
    done = another.report(service.url)
    assert done.returncode == 4
    assert "has no uses left" in done.stderr
    assert len(another.waiting()) == 1


def test_machine_that_lost_its_token_enrols_after_revocation(
    service: LiveService, secret: str, server: Server
) -> None:
    server.set_enrolment_token(secret)
    assert server.report(service.url).returncode == 0
    server.token_file.unlink()
    done = server.report(service.url)
    assert done.returncode == 4
    assert "has a token already: revoke that one first" in done.stderr
    revoke(service, server)
    assert server.report(service.url).returncode == 0
    assert (stored(service, server), server.waiting()) == (3, [])


@pytest.mark.torture
def test_revoked_token_is_replaced_once_per_run(
    service: LiveService, secret: str, server: Server
) -> None:
    server.set_enrolment_token(secret)
    assert server.report(service.url).returncode == 0
    former = server.token
    revoke(service, server)
    with proxy_before(service.port, lambda _number: False) as proxy:
        done = server.report(proxy.url)
        assert done.returncode == 0, done.stderr
        assert list(zip(proxy.paths, proxy.statuses, strict=True)) == [
            ("/servers", 401),
            ("/inscripcion", 201),
            ("/servers", 201),
        ]
    assert server.token != former
    assert former not in done.stderr


@pytest.mark.torture
def test_revoked_token_without_a_valid_enrolment_token_is_not_retried(
    service: LiveService, server: Server, secret: str
) -> None:
    server.set_enrolment_token(secret)
    assert server.report(service.url).returncode == 0
    revoke(service, server)
    kept = server.token_file.read_bytes()
    server.secret.unlink()
    with proxy_before(service.port, lambda _number: False) as proxy:
        assert server.report(proxy.url).returncode == 4
        assert proxy.paths == ["/servers"]
        server.set_enrolment_token("ccse_" + "y" * 36)
        assert server.report(proxy.url).returncode == 4
        assert proxy.paths == ["/servers", "/servers", "/inscripcion"]
    assert server.token_file.read_bytes() == kept
    assert len(server.waiting()) == 2
    server.set_enrolment_token(secret)
    assert server.report(service.url).returncode == 0
    assert (stored(service, server), server.waiting()) == (4, [])


def test_stolen_token_is_invalid_for_another_machine(
    service: LiveService, secret: str, server: Server, another: Server
) -> None:
    server.set_enrolment_token(secret)
    assert server.report(service.url).returncode == 0
    stolen = another.root / "stolen"
    stolen.write_text(server.token, "ascii")
    done = another.report(service.url, "--token-file", str(stolen))
    assert done.returncode == 4
    assert "answered 403" in done.stderr
    assert "another server" in done.stderr
    assert len(another.waiting()) == 1
    assert stored(service, another) == 0


def test_token_in_a_copied_image_is_not_used(
    service: LiveService, secret: str, server: Server, another: Server
) -> None:
    """The copy has another machine-id and the state folder of the original."""
    server.set_enrolment_token(secret)
    assert server.report(service.url).returncode == 0
    shutil.copytree(server.state, another.state)
    with scripted_api() as api:
        done = another.report(api.url)
        assert api.requests == []
    assert done.returncode == 4
    assert f"{another.token_file}: this token belongs to another machine" in done.stderr
    another.set_enrolment_token(secret)
    assert another.report(service.url).returncode == 0
    assert another.token != server.token
    assert (stored(service, another), another.waiting()) == (2, [])


@pytest.mark.torture
def test_machine_without_identity_is_not_enrolled_and_its_reports_do_not_block_others(
    service: LiveService, secret: str, server: Server
) -> None:
    """An image has no machine-id until its first boot."""
    server.set_enrolment_token(secret)
    server.remove_id()
    with scripted_api() as api:
        done = server.report(api.url)
        assert api.requests == []
    assert done.returncode == 4
    assert "without an id_maquina: /etc/machine-id is missing or empty" in done.stderr
    server.set_id()
    done = server.report(service.url)
    assert done.returncode == 0, done.stderr
    assert "the token of this machine may not send" in done.stderr
    assert (stored(service, server), len(server.waiting())) == (1, 1)
    everyones = server.root / "everyones"
    everyones.write_text(make_token(service.data, "ingest"), "ascii")
    assert server.report(service.url, "--token-file", str(everyones)).returncode == 0
    assert server.waiting() == []


@pytest.mark.torture
def test_given_token_is_used_and_never_replaced(
    service: LiveService, secret: str, server: Server, tmp_path: Path
) -> None:
    server.set_enrolment_token(secret)
    given = tmp_path / "given"
    given.write_text(make_token(service.data, "ingest"), "ascii")
    with proxy_before(service.port, lambda _number: False) as proxy:
        assert server.report(proxy.url, "--token-file", str(given)).returncode == 0
        given.write_text("ccsi_" + "z" * 36, "ascii")
        assert server.report(proxy.url, "--token-file", str(given)).returncode == 4
        assert proxy.paths == ["/servers"] * 2
    assert not server.token_file.exists()
    assert server.report(service.url).returncode == 0
    kept = server.token_file.read_bytes()
    assert server.report(service.url, "--token-file", str(given)).returncode == 4
    assert server.token_file.read_bytes() == kept


@pytest.mark.torture
def test_concurrent_agents_share_one_token(
    service: LiveService, secret: str, server: Server
) -> None:
    server.set_enrolment_token(secret)
    command = [sys.executable, "-m", "agent", *server.command(service.url)]
    agents = [subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE) for _ in range(4)]
    for agent in agents:
        agent.communicate(timeout=60)
    assert server.report(service.url).returncode == 0
    assert len(tokens_of(service, server)) == 1
    assert (stored(service, server), server.waiting()) == (5, [])
