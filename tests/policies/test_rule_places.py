"""Whatever stands in a folder of rules, or does not, stops neither the rules nor the evaluator."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from service.times import DAY
from tests.policies.rule_texts import write_rule
from tests.support.file_rights import rights_of_owner
from tests.support.rule_folders import NOW, Folders, looks


@pytest.mark.parametrize("how", ["missing", "empty"])
def test_a_folder_that_shows_nothing_changes_no_list(folders: Folders, how: str) -> None:
    lists = folders.users / "listas"
    lists.mkdir()
    (lists / "malos.txt").write_text("worse\n", encoding="utf-8")
    reads = ("'bad'", "'bad' OR name IN (SELECT valor FROM listas WHERE lista = 'malos')")
    write_rule(folders.shipped, ('"a-rule"', '"c-rule"'), reads, name="c-rule")
    take_up = folders.take_up()
    looks(take_up)
    before = take_up.epoch
    shutil.rmtree(folders.users)
    if how == "empty":
        folders.users.mkdir()
    for started in (take_up, folders.take_up()):
        looks(started, NOW + 2 * DAY)
        assert started.epoch == before
    assert ("c-rule", "taken_up") not in folders.kinds()[3:]


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
@pytest.mark.parametrize("name", ["c-rule.sql", "ajustes.toml", "listas/c.txt", "\udcff.sql"])
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


@pytest.mark.parametrize("mode", [0o000, 0o400, 0o100])
@pytest.mark.parametrize("folder", [".", "listas"])
def test_a_folder_that_may_not_be_read_changes_nothing(
    folders: Folders, folder: str, mode: int
) -> None:
    (folders.users / "listas").mkdir()
    (folders.users / "listas" / "malos.txt").write_text("worse\n", encoding="utf-8")
    take_up = folders.take_up()
    looks(take_up)
    place = folders.users / folder
    place.chmod(mode)
    try:
        with rights_of_owner():
            with pytest.raises(PermissionError):
                _ = [path.stat() for path in place.iterdir()]
            looks(take_up)
        assert take_up.judged.keys() == {"a-rule", "b-rule"}
        assert folders.store.noted_faults()
    finally:
        place.chmod(0o700)
