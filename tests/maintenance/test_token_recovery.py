"""Tokens and revocations that only the audit log has are restored, and others recorded in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from service import times
from service.auth.audit_log import AuditLog
from service.auth.token_format import digest_of
from service.errors import EnrolmentRefusedError, StorageUnavailableError
from service.maintenance.token_recovery import reconcile_tokens
from service.store.engines import Database
from service.times import HOUR
from tests.support import engine
from tests.support.engine import Engine
from tests.support.tokens import START, Tokens

TOKENS = "SELECT * FROM token ORDER BY id"
# `used_at` of a token that no other one derives from is noted for people, to about an hour.
STATE = """
SELECT id, digest, scope, name, server, created_at, expires_at, revoked_at IS NULL, uses_left,
  lifetime, enrolled_by, request_digest
FROM token ORDER BY id
"""


@pytest.fixture
def tokens(engine: Engine, tmp_path: Path) -> Iterator[Tokens]:
    made = Tokens(engine.migrated(), AuditLog(tmp_path / "audit.jsonl"))
    with closing(made.database):
        yield made


@pytest.fixture
def new_database(tmp_path: Path, database_at: Callable[[Path], Database]) -> Database:
    """A database as it is after a loss: migrated, and without any token."""
    database = database_at(tmp_path / "new.db")
    database.migrate()
    return database


def after(tokens: Tokens, database: Database) -> Tokens:
    """The tokens of another database with the same audit log."""
    found = Tokens(database, tokens.audit)
    found.now = tokens.now
    return found


def state(path: Path) -> engine.Rows:
    return engine.rows(path, STATE)


def story(tokens: Tokens) -> dict[str, Any]:
    """Every kind of change: all that can be said of a token happens to one of them."""
    made: dict[str, Any] = {"admin": tokens.store.add("admin", name="the\nboss", by="root")}
    made["network"] = tokens.store.add("ingest", server="10.0.0.0/8", expires_at=START + 99 * HOUR)
    made["gone"] = tokens.store.add("lectura")
    made["enrolling"] = tokens.store.add(
        "inscripcion", uses=9, lifetime=30 * HOUR, expires_at=START + 9 * HOUR
    )
    made["closed"] = tokens.store.add("inscripcion", uses=4)
    tokens.store.revoke(made["gone"].id)
    by = tokens.good(made["enrolling"])
    made["lost"] = tokens.enrolment.enrol(by, "m1", "web-1", digest_of("m1's key"))
    made["machine"] = tokens.enrolment.enrol(by, "m1", "web-1", digest_of("m1's key"))
    tokens.now += HOUR
    made["renewed"] = tokens.enrolment.renew(tokens.good(made["machine"]), "m1")
    made["stolen"] = tokens.enrolment.enrol(by, "m2", None)
    tokens.good(made["stolen"])
    tokens.store.revoke(made["stolen"].id)
    made["unused"] = tokens.enrolment.enrol(by, "m3", None, digest_of("m3's key"))
    made["in use"] = tokens.enrolment.enrol(by, "m5", None, digest_of("m5's key"))
    tokens.good(made["in use"])
    closed = tokens.good(made["closed"])
    made["of closed"] = tokens.enrolment.enrol(closed, "m4", None)
    tokens.store.close(closed.id)
    return made


def test_all_tokens_of_a_lost_database_are_restored_as_they_were(
    tokens: Tokens, tmp_path: Path, new_database: Database
) -> None:
    made = story(tokens)
    assert reconcile_tokens(new_database, tokens.audit) == (len(made), 3, 0)
    assert state(tmp_path / "new.db") == state(tmp_path / "compliance.db")

    restored = after(tokens, new_database)
    revoked = {"gone", "lost", "stolen"}
    for name, each in made.items():
        assert (restored.store.find(each.secret) is None) == (name in revoked), name
    assert restored.store.revoke(made["enrolling"].id)
    assert restored.store.find(made["renewed"].secret) is None


def test_enrolment_goes_on_where_it_was_after_the_loss_of_the_database(
    tokens: Tokens, new_database: Database
) -> None:
    made = story(tokens)
    reconcile_tokens(new_database, tokens.audit)
    restored = after(tokens, new_database)
    by = restored.good(made["enrolling"])
    for machine in ("m1", "m5"):
        with pytest.raises(EnrolmentRefusedError, match="already"):
            restored.enrolment.enrol(by, machine, None, digest_of(f"{machine}'s key"))
    restored.enrolment.enrol(by, "m3", None, digest_of("m3's key"))
    assert restored.store.find(made["unused"].secret) is None


def test_a_second_reconciliation_changes_nothing(
    tokens: Tokens, tmp_path: Path, new_database: Database
) -> None:
    story(tokens)
    for path, database in (("compliance.db", tokens.database), ("new.db", new_database)):
        reconcile_tokens(database, tokens.audit)
        before, log = engine.rows(tmp_path / path, TOKENS), tokens.audit.path.read_bytes()
        assert reconcile_tokens(database, tokens.audit) == (0, 0, 0)
        assert engine.rows(tmp_path / path, TOKENS) == before
        assert tokens.audit.path.read_bytes() == log


def test_an_older_copy_of_the_database_gets_what_happened_since(
    tokens: Tokens, tmp_path: Path, new_database: Database
) -> None:
    by = tokens.good(tokens.store.add("inscripcion", uses=5))
    early = tokens.enrolment.enrol(by, "m1", None)
    revoked = tokens.store.add("admin")
    tokens.store.copy_to(new_database)
    tokens.store.revoke(revoked.id)
    late = tokens.enrolment.enrol(by, "m2", None)
    tokens.enrolment.renew(tokens.good(early), "m1")

    assert reconcile_tokens(new_database, tokens.audit) == (2, 1, 0)
    assert state(tmp_path / "new.db") == state(tmp_path / "compliance.db")
    restored = after(tokens, new_database)
    assert restored.store.find(revoked.secret) is None
    assert restored.good(late).server == "id:m2"


def test_tokens_made_after_the_loss_keep_their_numbers(
    tokens: Tokens, new_database: Database
) -> None:
    by = tokens.good(tokens.store.add("inscripcion", uses=5))
    machine = tokens.enrolment.enrol(by, "m1", None)
    gone = tokens.store.add("admin")
    tokens.store.revoke(gone.id)

    later = after(tokens, new_database)
    admin = later.store.add("admin", name="made anew")
    assert (admin.id, reconcile_tokens(new_database, tokens.audit)) == (by.id, (3, 1, 0))
    assert later.good(admin).id == admin.id
    restored = later.good(machine)
    assert restored.enrolled_by not in (None, admin.id)
    assert later.store.find(gone.secret) is None
    numbers = [each.id for each in later.store.all()]
    assert numbers == [admin.id, gone.id, restored.enrolled_by, restored.id]
    assert restored.id in later.store.revoke(restored.enrolled_by or 0)
    # The next token has a number that no token ever had.
    assert later.store.add("lectura").id > max(machine.id, gone.id, restored.id)


def test_tokens_that_0_1_0_made_are_recorded_and_can_then_be_restored(
    tokens: Tokens, tmp_path: Path, new_database: Database
) -> None:
    made = story(tokens)
    # 0.1.0 wrote neither digests nor most of the other members.
    old = [
        {name: line[name] for name in ("hora", "hecho", "token", "by")}
        for line in map(json.loads, tokens.audit.path.read_text("ascii").splitlines())
        if line["hecho"] in {"token made", "token revoked"}
    ]
    tokens.audit.path.write_text("".join(json.dumps(line) + "\n" for line in old), "ascii")
    assert reconcile_tokens(new_database, tokens.audit) == (0, 0, 0)
    assert after(tokens, new_database).store.auth_disabled()

    assert reconcile_tokens(tokens.database, tokens.audit) == (0, 0, len(made))
    assert reconcile_tokens(tokens.database, tokens.audit) == (0, 0, 0)
    assert reconcile_tokens(new_database, tokens.audit) == (len(made), 3, 0)
    assert state(tmp_path / "new.db") == state(tmp_path / "compliance.db")
    restored = after(tokens, new_database)
    by = restored.good(made["enrolling"])
    with pytest.raises(EnrolmentRefusedError, match="already"):  # a token that is in use
        restored.enrolment.enrol(by, "m5", None, digest_of("m5's key"))


@pytest.mark.parametrize(("created_at", "revoked"), [(START, True), (START + 2 * HOUR, False)])
def test_a_revocation_by_0_1_0_counts_for_the_token_that_had_the_number_then(
    tokens: Tokens, created_at: int, revoked: bool
) -> None:
    """Its entry has no digest. In a database that was made anew, the number is another token's."""
    tokens.now = created_at
    made = tokens.store.add("admin")
    with tokens.audit.path.open("a") as log:
        log.write('{"hora": "1970-02-11 17:00:00.000000", "hecho": "token revoked", "token": 1}\n')
    assert reconcile_tokens(tokens.database, tokens.audit) == (0, revoked, 0)
    assert tokens.is_valid(made) is not revoked


