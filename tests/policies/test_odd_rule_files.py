"""Whatever stands in the place of a file of rules, the others are judged."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.policies.rule_folders import Folders, looks


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _link_to_nothing(path: Path) -> None:
    path.symlink_to("nothing")


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _nested(path: Path) -> None:
    path.write_text(f"-- a = {'[' * 5000}\nSELECT 1", encoding="utf-8")


def _long_number(path: Path) -> None:
    path.write_text(f"-- version = {'1' * 5000}\nSELECT 1", encoding="utf-8")


@pytest.mark.parametrize("made", [_pipe, _link_to_nothing, _endless, _nested, _long_number])
@pytest.mark.parametrize(
    "name",
    ["c-rule.sql", "ajustes.toml", "listas/c.txt", pytest.param("\udcff.sql", id="no UTF-8")],
)
def test_whatever_stands_in_the_place_of_a_file_stops_no_other(
    folders: Folders, made: Callable[[Path], None], name: str
) -> None:
    take_up = folders.take_up()
    looks(take_up)
    (folders.users / "listas").mkdir()
    made(folders.users / name)
    looks(take_up)
    assert take_up.judged.keys() == {"a-rule", "b-rule"}
    told = {Path(fault.path).name for fault in folders.store.noted_faults()}
    assert told == {Path(name).name.replace("\udcff", "\\xff")}


def test_a_file_of_another_program_is_no_rule(folders: Folders) -> None:
    _link_to_nothing(folders.users / ".#b-rule.sql")  # Emacs, while it edits b-rule.sql
    take_up = folders.take_up()
    looks(take_up)
    assert take_up.judged.keys() == {"a-rule", "b-rule"}
    assert folders.store.noted_faults() == set()
