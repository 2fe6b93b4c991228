"""What systemd-nspawn says of the machine that it runs, by the protocol of sd_notify(3)."""

from __future__ import annotations

import re
import socket
import threading
from pathlib import Path


class Notifications:
    """Listens on a socket of its own, for as long as it is not closed.

    The machine inside says more and more, and stops when nobody takes that from the socket.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.leader = 0  # the process that is number 1 inside
        self._ready = threading.Event()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def expect_start(self) -> None:
        self._ready.clear()

    def wait_for_start(self, seconds: float) -> bool:
        """Whether all units of the start are there within these seconds."""
        return self._ready.wait(seconds)

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", str(self.path))
        self._thread.join()
        self._socket.close()
        self.path.unlink()

    def _listen(self) -> None:
        while said := self._socket.recv(65536).decode():
            if found := re.search(r"^X_NSPAWN_LEADER_PID=(\d+)$", said, re.MULTILINE):
                self.leader = int(found[1])
            if re.search("^READY=1$", said, re.MULTILINE):
                self._ready.set()
