"""Tokens for tests, made as an operator makes them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.live import PROJECT


def token(data: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """python -m service token, on that data folder."""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-m", "service", "token", *options],
        cwd=PROJECT,
        env={**os.environ, "COMPLIANCE_DATA": str(data)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "ResourceWarning" not in ended.stderr, "Python 3.13 reports a connection left open"
    return ended


def make_token(data: Path, scope: str, *options: str) -> str:
    made = token(data, "create", "--scope", scope, *options)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}
