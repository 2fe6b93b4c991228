"""A real proxy: Debian's tinyproxy."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.live import free_port

needs_tinyproxy = pytest.mark.skipif(shutil.which("tinyproxy") is None, reason="needs tinyproxy")


class TinyProxy(NamedTuple):
    url: str
    log: Path

    def requests(self) -> list[str]:
        """The request lines that the proxy has seen."""
        lines = self.log.read_text("utf-8").splitlines()
        return [line.split(": ", 2)[2] for line in lines if "Request (file descriptor" in line]


@contextlib.contextmanager
def tiny_proxy(folder: Path, *settings: str) -> Iterator[TinyProxy]:
    port = free_port()
    log, config = folder / "tinyproxy.log", folder / "tinyproxy.conf"
    lines = [f"Port {port}", "Listen 127.0.0.1", f'LogFile "{log}"', "LogLevel Connect"]
    config.write_text("\n".join([*lines, *settings]) + "\n", "utf-8")
    with subprocess.Popen(["tinyproxy", "-d", "-c", str(config)]) as process:
        try:
            _await(port, log)
            yield TinyProxy(f"http://127.0.0.1:{port}", log)
        finally:
            process.terminate()


def _await(port: int, log: Path) -> None:
    """Until it answers, and has forgotten the connection that found that out.

    tinyproxy 1.11 may break a request that comes while it closes another connection.
    """
    is_open = False
    for _ in range(500):
        if is_open and "closed socket before read" in log.read_text("utf-8"):
            return
        if not is_open:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                is_open = True
        time.sleep(0.02)
    raise AssertionError("tinyproxy does not answer")
