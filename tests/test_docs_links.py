"""Links, paths and decisions: the pages of the documentation name what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.documentation import page, section
from tests.support.live import PROJECT

FOLDERS = ("agent", "schemas", "service", "sql", "tests")

PAGES = sorted(
    [
        PROJECT / "README.md",
        PROJECT / "CHANGELOG.md",
        *(PROJECT / ".github").glob("*.md"),
        *(path for folder in FOLDERS for path in (PROJECT / folder).rglob("*.md")),
    ]
)

DECISIONS = sorted((PROJECT / "service" / "decisions").glob("[0-9]*.md"))

each_page = pytest.mark.parametrize(
    "path", PAGES, ids=[str(path.relative_to(PROJECT)) for path in PAGES]
)


def without_code_blocks(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    prose = without_code_blocks(text)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_every_link_has_a_target(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(\s*(?!https?:)([^)\s]+)\s*\)", text):
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


@each_page
def test_every_path_that_a_page_names_exists(path: Path) -> None:
    """Paths in code spans, from the folder of the page or from the top."""
    text = path.read_text(encoding="utf-8")
    spans = re.findall(r"`([\w./-]+)`", without_code_blocks(text))
    named = [span for span in spans if re.search(r"[\w-]\.(?:py|sql|po)$|\w/$", span)]
    # Made while it runs.
    made = {"rejected/", "archive/", "var/", "dist/", "var/screenshots/", "var/container/"}
    missing = [
        span
        for span in named
        if span not in made and not any((base / span).exists() for base in (path.parent, PROJECT))
    ]
    assert missing == []


def test_decisions_are_numbered_and_listed() -> None:
    numbers = [int(path.name[:4]) for path in DECISIONS]
    assert numbers == list(range(1, len(DECISIONS) + 1))
    index = page("service/decisions/README.md")
    listed = re.findall(r"^\| \[(\d{4})\]\(([^)]+)\) \|", index, re.MULTILINE)
    assert listed == [(path.name[:4], path.name) for path in DECISIONS]


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_context_decision_and_consequences(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.match(rf"# {path.name[:4]}: .+\n\n- Status: .+\n- Date: \d{{4}}-\d\d-\d\d\n", text)
    for heading in ("Context", "Decision", "Consequences"):
        assert section(text, heading).strip(), heading
