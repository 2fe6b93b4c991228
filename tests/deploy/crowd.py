"""Slow clients, in a process of their own: python -m tests.deploy.crowd PORT COUNT KIND…

COUNT clients of each kind at a time; a refused one reconnects. They come from many
addresses, say "ready" when all have come, and stay until their standard input ends.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ssl
import subprocess
import sys
from collections.abc import Iterator

from tests.support.live import PROJECT

HEAD = b"POST /servers HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
BODY = HEAD + b"Authorization: Bearer unknown\r\nContent-Length: 100000\r\n\r\n{"
ASK = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"  # how a TLS handshake begins

# The bytes that a client sends at once, and those that it sends each second.
KINDS = {
    "heads": (HEAD, b"X-Slow: 1\r\n"),
    "bodies": (BODY, b" "),
    "idlers": (b"", b""),
    "kept": (ASK, b""),
    "handshakes": (HELLO, b"\x00"),
}


async def _client(options: argparse.Namespace, kind: str, source: str, came: asyncio.Event) -> None:
    """Comes, and comes back, for as long as the crowd is there."""
    at_once, then = KINDS[kind]
    at_once = at_once.replace(b"unknown", options.token.encode())
    context = ssl._create_unverified_context() if options.tls else None
    secured = None if kind == "handshakes" else context
    while True:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", options.port, ssl=secured, local_addr=(source, 0)
            )
            try:
                writer.write(at_once)
                came.set()
                ended = asyncio.create_task(_read_all(reader))
                while not ended.done():
                    await asyncio.wait([ended], timeout=1)
                    writer.write(then)
                    await writer.drain()
            finally:
                writer.transport.abort()
        await asyncio.sleep(0.2)


async def _read_all(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(OSError):
        await reader.read()


async def _stay(options: argparse.Namespace) -> None:
    clients = []
    arrivals = []
    for number in range(options.count):
        source = f"127.0.1.{1 + number % 50}"
        for kind in options.kinds:
            came = asyncio.Event()
            arrivals.append(came.wait())
            slow = _client(options, kind, source, came)
            clients.append(asyncio.create_task(slow))
    await asyncio.gather(*arrivals)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    for client in clients:
        client.cancel()
    await asyncio.gather(*clients, return_exceptions=True)


@contextlib.contextmanager
def crowd(port: int, count: int, *kinds: str, tls: bool = False, token: str = "") -> Iterator[None]:
    """Runs so many clients of each kind for the length of the block."""
    command = [sys.executable, "-m", "tests.deploy.crowd", *["--tls"] * tls]
    command += ["--token", token, str(port), str(count)]
    with subprocess.Popen(
        [*command, *kinds], cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", "some clients have not connected"
            yield
            assert process.poll() is None, "the crowd ended early"
        finally:
            process.kill()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--token", default="")
    parser.add_argument("port", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("kinds", nargs="+", choices=KINDS)
    asyncio.run(_stay(parser.parse_args()))


if __name__ == "__main__":
    main()
