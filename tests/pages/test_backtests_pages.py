"""/ensayos and /ensayo/{id}: rules and texts are tried on the past aside, and pages show it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from falcon import testing

from service.app import create_app
from service.auth.audit_log import AuditLog
from service.config import Config
from service.policies.backtest.job_process import run_next
from service.policies.evaluator.evaluator import Evaluator
from service.store.backtest_jobs import KEPT, MAX_DUE, BackTestJobStore, Job
from service.store.queries import load_queries
from service.store.tokens import TokenStore
from service.times import HOUR, MINUTE, SECOND
from tests.pages.test_fleet_page import figures, text_of
from tests.policies.rule_texts import RIGHT
from tests.support import engine
from tests.support.judged_field import EVERYWHERE, START, Arrival, Field

EVERY = RIGHT.replace(*EVERYWHERE).replace('confirmar_tras = "2 informes", ', "")
EVERY = EVERY.replace(', gracia_nuevos = "24h"', "")
PERIOD = {"desde": "2026-11-02", "hasta": "2026-11-02T02:00"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "http://127.0.0.1:8000"}


class Tried:
    """Two servers over two hours, of which one failed twice, and a service with tokens."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.field = Field(folder, monkeypatch)
        for minute in range(5, 120, 5):
            at = START + minute * MINUTE
            is_bad = minute in (30, 35, 60, 65, 110)
            self.field.add(Arrival(at + SECOND, at, "m0", ("bad",) if is_bad else ()))
            self.field.add(Arrival(at + 2 * SECOND, at, "m1", ("</td><b>",)))
        self.field.now = START + 2 * HOUR + MINUTE
        self.config: Config = self.field.config
        with Evaluator(self.config) as evaluator:
            evaluator.begin(look_seconds=0)
        database, audit = self.field.database, AuditLog(self.config.audit_log)
        tokens = TokenStore(database, load_queries(), audit)
        self.admin = tokens.add("admin", name="ana").secret
        self.reader = tokens.add("lectura").secret
        self.jobs = BackTestJobStore(database, load_queries())
        self._client = testing.TestClient(create_app(self.config, database))

    def get(self, address: str, secret: str = "") -> testing.Result:
        return self._ask("GET", address, secret or self.reader)

    def page(self, address: str, secret: str = "") -> str:
        answer = self.get(address, secret)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(
        self, address: str, fields: dict[str, str], secret: str = "", **headers: str
    ) -> testing.Result:
        return self._ask("POST", address, secret or self.admin, urlencode(fields), FORM | headers)

    def start(self, **fields: str) -> str:
        """The address of the back-test."""
        answer = self.post("/ensayos", PERIOD | fields)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def run(self) -> Job:
        job = run_next(self.config)
        assert job is not None
        return self.jobs.get(job.id)

    def logged(self) -> list[dict[str, Any]]:
        lines = map(json.loads, self.config.audit_log.read_text().splitlines())
        return [entry for entry in lines if entry["hecho"] == "rule tried"]

    def _ask(
        self, method: str, address: str, secret: str, body: str = "", headers: Any = None
    ) -> testing.Result:
        named = {"Host": "127.0.0.1:8000", "Cookie": f"sesion={secret}", "Accept-Language": "en"}
        path, _, query = address.partition("?")
        return self._client.simulate_request(
            method, path, query_string=query, body=body, headers=named | (headers or {})
        )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tried]:
    with pytest.MonkeyPatch.context() as patch:
        found = Tried(tmp_path_factory.mktemp("tried") / "var", patch)
        with closing(found.field.database):
            yield found


@pytest.fixture
def tried(made: Tried) -> Tried:
    """Without a back-test of another test."""
    engine.execute(made.config.database, "DELETE FROM backtest_job")
    return made


def test_a_rule_is_tried_from_its_page_and_shown_as_a_picture(tried: Tried) -> None:
    page = tried.page("/regla/a-rule", tried.admin)
    assert 'action="/ensayos"' in page
    assert 'name="politica" value="a-rule"' in page
    address = tried.start(politica="a-rule")
    waiting = tried.get(address)
    assert "Waiting" in waiting.text
    assert waiting.headers["refresh"] == "5"
    job = tried.run()
    assert (job.state, job.done, job.total) == ("done", 2, 2)
    answer = tried.get(address)
    assert "refresh" not in answer.headers
    shown = figures(answer.text)
    assert (shown["Servers tried"], shown["Failed at some time"], shown["Violations"]) == (
        *("2", "1", "2"),
    )
    assert "Never told" in answer.text
    assert f'href="{address}"' in tried.page("/regla/a-rule")


