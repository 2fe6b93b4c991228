"""Data that rules read beside reports: lists of names, networks, ends of life.

A folder of rules may have `listas/NAME.txt` (a name a line, `*` for any text), `redes.txt` (a
network a line, and a name for it) and `fin_de_vida.csv` (ends_of_life.py). A user's file extends
the shipped one. In the text files, # begins a comment.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

from service.policies.rules.ends_of_life import (
    DISTRO_INFO,
    SYSTEM_DISTRO_INFO,
    Lives,
    read_distro_info,
    read_table,
)
from service.policies.rules.faults import RuleFault
from service.policies.rules.rule import digest
from service.policies.rules.small_file import is_hidden, is_there, read_small

_MAX_BYTES = 1024 * 1024
_MAX_ENTRY = 200  # characters
_LIST_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(slots=True)
class DataFiles:
    """lists: the entries of each, patterns as GLOB takes them. networks: to their names."""

    lists: dict[str, set[str]] = field(default_factory=dict)
    networks: dict[str, str | None] = field(default_factory=dict)
    lives: Lives = field(default_factory=dict)
    faults: list[RuleFault] = field(default_factory=list)

    def tables(self) -> dict[str, Sequence[Sequence[str | None]]]:
        """The rows of the relations listas, redes and fin_de_vida."""
        return {
            "listas": [
                (name, entry) for name in sorted(self.lists) for entry in sorted(self.lists[name])
            ],
            "redes": sorted(self.networks.items()),
            "fin_de_vida": [tuple(self.lives[key]) for key in sorted(self.lives)],
        }

    def list_digest(self, name: str) -> str:
        return digest(sorted(self.lists.get(name, ())))


def read_data_files(folders: Sequence[Path], system: Path = SYSTEM_DISTRO_INFO) -> DataFiles:
    """The data of these folders, each extending those before it; what is wrong is left out.

    system: the distro-info-data of the system, which extends the shipped one.
    """
    found = DataFiles()
    for folder in folders:
        for path in _lists(found, folder / "listas"):
            _read_list(found, path)
        if is_there(folder / "redes.txt"):
            _read_networks(found, folder / "redes.txt")
        if is_there(folder / DISTRO_INFO):
            found.lives |= read_distro_info(folder / DISTRO_INFO)
            found.lives |= read_distro_info(system)
        if is_there(folder / "fin_de_vida.csv"):
            _read_lives(found, folder / "fin_de_vida.csv")
    return found


def _lists(found: DataFiles, folder: Path) -> list[Path]:
    """The files of a folder of lists, which may be missing."""
    try:
        paths = sorted(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        found.faults.append(RuleFault(folder, None, f"cannot be read: {error.strerror}"))
        return []
    return [path for path in paths if path.suffix == ".txt" and not is_hidden(path.name)]


def _read_list(found: DataFiles, path: Path) -> None:
    if not _LIST_NAME.fullmatch(path.stem):
        found.faults.append(RuleFault(path, None, "expected a name of a-z, 0-9 and single -"))
        return
    entries = found.lists.setdefault(path.stem, set())
    for line, entry in _entries(found, path):
        if len(entry) > _MAX_ENTRY:
            reason = f"expected at most {_MAX_ENTRY} characters"
            found.faults.append(RuleFault(path, line, reason))
        else:
            entries.add(_as_glob(entry))


def _read_networks(found: DataFiles, path: Path) -> None:
    for line, entry in _entries(found, path):
        text, _, name = entry.partition(" ")
        try:
            found.networks[str(ip_network(text))] = name.strip() or None
        except ValueError as error:
            found.faults.append(RuleFault(path, line, f"expected a network: {error}"))


def _read_lives(found: DataFiles, path: Path) -> None:
    try:
        for line, lives in read_table(_text(found, path).splitlines()):
            if isinstance(lives, str):
                found.faults.append(RuleFault(path, line, lives))
            else:
                found.lives |= {(life.system, life.version): life for life in lives}
    except csv.Error as error:
        found.faults.append(RuleFault(path, None, f"cannot be read: {error}"))


def _entries(found: DataFiles, path: Path) -> Iterator[tuple[int, str]]:
    for line, text in enumerate(_text(found, path).splitlines(), 1):
        entry = re.sub(r"(^|\s)#.*", "", text).strip()
        if entry:
            yield line, entry


def _text(found: DataFiles, path: Path) -> str:
    try:
        return read_small(path, _MAX_BYTES).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        found.faults.append(RuleFault(path, None, f"cannot be read: {error}"))
        return ""


def _as_glob(entry: str) -> str:
    """The entry for GLOB, to which ? and [ are special as well."""
    return re.sub(r"[?\[]", r"[\g<0>]", entry)
