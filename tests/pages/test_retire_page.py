"""POST /servidor/{server}/retirar: the form by which administrators retire a server."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import pytest

from service.times import HOUR, MINUTE
from tests.resources.test_retiros import Api, api

__all__ = ["api"]  # a fixture

FORM = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Origin": "http://localhost",
    "Host": "localhost",
}


def shown(api: Api, path: str, scope: str = "admin") -> str:
    answer = api.client.simulate_get(path, headers=_cookie(api, scope) | {"Accept-Language": "en"})
    assert answer.status_code == 200
    return answer.text


def sent(api: Api, server: int, scope: str = "admin", /, **fields: str) -> Any:
    return api.client.simulate_post(
        f"/servidor/{server}/retirar", body=urlencode(fields), headers=FORM | _cookie(api, scope)
    )


def _cookie(api: Api, scope: str) -> dict[str, str]:
    return {"Cookie": f"sesion={api.secrets[scope]}"}


def forms(page: str) -> list[tuple[str, dict[str, str]]]:
    """Address and given fields of the forms that retire."""
    found = re.findall(r'<form[^>]*action="(/servidor/\d+/retirar)">(.*?)</form>', page, re.DOTALL)
    return [
        (
            address,
            {
                name: "".join(re.findall(r' value="([^"]*)"', rest))
                for name, rest in re.findall(r'<input[^>]* name="(\w+)"([^>]*)>', form)
            },
        )
        for address, form in found
    ]


def test_an_administrator_retires_a_server_on_its_page(api: Api) -> None:
    assert forms(shown(api, "/servidor/2")) == [
        ("/servidor/2/retirar", {"motivo": "", "sucesor": ""})
    ]
    answer = sent(api, 2, motivo="vendido en el año nuevo", sucesor="")
    assert (answer.status_code, answer.headers["location"]) == (303, "/servidor/2")
    page = shown(api, "/servidor/2")
    assert "vendido en el año nuevo" in page
    assert forms(page) == []  # it is retired already
    assert api.servers(estado="retirado") == [(2, "retirado")]
    (row,) = api.ask("GET", "/servers/2/retiros").json["retiros"]
    assert row["por"] == "token 1"


def test_the_proposed_successor_is_in_the_form_on_both_pages(api: Api) -> None:
    api.now += HOUR
    api.report(9, host="host-2")
    given = ("/servidor/2/retirar", {"sucesor": "4", "motivo": "replaced by server 4"})
    assert forms(shown(api, "/servidor/2"))[0] == given
    assert forms(shown(api, "/servidor/4"))[0] == given
    answer = sent(api, 2, **given[1])
    assert answer.status_code == 303
    assert "Server 4 took its place" in shown(api, "/servidor/2")
    page = shown(api, "/servidor/4")
    assert "took the place of one" in page
    assert [address for address, _ in forms(page)] == ["/servidor/4/retirar"]


def test_readers_and_past_moments_have_no_form(api: Api) -> None:
    assert forms(shown(api, "/servidor/2", "lectura")) == []
    api.now += MINUTE
    assert forms(shown(api, "/servidor/2?fecha_hora=2026-03-01T10:00:30")) == []
    assert sent(api, 2, "lectura", motivo="sold").status_code == 403
    assert api.servers(estado="retirado") == []


@pytest.mark.parametrize("origin", [{"Origin": "http://evil.example"}, {"Origin": ""}])
def test_forms_of_other_sites_are_refused(api: Api, origin: dict[str, str]) -> None:
    headers = {**FORM, **_cookie(api, "admin"), **origin}
    answer = api.client.simulate_post("/servidor/2/retirar", body="motivo=x", headers=headers)
    assert answer.status_code in {401, 403}
    assert api.servers(estado="retirado") == []


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 400),
        ({"motivo": ""}, 400),
        ({"motivo": " "}, 400),
        ({"motivo": "two\r\nlines"}, 400),
        ({"motivo": "x" * 501}, 400),
        ({"motivo": "x" * 20_000}, 400),
        ({"motivo": "sold", "sucesor": "x"}, 400),
        ({"motivo": "sold", "sucesor": "2"}, 400),
        ({"motivo": "sold", "sucesor": "99"}, 404),
        ({"motivo": "sold", "otro": "1"}, 400),
    ],
)
def test_what_is_wrong_is_said_and_retires_nothing(
    api: Api, fields: dict[str, str], status: int
) -> None:
    answer = sent(api, 2, **fields)
    assert (answer.status_code, answer.headers["content-type"][:9]) == (status, "text/html")
    assert api.servers(estado="retirado") == []


def test_a_server_that_is_unknown_or_retired_is_refused(api: Api) -> None:
    assert sent(api, 99, motivo="sold").status_code == 404
    assert sent(api, 2, motivo="sold").status_code == 303
    assert sent(api, 2, motivo="sold").status_code == 409


def test_many_servers_of_one_name_do_not_flood_the_page(api: Api) -> None:
    for number in range(10, 20):
        api.report(number, host="localhost")
    api.now += HOUR
    api.report(99, host="localhost")
    assert len(forms(shown(api, "/servidor/14"))) == 6
