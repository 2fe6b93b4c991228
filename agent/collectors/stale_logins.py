"""Leaves out the logins that utmp still has although their process is dead; see utmp(5).

A session that ends in a crash, or is killed, does not remove its row.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.collectors.logins import Login
    from agent.machine import Machine


def without_dead(machine: Machine, logins: list[Login]) -> list[Login]:
    """The logins whose process lives, or is unknown."""
    return [login for login in logins if login.pid is None or _may_live(machine, login.pid)]


def _may_live(machine: Machine, pid: int) -> bool:
    if machine.procfs is not None:
        # Without the first process, the tree shows no processes, or hides them (hidepid, proc(5)).
        return os.path.isdir(machine.proc(str(pid))) or not os.path.isdir(  # noqa: PTH112
            machine.proc("1")
        )
    if machine.rootfs is not None:  # the processes of a tree without /proc are unknown
        return True
    try:
        os.kill(pid, 0)  # sends nothing, and sees hidden processes as well
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it belongs to somebody else
        return True
    return True
