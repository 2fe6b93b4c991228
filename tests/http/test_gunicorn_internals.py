"""service/http/gunicorn_internals.py: another gunicorn is refused at the start, in one line."""

from __future__ import annotations

import inspect
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest
from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

from service.errors import UnsupportedGunicornError
from service.http.gunicorn_internals import EXPECTED, require_known_gunicorn
from service.http.worker import LingeringThreadWorker
from tests.support.live import PROJECT


def test_the_pinned_gunicorn_is_known() -> None:
    require_known_gunicorn()


def test_every_method_that_the_worker_overrides_is_checked() -> None:
    overridden = {
        f"gunicorn.workers.gthread:ThreadWorker.{name}": tuple(inspect.signature(method).parameters)
        for name, method in vars(LingeringThreadWorker).items()
        if inspect.isfunction(method) and hasattr(ThreadWorker, name) and name != "__init__"
    }
    assert len(overridden) == 7
    assert overridden.items() <= EXPECTED.items()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_missing_part_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, _, attribute = name.replace(":", ".").rpartition(".")
    holder = pkgutil.resolve_name(owner)
    bases = getattr(holder, "__mro__", [holder])
    monkeypatch.delattr(next(base for base in bases if attribute in vars(base)), attribute)
    with pytest.raises(UnsupportedGunicornError, match=f"has no {name}, which"):
        require_known_gunicorn()


def test_other_parameters_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ThreadWorker, "finish_request", lambda _self, _conn: None)
    with pytest.raises(UnsupportedGunicornError, match=r"expected \(self, conn, fs\)"):
        require_known_gunicorn()


def test_a_missing_attribute_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TConn, "__init__", lambda _self: None)
    with pytest.raises(UnsupportedGunicornError, match=r"creates no .*TConn\.data_ready"):
        require_known_gunicorn()


def test_the_parser_of_requests_is_chosen_by_the_configuration(tmp_path: Path) -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--print-config"],
        cwd=PROJECT,
        env=os.environ | {"COMPLIANCE_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert re.search(r"^http_parser += python$", printed.stdout, re.MULTILINE)


def test_another_gunicorn_stops_the_start_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "another.py").write_text(
        "import gunicorn.workers.gthread as gthread\n"
        "del gthread._DEFER\n"
        "from gunicorn.app.wsgiapp import run\n"
        "run()\n",
        encoding="utf-8",
    )
    started = subprocess.run(
        [sys.executable, tmp_path / "another.py"],
        cwd=PROJECT,
        env=os.environ | {"COMPLIANCE_DATA": str(tmp_path / "var"), "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert started.returncode != 0
    (line,) = started.stderr.splitlines()
    assert line.startswith("gunicorn 27.0.1 has no gunicorn.workers.gthread:_DEFER, which ")
    assert not (tmp_path / "var").exists()
