"""Who the audit log says ran a command."""

from __future__ import annotations

import os
import pwd

import pytest

from service.commands.operator import operator


def test_nobody_chooses_under_which_name_a_command_is_logged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "mallory")
    assert operator() == pwd.getpwuid(os.getuid()).pw_name


def test_an_account_without_a_name_is_told_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_001)
    assert operator() == "4000000001"
