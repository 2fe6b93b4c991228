"""TokenStore: validity, scope of servers, enrolment and renewal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from service.errors import EnrolmentRefusedError, TokenNotFoundError
from service.store.queries import load_queries
from service.store.tokens import NewToken, Token, TokenStore
from service.store.write.reports import ReportStore
from service.times import HOUR
from tests.support.engine import Engine
from tests.support.examples import PROFILE, report

START = 1000 * HOUR


class Tokens:
    """A TokenStore with a clock that a test sets."""

    def __init__(self, engine: Engine) -> None:
        self.database = engine.migrated()
        self.now = START
        self.store = TokenStore(self.database, load_queries(), lambda: self.now)

    def good(self, made: NewToken) -> Token:
        found = self.store.find(made.secret)
        assert found is not None
        return found


@pytest.fixture
def tokens(engine: Engine) -> Iterator[Tokens]:
    made = Tokens(engine)
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


def test_an_enrolment_token_enrols_as_many_machines_as_it_has_uses(tokens: Tokens) -> None:
    by = tokens.good(tokens.store.add("inscripcion", uses=2, lifetime=HOUR))
    made = [tokens.store.enrol(by, machine, None) for machine in ("m1", "m2")]
    assert [tokens.good(each).server for each in made] == ["id:m1", "id:m2"]
    assert [each.expires_at for each in made] == [START + HOUR] * 2
    with pytest.raises(EnrolmentRefusedError, match="no uses left"):
        tokens.store.enrol(by, "m3", None)


def test_a_machine_with_a_token_in_use_is_not_enrolled_again_until_it_expires(
    tokens: Tokens,
) -> None:
    by = tokens.good(tokens.store.add("inscripcion", uses=2, lifetime=HOUR))
    tokens.good(tokens.store.enrol(by, "m1", None))
    with pytest.raises(EnrolmentRefusedError, match="has a token already"):
        tokens.store.enrol(by, "m1", None)
    tokens.now = START + HOUR
    assert tokens.good(tokens.store.enrol(by, "m1", None)).server == "id:m1"


def test_a_renewed_token_leaves_the_old_one_valid(tokens: Tokens) -> None:
    by = tokens.good(tokens.store.add("inscripcion", uses=1))
    old = tokens.store.enrol(by, "m1", "web-1")
    new = tokens.store.renew(tokens.good(old), "m1")
    assert (tokens.good(old).name, tokens.good(new).name) == ("web-1", "web-1")
    with pytest.raises(EnrolmentRefusedError):
        tokens.store.renew(tokens.good(old), "m2")


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
