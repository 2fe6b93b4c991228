"""/cumplimiento and /controles: their numbers are those of the lists that they lead to."""

from __future__ import annotations

import re

from tests.pages.fleet import Fleet
from tests.pages.test_fleet_page import get_page, text_of
from tests.pages.test_rules_pages import links, table


def test_each_failure_of_the_matrix_leads_to_its_evidence(fleet: Fleet) -> None:
    html = get_page(fleet.live, "/cumplimiento")
    found = links(html, "/incumplimientos?")
    rows = table(html, "matrix-caption")
    assert sum(row.count("✗") for row in rows) == len(found) > 0
    for address in found:
        assert len(table(get_page(fleet.live, address), "violations-caption")) >= 1
    assert rows[0][1] != "0"
    assert [int(row[1]) for row in rows] == sorted((int(row[1]) for row in rows), reverse=True)
    silent = next(row for row in rows if row[0] == "sensor-planta")
    assert silent[3] == "?"


def test_the_matrix_counts_what_the_list_of_rules_counts(fleet: Fleet) -> None:
    html = get_page(fleet.live, "/cumplimiento")
    head = html.partition("<thead>")[2].partition("</thead>")[0].split("</tr>")
    names = [text_of(cell) for cell in re.findall(r"<th[^>]*>.*?</th>", head[0], re.DOTALL)][3:]
    counts = [text_of(cell) for cell in re.findall(r"<td[^>]*>.*?</td>", head[1], re.DOTALL)][2:]
    rules = {row[0]: row[2] for row in table(get_page(fleet.live, "/reglas"), "rules-caption")}
    assert dict(zip(names, counts, strict=True)) == {name: rules[name] for name in names}
    assert "No system auditing" not in names  # it passes everywhere, and stands below
    assert "No system auditing" in text_of(html.partition("</table>")[2])


def test_a_framework_tells_what_nothing_speaks_of(fleet: Fleet) -> None:
    html = get_page(fleet.live, "/controles/ens")
    rows = {row[0]: row for row in table(html, "controls-caption")}
    assert rows["op.exp.6"][1] == "Fails"
    assert rows["op.exp.6"][-1] == "Cryptocurrency miner"
    unspoken = text_of(html.partition('id="unspoken"')[2])
    assert "org.1" in unspoken
    assert "op.exp.6," not in unspoken
    overview = {
        row[0]: row for row in table(get_page(fleet.live, "/controles"), "frameworks-caption")
    }
    evidence = overview["ENS (RD 311/2022)"][1]
    assert evidence.endswith("of 73")
    assert evidence.capitalize() in text_of(html)


def test_no_page_of_controls_claims_more_than_evidence(fleet: Fleet) -> None:
    for address in ("/cumplimiento", "/controles", "/controles/ens", "/controles/cis"):
        text = text_of(get_page(fleet.live, address)).lower()
        assert not re.search(r"\b(compliant|certified|secure)\b", text), address
