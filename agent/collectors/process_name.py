"""The complete name of a process; the kernel keeps 15 bytes of it (TASK_COMM_LEN - 1, proc(5))."""

from __future__ import annotations

import codecs

COMM_BYTES = 15
_MAX_BLANKS = 64  # in the path of a program


def complete_name(comm: bytes, cmdline: bytes, executable: str | None = None) -> str:
    """The name, completed from the command line or the executable if they begin with it in bytes.

    comm: as the kernel gives it. A name of 15 bytes may be a cut one, also within a character.
    cmdline: the arguments, each followed by NUL; or a single text in programs that rewrite them
    executable: the path of the program, which needs no arguments: they may be empty or denied
    """
    if len(comm) < COMM_BYTES:
        return comm.decode("utf-8", "surrogateescape")
    program = _last_part((executable or "").encode("utf-8", "surrogateescape"))
    first, _, rest = cmdline.partition(b"\0")
    candidates = [name for name in _names_in(first) if name.startswith(comm)]
    if candidates and rest.strip(b"\0"):
        name = candidates[-1]  # an argument of its own: blanks belong to the name
    elif program in candidates:
        name = program
    elif candidates:
        name = candidates[0]  # a title such as `program --option`, or a name with blanks
    elif program.startswith(comm):
        name = program
    else:
        return _without_cut_character(comm)
    return name.decode("utf-8", "surrogateescape")


def _names_in(argument: bytes) -> list[bytes]:
    """The possible names in a first argument, the shortest first: they end at any blank."""
    words = argument.split(b" ", _MAX_BLANKS)
    return [_last_part(b" ".join(words[:count])) for count in range(1, len(words) + 1)]


def _last_part(path: bytes) -> bytes:
    return path.rsplit(b"/", 1)[-1]


def _without_cut_character(comm: bytes) -> str:
    """The name without the start of a character that the kernel has cut."""
    try:
        return codecs.utf_8_decode(comm, "strict", False)[0]
    except UnicodeDecodeError:  # not UTF-8 at all
        return comm.decode("utf-8", "surrogateescape")
