"""A number leads to a list of as many, also where what comes later changes what was so then."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from service.times import MINUTE, SECOND
from tests.pages.test_waivers_page import page
from tests.support.judged import PASSES
from tests.support.waived import WaivedApi

_NUMBER = re.compile(r'<a href="(/(?:incumplimientos|regla/)[^"#]*)(?:#servers)?">(\d+)</a>')
_ROW = re.compile(r"<tr>\s*<th scope=\"row\"")


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WaivedApi]:
    """Two reports that pass end a violation, as of the first; the second server sent one."""
    made = WaivedApi(tmp_path, monkeypatch, resolve=2)
    made.judging.report(made.report(2), minero=PASSES)
    made.now += MINUTE
    yield made
    made.database.close()


def numbers(html: str) -> list[tuple[str, int]]:
    """The addresses that numbers lead to."""
    return [(unescape(address), int(number)) for address, number in _NUMBER.findall(html)]


def rows_of(api: WaivedApi, address: str) -> int:
    html = page(api, address)
    caption = "violations-caption" if address.startswith("/incumplimientos") else "servers-caption"
    _, _, rest = html.partition(f'<caption id="{caption}"')
    return len(_ROW.findall(rest.partition("</table>")[0]))


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/reglas",
        "/reglas?fecha_hora=2026-03-01T10:01:30",
        "/regla/minero",
        "/regla/minero?fecha_hora=2026-03-01T10:01:30",
        "/auditoria?desde=2026-03-01T10:01:10&hasta=2026-03-01T10:01:50",
        "/servidor/1",
        "/servidor/2",
        "/servidor/2?fecha_hora=2026-03-01T10:01:30",
        "/dispensas",
        "/dispensas?fecha_hora=2026-03-01T10:02:00",
    ],
)
def test_a_number_stays_that_of_its_list(api: WaivedApi, address: str) -> None:
    api.waived(servidor=2)
    api.now += 2 * SECOND
    found = numbers(page(api, address))
    assert any(number for _, number in found)
    api.judging.report(api.report(2), minero=PASSES)  # which ends what it failed
    api.now += 2 * SECOND
    assert not any(number for _, number in numbers(page(api, "/servidor/2")))
    for leads_to, number in found:
        assert rows_of(api, leads_to) == number, leads_to


@pytest.mark.parametrize("address", ["/servidor/2", "/dispensas"])
def test_what_is_judged_just_now_is_in_number_and_list_or_in_neither(
    api: WaivedApi, address: str
) -> None:
    api.waived(servidor=2)
    api.now += 2 * SECOND
    api.judging.report(api.report(2), minero=PASSES)  # which ends what it failed
    found = numbers(page(api, address))
    assert found == [(found[0][0], 1)]
    assert rows_of(api, found[0][0]) == 1
