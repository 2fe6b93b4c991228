"""Attacks by other users on the folders from which native code is loaded."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.agent.native.place import Place, assert_from_temporary
from tests.agent.native.planting import as_user, compile_trap

pytestmark = [
    pytest.mark.torture,
    pytest.mark.skipif(os.getuid() != 0, reason="only root can become others"),
]
VICTIM, ATTACKER = 54321, 54322

# Creates the cache that the victim would use, with a planted file.
PLANT = """
library, cache, name = sys.argv[1:]
os.makedirs(cache, mode=0o777, exist_ok=True)
shutil.copyfile(library, os.path.join(cache, name))
os.chmod(os.path.join(cache, name), 0o755)
"""


@pytest.fixture
def name(place: Place) -> str:
    """The name of the file in a cache."""
    path = Path(place.look())
    shutil.rmtree(place.cache.parent)
    return path.name


@pytest.fixture
def trap(place: Place) -> Path:
    return compile_trap(place.folder, place.mark)


@pytest.mark.torture
@pytest.mark.parametrize("victim", [0, VICTIM])
def test_cache_of_another_user_is_not_loaded(
    victim: int, place: Place, trap: Path, name: str
) -> None:
    """In a world-writable folder such as /tmp the attacker was first."""
    shared = place.folder / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    as_user(place.python, ATTACKER, PLANT, trap, shared / "compliance-agent", name)
    assert_from_temporary(place.look(uid=victim, XDG_CACHE_HOME=str(shared), HOME="/nonexistent"))
    assert not place.mark.exists()


def test_home_of_another_user_is_not_loaded(place: Place, trap: Path, name: str) -> None:
    """sudo may keep HOME."""
    os.chown(place.home, ATTACKER, ATTACKER)
    as_user(place.python, ATTACKER, PLANT, trap, place.cache, name)
    assert_from_temporary(place.look())
    assert not place.mark.exists()


def test_private_cache_in_a_home_of_another_user_is_not_used(place: Place) -> None:
    """The cache is correct, but the owner of the home could replace it."""
    before = place.look()
    os.chown(place.home, ATTACKER, ATTACKER)
    assert_from_temporary(place.look())
    assert place.cached() == [Path(before)]


@pytest.mark.parametrize("level", ["home", ".cache", "compliance-agent"])
def test_cache_writable_by_others_is_not_loaded(
    level: str, place: Place, trap: Path, name: str
) -> None:
    place.cache.mkdir(parents=True, mode=0o700)
    place.cache.parent.chmod(0o755)
    opened = {"home": place.home, ".cache": place.cache.parent}.get(level, place.cache)
    opened.chmod(0o777)
    if level == "compliance-agent":
        as_user(place.python, ATTACKER, PLANT, trap, place.cache, name)
    else:  # what is private in an open folder can be moved away as a whole
        moved = place.cache if level == ".cache" else place.cache.parent
        move = f"os.rename({str(moved)!r}, {str(moved) + '.old'!r})\n"
        as_user(place.python, ATTACKER, move + PLANT, trap, place.cache, name)
    assert_from_temporary(place.look())
    assert not place.mark.exists()


@pytest.mark.parametrize("mode", [0o777, 0o775])
def test_home_writable_by_others_is_not_used(mode: int, place: Place) -> None:
    before = place.look()
    place.home.chmod(mode)
    assert_from_temporary(place.look())
    place.home.chmod(0o755)
    assert place.look() == before


@pytest.mark.parametrize("mode", [0o755, 0o710])
def test_cache_readable_by_others_is_not_used(mode: int, place: Place) -> None:
    place.look()
    place.cache.chmod(mode)
    assert_from_temporary(place.look())


def test_file_of_another_user_is_replaced_even_if_it_is_correct(place: Place) -> None:
    """It was planted while the folder was open, and its owner could change it later."""
    path = Path(place.look())
    os.chown(path, ATTACKER, ATTACKER)
    assert place.look() == str(path)
    assert path.stat().st_uid == 0


def test_file_writable_by_others_is_replaced(place: Place) -> None:
    path = Path(place.look())
    path.chmod(0o666)
    assert place.look() == str(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_planted_file_is_replaced_and_not_loaded(place: Place, trap: Path, name: str) -> None:
    place.cache.mkdir(parents=True, mode=0o700)
    shutil.copyfile(trap, place.cache / name)
    assert place.look() == str(place.cache / name)
    assert not place.mark.exists()


@pytest.mark.parametrize("link", [".cache", ".cache/compliance-agent"])
def test_link_to_a_folder_of_another_user_is_not_followed(
    link: str, place: Place, trap: Path, name: str
) -> None:
    theirs = place.folder / "theirs"
    theirs.mkdir()
    os.chown(theirs, ATTACKER, ATTACKER)
    for folder in (theirs, theirs / "compliance-agent"):
        as_user(place.python, ATTACKER, PLANT, trap, folder, name)
    (place.home / link).parent.mkdir(exist_ok=True)
    (place.home / link).symlink_to(theirs)
    assert_from_temporary(place.look())
    assert not place.mark.exists()
    assert (theirs / name).read_bytes() == trap.read_bytes()


def test_link_in_place_of_the_file_is_replaced_and_its_target_stays(
    place: Place, trap: Path, name: str
) -> None:
    theirs = place.folder / "theirs"
    theirs.mkdir()
    os.chown(theirs, ATTACKER, ATTACKER)
    as_user(place.python, ATTACKER, PLANT, trap, theirs, name)
    place.cache.mkdir(parents=True, mode=0o700)
    (place.cache / name).symlink_to(theirs / name)
    assert place.look() == str(place.cache / name)
    assert not (place.cache / name).is_symlink()
    assert (theirs / name).read_bytes() == trap.read_bytes()
    assert not place.mark.exists()


def test_link_to_a_cache_of_the_same_user_is_followed(place: Place) -> None:
    other = place.folder / "big-disk"
    other.mkdir(mode=0o700)
    (place.home / ".cache").symlink_to(other)
    assert place.look().startswith(f"{other}/compliance-agent/")


def test_temporary_folder_without_sticky_bit_is_not_used(place: Place) -> None:
    open_to_all = place.folder / "tmp"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)  # and not sticky
    output = place.look(HOME="/nonexistent", TMPDIR=str(open_to_all))
    assert output.startswith("unavailable: ")
    assert f"others can write to {open_to_all}" in output
    assert list(open_to_all.iterdir()) == []
