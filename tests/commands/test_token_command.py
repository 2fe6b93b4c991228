"""python -m service token: made, listed and revoked at the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from service.auth import token_format as tokens
from service.auth.audit_log import AuditLog
from service.store.engines import Database
from service.store.enrolment import EnrolmentStore
from service.store.queries import load_queries
from service.store.tokens import TokenStore
from service.store.write.token_changes import NewToken
from tests.support import engine
from tests.support.tokens import make_token, token


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "var"


@pytest.fixture
def store(data: Path, database_at: Callable[[Path], Database]) -> TokenStore:
    """The tokens that the command has made."""
    database = database_at(data / "compliance.db")
    return TokenStore(database, load_queries(), AuditLog(data / "audit.jsonl"))


@pytest.mark.parametrize("scope", tokens.LETTERS)
def test_a_token_shows_its_prefix_and_scope(scope: str) -> None:
    secret = tokens.make(scope)
    assert re.fullmatch(rf"ccs{tokens.LETTERS[scope]}_[0-9A-Za-z]{{36}}", secret)
    assert tokens.is_well_formed(secret)
    assert tokens.make(scope) != secret
    for at in range(4, len(secret)):
        other = "a" if secret[at] != "a" else "b"
        assert not tokens.is_well_formed(secret[:at] + other + secret[at + 1 :])


def test_a_secret_is_printed_once_and_stored_nowhere(data: Path) -> None:
    made = token(
        data, "create", "--scope", "lectura", "--name", "ana\n\x1b[31m", "--expires", "90d"
    )
    assert (made.returncode, made.stderr) == (0, "")
    secret = made.stdout.strip()
    assert tokens.is_well_formed(secret)
    for path in data.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
    listed = token(data, "list").stdout
    assert secret not in listed
    assert "lectura" in listed
    assert "\x1b" not in listed
    (line,) = (data / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["hecho"] == "token made"
    assert (data / "audit.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_revoked_token_is_invalid_and_cannot_be_revoked_again(
    data: Path, store: TokenStore
) -> None:
    secret = make_token(data, "admin")
    assert store.find(secret) is not None
    assert token(data, "revoke", "1").returncode == 0
    assert store.find(secret) is None
    again = token(data, "revoke", "1")
    assert (again.returncode, "no valid token has number 1" in again.stderr) == (
        1,
        True,
    )
    assert "revoked" in token(data, "list").stdout


def test_an_expired_token_is_invalid(data: Path, store: TokenStore) -> None:
    secret = make_token(data, "admin", "--expires", "1m")
    engine.execute(data / "compliance.db", "UPDATE token SET expires_at = created_at + 1")
    assert store.find(secret) is None
    assert "ended" in token(data, "list").stdout


@pytest.mark.torture
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--scope", "root"], "invalid choice: 'root'"),
        (["--scope", "ingest", "--expires", "soon"], "--expires: expected 90d, 12h, 30m or a time"),
        (["--scope", "ingest", "--expires", "2020-01-01"], "--expires: expected a time to come"),
        (["--scope", "ingest", "--server", "10.0.0.1/8"], "--server: expected an id_maquina"),
        (["--scope", "ingest", "--server", "a b"], "--server: expected an id_maquina"),
        (["--scope", "lectura", "--server", "abc"], "--server: expected with --scope ingest"),
        (["--scope", "inscripcion"], "--uses: expected with --scope inscripcion"),
        (["--scope", "inscripcion", "--uses", "0"], "--uses: expected a number from 1"),
        (["--scope", "admin", "--uses", "3"], "--uses: expected with --scope inscripcion"),
        (["--scope", "admin", "--lifetime", "3d"], "--lifetime: expected with --scope inscripcion"),
    ],
)
def test_invalid_options_are_refused_and_make_no_token(
    data: Path, options: list[str], expected: str
) -> None:
    refused = token(data, "create", *options)
    assert refused.returncode != 0
    assert expected in refused.stderr
    assert "Traceback" not in refused.stderr
    assert (data / "audit.jsonl").exists() is False


def test_a_rebuilt_database_has_the_tokens_of_the_old_one(
    data: Path, store: TokenStore, database_at: Callable[[Path], Database]
) -> None:
    secret = make_token(data, "inscripcion", "--uses", "3", "--lifetime", "90d")
    new = database_at(data / "other.db")
    new.migrate()
    assert store.copy_to(new) == 1
    rebuilt = TokenStore(new, load_queries(), AuditLog(data / "audit.jsonl")).find(secret)
    assert rebuilt is not None
    assert rebuilt[:2] == store.all()[0][:2]
    assert (rebuilt[2], rebuilt[9]) == ("inscripcion", 3)


def enrolled(data: Path, database: Database, secret: str, machine: str) -> NewToken:
    audit, queries = AuditLog(data / "audit.jsonl"), load_queries()
    by = TokenStore(database, queries, audit).find(secret)
    assert by is not None
    return EnrolmentStore(database, queries, audit).enrol(by, machine, None)


def test_descent_is_listed_and_revocation_names_what_it_reaches(
    data: Path, database_at: Callable[[Path], Database]
) -> None:
    secret = make_token(data, "inscripcion", "--uses", "30", "--lifetime", "90d")
    database = database_at(data / "compliance.db")
    first = enrolled(data, database, secret, "m1")
    audit, queries = AuditLog(data / "audit.jsonl"), load_queries()
    own = TokenStore(database, queries, audit).find(first.secret)
    assert own is not None
    renewed = EnrolmentStore(database, queries, audit).renew(own, "m1")
    assert TokenStore(database, queries, audit).find(renewed.secret) is not None
    for number in range(2, 25):
        enrolled(data, database, secret, f"m{number}")
    heading, *rows = token(data, "list").stdout.splitlines()
    at = heading.index("derived from")
    assert [row[at : at + 16].strip() for row in rows[:4]] == [
        "-", "enrolment with 1", "renewal with 2", "enrolment with 1",
    ]  # fmt: skip

    revoked = token(data, "revoke", "3")
    assert revoked.stdout == "token 3 is revoked\nstill valid for the same server: 2\n"
    reached = ", ".join(str(number) for number in (2, *range(4, 23)))
    assert token(data, "revoke", "1").stdout == (
        f"token 1 is revoked\nrevoked with it, as they derive from it: {reached} and 4 more\n"
    )
    assert " good" not in token(data, "list").stdout
    again = token(data, "revoke", "1")
    assert (again.returncode, "no valid token has number 1" in again.stderr) == (1, True)


def test_an_enrolment_token_is_closed_without_its_servers(
    data: Path, store: TokenStore, database_at: Callable[[Path], Database]
) -> None:
    secret = make_token(data, "inscripcion", "--uses", "3")
    machine = enrolled(data, database_at(data / "compliance.db"), secret, "m1")
    closed = token(data, "close", "1")
    assert closed.stdout == "token 1 enrols no further server; those enrolled stay valid\n"
    assert store.find(machine.secret) is not None
    assert "good, 0 left" in token(data, "list").stdout
    refused = token(data, "close", "2")
    assert (refused.returncode, "no valid token has number 2" in refused.stderr) == (1, True)


def test_an_enrolment_token_without_a_lifetime_warns_that_its_tokens_end_with_it(
    data: Path,
) -> None:
    create = ("create", "--scope", "inscripcion", "--uses", "3", "--expires", "2d")
    assert "will end with this one: --lifetime" in token(data, *create).stderr
    assert token(data, *create, "--lifetime", "90d").stderr == ""


def test_nothing_is_made_closed_or_revoked_without_an_audit_entry(data: Path) -> None:
    make_token(data, "inscripcion", "--uses", "3")
    before = token(data, "list").stdout
    (data / "audit.jsonl").unlink()
    (data / "audit.jsonl").mkdir()
    for command in (("create", "--scope", "admin"), ("revoke", "1"), ("close", "1")):
        refused = token(data, *command)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "audit.jsonl cannot be written" in refused.stderr
    assert token(data, "list").stdout == before


@pytest.mark.torture
def test_the_spanish_names_of_options_stay_valid(data: Path) -> None:
    options = ["--nombre", "roll-out", "--usos", "3", "--validez", "90d", "--vence", "2d"]
    assert token(data, "create", "--scope", "inscripcion", *options).returncode == 0
    assert token(data, "create", "--scope", "ingest", "--servidor", "abc").returncode == 0
    shown = token(data, "list").stdout
    assert "roll-out" in shown
    assert "id:abc" in shown
    assert "--nombre" not in token(data, "create", "--help").stdout
