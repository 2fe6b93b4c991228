"""Printed pages: the PDF that Chromium makes, read by poppler-utils."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from tests.pages.browser import Tab, require


@dataclass(frozen=True, slots=True)
class Paper:
    """A printed page; a screenful of the service may take several sheets."""

    sheets: list[str]  # the text of each, in the layout of the sheet
    pdf: bytes

    @property
    def text(self) -> str:
        """All text without white space, since cells break long words over lines."""
        return squeezed("".join(self.sheets))

    def grey(self) -> bytes:
        """The pixels of the first sheet, 30 to the inch: 0 is black, 255 is white."""
        command = ["pdftoppm", "-gray", "-r", "30", "-f", "1", "-l", "1", "-"]
        image = subprocess.run(command, input=self.pdf, capture_output=True, check=True).stdout
        return image.split(b"\n", 3)[3]  # a PGM: its type, size and greatest value, a line each


def squeezed(text: str) -> str:
    return "".join(text.split())


def print_page(tab: Tab) -> Paper:
    """Prints the open page, with background colours, as a reader may."""
    require("/usr/bin/pdftotext", "poppler-utils")
    pdf = tab.page.pdf(format="A4", print_background=True)
    command = ["pdftotext", "-layout", "-", "-"]
    text = subprocess.run(command, input=pdf, capture_output=True, check=True).stdout.decode()
    return Paper(text.split("\f")[:-1], pdf)
