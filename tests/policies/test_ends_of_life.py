"""Ends of life: what is read, which row speaks of a version, and what holds on a day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from service.end_of_life import Life, Support, coverage, support_on
from service.policies.evaluator.rule_watch import RuleWatch
from service.policies.guard.guard import Guard
from service.policies.guard.judged_rule import JudgedRule
from service.policies.guard.text_hash import Silence, text_hash
from service.policies.rules import ends_of_life
from service.policies.rules.data_files import read_data_files
from service.policies.rules.folders import read_policies
from service.policies.rules.places import SHIPPED_FOLDER

DEBIAN = "version,codename,series,created,release,eol,eol-lts,eol-elts\n"
NOWHERE = Path("/nowhere")
OF_AGE = {"so-sin-soporte", "so-soporte-ampliado"}


@pytest.mark.parametrize(
    ("pattern", "version", "closeness"),
    [
        ("9.*", "9", 1),
        ("9.*", "9.6", 1),
        ("9.*", "90", 0),
        ("9.*", "19.6", 0),
        ("9", "9", 2),
        ("9", "9.6", 0),
        ("9.1.*", "9.1", 3),
        ("9.1", "9.1", 4),
        ("12.*", "Debian GNU/Linux trixie/sid", 0),
        ("12.*", "", 0),
    ],
)
def test_a_row_speaks_of_its_version_and_of_its_points(
    pattern: str, version: str, closeness: int
) -> None:
    assert coverage(pattern, version) == closeness


@pytest.mark.parametrize(
    ("day", "held", "state"),
    [
        ("2026-06-30", None, Support.VIGENTE),
        ("2026-07-01", None, Support.AMPLIADO),
        ("2028-06-30", None, Support.AMPLIADO),
        ("2028-07-01", None, Support.TERMINADO),
        ("2028-07-01", "elts", Support.AMPLIADO),
        ("2028-07-01", "other,elts", Support.AMPLIADO),
        ("2028-07-01", "el elt s", Support.TERMINADO),
        ("2033-07-01", "elts", Support.TERMINADO),
        ("2033-07-01", "elts late", Support.AMPLIADO),
    ],
)
def test_the_last_day_counts_and_contracts_are_named(
    day: str, held: str | None, state: Support
) -> None:
    contracts = "elts=2033-06-30 late=2035-06-30"
    assert support_on(day, "2026-06-30", "2028-06-30", contracts, held) is state


def test_of_a_system_without_an_end_nothing_is_known() -> None:
    assert support_on("2026-01-01", None, "2030-01-01", None, None) is None


def test_the_files_of_the_system_go_before_the_shipped_copy(tmp_path: Path) -> None:
    (tmp_path / "debian.csv").write_text(
        f"{DEBIAN}12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-07-15,2028-07-31,2033-07-31\n"
        "14,Forky,forky,2025-08-09\n,Sid,sid,1993-08-16\n"
    )
    found = read_data_files([SHIPPED_FOLDER], tmp_path).lives
    for name in ("Debian", "Debian GNU/Linux"):
        assert found[name, "12.*"] == Life(
            name, "12.*", "2026-07-15", "2028-07-31", "elts=2033-07-31", "distro-info-data"
        )
    assert ("Debian", "13.*") in found  # of the copy
    assert ("Debian", "14.*") not in found
    ubuntu = found["Ubuntu", "24.04.*"]
    assert (ubuntu.end, ubuntu.extended) == ("2029-05-31", None)
    assert ubuntu.contracts == "ubuntu-pro=2034-04-25 ubuntu-legacy=2036-04-29"


@pytest.mark.parametrize(
    "content",
    [
        "version,codename,series,created,release,eol\n12,B,b,2021-08-14,2023-06-10,2026-06-10\n",
        f"{DEBIAN}12,B,b,2021-08-14,2023-06-10,soon,later,never\n",
        "",
        "\0\x1b",
    ],
)
def test_a_file_of_the_system_that_tells_less_is_left_aside(tmp_path: Path, content: str) -> None:
    (tmp_path / "debian.csv").write_text(content)
    by_copy = read_data_files([SHIPPED_FOLDER], NOWHERE)
    assert by_copy.lives["Debian", "12.*"].extended == "2028-06-30"
    found = read_data_files([SHIPPED_FOLDER], tmp_path)
    assert found.lives == by_copy.lives
    assert found.faults == []


def test_every_row_of_the_shipped_table_says_where_its_dates_were_read_and_when() -> None:
    for life in read_data_files([SHIPPED_FOLDER], NOWHERE).lives.values():
        assert life.end is not None
        if life.source != "distro-info-data":
            read, _, page = (life.source or "").partition("; publishes them: ")
            assert page.startswith("https://")
            place, _, day = read.partition(" of ")
            assert place == "endoflife.date"  # the pages themselves were not read
            assert date.fromisoformat(day).year >= 2026


def test_a_date_is_text_of_the_rules_of_age_and_its_source_is_not() -> None:
    policies = read_policies()
    data, rules = policies.data, policies.rules.values()
    with Guard() as guard:
        found = guard.load(map(JudgedRule.of, rules), data.tables())

    def hashes() -> dict[str, str]:
        return {each.id: text_hash(each, found[each.id], data, Silence(900, 3)) for each in rules}

    before = hashes()
    key = ("AlmaLinux", "9.*")
    data.lives[key] = data.lives[key]._replace(source="elsewhere")
    assert hashes() == before
    data.lives[key] = data.lives[key]._replace(end="2040-01-01")
    assert {rule for rule, text in hashes().items() if text != before[rule]} == OF_AGE


def test_files_of_the_system_are_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.policies.evaluator.rule_watch.SYSTEM_DISTRO_INFO", tmp_path)
    watch = RuleWatch([SHIPPED_FOLDER])
    before = watch.listing()
    (tmp_path / ends_of_life._DISTRIBUTIONS[0][0]).write_text(DEBIAN)
    assert len(watch.listing() - before) == 1
