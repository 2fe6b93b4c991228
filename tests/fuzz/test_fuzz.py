"""The fuzzer is let loose for a while: nothing but InvalidReportError, and readers that agree."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.live import PROJECT
from tests.support.strict_json import NOT_A_REPORT, NOT_JSON

pytestmark = pytest.mark.skipif(
    find_spec("atheris") is None, reason="requirements-dev.txt says where atheris is to be had"
)

# Without a reload of the corpus each second, -runs is exact on a busy machine, too.
LIMITS = ["-reload=0", "-max_len=4096", "-timeout=5", "-rss_limit_mb=1024", "-verbosity=1"]


def fuzz(folder: Path, *options: str) -> str:
    """What the fuzzer says, which must not be that it found something."""
    (folder / "corpus").mkdir()
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.fuzz.fuzz_reader",
            str(folder / "corpus"),
            f"-dict={PROJECT / 'tests/fuzz/report.dict'}",
            f"-artifact_prefix={folder}/",
            *LIMITS,
            *options,
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=170,
        check=False,
    )
    found = [path.read_bytes() for path in folder.glob("*-*") if path.is_file()]
    assert (run.returncode, found) == (0, []), run.stderr[-3000:]
    return run.stderr


def test_the_fuzzer_begins_with_every_case_and_finds_new_paths(tmp_path: Path) -> None:
    said = fuzz(tmp_path, "-runs=3000", "-seed=20200215")
    cases = len([*(PROJECT / "tests/schemas").glob("*/*.json"), *NOT_JSON, *NOT_A_REPORT])
    (seeds,) = re.findall(r"INFO: seed corpus: files: (\d+)", said)
    assert int(seeds) == cases > 100
    (runs,) = re.findall(r"^#(\d+)\s+DONE", said, re.MULTILINE)
    assert int(runs) >= 3000  # it may finish the mutations in hand
    assert "NEW" in said


@pytest.mark.torture
@pytest.mark.timeout(180)
def test_a_minute_of_fuzzing_finds_no_fault(tmp_path: Path) -> None:
    assert "DONE" in fuzz(tmp_path, "-max_total_time=60")
