"""The commands of the page about the feed, and what the service logs of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from service.config import Config
from tests.support.atom import ATOM, checked
from tests.support.documentation import page, section
from tests.support.live import PROJECT, LiveService
from tests.support.reports import report


@pytest.mark.torture
def test_the_documented_commands_read_the_feed_and_their_token_is_in_no_log(tmp_path: Path) -> None:
    (block,) = re.findall(r"```sh\n(.*?)```", section(page("service/README.md"), "Feed"), re.DOTALL)
    live = LiveService(tmp_path / "var")
    try:
        live.start()
        assert live.post(report()).status == 201
        commands = block.replace(".venv/bin/python", sys.executable)
        commands = commands.replace(Config().bind, f"127.0.0.1:{live.port}") + 'echo "$token" >&2'
        done = subprocess.run(
            ["sh", "-c", commands],
            cwd=PROJECT,
            env=os.environ | {"COMPLIANCE_DATA": str(live.data)},
            capture_output=True,
            timeout=60,
            check=True,
        )
        english, spanish = done.stdout.split(b"</feed>")[:2]
        titles = [
            checked(feed.strip() + b"</feed>").findtext(f"{ATOM}title")
            for feed in (english, spanish)
        ]
        assert titles == ["Violations and news", "Incumplimientos y novedades"]
        token = done.stderr.decode().split()[-1]
        assert token.startswith("ccsn_")
        assert token not in live.log
        assert token not in (live.data / "audit.jsonl").read_text(encoding="utf-8")
    finally:
        live.stop()
