"""Reads the data that a page links to, and the tables that it shows."""

from __future__ import annotations

import csv
import io
from typing import Any, NamedTuple

from playwright.sync_api import Locator

from tests.pages.browser import Tab


class Data(NamedTuple):
    """The JSON and CSV data of a section."""

    json: dict[str, Any]
    csv: list[dict[str, str]]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of the JSON document, those of silent servers last; the CSV has the same."""
        lists = {name: rows for name, rows in self.json.items() if isinstance(rows, list)}
        lists.pop("tardios", None)
        rows = [row for each in lists.values() for row in each]
        assert len(rows) == len(self.csv)
        return rows


def data_of(tab: Tab, section: str) -> Data:
    """section: the id of an element of the page."""
    json_link, csv_link = tab.page.locator(f"#{section} .data a").all()
    json_answer = tab.page.request.get(_address(json_link))
    csv_answer = tab.page.request.get(_address(csv_link))
    assert (json_answer.status, csv_answer.status) == (200, 200)
    assert csv_answer.headers["content-type"].startswith("text/csv")
    return Data(json_answer.json(), list(csv.DictReader(io.StringIO(csv_answer.text()))))


def cells(tab: Tab, section: str, column: int = 1) -> list[str]:
    """The texts of a column of the section's table; columns count from 1."""
    texts = tab.page.locator(f"#{section} tbody tr > *:nth-child({column})").all_inner_texts()
    return [text.strip() for text in texts]


def _address(link: Locator) -> str:
    address = link.get_attribute("href")
    assert address
    return address