def test_the_page_of_a_rule_shows_the_newest_finished_back_test_of_its_text(tried: Tried) -> None:
    assert 'id="over-time"' not in tried.page("/regla/a-rule")
    tried.start(politica="a-rule", servidor="1")
    tried.run()
    address = tried.start(politica="a-rule")
    tried.run()
    tried.start(texto=EVERY.replace("'bad'", "'b'").replace('"bad"', '"b"'))  # another text
    assert tried.run().state == "done"
    cancelled = tried.start(politica="a-rule")
    tried.post(cancelled, {})
    page, whole = tried.page("/regla/a-rule"), tried.page(address)
    for label, number in (("Servers tried", "2"), ("Violations", "2")):
        assert figures(page)[label] == figures(whole)[label] == number
    for section in ("over-time", "windows"):
        shown = page.partition(f'id="{section}"')[2].partition("</section>")[0]
        assert shown == whole.partition(f'id="{section}"')[2].partition("</section>")[0] != ""
    past = text_of(page.partition('id="past"')[2].partition("</section>")[0])
    assert f"Back-test {address.rpartition('/')[2]} The newest that finished of this text" in past
    assert "all servers" in past
    assert "Never told" in past
    engine.execute(tried.config.database, "UPDATE policy_text SET hash = 'another'")
    try:
        assert 'id="over-time"' not in tried.page("/regla/a-rule")
    finally:
        texto = json.loads(tried.jobs.get(int(address.rpartition("/")[2])).result or "")["texto"]
        engine.execute(tried.config.database, "UPDATE policy_text SET hash = ?", (texto,))


