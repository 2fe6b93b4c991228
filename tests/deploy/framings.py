"""Requests that two readers could take for different ones, each with a report hidden in it.

A reader that takes a framing as its author hopes stores the report INNER.
"""

from __future__ import annotations

import json

from tests.support.reports import report

_REPORT = json.dumps(report(7)).encode()


def inner(token: str) -> bytes:
    """A complete request that would be stored."""
    return _head(token, b"Content-Length: %d" % len(_REPORT)) + _REPORT


def _head(token: str, *lines: bytes) -> bytes:
    always = (
        b"POST /servers HTTP/1.1",
        b"Host: 127.0.0.1",
        b"Content-Type: application/json",
        b"Authorization: Bearer " + token.encode(),
    )
    return b"\r\n".join([*always, *lines]) + b"\r\n\r\n"


def framings(token: str) -> dict[str, bytes]:
    hidden = inner(token)
    after_none = b"0\r\n\r\n" + hidden  # the end of a chunked body, and a request
    all_of_it = b"Content-Length: %d" % len(after_none)
    in_chunk = b"%x" % len(hidden)
    chunked = b"Transfer-Encoding: chunked"

    def odd(*lines: bytes) -> bytes:
        """By its length it is one request; by this spelling of chunked it would be two."""
        return _head(token, all_of_it, *lines) + after_none

    def chunks(size: bytes, end: bytes = b"\r\n0\r\n\r\n") -> bytes:
        return _head(token, chunked) + size + b"\r\n" + hidden + end

    def first_line(line: bytes) -> bytes:
        return odd().replace(b"POST /servers HTTP/1.1", line, 1)

    return {
        "CL.TE": odd(chunked),
        "TE.CL": _head(token, chunked, b"Content-Length: 5") + after_none,
        "TE.CL, in a chunk": (
            _head(token, b"Content-Length: 4", chunked) + in_chunk + b"\r\n" + hidden + b"0\r\n\r\n"
        ),
        "two lengths": _head(token, b"Content-Length: 5", all_of_it) + after_none,
        "two lengths, the other way": odd(b"Content-Length: 5"),
        "two lengths that agree": odd(all_of_it),
        "a list of lengths": _head(token, b"Content-Length: 5, 5") + after_none,
        "a length with a sign": _head(token, b"Content-Length: +5") + after_none,
        "a negative length": _head(token, b"Content-Length: -5") + after_none,
        "a length in hexadecimal": _head(token, b"Content-Length: 0x5") + after_none,
        "a length past 64 bits": _head(token, b"Content-Length: 18446744073709551621") + after_none,
        "an empty length": _head(token, b"Content-Length:") + after_none,
        "a length with a space before its colon": (
            _head(token, b"Content-Length : 5") + after_none
        ),
        "a length with a tab before its colon": _head(token, b"Content-Length\t: 5") + after_none,
        "xchunked": odd(b"Transfer-Encoding: xchunked"),
        "chunked in quotes": odd(b'Transfer-Encoding: "chunked"'),
        "chunked with a vertical tab": odd(b"Transfer-Encoding: \x0bchunked"),
        "chunked with a NUL": odd(b"Transfer-Encoding: chunked\0"),
        "chunked with a tab": odd(b"Transfer-Encoding:\tchunked"),
        "cHuNkEd": odd(b"tRANSFER-eNCODING: cHuNkEd"),
        "identity, chunked": odd(b"Transfer-Encoding: identity, chunked"),
        "chunked, identity": odd(b"Transfer-Encoding: chunked, identity"),
        "chunked twice": odd(chunked, chunked),
        "chunked and identity": odd(chunked, b"Transfer-Encoding: identity"),
        "chunked with a space before its colon": odd(b"Transfer-Encoding : chunked"),
        "chunked with a space before its name": odd(b" Transfer-Encoding: chunked"),
        "chunked with a space in its name": odd(b"Transfer Encoding: chunked"),
        "chunked with an underscore": odd(b"Transfer_Encoding: chunked"),
        "chunked after a bare CR": odd(b"X-A: a\rTransfer-Encoding: chunked"),
        "chunked after a bare LF": odd(b"X-A: a\nTransfer-Encoding: chunked"),
        "chunked after a NUL": odd(b"X-A: a\0Transfer-Encoding: chunked"),
        "chunked on a folded line": odd(b"Transfer-Encoding:\r\n chunked"),
        "chunked on the line of another": odd(b"X-A: a\r\n Transfer-Encoding: chunked"),
        "a folded length": _head(token, b"Content-Length:\r\n 5") + after_none,
        "bare LF throughout": _head(token, all_of_it).replace(b"\r\n", b"\n") + after_none,
        "a header without a colon": odd(b"Transfer-Encoding chunked"),
        "a header without a name": odd(b": chunked"),
        "a NUL in a name": odd(b"X-\0A: a", chunked),
        "HTTP/1.0 with chunks": first_line(b"POST /servers HTTP/1.0").replace(all_of_it, chunked),
        "HTTP/1.0 with both": first_line(b"POST /servers HTTP/1.0").replace(
            all_of_it, all_of_it + b"\r\n" + chunked
        ),
        "HTTP/2.0": first_line(b"POST /servers HTTP/2.0"),
        "HTTP/1.10": first_line(b"POST /servers HTTP/1.10"),
        "http/1.1": first_line(b"POST /servers http/1.1"),
        "two versions": first_line(b"POST /servers HTTP/1.1 HTTP/1.1"),
        "tabs in the request line": first_line(b"POST\t/servers\tHTTP/1.1"),
        "a NUL in the address": first_line(b"POST /serv\0ers HTTP/1.1"),
        "an LF in the request line": first_line(b"POST /servers\nHTTP/1.1"),
        "an upgrade": odd(
            b"Upgrade: h2c", b"Connection: Upgrade, HTTP2-Settings", b"HTTP2-Settings:"
        ),
        "two hosts": odd(b"Host: 127.0.0.2"),
        "a chunk extension": chunks(in_chunk + b";a=b"),
        "a chunk extension with an LF": chunks(in_chunk + b";a\nb"),
        "a chunk extension with a CR": chunks(in_chunk + b";a\rb"),
        "a chunk size with a sign": chunks(b"+" + in_chunk),
        "a negative chunk size": chunks(b"-1"),
        "a chunk size with 0x": chunks(b"0x" + in_chunk),
        "a chunk size with _": chunks(b"1_0"),
        "a chunk size with spaces": chunks(b" " + in_chunk + b" "),
        "a chunk size past 64 bits": chunks(b"1" + b"0" * 16 + in_chunk.zfill(4)),
        "a huge chunk size": chunks(b"f" * 1000),
        "no chunk size": chunks(b""),
        "a chunk size that is a word": chunks(b"chunk"),
        "a chunk that is not ended": chunks(in_chunk, b"XX0\r\n\r\n"),
        "a chunk that is ended by LF": chunks(in_chunk, b"\n0\n\n"),
        "a length in the trailer": chunks(in_chunk, b"\r\n0\r\nContent-Length: 5\r\n\r\n"),
        "chunked in the trailer": chunks(in_chunk, b"\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    }
