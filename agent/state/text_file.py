"""Text files that people write, with the byte order marks of Windows editors and PowerShell."""

from __future__ import annotations

import codecs

_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode(content: bytes) -> str:
    r"""The text without its byte order mark, lines ended by \n; UTF-8 without a mark.

    Raises UnicodeDecodeError, which is a ValueError.
    """
    for mark, encoding in _ENCODINGS:
        if content.startswith(mark):
            text = content[len(mark) :].decode(encoding)
            break
    else:
        text = content.decode("utf-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")