def test_the_picture_shows_what_reports_showed_and_no_more(tried: Tried) -> None:
    """The violation of 00:30 was not seen from 00:40 to 00:55, and came back."""
    address = tried.start(texto=EVERY)
    result = json.loads(tried.run().result or "")
    minutes = [
        [(at - START) // MINUTE for at in window] for window in result["ventanas"][0]["lineas"]
    ]
    assert minutes == [[25, 30, 35, 40], [40, 60, 65, 70], [105, 110, 110, 115]]
    opened = {(at - START) // MINUTE: count for at, count, _, _ in result["columnas"] if count}
    assert opened == dict.fromkeys([*range(30, 36), *range(60, 66), 110], 1)
    alerts = {(at - START) // MINUTE: told for at, _, told, _ in result["columnas"] if told}
    assert alerts == {30: 1, 110: 1}
    html = tried.page(address)
    windows = html.partition('id="windows"')[2].partition("</section>")[0]
    assert len(re.findall(r'class="observed"', windows)) == 2
    assert len(re.findall(r'class="gap"', windows)) == 6
    table = html.partition('id="over-time"')[2].partition("</table>")[0]
    assert table.count("<tr>") == 1 + 13


def test_a_result_that_another_version_kept_is_not_read(tried: Tried) -> None:
    address = tried.start(politica="a-rule")
    result = json.loads(tried.run().result or "")
    assert 'id="over-time"' in tried.page(address)
    for state in ("done", "refused", "failed", "cancelled"):
        for other in ({"formato": result["formato"] + 1}, {"formato": None}):
            values = (state, json.dumps(result | other))
            update = "UPDATE backtest_job SET state = ?, result = ?"
            engine.execute(tried.config.database, update, values)
            page = tried.page(address)
            assert "Another version of the service kept the result" in page
            assert 'id="over-time"' not in page
            assert 'id="over-time"' not in tried.page("/regla/a-rule")


def test_an_unsaved_text_is_tried_through_the_guard(tried: Tried) -> None:
    address = tried.start(texto=EVERY.replace("a-rule", "other"))
    assert tried.run().state == "done"
    assert "unsaved text" in tried.page(address)
    assert "plataforma" not in tried.page(address)  # the text is for administrators
    assert "plataforma" in tried.page(address, tried.admin)
    assert tried.get("/regla/other").status_code == 404  # it came into force nowhere


def test_a_refused_text_says_file_line_and_reason(tried: Tried) -> None:
    answer = tried.post("/ensayos", {"texto": EVERY.replace("-- version = 2\n", "")})
    assert answer.status_code == 400
    assert "a-rule.sql" in answer.text
    assert "version is missing" in answer.text
    assert "SELECT name, count(*) AS n" in answer.text  # to be amended
    address = tried.start(texto=EVERY.replace("FROM procesos_vigentes", "FROM unheard"))
    assert tried.run().state == "refused"
    assert "a-rule.sql :18 no such table: unheard" in text_of(tried.page(address))
    address = tried.start(texto=EVERY.replace('name = "bad" }', 'name = "good" }'))
    assert tried.run().state == "refused"
    assert "prueba 1: expected falla, got cumple" in text_of(tried.page(address))


def test_each_text_is_in_the_audit_log_before_anything_else(tried: Tried) -> None:
    before = len(tried.logged())
    tried.start(texto=EVERY, servidor="1")
    tried.post("/ensayos", {"texto": "no rule"})
    first, second = tried.logged()[before:]
    assert (first["name"], first["texto"], first["servidor"]) == ("ana", EVERY, "1")
    assert first["desde"] == "2026-11-02 00:00:00.000000"
    assert second["texto"] == "no rule"
    kept = tried.config.audit_log.rename(tried.config.audit_log.with_suffix(".kept"))
    tried.config.audit_log.mkdir()
    assert tried.post("/ensayos", {"texto": EVERY}).status_code == 503
    tried.config.audit_log.rmdir()
    kept.rename(tried.config.audit_log)
    assert len(tried.jobs.newest()) == 1


def test_readers_look_and_start_nothing(tried: Tried) -> None:
    address = tried.start(politica="a-rule")
    for page in ("/ensayos", address, "/regla/a-rule"):
        assert "<button>Cancel" not in tried.page(page)
        assert 'action="/ensayos"' not in tried.page(page)
    assert tried.post("/ensayos", {"politica": "a-rule"}, tried.reader).status_code == 403
    assert tried.post(address, {}, tried.reader).status_code == 403
    elsewhere = {"Origin": "http://example.org"}
    assert tried.post("/ensayos", {"politica": "a-rule"}, **elsewhere).status_code == 401
    assert tried.post(address, {}, **elsewhere).status_code == 401
    assert [job.state for job in tried.jobs.newest()] == ["waiting"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"politica": "nothing"}, 404),
        ({}, 400),
        ({"politica": "a-rule", "desde": "2026-11-03", "hasta": "2026-11-02"}, 400),
        ({"politica": "a-rule", "desde": "yesterday"}, 400),
        ({"politica": "a-rule", "other": "1"}, 400),
    ],
)
def test_a_wrong_form_starts_nothing(tried: Tried, fields: dict[str, str], status: int) -> None:
    assert tried.post("/ensayos", fields).status_code == status
    assert tried.jobs.newest() == []


def test_a_server_that_is_not_there_is_refused(tried: Tried) -> None:
    address = tried.start(politica="a-rule", servidor="<b>")
    assert tried.run().state == "refused"
    page = tried.page(address)
    assert "there is no server &#39;&lt;b&gt;&#39;" in page


def test_one_that_waits_is_cancelled_at_once(tried: Tried) -> None:
    address = tried.start(politica="a-rule")
    assert tried.post(address, {}).status_code == 303
    assert "Cancelled" in tried.page(address)
    assert run_next(tried.config) is None


def test_only_so_many_wait_and_only_the_newest_are_kept(tried: Tried) -> None:
    first = tried.start(politica="a-rule")
    for _ in range(MAX_DUE - 1):
        last = tried.start(politica="a-rule")
    answer = tried.post("/ensayos", {"politica": "a-rule"})
    assert answer.status_code == 503
    assert "Too many back-tests wait" in answer.text
    engine.execute(tried.config.database, "UPDATE backtest_job SET state = 'done', ended_at = 1")
    for _ in range(KEPT - MAX_DUE + 1):
        tried.post(tried.start(politica="a-rule"), {})
    assert tried.get(first).status_code == 404
    assert tried.get(last).status_code == 200
    assert len(tried.jobs.newest(limit=1000)) == KEPT


def test_keys_of_rules_that_read_command_lines_are_not_kept(tried: Tried) -> None:
    text = EVERY.replace(
        "WHERE name = 'bad'", "WHERE name = 'bad' AND coalesce(linea_comando, '') <> 'x'"
    )
    tried.start(texto=text)
    job = tried.run()
    assert job.state == "done", job.result
    assert "bad" not in (job.result or "")
    assert json.loads(job.result or "")["violaciones_en_total"] == 2
