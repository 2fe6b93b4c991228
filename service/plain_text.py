"""Text that commands print: servers choose their names, and a terminal obeys what it is sent."""

from __future__ import annotations


def plain(text: str) -> str:
    r"""The text with what is not printable as an escape: \x1b, \u202e."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
