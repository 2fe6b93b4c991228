"""/novedades.atom: what happened to violations and servers, for feed readers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from falcon import testing

from service.app import create_app
from service.auth.audit_log import AuditLog
from service.policies.rules.places import SHIPPED_FOLDER
from service.store.queries import load_queries
from service.store.read.feed import MOST, MOST_OF_SERVER
from service.store.tokens import TokenStore
from service.times import MINUTE
from tests.support import engine
from tests.support.atom import ATOM, checked, texts
from tests.support.judged_fleet import Fleet
from tests.support.tokens import bearer

SCOPES = ("novedades", "lectura", "admin", "ingest", "inscripcion")


class Feed:
    """A service in this process beside a fleet that is judged, with a token of each scope."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.tokens = TokenStore(fleet.database, load_queries(), AuditLog(fleet.config.audit_log))
        self.secrets = {scope: self.tokens.add(scope).secret for scope in SCOPES}
        self.begin()

    def begin(self, **settings: Any) -> None:
        self.client = testing.TestClient(
            create_app(replace(self.fleet.config, **settings), self.fleet.database)
        )

    def get(
        self,
        path: str = "/novedades.atom",
        *,
        scope: str | None = "novedades",
        known: str = '"none"',
        **query: str,
    ) -> testing.Result:
        shown = {} if scope is None else bearer(self.secrets[scope])
        headers = shown | {"If-None-Match": known}
        return self.client.simulate_get(path, params=query, headers=headers)

    def entries(self, idioma: str = "es") -> list[tuple[str, str, str]]:
        """The kind, the title and the text of each."""
        answer = self.get(idioma=idioma)
        assert answer.status_code == 200, answer.text
        root = checked(answer.content)
        kinds = [each.attrib["term"] for each in root.iter(f"{ATOM}category")]
        return list(zip(kinds, texts(root, "title"), texts(root, "content"), strict=True))


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[Feed]:
    fleet = Fleet(tmp_path)
    with closing(fleet.database):
        yield Feed(fleet)


def report(feed: Feed, ago: int, *names: str, machine: str = "m1") -> None:
    feed.fleet.add(ago, *names, machine=machine)
    feed.fleet.judge()


def violations(feed: Feed, idioma: str = "es") -> list[tuple[str, str, str]]:
    return [each for each in feed.entries(idioma) if each[0] in {"abierta", "resuelta"}]


def test_a_fleet_of_which_nothing_is_known_has_a_valid_feed(feed: Feed) -> None:
    assert feed.entries() == []


def test_a_violation_is_an_entry_when_it_opens_and_one_when_it_ends(feed: Feed) -> None:
    report(feed, 5 * MINUTE)
    report(feed, 4 * MINUTE, "bad")
    before = checked(feed.get().content)
    opened = violations(feed, idioma="en")
    assert opened[0][:2] == ("abierta", "[high] Violation: [es] t")
    assert "a-rule on web-1 (10.0.0.1); [es] bad 1; between " in opened[0][2]
    report(feed, 3 * MINUTE)
    after = checked(feed.get().content)
    assert [kind for kind, _, _ in violations(feed)] == ["resuelta", "abierta"]
    assert violations(feed, idioma="en")[1] == opened[0]
    assert set(texts(before, "id")) < set(texts(after, "id"))
    assert before.findtext(f"{ATOM}id") == after.findtext(f"{ATOM}id")
    assert after.findtext(f"{ATOM}updated") == max(texts(after, "updated"))


def test_what_is_open_and_waived_is_marked_while_it_is(feed: Feed) -> None:
    report(feed, 5 * MINUTE)
    report(feed, 4 * MINUTE, "bad")
    until = (datetime.now(UTC) + timedelta(days=5)).strftime("%Y-%m-%d")
    waiver = {"politica": "a-rule", "servidor": 1, "motivo": "lab", "hasta": until}
    admin = bearer(feed.secrets["admin"])
    answer = feed.client.simulate_post("/exenciones", json=waiver, headers=admin)
    assert answer.status_code == 201, answer.text
    ((_, title, text),) = violations(feed, idioma="en")
    assert title == "[high] Violation: [es] t (waived now)"
    ends = feed.get(f"/exenciones/{answer.json['id']}", scope="admin").json["hasta"][:16]
    assert text.endswith(f"; now: waived until {ends} UTC")
    ((_, title, text),) = violations(feed)
    assert title == "[alta] Incumplimiento: t (ahora exento)"
    assert text.endswith(f"; ahora: exento hasta {ends} UTC")
    report(feed, 3 * MINUTE)
    assert [("exento" in title) for _, title, _ in violations(feed)] == [False, False]


def test_news_of_the_fleet_are_entries(feed: Feed) -> None:
    report(feed, 5 * MINUTE)
    report(feed, 4 * MINUTE, "cron")
    titles = {kind: title for kind, title, _ in feed.entries(idioma="en")}
    assert titles["servidor_nuevo"] == "New server: web-1 (10.0.0.1)"
    assert titles["programa_nuevo"] == "New program: cron"
    assert "Servidor nuevo: web-1 (10.0.0.1)" in {title for _, title, _ in feed.entries()}


