"""A report without logins: whether nobody was logged in depends on who was asked."""

from __future__ import annotations

import pytest

from tests.support.live import LiveService
from tests.support.reports import report_2

SENTENCES = {
    "logind": ("No open logins.", "No hay sesiones abiertas."),
    "utmp": ("No open logins.", "No hay sesiones abiertas."),
    "ninguna": (
        "Neither logind nor utmp reported a login.",
        "Ni logind ni utmp informan de sesiones.",
    ),
    "desconocida": (
        "Logins unknown: neither logind nor utmp could be read.",
        "Sesiones desconocidas: no se pudo leer ni logind ni utmp.",
    ),
}


@pytest.mark.parametrize("source", SENTENCES)
def test_page_says_what_no_logins_mean(service: LiveService, source: str) -> None:
    document = report_2(id_maquina=source, fuente_usuarios=source, usuarios_activos=[])
    posted = service.post(document)
    assert posted.status == 201, posted.body
    path = f"/servidor/{posted.json()['id_serv']}"
    for language, sentence in zip(("en", "es"), SENTENCES[source], strict=True):
        page = service.request("GET", path, headers={"Accept-Language": language}).body.decode()
        told = {text for pair in SENTENCES.values() for text in pair if text in page}
        assert told == {sentence}
