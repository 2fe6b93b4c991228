"""Counts how many command lines the masking gets right, per table of forms.

The forms are written apart from the rule. So that they stay unknown to whoever improves the rule,
everything here gives counts, never a form.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, NamedTuple

from agent.collectors.masking import masked
from tests.agent import collectors
from tests.agent.collectors.masking_form import Form

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "masking_forms_"


class Counts(NamedTuple):
    """Command lines of one table.

    hidden: no string of `secrets` is shown; kept: every string of `visible` is shown;
    right: both, or an entirely unchanged command line in a table of harmless ones
    """

    table: str
    harmless: bool
    forms: int
    hidden: int
    kept: int
    right: int


def counts_per_table() -> list[Counts]:
    return [
        _harmless_counts(table, [form for form in forms if isinstance(form, list)])
        if table.startswith("harmless")
        else _secret_counts(table, [form for form in forms if isinstance(form, Form)])
        for table, forms in _tables()
    ]


def total(counts: list[Counts], *, harmless: bool) -> Counts:
    chosen = [line for line in counts if line.harmless is harmless]
    return Counts(
        "all harmless" if harmless else "all with secrets",
        harmless,
        *(sum(column) for column in list(zip(*chosen, strict=True))[2:]),
    )


def _tables() -> Iterator[tuple[str, list[Form | list[str]]]]:
    for module in pkgutil.iter_modules(collectors.__path__):
        if module.name.startswith(_PREFIX):
            members = vars(importlib.import_module(f"{collectors.__name__}.{module.name}"))
            for name, forms in members.items():
                if name.isupper() and isinstance(forms, list):
                    yield module.name[len(_PREFIX) :], forms


def _secret_counts(table: str, forms: list[Form]) -> Counts:
    results = []
    for form in forms:
        shown = masked(list(form.argv))
        results.append(
            (
                all(secret not in shown for secret in form.secrets),
                all(text in shown for text in form.visible),
            )
        )
    return Counts(
        table,
        False,
        len(forms),
        sum(hidden for hidden, _ in results),
        sum(kept for _, kept in results),
        sum(hidden and kept for hidden, kept in results),
    )


def _harmless_counts(table: str, forms: list[list[str]]) -> Counts:
    unchanged = sum(masked(list(arguments)) == " ".join(arguments) for arguments in forms)
    return Counts(table, True, len(forms), unchanged, unchanged, unchanged)
