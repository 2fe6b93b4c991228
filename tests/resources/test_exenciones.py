"""Waivers mark what fails, at each moment, and change no verdict and no count."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service import times
from service.auth.audit_log import AuditLog
from service.store.queries import load_queries
from service.store.write.tag_changes import TagChanges, TagEdit
from service.times import DAY, HOUR, MINUTE
from tests.support.judged import SILENT, fails
from tests.support.waived import START, WaivedApi


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WaivedApi]:
    made = WaivedApi(tmp_path, monkeypatch)
    with closing(made.database):
        yield made


BOTH = {(1, "xmrig"): None, (1, "minerd"): None, (2, "xmrig"): None}


def test_a_waiver_marks_what_fails_and_changes_no_count(api: WaivedApi) -> None:
    before = api.counts()
    assert before == (1, 2, 0, 3, 0, 33)
    answer = api.waive(servidor=1)
    assert (answer.status_code, answer.headers["location"]) == (201, "/exenciones/1")
    assert api.marks() == BOTH | {(1, "xmrig"): 1, (1, "minerd"): 1}
    assert api.counts() == (1, 2, 0, 3, 1, 33)
    for number, expected in ((1, (True, 1)), (2, (False, None)), (3, (None, None))):
        path = f"/servers/{api.records[number - 1]}/cumplimiento"
        (row,) = api.ask("GET", path).json["cumplimiento"]
        assert (row["exenta"], row["exencion"]) == expected
        assert row["veredicto"] == ("cumple" if number == 3 else "falla")
    rows = api.ask("GET", "/politicas/minero").json["veredictos"]
    assert [(row["servidor"], row["exenta"]) for row in rows] == [(1, True), (2, False), (3, None)]


def test_it_is_told_by_its_maker_and_its_end_includes_the_day(api: WaivedApi) -> None:
    api.waived(red="10.0.2.0/24", motivo="  reviewed  ")
    (row,) = api.waivers()
    assert row == {
        "id": 1,
        "politica": "minero",
        "servidor": None,
        "etiqueta": None,
        "red": "10.0.2.0/24",
        "clave": None,
        "motivo": "reviewed",
        "por": "token 1",
        "dicha": "2026-03-01 10:01:00.000000",
        "hasta": "2026-03-12 00:00:00.000000",
        "revocada": None,
        "revocada_por": None,
        "estado": "vigente",
        "violaciones": 1,
        "servidores": 1,
        "reservada": False,
    }
    (entry,) = api.entries()
    assert (entry["hecho"], entry["red"], entry["by"]) == ("waiver told", "10.0.2.0/24", "token 1")
    csv = api.ask("GET", "/exenciones", formato="csv").text
    assert csv.splitlines()[1].startswith("1,minero,,,10.0.2.0/24,,reviewed,token 1,")


def test_it_ends_by_itself_to_the_minute_and_stays_visible(api: WaivedApi) -> None:
    number = api.waived(servidor=2, hasta="2026-03-01T12:00+01:00")
    end = START + HOUR
    assert api.waivers()[0]["hasta"] == times.to_text(end)
    api.now = end - 1
    assert api.marks()[2, "xmrig"] == number
    assert api.counts()[4] == 1
    api.now = end
    assert api.marks() == BOTH
    assert api.counts() == (1, 2, 0, 3, 0, 33)
    assert api.state(number) == ("terminada", 0, 0)
    assert [row["id"] for row in api.waivers(estado="terminada")] == [number]
    assert api.waivers(estado="vigente") == []


def test_a_moment_of_the_past_says_what_was_waived_then(api: WaivedApi) -> None:
    before, api.now = api.now, api.now + MINUTE
    number = api.waived(servidor=2, hasta="2026-03-01T11:00")
    told, api.now = api.now, START + DAY
    then = {"fecha_hora": times.to_text(told + MINUTE)}
    assert api.marks(**then)[2, "xmrig"] == number
    assert api.counts(**then)[4] == 1
    assert api.state(number, **then) == ("vigente", 1, 1)
    assert api.marks(fecha_hora=times.to_text(before)) == BOTH
    assert api.waivers(fecha_hora=times.to_text(told - 1)) == []
    # Nobody had told it then.
    known = then | {"conocido_en": times.to_text(told - 1)}
    assert api.marks(**known) == BOTH
    assert api.waivers(**known) == []
    assert api.ask("GET", f"/exenciones/{number}", **known).status_code == 404
    after = {"fecha_hora": "2026-03-01 11:00:00"}
    assert api.marks(**after) == BOTH
    assert api.state(number, **after) == ("terminada", 0, 0)


def test_it_is_revoked_from_now_on_alone(api: WaivedApi) -> None:
    number = api.waived(servidor=2)
    told, api.now = api.now, api.now + HOUR
    assert api.ask("DELETE", f"/exenciones/{number}").status_code == 204
    assert api.marks() == BOTH
    row = api.waivers()[0]
    assert (row["estado"], row["revocada"], row["revocada_por"]) == (
        "terminada",
        times.to_text(api.now),
        "token 1",
    )
    revoked, api.now = api.now, api.now + DAY
    just_before = {"fecha_hora": times.to_text(revoked - 1)}
    assert api.marks(**just_before)[2, "xmrig"] == number
    assert api.waivers(**just_before)[0]["revocada"] is None
    assert api.marks(fecha_hora=times.to_text(revoked)) == BOTH
    answer = api.ask("DELETE", f"/exenciones/{number}")
    assert (answer.status_code, answer.json["type"].rpartition(":")[2]) == (409, "waiver-ended")
    assert api.ask("DELETE", "/exenciones/9").status_code == 404
    assert [entry["hecho"] for entry in api.entries()] == ["waiver told", "waiver revoked"]
    assert told < revoked


def test_one_that_was_told_and_revoked_at_once_held_between(api: WaivedApi) -> None:
    number = api.waived(servidor=2)
    api.ask("DELETE", f"/exenciones/{number}")  # our clock has not moved
    row = api.waivers()[0]
    assert row["dicha"] < row["revocada"]
    assert api.marks(fecha_hora=row["dicha"])[2, "xmrig"] == number
    api.now += MINUTE
    assert api.marks() == BOTH


def test_tags_and_addresses_decide_anew_at_each_moment(api: WaivedApi) -> None:
    number = api.waived(etiqueta="entorno=pruebas")
    assert api.state(number) == ("ociosa", 0, 0)
    tags = TagChanges(api.database, load_queries(), AuditLog(api.config.audit_log), lambda: api.now)
    api.now += MINUTE
    tags.tell([TagEdit(1, "entorno", "pruebas")], "ana")
    assert api.state(number) == ("vigente", 2, 1)
    assert api.marks()[1, "xmrig"] == number
    before = times.to_text(api.now - 1)
    api.now += MINUTE
    tags.tell([TagEdit(1, "entorno", "produccion")], "ana")
    assert api.state(number) == ("ociosa", 0, 0)
    assert api.state(number, fecha_hora=before) == ("ociosa", 0, 0)
    assert api.state(number, fecha_hora=times.to_text(api.now - 1)) == ("vigente", 2, 1)


def test_a_key_covers_its_values_alone_and_a_server_is_waived_as_a_whole(api: WaivedApi) -> None:
    number = api.waived(red="10.0.0.0/8", clave={"name": "xmrig"})
    assert api.marks() == BOTH | {(1, "xmrig"): number, (2, "xmrig"): number}
    assert api.counts()[4] == 1  # server 1 fails for another program as well
    assert api.state(number) == ("vigente", 2, 2)
    other = api.waived(servidor=1, clave={"name": "minerd", "username": "ana"})
    assert api.marks()[1, "minerd"] == other
    assert api.counts() == (1, 2, 0, 3, 2, 33)


def test_what_is_unknown_is_never_waived_and_the_violation_stays_marked(api: WaivedApi) -> None:
    number = api.waived(servidor=2)
    api.judging.event(2, "silencio", api.now + 1, minero=SILENT)
    assert api.counts() == (1, 1, 1, 3, 0, 33)
    assert api.marks()[2, "xmrig"] == number


def test_it_comes_to_its_end_a_tenth_of_its_length_before(api: WaivedApi) -> None:
    number = api.waived(servidor=2, hasta="2026-03-11T10:00")
    for before, state in ((DAY + 2 * MINUTE, "vigente"), (DAY - 2 * MINUTE, "por_vencer")):
        api.now = START + 10 * DAY - before
        assert api.state(number)[0] == state
    api.now = START
    long = api.waived(servidor=2, hasta="2027-03-01")
    for before, state in ((7 * DAY + 1, "vigente"), (7 * DAY, "por_vencer")):
        api.now = times.parse("2027-03-02") - before
        assert api.state(long)[0] == state


def test_a_server_that_passes_has_an_idle_waiver(api: WaivedApi) -> None:
    number = api.waived(servidor=3)
    assert api.state(number) == ("ociosa", 0, 0)
    assert api.counts() == (1, 2, 0, 3, 0, 33)


def test_a_new_text_of_the_rule_is_waived_as_far_as_it_has_the_key(api: WaivedApi) -> None:
    number = api.waived(servidor=2, clave={"name": "xmrig"})
    api.now += MINUTE
    api.judging.take_up("minero", api.now, text="another")
    api.judging.report(api.report(2), minero=fails("xmrig", "minerd"))
    assert api.marks()[2, "xmrig"] == number
    assert api.marks()[2, "minerd"] is None
    with api.database.transaction() as connection:
        connection.execute('UPDATE violation SET key = \'{"user":"xmrig"}\'')
    assert api.state(number) == ("ociosa", 0, 0)


def test_a_rule_that_was_retired_keeps_its_waivers_and_gets_no_new_one(api: WaivedApi) -> None:
    number = api.waived(servidor=2)
    with api.database.transaction() as connection:
        connection.execute("UPDATE policy SET retired_at = 1")
    answer = api.waive(servidor=2)
    assert (answer.status_code, answer.json["errors"][0]["parameter"]) == (400, "politica")
    assert [row["id"] for row in api.waivers()] == [number]
