"""How many dropped reports are not yet reported: the file dropped.json of the spool."""

# ruff: noqa: PTH118, PTH123
from __future__ import annotations

import json
import os
from typing import Any, NamedTuple

from agent import wire
from agent.state.atomic_write import write_file
from agent.state.report_names import DROPPED, is_report


class DroppedReports(NamedTuple):
    """The dropped reports that no report in the spool counts yet.

    carrier: the report that counts them, once it is in the spool
    removing: files that this count includes already and that are about to be removed
    """

    reports: int = 0
    carrier: str = ""
    removing: tuple[str, ...] = ()


def read_dropped(folder: str) -> DroppedReports:
    """The count; none if the file is missing or was damaged from outside.

    A file that names anything but reports of this folder is damaged. Raises OSError.
    """
    try:
        with open(os.path.join(folder, DROPPED), "rb") as file:
            found: Any = json.loads(file.read())
        dropped = DroppedReports(found["reports"], found["carrier"], tuple(found["removing"]))
    except FileNotFoundError:
        return DroppedReports()
    except (ValueError, KeyError, TypeError, RecursionError):
        return DroppedReports()
    is_valid = (
        type(dropped.reports) is int
        and 0 <= dropped.reports <= wire.MAX_COUNT
        and (dropped.carrier == "" or _is_report(dropped.carrier))
        and all(map(_is_report, dropped.removing))
    )
    return dropped if is_valid else DroppedReports()


def write_dropped(folder: str, dropped: DroppedReports) -> None:
    """Raises OSError."""
    dropped = dropped._replace(reports=min(dropped.reports, wire.MAX_COUNT))
    write_file(folder, DROPPED, json.dumps(dropped._asdict()).encode())


def _is_report(name: object) -> bool:
    return isinstance(name, str) and is_report(name)
