"""/auditoria: a period by control, rule and server; its numbers are those of the lists."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from service import times
from tests.pages.browser import Profile, Visitor
from tests.pages.fleet import Fleet
from tests.pages.paper import print_page, squeezed
from tests.pages.test_fleet_page import get_page, text_of
from tests.pages.test_rules_pages import links, table


def address_of(fleet: Fleet, hours: int = 30) -> str:
    """The last hours of the fleet, up to a moment after its last report."""
    until = times.to_text(fleet.ends_at + times.MINUTE)[:19].replace(" ", "T")
    return f"/auditoria?desde={fleet.ago(hours)}&hasta={until}"


def test_each_number_of_violations_is_that_of_its_list(fleet: Fleet) -> None:
    html = get_page(fleet.live, address_of(fleet))
    rows = table(html, "failures-caption")
    assert rows
    for row, address in zip(
        rows, links(html.partition('id="failures"')[2], "/incumplim"), strict=True
    ):
        found = table(get_page(fleet.live, address), "violations-caption")
        assert int(row[-2]) == len(found) > 0
    rules = {row[0]: row for row in table(html, "rules-caption")}
    assert int(rules["Cryptocurrency miner"][-2]) == sum(int(row[-2]) for row in rows)


def test_the_numbers_are_those_of_the_api(fleet: Fleet) -> None:
    html = get_page(fleet.live, address_of(fleet))
    query = address_of(fleet).partition("?")[2]
    for kind, caption in (("politicas", "rules-caption"), ("servidores", "servers-caption")):
        answer = fleet.live.get(f"/periodo/{kind}?{query}").json()[kind]
        shares = sorted(str(row["proporcion"]) for row in answer)
        shown = [row[7 if kind == "politicas" else 6] for row in table(html, caption)]
        assert sorted(share.removesuffix(" %").replace("—", "None") for share in shown) == shares
    controls = {row[0]: row for row in table(html, "controls-ens-caption")}
    assert controls["op.exp.6"][1] == "Fails"
    assert controls["op.exp.6"][-1] == "minero"
    silent = next(row for row in table(html, "servers-caption") if row[0] == "sensor-planta")
    assert silent[-1] != "0"  # its gap


def test_a_period_says_where_knowledge_begins_and_ends(fleet: Fleet) -> None:
    whole = text_of(get_page(fleet.live, "/auditoria?desde=2020-01-01&hasta=2098-01-01"))
    assert "Nothing is known before" in whole
    assert "Nothing is known of later, and nothing later is counted." in whole
    past = text_of(get_page(fleet.live, address_of(fleet, hours=1)))
    assert "The first verdict of all is not later than the beginning of the period." in past
    assert "nothing later is counted" not in past
    future = text_of(get_page(fleet.live, "/auditoria?desde=2098-01-01"))
    assert "No rule judged a server in this period." in future
    assert "Judged up to" in future
    assert "From 2098-01-01 00:00:00 to 2098-01-01 00:00:00" in future
    ahead = text_of(get_page(fleet.live, "/auditoria?desde=2098-01-01&hasta=2098-02-01"))
    assert "From 2098-01-01 00:00:00 to 2098-02-01 00:00:00" in ahead


def test_no_period_claims_more_than_evidence(fleet: Fleet) -> None:
    text = text_of(get_page(fleet.live, address_of(fleet))).lower()
    assert not re.search(r"\b(compliant|certified|secure)\b", text)
    assert "silence does not pass" in text


def test_hostile_names_are_text(fleet: Fleet) -> None:
    html = get_page(fleet.live, f"{address_of(fleet)}&etiqueta={quote('a=<script>')}")
    assert "<script>" not in html
    assert "<b onclick" not in get_page(fleet.live, address_of(fleet))


@pytest.mark.torture
@pytest.mark.parametrize(("language", "profile"), [("es", Profile("es")), ("en", Profile("en"))])
def test_a_printed_period_says_what_it_is_about(
    visitor: Visitor, fleet: Fleet, language: str, profile: Profile
) -> None:
    tab = visitor.tab(profile)
    tab.open(f"{address_of(fleet)}&marco=ens")
    paper = print_page(tab)
    head = squeezed(paper.sheets[0])
    facts = {
        "es": ["Hasta", "Evaluado hasta", "Marco", "ens", "Página generada"],
        "en": ["Until", "Judged up to", "Framework", "ens", "Page made"],
    }[language]
    assert [fact for fact in facts if squeezed(fact) not in head] == []
    assert "op.exp.6" in paper.text
    forms = {"es": ["Mostrar", "Elegir", "JSON"], "en": ["Show", "Choose", "JSON"]}[language]
    assert [text for text in forms if text in paper.text] == []
    tab.check()
