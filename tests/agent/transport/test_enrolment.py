"""How an agent gets a token of its own, against the real service."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.agent.apis import proxy_before
from tests.agent.enrolled import Server, revoke, stored, tokens_of
from tests.agent.transport.test_http_client import Said, api_that_says
from tests.support.live import PROJECT, LiveService
from tests.support.tokens import make_token, token


@pytest.fixture(scope="module")
def secret(service: LiveService, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An enrolment token for many machines, made by the line of agent/README.md."""
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


def test_first_contact_gives_the_machine_a_token_of_its_own(
    service: LiveService, secret: str, server: Server
) -> None:
    server.is_given(secret)
    done = server.report(service.url)
    assert done.returncode == 0, done.stderr
    assert "this machine has a token of its own" in done.stderr
    facts = server.token_file.stat()
    assert stat.S_IMODE(facts.st_mode) == 0o600
    assert server.token.startswith("ccsi_")
    assert server.kept["id_maquina"] == server.id_maquina
    assert 90 * 86400 - 60 < server.kept["until"] - server.kept["since"] < 90 * 86400 + 60
    kept = server.token_file.read_bytes()
    server.secret.unlink()  # it has served
    done = server.report(service.url)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert server.token_file.read_bytes() == kept
    assert stored(service, server) == 2
    assert len(tokens_of(service, server)) == 1
    assert sorted(file.name for file in server.state.iterdir() if "lock" not in file.name) == [
        "token"
    ]


@pytest.mark.parametrize("way", ["environment", "credential", "file of settings"])
def test_the_enrolment_token_comes_as_any_secret_does(
    way: str, service: LiveService, secret: str, server: Server, tmp_path: Path
) -> None:
    environ, options = {}, []
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "enrolment-token").write_text(secret + "\n", "ascii")
    if way == "environment":
        environ["COMPLIANCE_AGENT_ENROLMENT_TOKEN"] = secret
    elif way == "credential":
        (folder / "token").write_text("\n", "ascii")  # as the unit has it where there is none
        environ["CREDENTIALS_DIRECTORY"] = str(folder)
    else:
        ini = tmp_path / "agent.ini"
        ini.write_text(f"[agent]\nenrolment_token_file = {folder}/enrolment-token\n", "utf-8")
        options = ["--config", str(ini)]
    done = server.report(service.url, *options, environ=environ)
    assert done.returncode == 0, done.stderr
    assert not server.holds(secret)
    assert secret not in done.stderr


def test_while_there_is_no_api_the_report_waits_and_the_next_run_enrols(
    service: LiveService, secret: str, server: Server
) -> None:
    server.is_given(secret)
    with api_that_says(Said(503, {"Retry-After": "3600"})) as api:
        done = server.report(api.url)
    assert done.returncode == 1
    assert "/inscripcion answered 503" in done.stderr
    assert [path for path, _, _ in api.requests] == ["/inscripcion"]
    assert len(server.waiting()) == 1
    assert not server.token_file.exists()
    done = server.report(service.url)
    assert done.returncode == 0, done.stderr
    assert (stored(service, server), server.waiting()) == (2, [])


def test_a_lost_answer_is_asked_for_again_and_what_was_lost_is_worth_nothing(
    service: LiveService, secret: str, server: Server
) -> None:
    server.is_given(secret)
    with proxy_before(service.port, lambda number: number == 1) as proxy:
        done = server.report(proxy.url)
    assert done.returncode == 0, done.stderr
    assert proxy.paths == ["/inscripcion", "/inscripcion", "/servers"]
    assert [revoked for _, revoked in tokens_of(service, server)] == [True, False]
    assert (stored(service, server), server.waiting()) == (1, [])


@pytest.mark.parametrize("wrong", ["revoked", "of a reader"])
def test_who_is_refused_is_told_and_all_is_delivered_after_repair(
    wrong: str, service: LiveService, secret: str, server: Server
) -> None:
    if wrong == "revoked":
        wrong = make_token(service.data, "inscripcion", "--usos", "1")
        ((last,),) = service.rows("SELECT max(id) FROM token")
        assert token(service.data, "revoke", str(last)).returncode == 0
    else:
        wrong = make_token(service.data, "lectura")
    server.is_given(wrong)
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
    server.is_given(secret)
    assert server.report(service.url).returncode == 0
    assert (stored(service, server), server.waiting()) == (2, [])


