"""A certificate authority for tests, made by openssl(1), and an API behind TLS."""

from __future__ import annotations

import contextlib
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.agent.apis import Reply, ScriptedApi


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self.cert = folder / "ca.pem"
        self._key = folder / "ca.key"
        _openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-days", "2", "-subj", "/CN=Test CA", "-keyout", self._key),
            *("-addext", "keyUsage=critical,keyCertSign", "-out", self.cert),
        )

    def issue(self, name: str, names: str = "IP:127.0.0.1", passphrase: str = "") -> Path:
        """A file with a key and a certificate for these names."""
        key, request, both = (self._folder / f"{name}.{end}" for end in ("key", "csr", "pem"))
        extensions = self._folder / "extensions"
        extensions.write_text(f"subjectAltName={names}\n", "ascii")
        secret = ["-passout", f"pass:{passphrase}"] if passphrase else ["-nodes"]
        _openssl(
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", *secret),
            *("-subj", f"/CN={name}", "-keyout", key, "-out", request),
        )
        _openssl(
            *("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self._key, "-days", "2"),
            *("-CAcreateserial", "-extfile", extensions, "-out", both),
        )
        both.write_bytes(both.read_bytes() + key.read_bytes())
        return both


@contextlib.contextmanager
def tls_api(cert: Path, *answers: Reply, clients: Path | None = None) -> Iterator[ScriptedApi]:
    """An API behind TLS; clients: the authority of the client certificates it requires."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    with ScriptedApi(list(answers)) as api:
        # The thread of each request does the handshake, not the accepting one.
        api.socket = context.wrap_socket(
            api.socket, server_side=True, do_handshake_on_connect=False
        )
        api.handle_error = lambda *_: None  # type: ignore[method-assign]
        api.url = api.url.replace("http:", "https:")
        thread = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield api
        finally:
            api.shutdown()
            thread.join()