def test_a_revocation_is_restored_although_the_clock_was_set_back_before_it(
    tokens: Tokens, new_database: Database
) -> None:
    tokens.now = times.now() + 99 * HOUR
    made = tokens.store.add("admin")
    tokens.store.revoke(made.id)
    assert reconcile_tokens(new_database, tokens.audit) == (1, 1, 0)
    assert after(tokens, new_database).store.find(made.secret) is None


NO_ENTRIES = [
    b"\n", b"\0\0\0\0\n", b"{}\n", b"[]\n", b'"token made"\n', b"\xff\xfe token\n",
    b'{"hecho": "token made"}\n',
    b'{"hora": "x", "hecho": "token revoked", "token": 1}\n',
    b'{"hora": "2026-01-01", "hecho": "token revoked", "token": true}\n',
    b'{"hora": "2026-01-01", "hecho": "token revoked", "token": -1}\n',
    b'{"hora": "2026-01-01", "hecho": "token revoked", "token": 1e99}\n',
    b'{"hora": "2026-01-01", "hecho": "token revoked", "token": 1, "digest": "xyz"}\n',
    b'{"hora": "2026-01-01", "hecho": ["token revoked"], "token": 1}\n',
    b'{"a": ' * 5000 + b'"token made"\n',
    b'"token ' + b"x" * 200_000 + b'{"hora": "2026-01-01", "hecho": "token revoked", "token": 1}\n',
    b'{"hora": "2026-01-01 00:00:00", "hecho": "token revoked", "tok',
]  # fmt: skip