def test_an_answer_is_the_same_while_nothing_happens_and_is_not_sent_again(feed: Feed) -> None:
    report(feed, 5 * MINUTE, "bad")
    first = feed.get()
    assert first.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert first.headers["referrer-policy"] == "no-referrer"
    again = feed.get(known=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    report(feed, 4 * MINUTE)
    assert feed.get(known=first.headers["etag"]).status_code == 200


def test_there_are_links_only_where_the_address_of_the_service_is_set(feed: Feed) -> None:
    report(feed, 5 * MINUTE, "bad")
    assert b"href" not in feed.get().content
    feed.begin(url="https://c.example.org")
    root = checked(feed.get().content)
    links = {each.attrib["href"] for each in root.iter(f"{ATOM}link")}
    assert "https://c.example.org/novedades.atom?idioma=es" in links
    assert "https://c.example.org/incumplimientos?politica=a-rule&servidor=1" in links
    assert all(link.startswith("https://c.example.org/") for link in links)


def test_names_from_reports_are_text(feed: Feed) -> None:
    name = "bad\x1b[31m\u202e\ufffeñ]]><script>alert(1)</script>&amp;\r\n"
    text = feed.fleet.rule.read_text(encoding="utf-8")
    feed.fleet.rule.write_text(
        text.replace("name = 'bad'", "name LIKE 'bad%'").replace("version = 2", "version = 3"),
        encoding="utf-8",
    )
    report(feed, 5 * MINUTE, name)
    ((_, _, content),) = [each for each in feed.entries() if each[0] == "abierta"]
    assert "bad\ufffd[31m\ufffd\ufffdñ]]><script>alert(1)</script>&amp;\ufffd\ufffd" in content
    assert b"<script" not in feed.get().content


def test_a_rule_that_reads_command_lines_shows_no_names(feed: Feed) -> None:
    report(feed, 5 * MINUTE, "bad")
    engine.execute(feed.fleet.config.database, "UPDATE policy_text SET command_lines = 1")
    for scope in ("novedades", "admin"):
        found = checked(feed.get(scope=scope).content)
        (content,) = [text for text in texts(found, "content") if "a-rule" in text]
        assert "bad 1" not in content


def test_one_server_hides_no_other(feed: Feed) -> None:
    report(feed, 60 * MINUTE)
    report(feed, 59 * MINUTE, "bad", machine="m2")
    for minute in range(55, 15, -1):
        feed.fleet.add(minute * MINUTE, *(["bad"] if minute % 2 else []))
    feed.fleet.judge()
    found = feed.entries()
    assert len(violations(feed)) <= MOST_OF_SERVER + 1
    assert [kind for kind, _, _ in found].count("servidor_nuevo") == 1
    assert len(found) <= MOST
    root = checked(feed.get().content)
    assert texts(root, "updated") == sorted(texts(root, "updated"), reverse=True)


def test_a_token_of_feeds_may_stand_in_the_address_and_no_other_may(feed: Feed) -> None:
    report(feed, 5 * MINUTE, "bad")
    secret = feed.secrets["novedades"]
    assert feed.get(scope=None, token=secret).status_code == 200
    assert feed.get(scope=None, token=secret).content == feed.get().content
    assert feed.get(scope=None).status_code == 401
    assert feed.get(scope=None, token=secret[:-1] + "xy"[secret[-1] == "x"]).status_code == 401
    assert feed.get(scope=None, token="x" * 65).status_code == 401
    for scope in ("lectura", "admin", "ingest"):
        answer = feed.get(scope=None, token=feed.secrets[scope])
        assert answer.status_code == 403
        assert feed.secrets[scope] not in answer.text
    for path in ("/servers", "/violaciones", "/", "/resumen"):
        assert feed.get(path, scope=None, token=secret).status_code in {303, 401}
        assert feed.get(path).status_code == 403
    posted = feed.client.simulate_post("/servers", headers=bearer(secret), body=b"{}")
    assert posted.status_code == 403
    feed.tokens.revoke(feed.tokens.all()[0].id)
    assert feed.get(scope=None, token=secret).status_code == 401


def test_other_scopes_that_read_may_ask_with_a_header(feed: Feed) -> None:
    expected = {"novedades": 200, "lectura": 200, "admin": 200, "ingest": 403, "inscripcion": 403}
    assert {scope: feed.get(scope=scope).status_code for scope in SCOPES} == expected


def test_pages_name_the_feed_in_their_language(feed: Feed) -> None:
    page = feed.get("/reglas", scope="lectura", idioma="en").text
    assert (
        '<link rel="alternate" type="application/atom+xml" href="/novedades.atom?idioma=en">'
        in page
    )


def test_an_unknown_parameter_is_refused(feed: Feed) -> None:
    assert feed.get(idioma="fr").status_code == 400
    assert feed.get(limit="5").status_code == 400


def test_titles_are_those_of_the_rule(feed: Feed) -> None:
    assert (SHIPPED_FOLDER / "silencioso.sql").exists()
    report(feed, 5 * 60 * MINUTE)
    assert "[media] Incumplimiento: Servidor silencioso" in {t for _, t, _ in feed.entries()}
