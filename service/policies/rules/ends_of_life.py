"""Reads ends of life: our table, users' tables, and Debian's distro-info-data.

A table is a `fin_de_vida.csv`. Its `so` may be several names with | between them, since one system
has had several. distro-info-data tells of Debian and Ubuntu; it is read from the system, which
keeps it current, over the shipped copy.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from service.end_of_life import Life, read_contracts
from service.policies.rules.small_file import read_small

COLUMNS = ("so", "version", "fin", "fin_ampliado", "contratos", "fuente")
SYSTEM_DISTRO_INFO = Path("/usr/share/distro-info")
DISTRO_INFO = "distro-info"  # the folder of the shipped copy

Lives = dict[tuple[str, str], Life]

_MAX_BYTES = 1024 * 1024
_SOURCE = "distro-info-data"
# File, names that its servers report, last days, those of extended support, and the contracts.
_DISTRIBUTIONS: tuple[tuple[str, tuple[str, ...], tuple[str, ...], str | None, dict[str, str]], ...]
_DISTRIBUTIONS = (
    ("debian.csv", ("Debian GNU/Linux", "Debian"), ("eol",), "eol-lts", {"eol-elts": "elts"}),
    (
        "ubuntu.csv",
        ("Ubuntu",),
        ("eol", "eol-server"),
        None,
        {"eol-esm": "ubuntu-pro", "eol-legacy": "ubuntu-legacy"},
    ),
)


def read_table(lines: list[str]) -> Iterator[tuple[int, list[Life] | str]]:
    """The lives of each row of a table, with its line, or what is wrong with it."""
    rows = csv.DictReader(lines)
    if tuple(rows.fieldnames or ()) != COLUMNS:
        yield 1, f"expected the columns {','.join(COLUMNS)}"
        return
    for row in rows:
        systems, version, end, extended, contracts, source = (
            (row[column] or "").strip() for column in COLUMNS
        )
        try:
            if not (systems and version and None not in row):
                raise ValueError("expected a system, a version and two days")  # noqa: TRY301
            last, later = (
                date.fromisoformat(day).isoformat() if day else None for day in (end, extended)
            )
            for day in read_contracts(contracts).values():
                date.fromisoformat(day)
        except ValueError as error:
            yield rows.line_num, str(error)
            continue
        yield (
            rows.line_num,
            [
                Life(system.strip(), version, last, later, contracts or None, source or None)
                for system in systems.split("|")
            ],
        )


def read_distro_info(folder: Path) -> Lives:
    """The lives of Debian and Ubuntu. A file that is missing or tells less tells nothing.

    An old distro-info-data has no columns of extended support: by it, Debian LTS would have ended.
    """
    found: Lives = {}
    for file, systems, ends, extended, contracts in _DISTRIBUTIONS:
        try:
            text = read_small(folder / file, _MAX_BYTES).decode()
            rows = csv.DictReader(text.splitlines())
            needed = {"version", *ends, *contracts} | ({extended} if extended else set())
            if not needed <= set(rows.fieldnames or ()):
                continue
            lives = [
                life
                for row in rows
                for system in systems
                if (life := _life(system, row, ends, extended, contracts)) is not None
            ]
        except (OSError, ValueError, csv.Error):
            continue
        found |= {(life.system, life.version): life for life in lives}
    return found


def _life(
    system: str,
    row: dict[str, str],
    ends: tuple[str, ...],
    extended: str | None,
    contracts: dict[str, str],
) -> Life | None:
    """Raises ValueError. Null for a version without an end: it is not released yet."""
    days = {
        column: date.fromisoformat(text).isoformat()
        for column in (*ends, *([extended] if extended else ()), *contracts)
        if (text := row.get(column))
    }
    version = (row["version"] or "").removesuffix(" LTS").strip()
    end = max((days[column] for column in ends if column in days), default=None)
    if not version or end is None:
        return None
    terms = [f"{name}={days[column]}" for column, name in contracts.items() if column in days]
    later = None if extended is None else days.get(extended)
    return Life(system, f"{version}.*", end, later, " ".join(terms) or None, _SOURCE)