def test_torn_and_foreign_lines_are_skipped_and_entries_around_them_are_read(
    tokens: Tokens, tmp_path: Path, new_database: Database
) -> None:
    made = story(tokens)
    entries = tokens.audit.path.read_bytes().splitlines(keepends=True)
    mixed = [b"".join(NO_ENTRIES[:-1])]
    for entry in entries:
        # A full disk left a part of an entry, and 0.1.0 appended the next one to it.
        mixed += [*NO_ENTRIES[:-1], NO_ENTRIES[-1], entry]
    for member, value in (("scope", "root"), ("name", "\ud800"), ("uses", -1), ("created", 5)):
        changed = {**json.loads(entries[0]), "digest": "00" * 32, member: value}
        mixed.append(json.dumps(changed).encode() + b"\n")
    tokens.audit.path.write_bytes(b"".join(mixed) + NO_ENTRIES[-1])
    assert reconcile_tokens(new_database, tokens.audit)[:2] == (len(made), 3)
    assert state(tmp_path / "new.db") == state(tmp_path / "compliance.db")


def test_an_entry_after_a_torn_line_begins_a_line_of_its_own(
    tokens: Tokens, new_database: Database
) -> None:
    first = tokens.store.add("admin")
    with tokens.audit.path.open("ab") as log:
        log.write(NO_ENTRIES[-1])
    second = tokens.store.add("admin")
    assert reconcile_tokens(new_database, tokens.audit) == (2, 0, 0)
    assert all(after(tokens, new_database).good(each) for each in (first, second))
    *_, torn, last = tokens.audit.path.read_bytes().splitlines()
    assert (torn, json.loads(last)["token"]) == (NO_ENTRIES[-1], second.id)


def test_what_a_client_wrote_into_the_audit_log_is_no_entry(
    tokens: Tokens, new_database: Database
) -> None:
    admin = tokens.store.add("admin")
    forged = tokens.audit.path.read_text("ascii").strip()
    tokens.audit.write("admin scope used", token=1, name=forged, address=f"\n{forged}\n")
    tokens.audit.path.write_text(tokens.audit.path.read_text("ascii").split("\n", 1)[1], "ascii")
    assert reconcile_tokens(new_database, tokens.audit) == (0, 0, 0)
    assert after(tokens, new_database).store.find(admin.secret) is None


def test_without_an_audit_log_there_is_nothing_to_restore(
    tmp_path: Path, new_database: Database
) -> None:
    audit = AuditLog(tmp_path / "none.jsonl")
    assert reconcile_tokens(new_database, audit) == (0, 0, 0)
    assert not audit.path.exists()
    audit.path.mkdir()
    with pytest.raises(StorageUnavailableError, match=r"none\.jsonl cannot be read"):
        reconcile_tokens(new_database, audit)
