"""tests/support/distribution.py: which tests run in one process, seen in a real run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict

import pytest

from tests.support.distribution import TOGETHER, unit_of
from tests.support.live import PROJECT

FILES = [
    "tests/pages/test_charts.py",
    "tests/pages/test_formats.py",
    "tests/pages/test_language.py",
    "tests/agent/test_machine.py",
    "tests/agent/transport/test_schedule.py",
    "tests/agent/collectors/test_clock.py",
]

PLUGINS = ["-p", "xdist", "-p", "pytest_timeout", "-p", "no:cacheprovider"]


@pytest.mark.torture
def test_tests_that_share_a_service_run_in_one_process() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "2", "-v", *PLUGINS, *FILES],
        cwd=PROJECT,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # the others take seconds
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    processes = defaultdict(set)
    for process, nodeid in re.findall(r"^\[(gw\d)\].* PASSED (\S+)", ran.stdout, re.MULTILINE):
        processes[unit_of(nodeid)].add(process)
    assert processes.keys() == {TOGETHER, *FILES[3:]}
    assert all(len(those) == 1 for those in processes.values()), processes
    assert set().union(*processes.values()) == {"gw0", "gw1"}, "or nothing is distributed"
