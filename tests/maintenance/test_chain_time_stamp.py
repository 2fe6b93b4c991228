"""A link is time-stamped by the commands that service/archive/README.md shows.

The authority is one of openssl's own, behind HTTP.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.support.documentation import page, section
from tests.support.sealed_archive import Sealed, change_byte

_README = page("service/archive/README.md")
_COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
(DIGESTS,) = _COMMANDS.findall(section(_README, "The chain"))
(STAMP,) = _COMMANDS.findall(section(_README, "A time stamp by a third party"))
_AUTHORITY = """\
[tsa]
default_tsa = own
[own]
serial = serial
default_policy = 1.2.3
digests = sha256
signer_digest = sha256
[req]
distinguished_name = dn
x509_extensions = ext
[dn]
[ext]
extendedKeyUsage = critical,timeStamping
"""
_MISSING = [name for name in ("openssl", "jq", "curl", "zcat") if shutil.which(name) is None]

# In CI a missing tool is a failure.
pytestmark = pytest.mark.skipif(
    bool(_MISSING) and os.environ.get("CI") != "true", reason=f"needs {_MISSING}"
)


def _openssl(folder: Path, command: str) -> None:
    subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Its address, and its certificate."""
    folder = tmp_path_factory.mktemp("authority")
    (folder / "tsa.cnf").write_text(_AUTHORITY)
    made = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out ca.pem"
    _openssl(folder, f"req -x509 -config tsa.cnf {made} -subj /CN=authority")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/timestamp-query"
            (folder / "query").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            signed = "-signer ca.pem -inkey key.pem -out reply"
            _openssl(folder, f"ts -reply -config tsa.cnf -queryfile query {signed}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write((folder / "reply").read_bytes())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", folder / "ca.pem"
        server.shutdown()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Sealed]:
    with closing(Sealed(tmp_path / "var")) as made:
        for day in range(2):
            made.write(day, lines=2)
            made.seal(day)
        yield made


def _pasted(commands: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", commands],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_link_is_stamped_and_verified_by_the_commands_of_the_page(
    folder: Sealed, authority: tuple[str, Path]
) -> None:
    address, certificate = authority
    data = folder.config.data
    shutil.copy(certificate, data / "authority.pem")
    assert "https://tsa.example/" in STAMP
    ran = _pasted(STAMP.replace("https://tsa.example/", address), data)
    assert (ran.returncode, ran.stdout) == (0, "Verification: OK\n"), ran.stderr
    assert (data / "link.txt").read_text() == folder.texts()[1]
    verify = STAMP.splitlines()[-1]
    assert _pasted(verify, data).returncode == 0
    change_byte(data / "link.txt")
    assert _pasted(verify, data).returncode == 1


def test_the_digests_are_those_that_the_commands_of_the_page_print(folder: Sealed) -> None:
    for day in range(2):
        folder.compress(day)
    sealed = folder.plain(1).stem
    for path in (*folder.config.archive.iterdir(), folder.config.audit_log):
        shutil.copy(path, folder.config.data.parent)
    commands = DIGESTS.replace("2026-11-26", sealed)
    assert commands != DIGESTS
    ran = _pasted(commands, folder.config.data.parent)
    link, lines = (line.split()[0] for line in ran.stdout.splitlines())
    assert f'"eslabon": "{link}"' in folder.config.audit_log.read_text()
    assert f"lines {sealed} 0 2 " in folder.texts()[1]
    assert folder.texts()[1].endswith(f" {lines}\n")
