"""Derived tokens, attacked by a client that holds a good one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from tests.auth.closed import Closed
from tests.support.live import LiveService, wait_until
from tests.support.reports import report_2
from tests.support.tokens import bearer, make_token

KEY = "a-random-key-of-one-machine"
_machines = count(1)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Closed]:
    live = LiveService(tmp_path_factory.mktemp("derived") / "var")
    made = Closed(live)
    try:
        live.start()
        yield made
    finally:
        live.stop()


@pytest.fixture
def machine() -> str:
    return f"machine-{next(_machines)}"


def test_renewals_of_a_token_with_an_end_end_with_it(closed: Closed, machine: str) -> None:
    secret = make_token(closed.live.data, "ingest", "--vence", "1m", "--servidor", machine)
    ends = {each["vence"] for each in closed.tokens(machine)}
    for _ in range(3):
        answer = closed.ask(secret, machine)
        ends.add(answer.json()["vence"])
        secret = answer.json()["token"]
    assert len(ends) == 1
    assert None not in ends


def test_enrolled_tokens_end_with_an_enrolment_token_without_a_lifetime(
    closed: Closed, machine: str
) -> None:
    secret = make_token(closed.live.data, "inscripcion", "--uses", "1", "--expires", "2d")
    end = closed.tokens()[-1]["vence"]
    answer = closed.ask(secret, machine)
    assert answer.json()["vence"] == end
    assert closed.ask(answer.json()["token"], machine).json()["vence"] == end


def test_a_machine_that_renews_for_ever_has_two_good_tokens_that_revocation_reaches(
    closed: Closed, machine: str
) -> None:
    own = closed.given(closed.enrolling, machine)
    answers = [closed.ask(own, machine) for _ in range(70)]
    secrets = [answer.json()["token"] for answer in answers if answer.status == 201]
    assert len(secrets) == 59
    assert {answer.status for answer in answers[59:]} == {403}
    assert "60 tokens within an hour" in answers[-1].json()["detail"]
    listed = closed.tokens(machine)
    assert closed.good(machine) == [listed[0]["id"], listed[-1]["id"]]
    assert {(each["derivado_de"], each["derivacion"]) for each in listed[1:]} == {
        (listed[0]["id"], "renovacion")
    }
    assert closed.post(secrets[-2], machine) == 401
    assert closed.post(secrets[-1], machine) == 201
    assert closed.revoke(listed[0]["id"]) == 204
    assert closed.good(machine) == []
    assert (closed.post(own, machine), closed.post(secrets[-1], machine)) == (401, 401)


def test_a_token_whose_renewal_is_in_use_cannot_be_renewed(closed: Closed, machine: str) -> None:
    first = closed.given(closed.enrolling, machine)
    second = closed.given(first, machine)
    assert closed.post(second, machine) == 201
    assert closed.ask(first, machine).status == 403
    third = closed.given(second, machine)
    assert closed.post(first, machine) == 401
    assert {closed.post(each, machine) for each in (second, third)} == {200}
    assert len(closed.good(machine)) == 2


def test_a_revoked_enrolment_token_takes_its_machines_along(closed: Closed, machine: str) -> None:
    enrolling = make_token(closed.live.data, "inscripcion", "--uses", "2", "--lifetime", "90d")
    number = closed.tokens()[-1]["id"]
    first = closed.given(enrolling, machine)
    second = closed.given(first, machine)
    other = closed.given(enrolling, machine + "-b")
    listed = closed.tokens(machine)
    assert [each["derivado_de"] for each in listed] == [number, listed[0]["id"]]
    assert [each["derivacion"] for each in listed] == ["inscripcion", "renovacion"]
    assert closed.revoke(number) == 204
    assert closed.good(machine) == closed.good(machine + "-b") == []
    assert {closed.post(second, machine), closed.post(other, machine + "-b")} == {401}
    assert closed.ask(first, machine).status == 401
    assert closed.revoke(number) == 404
    assert closed.post(closed.anyone, machine) == 201


def test_concurrent_renewals_leave_two_good_tokens(closed: Closed, machine: str) -> None:
    secret = closed.given(closed.enrolling, machine)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: closed.ask(secret, machine), range(16)))
    assert {answer.status for answer in answers} == {201}
    assert len(closed.good(machine)) == 2
    assert closed.post(secret, machine) == 201


# --- enrolment ---


def test_a_used_up_enrolment_token_cannot_take_over_a_machine(closed: Closed, machine: str) -> None:
    enrolling = make_token(closed.live.data, "inscripcion", "--uses", "1", "--lifetime", "90d")
    own = closed.given(enrolling, machine, Idempotency_Key=KEY)
    for headers in ({}, {"Idempotency_Key": "another-random-key-of-a-thief"}):
        assert closed.ask(enrolling, machine, **headers).status == 403
        assert closed.ask(closed.enrolling, machine, **headers).status == 403
    # Its own machine, whose answer was lost, is given another one; the lost one is invalid.
    kept = closed.given(enrolling, machine, Idempotency_Key=KEY)
    assert closed.post(own, machine) == 401
    assert closed.post(kept, machine) == 201
    assert closed.ask(enrolling, machine, Idempotency_Key=KEY).status == 403


def test_a_used_up_enrolment_token_cannot_take_over_a_machine_of_an_older_agent(
    closed: Closed, machine: str
) -> None:
    enrolling = make_token(closed.live.data, "inscripcion", "--uses", "1")
    own = closed.given(enrolling, machine)
    assert closed.ask(enrolling, machine).status == 403
    assert closed.ask(enrolling, machine, Idempotency_Key=KEY).status == 403
    assert closed.post(own, machine) == 201


def test_enrolment_replaces_no_unused_token_of_an_operator(closed: Closed, machine: str) -> None:
    given = make_token(closed.live.data, "ingest", "--server", machine)
    assert closed.ask(closed.enrolling, machine, Idempotency_Key=KEY).status == 403
    assert closed.post(given, machine) == 201


def test_concurrent_enrolments_take_no_more_than_the_uses(closed: Closed, machine: str) -> None:
    enrolling = make_token(closed.live.data, "inscripcion", "--uses", "3")
    with ThreadPoolExecutor(8) as pool:
        asked = [f"{machine}-{number % 6}" for number in range(12)]
        answers = list(pool.map(lambda name: closed.ask(enrolling, name), asked))
    assert sorted(answer.status for answer in answers) == [201] * 3 + [403] * 9


@pytest.mark.parametrize("key", ["short", "x" * 129, "a key with blanks in it, and long", "ñ" * 30])
def test_a_malformed_key_is_refused(closed: Closed, machine: str, key: str) -> None:
    answer = closed.ask(closed.enrolling, machine, Idempotency_Key=key.encode().decode("latin-1"))
    assert answer.status == 400
    assert answer.json()["errors"][0]["parameter"] == "Idempotency-Key"
    assert closed.tokens(machine) == []


# --- bonds ---


def test_a_token_of_a_network_changes_no_machine_outside_of_it(
    closed: Closed, machine: str
) -> None:
    bound = make_token(closed.live.data, "ingest", "--server", "10.77.0.0/24")
    victim = {"ipaddress": "192.0.2.1", "nombre_host": "db-1"}
    assert closed.post(closed.anyone, machine, **victim) == 201
    columns = "id_serv, ipaddress, id_clonado"
    query = f"SELECT {columns} FROM servers WHERE id_maquina = ? ORDER BY id_serv"
    before = closed.live.rows(query, (machine,))
    archived = [path.read_bytes() for path in sorted(closed.live.archive.iterdir())]
    for number, (host, time) in enumerate(
        (host, time)
        for host in ("web-1", "db-1", "")
        for time in ("2020-02-15 03:00:00", "2020-02-15 01:00:00", "2099-01-01 00:00:00")
    ):
        members = {"ipaddress": f"10.77.0.{number + 1}", "nombre_host": host, "fecha_hora": time}
        assert closed.post(bound, machine, **members) == 403, members
    assert closed.live.rows(query, (machine,)) == before
    assert [path.read_bytes() for path in sorted(closed.live.archive.iterdir())] == archived
    # Its own clones are its business, as long as none is elsewhere.
    own = machine + "-own"
    assert closed.post(bound, own, ipaddress="10.77.0.1", nombre_host="a") == 201
    assert closed.post(bound, own, ipaddress="10.77.0.2", nombre_host="b") == 201


# --- revocation during a request ---


@pytest.mark.parametrize("path", ["/servers", "/inscripcion"])
def test_a_request_that_began_before_the_revocation_of_its_token_does_nothing(
    closed: Closed, machine: str, path: str
) -> None:
    """A thief keeps requests open, and completes them later."""
    own = closed.given(closed.enrolling, machine)
    document = report_2(id_maquina=machine) if path == "/servers" else {"id_maquina": machine}
    body = json.dumps(document).encode()
    connection = closed.live.connection(timeout=15)
    try:
        connection.putrequest("POST", path)
        connection.putheader("Content-Length", str(len(body)))
        for name, value in bearer(own).items():
            connection.putheader(name, value)
        connection.endheaders(body[:10])
        wait_until(lambda: closed.tokens(machine)[0]["usado"])  # it was authenticated
        assert closed.revoke(closed.good(machine)[0]) == 204
        connection.send(body[10:])
        assert connection.getresponse().status == 401
    finally:
        connection.close()
    assert len(closed.tokens(machine)) == 1
    assert closed.live.rows("SELECT * FROM servers WHERE id_maquina = ?", (machine,)) == []


@pytest.mark.torture
def test_no_token_is_left_that_was_given_while_its_parent_was_revoked(closed: Closed) -> None:
    def keep_on(machine: str, secret: str) -> None:
        """A thief asks for tokens with every one of those that were given."""
        held, answer = [secret], 201
        while answer != 401:  # 401: neither the first token nor the last one is valid
            for each in (held[-1], held[0]):
                asked = closed.ask(each, machine)
                answer = asked.status
                if answer == 201:
                    held.append(asked.json()["token"])
                    break

    for turn in range(8):
        enrolling = make_token(closed.live.data, "inscripcion", "--uses", "9", "--lifetime", "9d")
        number = closed.tokens()[-1]["id"]
        machines = [f"race-{turn}-{each}" for each in range(4)]
        first = {machine: closed.given(enrolling, machine) for machine in machines}
        with ThreadPoolExecutor(9) as pool:
            thieves = [pool.submit(keep_on, *each) for each in first.items()]
            more = [pool.submit(closed.ask, enrolling, f"race-{turn}-{5 + n}") for n in range(4)]
            assert closed.revoke(number) == 204
        assert all(each.result() is None for each in thieves)
        assert {each.result().status for each in more} <= {201, 401}
        own = [each for each in closed.tokens() if f":race-{turn}-" in str(each["server"])]
        assert len(own) >= 4
        assert not any(each["vigente"] for each in own)


# --- fail closed ---


def test_no_token_is_given_or_revoked_without_an_audit_entry(closed: Closed, machine: str) -> None:
    own = closed.given(closed.enrolling, machine)
    assert closed.post(own, machine) == 201
    before = closed.live.rows("SELECT * FROM token ORDER BY id")
    log, aside = closed.live.data / "audit.jsonl", closed.live.data / "aside"
    log.rename(aside)
    log.mkdir()
    try:
        answers = [
            closed.ask(closed.enrolling, machine + "-b"),
            closed.ask(own, machine),
            closed.live.request("DELETE", "/tokens/1", headers=bearer(closed.admin)),
        ]
        assert [answer.status for answer in answers] == [503] * 3
        assert all("retry-after" in answer.headers for answer in answers)
        assert closed.post(own, machine, fecha_hora="2020-02-15 03:00:00") == 201
    finally:
        log.rmdir()
        aside.rename(log)
    assert closed.live.rows("SELECT * FROM token ORDER BY id") == before
    assert closed.given(own, machine)
