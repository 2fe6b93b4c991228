"""TokenStore: validity, revocation, and the servers that a token covers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from service.auth.audit_log import AuditLog
from service.errors import EnrolmentRefusedError, StorageUnavailableError, TokenNotFoundError
from service.report import Report
from service.store.queries import load_queries
from service.store.write.reports import ReportStore
from service.times import HOUR
from tests.support.engine import Engine
from tests.support.examples import PROFILE, report
from tests.support.tokens import START, Tokens


@pytest.fixture
def tokens(engine: Engine, tmp_path: Path) -> Iterator[Tokens]:
    made = Tokens(engine.migrated(), AuditLog(tmp_path / "audit.jsonl"))
    with closing(made.database):
        yield made


def test_a_token_is_valid_up_to_the_moment_when_it_expires(tokens: Tokens) -> None:
    made = tokens.store.add("lectura", expires_at=START + HOUR)
    tokens.now = START + HOUR - 1
    assert tokens.store.find(made.secret) is not None
    tokens.now = START + HOUR
    assert tokens.store.find(made.secret) is None


def test_a_token_is_revoked_once(tokens: Tokens) -> None:
    made, other = tokens.store.add("lectura"), tokens.store.add("lectura")
    tokens.store.revoke(made.id)
    assert tokens.store.find(made.secret) is None
    assert tokens.store.find(other.secret) is not None
    for token_id in (made.id, 99):
        with pytest.raises(TokenNotFoundError):
            tokens.store.revoke(token_id)


def test_the_use_of_a_token_is_noted_once_an_hour(tokens: Tokens) -> None:
    made = tokens.store.add("lectura")
    assert tokens.good(made).used_at is None
    for later, used_at in ((HOUR, START), (HOUR + 1, START), (HOUR + 2, START + HOUR + 1)):
        tokens.now = START + later
        assert tokens.good(made).used_at == used_at


def test_a_token_is_required_once_any_was_created(tokens: Tokens) -> None:
    assert tokens.store.auth_disabled()
    tokens.store.revoke(tokens.store.add("admin").id)
    assert not tokens.store.auth_disabled()


def test_a_token_for_a_network_covers_a_machine_only_at_its_last_address(tokens: Tokens) -> None:
    inside = replace(report(1), id_maquina="m1")
    moved = PROFILE._replace(ipaddress="192.168.0.1")
    outside = replace(report(2, profile=moved), id_maquina="m1")
    token = tokens.good(tokens.store.add("ingest", server="10.0.0.0/8"))
    assert tokens.store.may_send(token, inside)
    assert not tokens.store.may_send(token, outside)
    store = ReportStore(tokens.database, load_queries())
    store.add(inside, START)
    assert tokens.store.may_send(token, inside)
    store.add(outside, START)
    assert not tokens.store.may_send(token, replace(report(3), id_maquina="m1"))
    assert tokens.store.may_send(token, report(3))  # without an id, the address is the server


def test_a_token_for_a_machine_covers_that_machine_alone(tokens: Tokens) -> None:
    token = tokens.good(tokens.store.add("ingest", server="id:m1"))
    assert tokens.store.may_send(token, replace(report(1), id_maquina="m1"))
    assert not tokens.store.may_send(token, replace(report(1), id_maquina="m12"))
    assert not tokens.store.may_send(token, report(1))


def test_a_token_for_a_network_makes_no_clone_of_a_machine_outside_of_it(tokens: Tokens) -> None:
    def seen(number: int, address: str, host: str) -> Report:
        profile = PROFILE._replace(ipaddress=address, nombre_host=host)
        return replace(report(number, profile=profile), id_maquina="m1")

    token = tokens.good(tokens.store.add("ingest", server="10.0.0.0/8"))
    store = ReportStore(tokens.database, load_queries())
    store.add(seen(1, "192.168.0.1", "db-1"), START)
    assert not tokens.store.may_send(token, seen(2, "10.0.0.1", "web-1"))
    # A clone within the network may report, but no further one may appear.
    store.add(seen(2, "10.0.0.1", "web-1"), START)
    assert tokens.store.may_send(token, seen(3, "10.0.0.1", "web-1"))
    assert not tokens.store.may_send(token, seen(3, "10.0.0.2", "web-2"))


def test_a_revoked_token_takes_all_that_derive_from_it(tokens: Tokens) -> None:
    enrolling = tokens.good(tokens.store.add("inscripcion", uses=3))
    first = tokens.enrolment.enrol(enrolling, "m1", None)
    renewed = tokens.enrolment.renew(tokens.good(first), "m1")
    again = tokens.enrolment.renew(tokens.good(renewed), "m1")
    other = tokens.enrolment.enrol(enrolling, "m2", None)
    bystander = tokens.store.add("ingest", server="id:m1")

    assert tokens.store.revoke(renewed.id) == [renewed.id, again.id]
    assert tokens.store.find(again.secret) is None
    assert tokens.store.find(other.secret) is not None
    assert tokens.store.revoke(enrolling.id) == [enrolling.id, other.id]
    assert tokens.store.find(other.secret) is None
    assert tokens.store.find(bystander.secret) is not None
    with pytest.raises(TokenNotFoundError):
        tokens.store.revoke(enrolling.id)


def test_a_closed_enrolment_token_enrols_no_more_and_its_machines_go_on(tokens: Tokens) -> None:
    enrolling = tokens.good(tokens.store.add("inscripcion", uses=3))
    machine = tokens.enrolment.enrol(enrolling, "m1", None)
    tokens.store.close(enrolling.id)
    assert tokens.good(machine).server == "id:m1"
    with pytest.raises(EnrolmentRefusedError, match="no uses left"):
        tokens.enrolment.enrol(enrolling, "m2", None)
    for number in (machine.id, 99):
        with pytest.raises(TokenNotFoundError):
            tokens.store.close(number)


def test_no_token_changes_where_the_audit_log_cannot_be_written(tokens: Tokens) -> None:
    enrolling = tokens.good(tokens.store.add("inscripcion", uses=3))
    machine = tokens.good(tokens.enrolment.enrol(enrolling, "m1", None))
    before = tokens.store.all()
    tokens.audit.path.unlink()
    tokens.audit.path.mkdir()
    for change in (
        lambda: tokens.store.add("admin"),
        lambda: tokens.store.revoke(enrolling.id),
        lambda: tokens.store.close(enrolling.id),
        lambda: tokens.enrolment.enrol(enrolling, "m2", None),
        lambda: tokens.enrolment.renew(machine, "m1"),
    ):
        with pytest.raises(StorageUnavailableError, match=r"audit\.jsonl cannot be written"):
            change()
        assert tokens.store.all() == before


def test_a_token_that_could_not_be_stored_is_revoked_in_the_audit_log(
    tokens: Tokens, engine: Engine
) -> None:
    tokens.store.add("admin")
    # The commit fails, as on a full disk: this constraint is checked there.
    engine.execute(
        "CREATE TABLE broken (id INTEGER REFERENCES server (id) DEFERRABLE INITIALLY DEFERRED)"
    )
    engine.execute(
        "CREATE TRIGGER breaks AFTER INSERT ON token BEGIN INSERT INTO broken VALUES (99); END"
    )
    with pytest.raises(engine.IntegrityError):
        tokens.store.add("lectura")
    assert len(tokens.store.all()) == 1
    *_, made, withdrawn = map(json.loads, tokens.audit.path.read_text("ascii").splitlines())
    assert (made["hecho"], withdrawn["hecho"]) == ("token made", "token revoked")
    assert made["digest"] == withdrawn["digest"]
    assert withdrawn["reason"] == "it was not stored"
