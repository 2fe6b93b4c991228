"""The type of one command line that judges the masking of secrets."""

from typing import NamedTuple


class Form(NamedTuple):
    """A well-known command line that carries a secret.

    `argv` is the list of arguments as in /proc/PID/cmdline. No string of `secrets` may occur in
    the masked command line; a secret with blanks or separators is listed piece by piece, so that
    a mask over its first piece only does not pass. Every string of `visible` (program, user, host,
    path) must still occur in it.
    """

    argv: list[str]
    secrets: tuple[str, ...]
    visible: tuple[str, ...] = ()
