from __future__ import annotations

from pathlib import Path

import pytest

from agent.cli.arguments import build_parser
from agent.cli.settings import PREFIX, resolve
from agent.cli.startup_warnings import warn_of_plain_http
from tests.agent.enrolled import issued, store

REMOTE = "http://api.example:8000"
TOKEN = {PREFIX + "TOKEN": "t"}
ENROLMENT = {PREFIX + "ENROLMENT_TOKEN": "e"}


@pytest.mark.parametrize(
    ("api", "environ", "warned"),
    [
        (REMOTE, TOKEN, True),
        (REMOTE, ENROLMENT, True),
        (REMOTE, {}, False),
        (REMOTE.replace("http:", "https:"), TOKEN, False),
        ("http://127.0.0.1:8000", TOKEN, False),
        ("http://[::1]:8000", TOKEN, False),
        ("http://localhost", TOKEN, False),
    ],
)
def test_token_without_encryption_logs_a_warning(
    api: str,
    environ: dict[str, str],
    warned: bool,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    options = build_parser().parse_args(["--api", api, "--spool", str(tmp_path)])
    warn_of_plain_http(resolve(options, environ))
    message = f"the token is sent to {api} without encryption; use https"
    assert [record.getMessage() for record in caplog.records] == [message] * warned


def test_issued_token_without_encryption_logs_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store(tmp_path, issued())
    options = build_parser().parse_args(["--api", REMOTE, "--spool", str(tmp_path)])
    warn_of_plain_http(resolve(options, {}))
    assert len(caplog.records) == 1
