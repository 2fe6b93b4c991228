"""Masks the secrets in command lines.

`rule.py` walks over the words of a command. `words.py` knows the names of secrets, `values.py`,
`secret_shapes.py` and `code.py` know the looks of them, `programs.py` with `forms/` the options and
operands of programs, and `shell.py` splits the text of a shell into commands.

Masking is incomplete by nature: a bare password among the arguments of an unknown program looks
like any other word. So command lines are reported only if that is configured.
"""

from __future__ import annotations

from agent.collectors.masking.rule import masked
from agent.collectors.masking.spans import MASK

__all__ = ["MASK", "masked"]
