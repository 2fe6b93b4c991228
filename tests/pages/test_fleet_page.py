"""/: overview, table and time of the fleet page."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote

import pytest

from service import times
from tests.pages.fleet import HOUR, Fleet
from tests.support.live import LiveService
from tests.support.reports import report


def get_page(live: LiveService, address: str) -> str:
    answer = live.get(address, **{"Accept-Language": "en"})
    assert answer.status == 200
    return answer.body.decode()


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def servers_in(html: str) -> list[int]:
    table = html.partition('id="servers-caption"')[2]
    return [int(number) for number in re.findall(r'href="/servidor/(\d+)', table)]


def figures(html: str) -> dict[str, str]:
    html = html.partition('<dl class="figures">')[2]
    found = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", html)
    return {name: re.sub(r"<[^>]*>", "", value) for name, value in found}


def test_figures_match_the_summary(fleet: Fleet) -> None:
    summary = fleet.live.get("/resumen").json()
    assert figures(get_page(fleet.live, "/")) == {
        "Servers": str(summary["servidores"]),
        "Up to date": str(summary["al_dia"]),
        "Silent servers": str(summary["silenciosos"]),
        "Open violations": str(
            len(fleet.live.get("/violaciones?abiertas=si").json()["violaciones"])
        ),
        "Systems without support": str(
            {row["soporte"]: row["servidores"] for row in summary["por_soporte"]}["terminado"]
        ),
        "Reports in the last 24 hours": str(
            sum(hour["informes"] for hour in summary["informes_por_hora"])
        ),
    }


def test_charts_have_tables_that_match_the_summary(fleet: Fleet) -> None:
    summary = fleet.live.get("/resumen").json()
    html = get_page(fleet.live, "/")
    tables = {
        caption: [
            text_of(row).rpartition(" ")[2] for row in re.findall(r"<tr>.*?</tr>", body, re.DOTALL)
        ]
        for caption, body in re.findall(
            r"<caption[^>]*>([^<]*)</caption>.*?<tbody>(.*?)</tbody>", html, re.DOTALL
        )
    }

    def counts(rows: list[dict[str, object]], name: str) -> list[str]:
        return [str(row[name]) for row in rows]

    by_system = counts(summary["por_sistema"], "servidores")
    assert tables["Servers by operating system and version"] == by_system[:10]
    by_architecture = counts(summary["por_arquitectura"], "servidores")
    assert tables["Servers by architecture"] == by_architecture
    by_hour = counts(summary["informes_por_hora"], "informes")
    assert tables["Reports received per hour; the last hour is incomplete"] == by_hour
    programs = counts(summary["programas"], "procesos")
    assert tables["Programs with the most processes now"] == programs
    users = counts(summary["usuarios"], "procesos")
    assert tables["Users with the most processes now"] == users


def test_suggestions_hold_no_character_that_does_not_show_as_itself(
    fresh_service: LiveService,
) -> None:
    live = fresh_service.start()
    hidden = "\u202eLinux"
    names = {"nombre_so": hidden, "version_so": "12\u200b", "arquitectura_proc": "arm\u2066"}
    assert live.post(report(ipaddress="10.0.0.1") | names).status == 201
    assert live.post(report(ipaddress="10.0.0.2", nombre_so="Linux ñ")).status == 201
    options = re.findall(r"<datalist.*?</datalist>", get_page(live, "/"), re.DOTALL)
    assert len(options) == 3
    assert re.findall(r'value="([^"]*)"', "".join(options)) == ["Linux ñ", "Debian", "x86_64"]
    # They can still be asked for.
    assert servers_in(get_page(live, f"/?nombre_so={quote(hidden)}")) == [1]


def test_every_chart_has_a_title(fleet: Fleet) -> None:
    html = get_page(fleet.live, "/")
    pictures = re.findall(r'<svg[^>]*role="img".*?</svg>', html, re.DOTALL)
    assert len(pictures) > 20
    assert all("<title" in picture for picture in pictures)


def test_silent_server_is_listed_with_its_duration(fleet: Fleet) -> None:
    silent = text_of(get_page(fleet.live, "/").partition('id="silent-heading"')[2])
    assert re.match(r".*?Silent servers sensor-planta no report for \d+ h", silent)


def test_recent_changes_list_an_upgrade(fleet: Fleet) -> None:
    changes = text_of(get_page(fleet.live, "/").partition('id="changes-heading"')[2])
    assert "bd-1 : OS version: 12 → 13" in changes


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=WEB-", ["web-1", "web-2", "web-3"]),
        ("ipaddress=10.0.8.0/24", ["clon-a", "clon-b"]),
        ("estado=silencioso", ["sensor-planta"]),
        ("nombre_so=Alpine+Linux", ["borde-bogota"]),
        ("q=web&arquitectura_proc=aarch64", ["web-3"]),
        ("q=nothing+like+this", []),
    ],
)
def test_filter_selects_the_matching_servers(fleet: Fleet, query: str, names: list[str]) -> None:
    html = get_page(fleet.live, f"/?{query}")
    assert servers_in(html) == [fleet.servers[name] for name in names]
    assert ("No servers match." in html) == (not names)
    assert "Clear filters" in html
    assert 'class="figures"' not in html  # the results come first


def test_form_fields_keep_their_values(fleet: Fleet) -> None:
    html = get_page(fleet.live, "/?q=%3Cb%3E%22&ipaddress=10.0.0.0/8&estado=al_dia&version_so=12")
    assert 'name="q" value="&lt;b&gt;&#34;"' in html
    assert 'name="ipaddress" value="10.0.0.0/8"' in html
    assert 'name="version_so" value="12"' in html
    assert '<option value="al_dia" selected>' in html


def test_links_of_a_past_fleet_keep_the_time(fleet: Fleet) -> None:
    moment = fleet.ago(6)
    html = get_page(fleet.live, f"/?fecha_hora={moment}")
    assert re.search(r"The fleet <strong>as of \w+day, [^<]* UTC</strong>", html)
    links = re.findall(r'href="/servidor/\d+([^"]*)"', html)
    assert links
    assert set(links) == {f"?fecha_hora={moment.replace(':', '%3A')}"}
    assert 'class="figures"' not in html  # the overview shows the present


def test_past_fleet_matches_the_api(fleet: Fleet) -> None:
    html = get_page(fleet.live, f"/?fecha_hora={fleet.ago(20)}&nombre_so=Debian+GNU/Linux")
    (link,) = re.findall(r'href="(/servers\?[^"]*)" type="application/json"', html)
    rows = fleet.live.get(unescape(link)).json()["servers"]
    assert [row["servidor"] for row in rows] == servers_in(html)
    assert [row["fecha_hora"][:19] for row in rows] == re.findall(
        r'<td><time datetime="[^"]*">([^<]*)</time>', html.partition('id="servers-caption"')[2]
    )


def test_large_fleet_is_paginated(fresh_service: LiveService) -> None:
    fresh_service.start()
    now = times.now()
    for number in range(103):
        document = report(
            processes=1,
            ipaddress=f"10.1.0.{number}",
            fecha_hora=times.to_text(now - HOUR + number),
            usuarios_activos=[],
        )
        assert fresh_service.post(document).status == 201
    first = get_page(fresh_service, "/")
    (next_page,) = re.findall(r'rel="next" href="([^"]*)"', first)
    second = get_page(fresh_service, unescape(next_page))
    assert servers_in(first) + servers_in(second) == list(range(1, 104))
    assert 'rel="next"' not in second
    assert re.findall(r'href="([^"]*)">First page', second) == ["/#servers"]
    assert "more version" not in first
