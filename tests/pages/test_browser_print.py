"""Pages on paper: whole, dark on white, without forms, under a header that says what is shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser

from tests.pages.browser import Profile, Visitor
from tests.pages.fleet import Fleet
from tests.pages.paper import Paper, print_page, squeezed
from tests.support.live import LiveService
from tests.support.reports import report_2

pytestmark = pytest.mark.torture

NAMES = [f"prog{at:03}" for at in range(1, 97)]
LONG_COMMAND = "/opt/long " + " ".join(f"--option-{at}=value" for at in range(40))
TIMES = [f"2026-11-2{day} 10:00:00.500000" for day in (1, 2, 3)]
PROFILES = {"es": Profile("es"), "en": Profile("en", script=False)}

# Labels of forms, and links and buttons that are of no use on paper.
SCREEN_ONLY = {
    "es": ["Fecha y hora", "Buscar", "comando o PID", "Mostrar", "O ir a", "Desde (UTC)", "JSON"],
    "en": [
        "Date and time",
        "Search processes",
        "command or PID",
        "Or move to",
        "From (UTC)",
        "CSV",
    ],
}
SCREEN_ONLY_ANYWHERE = ["English", "Español", "API", "Programas Usuarios", "Programs Users"]
FACTS = {
    "es": ["Momento consultado", "Registro mostrado", "Registro anterior", "Registro posterior"],
    "en": ["Moment asked for", "Record shown", "Record before", "Record after"],
}
PRINTED = {
    "es": ("Página generada", "según el reloj de este servicio", "equipo que la imprime"),
    "en": ("Page made", "by the clock of this service", "of the printing computer"),
}


@dataclass(frozen=True, slots=True)
class Printed:
    """The page of a server at the moment of the second of its three records."""

    papers: dict[str, Paper]  # by language; the Spanish one by a reader in the dark
    url: str
    records: list[dict[str, Any]]  # the oldest first


@pytest.fixture(scope="module")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Printed]:
    live = LiveService(tmp_path_factory.mktemp("print") / "var", COMPLIANCE_WORKERS="1")
    try:
        live.start()
        for moment in TIMES:
            document = report_2(len(NAMES), fecha_hora=moment)
            for row, name in zip(document["procesos"], NAMES, strict=True):
                row["name"] = name
            for row in document["procesos"][7::8]:
                row["linea_comando"] = LONG_COMMAND
            assert live.post(document).status == 201
        records = live.get("/servers/1/historial").json()["historial"]
        url = f"{live.url}/servidor/1?fecha_hora={quote(TIMES[1])}"
        papers = {}
        with closing(Visitor(browser, live.url)) as visitor:
            for language, profile in PROFILES.items():
                tab = visitor.tab(profile)
                tab.use_scheme("dark")
                tab.open(url)
                papers[language] = print_page(tab)
                tab.check()
        yield Printed(papers, url, records[::-1])
    finally:
        live.stop()


@pytest.mark.parametrize("language", PROFILES)
def test_printed_server_page_has_every_process_and_whole_commands(
    server: Printed, language: str
) -> None:
    paper = server.papers[language]
    assert [name for name in NAMES if name not in paper.text] == []
    assert paper.text.count(squeezed(LONG_COMMAND)) == len(NAMES) // 8
    rows = [sheet for sheet in paper.sheets if "prog" in sheet]
    assert len(rows) > 2
    # The header of the table stands on each sheet, and no row is cut between two.
    assert all("PID" in sheet for sheet in rows)
    assert [sheet.count("--option-0=") for sheet in rows] == [
        sheet.count("--option-39=") for sheet in rows
    ]


@pytest.mark.parametrize("language", PROFILES)
def test_printed_server_page_says_what_it_shows_from_where_and_when(
    server: Printed, language: str
) -> None:
    head = squeezed(server.papers[language].sheets[0])
    before, shown, after = server.records
    facts = [
        *FACTS[language],
        *PRINTED[language][:2],
        "web-1",
        "server 1" if language == "en" else "servidor 1",
        shown["id_maquina"],
        f"{TIMES[1]} UTC",
        server.url,
        *(f"{each['id_serv']}, " for each in (before, shown, after)),
        *(each["fecha_hora"] for each in (before, shown, after)),
        f"{shown['recibido']} UTC",
    ]
    assert [fact for fact in facts if squeezed(fact) not in head] == []
    # A script knows when the page is printed; the service only when it made it.
    by_script = squeezed(PRINTED[language][2]) in head
    assert by_script == PROFILES[language].script


@pytest.mark.parametrize("language", PROFILES)
def test_printed_server_page_has_no_forms_and_no_navigation(server: Printed, language: str) -> None:
    paper = server.papers[language]
    assert [text for text in SCREEN_ONLY[language] if squeezed(text) in paper.text] == []
    head = paper.sheets[0]
    assert [text for text in SCREEN_ONLY_ANYWHERE if squeezed(text) in squeezed(head)] == []


def test_paper_is_white_for_a_reader_in_the_dark(server: Printed) -> None:
    pixels = server.papers["es"].grey()
    assert pixels[0] == pixels[-1] == 255
    white = sum(pixel > 250 for pixel in pixels) / len(pixels)
    assert white > 0.75
    assert min(pixels) < 100  # and its text is dark


@pytest.mark.parametrize(
    ("address", "question"),
    [
        ("/?q=deb", ["¿Qué servidores hay", "Texto buscado", "deb"]),
        ("/programa?name=nfsd&fecha_hora={moment}", ["¿Dónde se ejecuta este programa", "nfsd"]),
        ("/usuario?username=juan", ["¿Dónde tiene sesiones este usuario", "juan", "ninguno"]),
    ],
)
def test_other_printed_pages_name_their_question_address_and_time(
    visitor: Visitor, fleet: Fleet, address: str, question: list[str]
) -> None:
    address = address.replace("{moment}", fleet.ago(3))
    tab = visitor.tab()
    tab.open(address)
    paper = print_page(tab)
    head = squeezed(paper.sheets[0])
    facts = [*question, *PRINTED["es"], visitor.base + address]
    assert [fact for fact in facts if squeezed(fact) not in head] == []
    forms = ["Fecha y hora", "Filtrar", "Buscar", "Mostrar", "Los nombres deben", "JSON"]
    assert [text for text in forms if squeezed(text) in paper.text] == []
    tab.check()


def test_printed_list_says_where_the_rest_is(visitor: Visitor, fleet: Fleet) -> None:
    tab = visitor.tab(Profile("en"))
    page = tab.open(f"/servidor/{fleet.servers['ci-1']}?desde={fleet.ago(30)}")
    older = page.locator("#activity a[rel=next]").get_attribute("href")
    assert older
    shown = print_page(tab).text
    assert squeezed("This list continues on another page: " + older.partition("#")[0]) in shown
    assert "beginsonanotherpage" not in shown
    tab.follow(page.locator("#activity a[rel=next]"))
    assert "beginsonanotherpage" in print_page(tab).text
