"""EnrolmentStore: which machine is given a token, how long it lives, and how many there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.auth.audit_log import AuditLog
from service.auth.token_format import digest_of
from service.errors import EnrolmentRefusedError, UnauthorizedError
from service.store.tokens import Token
from service.store.write.token_changes import NewToken
from service.times import HOUR
from tests.support.engine import Engine
from tests.support.tokens import START, Tokens

KEY, OTHER_KEY = digest_of("a key"), digest_of("another key")


@pytest.fixture
def tokens(engine: Engine, tmp_path: Path) -> Iterator[Tokens]:
    made = Tokens(engine.migrated(), AuditLog(tmp_path / "audit.jsonl"))
    with closing(made.database):
        yield made


def enrolling(
    tokens: Tokens, uses: int = 5, *, expires_at: int | None = None, lifetime: int | None = None
) -> Token:
    made = tokens.store.add("inscripcion", uses=uses, expires_at=expires_at, lifetime=lifetime)
    return tokens.good(made)


def valid(tokens: Tokens, server: str = "id:m1") -> list[int]:
    """The numbers of the valid tokens of a machine."""
    now = tokens.now
    return [each.id for each in tokens.store.all() if each.server == server and each.is_valid(now)]


# --- enrolment ---


def test_an_enrolment_token_enrols_as_many_machines_as_it_has_uses(tokens: Tokens) -> None:
    by = enrolling(tokens, uses=2, lifetime=HOUR)
    made = [tokens.enrolment.enrol(by, machine, None) for machine in ("m1", "m2")]
    assert [tokens.good(each).server for each in made] == ["id:m1", "id:m2"]
    assert [each.expires_at for each in made] == [START + HOUR] * 2
    with pytest.raises(EnrolmentRefusedError, match="no uses left"):
        tokens.enrolment.enrol(by, "m3", None)


def test_a_machine_with_a_token_in_use_is_not_enrolled_again_until_it_expires(
    tokens: Tokens,
) -> None:
    by = enrolling(tokens, uses=2, lifetime=HOUR)
    made = tokens.enrolment.enrol(by, "m1", None, KEY)
    tokens.good(made)
    for key in (KEY, None):
        with pytest.raises(EnrolmentRefusedError, match=rf"already.* \(number {made.id}\)"):
            tokens.enrolment.enrol(by, "m1", None, key)
    tokens.now = START + HOUR
    assert tokens.good(tokens.enrolment.enrol(by, "m1", None)).server == "id:m1"


def test_a_machine_whose_answer_was_lost_is_enrolled_again_and_counted_once(
    tokens: Tokens,
) -> None:
    by = enrolling(tokens, uses=1)
    lost = tokens.enrolment.enrol(by, "m1", None, KEY)
    kept = tokens.enrolment.enrol(by, "m1", None, KEY)  # the token is used up by now
    assert tokens.store.find(lost.secret) is None
    assert tokens.good(kept).server == "id:m1"


@pytest.mark.parametrize("key", [None, OTHER_KEY])
@pytest.mark.parametrize("uses", [1, 5])
def test_nobody_else_takes_over_a_machine_that_has_not_used_its_token_yet(
    tokens: Tokens, uses: int, key: bytes | None
) -> None:
    by = enrolling(tokens, uses=uses)
    made = tokens.enrolment.enrol(by, "m1", None, KEY)
    for enrolment_token in (by, enrolling(tokens)):
        with pytest.raises(EnrolmentRefusedError):
            tokens.enrolment.enrol(enrolment_token, "m1", None, key)
    assert tokens.good(made).server == "id:m1"


def test_a_used_up_token_does_not_replace_a_token_that_was_given_without_a_key(
    tokens: Tokens,
) -> None:
    """An agent of 0.1.0 sends no key: another use of the same enrolment token replaces it."""
    by = enrolling(tokens, uses=2)
    lost = tokens.enrolment.enrol(by, "m1", None)
    with pytest.raises(EnrolmentRefusedError, match="already"):
        tokens.enrolment.enrol(enrolling(tokens), "m1", None)
    made = tokens.enrolment.enrol(by, "m1", None)
    assert not tokens.is_valid(lost)
    with pytest.raises(EnrolmentRefusedError, match="no uses left"):
        tokens.enrolment.enrol(by, "m1", None)
    assert tokens.is_valid(made)


def test_enrolment_replaces_no_token_that_an_operator_made(tokens: Tokens) -> None:
    given = tokens.store.add("ingest", server="id:m1")
    for key in (None, KEY):
        with pytest.raises(EnrolmentRefusedError, match="has a token already"):
            tokens.enrolment.enrol(enrolling(tokens), "m1", None, key)
    assert tokens.is_valid(given)


def test_a_refused_enrolment_takes_no_use(tokens: Tokens) -> None:
    by = enrolling(tokens, uses=2)
    tokens.good(tokens.enrolment.enrol(by, "m1", None, KEY))
    with pytest.raises(EnrolmentRefusedError):
        tokens.enrolment.enrol(by, "m1", None, OTHER_KEY)
    assert tokens.enrolment.enrol(by, "m2", None)


@pytest.mark.parametrize("way", ["revoked", "expired"])
def test_a_token_that_became_invalid_after_the_request_showed_it_gives_none(
    tokens: Tokens, way: str
) -> None:
    by = enrolling(tokens, expires_at=START + HOUR)
    machine = tokens.good(tokens.enrolment.enrol(by, "m1", None))
    if way == "revoked":
        tokens.store.revoke(by.id)
    else:
        tokens.now = START + HOUR
    with pytest.raises(UnauthorizedError):
        tokens.enrolment.enrol(by, "m2", None)
    with pytest.raises(UnauthorizedError):
        tokens.enrolment.renew(machine, "m1")
    assert len(tokens.store.all()) == 2


# --- how long derived tokens live ---


def test_what_derives_from_a_token_with_an_end_ends_with_it(tokens: Tokens) -> None:
    end = START + 9 * HOUR
    by = enrolling(tokens, expires_at=end)
    given = tokens.store.add("ingest", server="id:m2", expires_at=end)
    for made, machine in ((tokens.enrolment.enrol(by, "m1", None), "m1"), (given, "m2")):
        last = made
        for _ in range(3):
            tokens.now += HOUR
            last = tokens.enrolment.renew(tokens.good(last), machine)
            assert last.expires_at == end
        tokens.now = end
        assert tokens.store.find(last.secret) is None
        tokens.now = START


def test_a_token_made_with_a_lifetime_gives_tokens_that_outlive_it(tokens: Tokens) -> None:
    by = enrolling(tokens, expires_at=START + HOUR, lifetime=9 * HOUR)
    made = tokens.enrolment.enrol(by, "m1", None)
    assert made.expires_at == START + 9 * HOUR
    tokens.now += 6 * HOUR
    assert tokens.enrolment.renew(tokens.good(made), "m1").expires_at == START + 15 * HOUR


# --- how many there are ---


def test_a_renewed_token_leaves_the_old_one_valid(tokens: Tokens) -> None:
    old = tokens.enrolment.enrol(enrolling(tokens), "m1", "web-1")
    new = tokens.enrolment.renew(tokens.good(old), "m1")
    assert (tokens.good(old).name, tokens.good(new).name) == ("web-1", "web-1")
    with pytest.raises(EnrolmentRefusedError, match="its own token only"):
        tokens.enrolment.renew(tokens.good(old), "m2")


def test_renewals_whose_answers_were_lost_leave_one_beside_the_token_in_use(
    tokens: Tokens,
) -> None:
    used = tokens.enrolment.enrol(enrolling(tokens), "m1", None)
    made: list[NewToken] = []
    for _ in range(5):
        made.append(tokens.enrolment.renew(tokens.good(used), "m1"))
        assert valid(tokens) == [used.id, made[-1].id]


def test_a_renewed_token_in_use_retires_the_one_before_at_its_own_renewal(tokens: Tokens) -> None:
    first = tokens.enrolment.enrol(enrolling(tokens), "m1", None)
    second = tokens.enrolment.renew(tokens.good(first), "m1")
    tokens.good(second)
    assert valid(tokens) == [first.id, second.id]
    with pytest.raises(EnrolmentRefusedError, match="is in use: renew that one"):
        tokens.enrolment.renew(tokens.good(first), "m1")
    third = tokens.enrolment.renew(tokens.good(second), "m1")
    assert valid(tokens) == [second.id, third.id]


def test_a_token_can_be_renewed_again_when_its_renewal_is_revoked(tokens: Tokens) -> None:
    first = tokens.enrolment.enrol(enrolling(tokens), "m1", None)
    stolen = tokens.enrolment.renew(tokens.good(first), "m1")
    tokens.good(stolen)
    tokens.store.revoke(stolen.id)
    second = tokens.enrolment.renew(tokens.good(first), "m1")
    assert valid(tokens) == [first.id, second.id]


def test_a_renewal_touches_no_other_machine_and_no_other_token_of_an_operator(
    tokens: Tokens,
) -> None:
    by = enrolling(tokens)
    own, other = (tokens.enrolment.enrol(by, machine, None) for machine in ("m1", "m2"))
    given = tokens.store.add("ingest", server="id:m1")
    made = tokens.enrolment.renew(tokens.good(own), "m1")
    assert valid(tokens) == [own.id, given.id, made.id]
    assert valid(tokens, "id:m2") == [other.id]
    assert tokens.is_valid(NewToken(by.id, "", None))


def test_a_machine_is_given_a_bounded_number_of_tokens_in_an_hour(tokens: Tokens) -> None:
    by = enrolling(tokens, uses=9)
    machine = tokens.good(tokens.enrolment.enrol(by, "m1", None))
    for _ in range(59):
        tokens.enrolment.renew(machine, "m1")
    with pytest.raises(EnrolmentRefusedError, match="60 tokens within an hour"):
        tokens.enrolment.renew(machine, "m1")
    assert len(valid(tokens)) == 2
    assert tokens.enrolment.enrol(by, "m2", None)
    tokens.now += HOUR
    assert tokens.enrolment.renew(machine, "m1")


def test_a_refusal_waits_for_no_writer(tokens: Tokens, engine: Engine) -> None:
    """A client that asks for ever must not take the turns of those that report."""
    by = enrolling(tokens, uses=1)
    first = tokens.good(tokens.enrolment.enrol(by, "m1", None))
    tokens.good(tokens.enrolment.renew(first, "m1"))
    with engine.write_locked():
        for machine in ("m1", "m2"):
            with pytest.raises(EnrolmentRefusedError):
                tokens.enrolment.enrol(by, machine, None)
        with pytest.raises(EnrolmentRefusedError):
            tokens.enrolment.renew(first, "m1")
