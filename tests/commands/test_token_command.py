"""python -m service token: made, listed and revoked at the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from service.auth import token_format as tokens
from service.errors import EnrolmentRefusedError
from service.store.engines import Database
from service.store.queries import load_queries
from service.store.tokens import TokenStore
from tests.support import engine
from tests.support.tokens import make_token, token


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "var"


@pytest.fixture
def store(data: Path, database_at: Callable[[Path], Database]) -> TokenStore:
    """The tokens that the command has made."""
    return TokenStore(database_at(data / "compliance.db"), load_queries())


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
    rebuilt = TokenStore(new, load_queries()).find(secret)
    assert rebuilt is not None
    assert rebuilt[:2] == store.all()[0][:2]
    assert (rebuilt[2], rebuilt[9]) == ("inscripcion", 3)


def test_an_enrolment_whose_answer_was_lost_is_counted_once(data: Path, store: TokenStore) -> None:
    secret = make_token(data, "inscripcion", "--uses", "1")
    by = store.find(secret)
    assert by is not None
    lost = store.enrol(by, "m1", None)
    kept = store.enrol(by, "m1", None)
    assert store.find(lost.secret) is None
    used = store.find(kept.secret)
    assert used is not None
    with pytest.raises(EnrolmentRefusedError, match="has a token already"):
        store.enrol(by, "m1", None)
    with pytest.raises(EnrolmentRefusedError, match="no uses left"):
        store.enrol(by, "m2", None)

    unused = store.renew(used, "m1")
    renewed = store.renew(used, "m1")
    assert store.find(unused.secret) is None
    assert store.find(renewed.secret) is not None
    assert store.find(kept.secret) is not None


def test_the_spanish_names_of_options_stay_valid(data: Path) -> None:
    options = ["--nombre", "roll-out", "--usos", "3", "--validez", "90d", "--vence", "2d"]
    assert token(data, "create", "--scope", "inscripcion", *options).returncode == 0
    assert token(data, "create", "--scope", "ingest", "--servidor", "abc").returncode == 0
    shown = token(data, "list").stdout
    assert "roll-out" in shown
    assert "id:abc" in shown
    assert "--nombre" not in token(data, "create", "--help").stdout