def test_an_enrolment_token_that_is_used_up_enrols_no_more(
    service: LiveService, server: Server, another: Server
) -> None:
    for_one = make_token(service.data, "inscripcion", "--usos", "1")
    server.is_given(for_one)
    another.is_given(for_one)
    assert server.report(service.url).returncode == 0
    assert server.kept["until"] is None
    done = another.report(service.url)
    assert done.returncode == 4
    assert "has no uses left" in done.stderr
    assert len(another.waiting()) == 1


def test_a_machine_that_lost_its_token_is_told_to_have_it_revoked(
    service: LiveService, secret: str, server: Server
) -> None:
    server.is_given(secret)
    assert server.report(service.url).returncode == 0
    server.token_file.unlink()
    done = server.report(service.url)
    assert done.returncode == 4
    assert "has a token already: revoke that one first" in done.stderr
    revoke(service, server)
    assert server.report(service.url).returncode == 0
    assert (stored(service, server), server.waiting()) == (3, [])


def test_a_revoked_token_is_replaced_once_a_run(
    service: LiveService, secret: str, server: Server
) -> None:
    server.is_given(secret)
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


def test_a_revoked_token_without_an_enrolment_token_that_is_good_goes_round_in_no_circles(
    service: LiveService, server: Server, secret: str
) -> None:
    server.is_given(secret)
    assert server.report(service.url).returncode == 0
    revoke(service, server)
    kept = server.token_file.read_bytes()
    server.secret.unlink()
    with proxy_before(service.port, lambda _number: False) as proxy:
        assert server.report(proxy.url).returncode == 4
        assert proxy.paths == ["/servers"]
        server.is_given("ccse_" + "y" * 36)
        assert server.report(proxy.url).returncode == 4
        assert proxy.paths == ["/servers", "/servers", "/inscripcion"]
    assert server.token_file.read_bytes() == kept
    assert len(server.waiting()) == 2
    server.is_given(secret)
    assert server.report(service.url).returncode == 0
    assert (stored(service, server), server.waiting()) == (4, [])


def test_a_stolen_token_speaks_for_no_other_machine(
    service: LiveService, secret: str, server: Server, another: Server
) -> None:
    server.is_given(secret)
    assert server.report(service.url).returncode == 0
    stolen = another.root / "stolen"
    stolen.write_text(server.token, "ascii")
    done = another.report(service.url, "--token-file", str(stolen))
    assert done.returncode == 4
    assert "answered 403" in done.stderr
    assert "another server" in done.stderr
    assert len(another.waiting()) == 1
    assert stored(service, another) == 0


def test_a_copied_image_takes_no_token_along(
    service: LiveService, secret: str, server: Server, another: Server
) -> None:
    """Another machine-id, and the state folder of the machine that was copied."""
    server.is_given(secret)
    assert server.report(service.url).returncode == 0
    shutil.copytree(server.state, another.state)
    with api_that_says() as api:
        done = another.report(api.url)
        assert api.requests == []
    assert done.returncode == 4
    assert f"{another.token_file}: this token is another machine's" in done.stderr
    another.is_given(secret)
    assert another.report(service.url).returncode == 0
    assert another.token != server.token
    assert (stored(service, another), another.waiting()) == (2, [])


def test_without_an_identity_there_is_no_token_and_what_waited_keeps_nothing_up(
    service: LiveService, secret: str, server: Server
) -> None:
    """As in the first boot of an image, before there is a machine-id."""
    server.is_given(secret)
    server.has_no_id()
    with api_that_says() as api:
        done = server.report(api.url)
        assert api.requests == []
    assert done.returncode == 4
    assert "it has no id_maquina: /etc/machine-id is missing or empty" in done.stderr
    server.has_id()
    done = server.report(service.url)
    assert done.returncode == 0, done.stderr
    assert "not this machine's, by its token" in done.stderr
    assert (stored(service, server), len(server.waiting())) == (1, 1)
    everyones = server.root / "everyones"
    everyones.write_text(make_token(service.data, "ingest"), "ascii")
    assert server.report(service.url, "--token-file", str(everyones)).returncode == 0
    assert server.waiting() == []


def test_a_token_that_was_given_is_used_and_never_replaced(
    service: LiveService, secret: str, server: Server, tmp_path: Path
) -> None:
    server.is_given(secret)
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


def test_agents_that_start_at_once_share_one_token(
    service: LiveService, secret: str, server: Server
) -> None:
    server.is_given(secret)
    command = [sys.executable, "-m", "agent", *server.command(service.url)]
    agents = [subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE) for _ in range(4)]
    for agent in agents:
        agent.communicate(timeout=60)
    assert server.report(service.url).returncode == 0
    assert len(tokens_of(service, server)) == 1
    assert (stored(service, server), server.waiting()) == (5, [])
