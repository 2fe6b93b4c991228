"""Warnings about settings that are valid but probably wrong."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from agent.collectors.address import target_of
from agent.state.token_file import TokenFile

if TYPE_CHECKING:
    from agent.cli.settings import Settings
    from agent.machine import Machine

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_log = logging.getLogger("agent")


def warn_of_missing_processes(machine: Machine) -> None:
    if machine.rootfs is not None and machine.procfs is None:
        _log.warning("%s/proc shows no processes; reporting those of this kernel", machine.rootfs)


def warn_of_plain_http(settings: Settings) -> None:
    """Warn if a token would be sent unencrypted to another machine."""
    target = target_of(settings.api)
    if (
        str(settings.api).startswith("http:")
        and (
            settings.credentials.has_token
            or settings.credentials.has_enrolment_token
            or os.path.lexists(TokenFile(settings.spool).path)
        )
        and target is not None
        and (target.host not in _LOOPBACK or settings.proxy is not None)
    ):
        _log.warning("the token is sent to %s without encryption; use https", settings.api)
