from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import agent
from tests.agent.command import FOLDER


def test_importing_the_agent_has_no_side_effect_and_loads_no_slow_module() -> None:
    code = (
        "import sys, threading, signal; before = signal.getsignal(signal.SIGTERM); "
        "import agent.__main__, agent.report, agent.cli.settings; "
        "import agent.transport.http_client, agent.transport.delivery; "
        "assert threading.active_count() == 1; "
        "assert signal.getsignal(signal.SIGTERM) == before; "
        "print([name for name in ('urllib3', 'psutil', 'http.client', 'ssl', 'pathlib', "
        "'dataclasses', 'platform', 'subprocess', 'configparser', 'random') "
        "if name in sys.modules])"
    )
    # -S: without the modules that site imports for an installed .pth file.
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_only_psutil_and_urllib3_are_imported_beside_the_standard_library() -> None:
    foreign = set()
    for file in Path(agent.__file__).parent.rglob("*.py"):
        for name in re.findall(
            r"^\s*(?:from|import) ([\w]+)", file.read_text("utf-8"), re.MULTILINE
        ):
            if name not in sys.stdlib_module_names:
                foreign.add(name)
    assert foreign <= {"agent", "psutil", "urllib3"}
