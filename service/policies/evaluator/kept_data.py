"""The data files as the rules in force have them, for when the files themselves cannot be read.

A text holds what decides it outside of its file (text_hash.outside()). While a folder or a list
cannot be read, rules are judged by that: another list would be another text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from service.end_of_life import Life
from service.policies.guard.names import KERNEL_THREADS
from service.policies.rules.data_files import DataFiles


def with_kept(data: DataFiles, texts: Iterable[str]) -> DataFiles:
    """The data, in which what these texts have takes its place. texts: their `outside`, as JSON."""
    found = replace(
        data, lists=dict(data.lists), networks=dict(data.networks), lives=dict(data.lives)
    )
    for text in texts:
        kept = json.loads(text)
        found.lists |= {name: set(entries) for name, entries in kept.get("listas", {}).items()}
        if KERNEL_THREADS in kept:
            found.lists[KERNEL_THREADS] = set(kept[KERNEL_THREADS])
        if "redes" in kept:
            found.networks = dict(kept["redes"])
        if "fin_de_vida" in kept:
            lives = [Life(*life) for life in kept["fin_de_vida"]]
            found.lives = {(life.system, life.version): life for life in lives}
    return found
