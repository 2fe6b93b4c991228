"""Stored values are translated for display: states, login sources, kinds of change."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.pages.fleet import Fleet
from tests.support.live import LiveService
from tests.support.reports import report_2

STORED_VALUES = re.compile(
    r"\b(al_dia|silencioso|ninguna|desconocida"
    r"|(servidor|programa|usuario)_nuevo|servidor_cambia|primer_informe"
    r"|(proceso|usuario)_(aparece|desaparece))\b"
)
PATHS = [
    "/",
    "/?estado=silencioso",
    "/?estado=unknown",
    "/servidor/{server}?desde=2020-01-01",
    "/programa?name=nginx",
    "/usuario?username=juan",
]


@pytest.fixture(scope="module")
def no_login_source(service: LiveService) -> LiveService:
    """A service with two reports of a server; the agent found a login source for the first one."""
    for second, source in enumerate(["utmp", "ninguna"]):
        document = report_2(
            usuarios_activos=[],
            fuente_usuarios=source,
            fecha_hora=f"2020-02-15 02:00:0{second}",
        )
        assert service.post(document).status == 201
    return service


def visible_text(live: LiveService, path: str, language: str = "en") -> str:
    answer = live.get(path, **{"Accept-Language": language})
    html = answer.body.decode().replace("</dt>", " ")
    html = re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)  # SQL, which has them as they are
    return " ".join(unescape(re.sub(r"<[^>]*>", "", html)).split())


@pytest.mark.parametrize("path", PATHS)
def test_english_page_shows_no_stored_value(fleet: Fleet, path: str) -> None:
    text = visible_text(fleet.live, path.replace("{server}", str(fleet.servers["bd-1"])))
    assert STORED_VALUES.findall(text) == []


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en", ["Login source none", "Login source: utmp → none", "Neither logind nor utmp"]),
        (
            "es",
            [
                "Origen de las sesiones ninguno",
                "Origen de las sesiones: utmp → ninguno",
                "Ni logind ni utmp informan",
            ],
        ),
    ],
)
def test_login_source_is_translated_in_details_and_changes(
    no_login_source: LiveService, language: str, texts: list[str]
) -> None:
    page = visible_text(no_login_source, "/servidor/1", language)
    assert [text for text in texts if text not in page] == []
    assert texts[1] in visible_text(no_login_source, "/", language)
    assert "sesiones ninguna" not in page
    assert "→ ninguna" not in page


@pytest.mark.parametrize(
    ("language", "state"), [("en", ["Silent", "Up to date"]), ("es", ["Silencioso", "Al día"])]
)
def test_state_is_translated_in_badge_and_filter(
    fleet: Fleet, language: str, state: list[str]
) -> None:
    silent, up_to_date = state
    html = fleet.live.get("/", **{"Accept-Language": language}).body.decode()
    assert f'<span class="state silent">{silent}</span>' in html
    assert f'<span class="state">{up_to_date}</span>' in html
    assert f'<option value="silencioso">{silent}</option>' in html
    assert f'<option value="al_dia">{up_to_date}</option>' in html
