"""The text of a rule: all that decides its verdicts, its file and what stands outside of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from service.policies.guard.inspection import Inspection
from service.policies.guard.names import KERNEL_THREADS
from service.policies.rules.data_files import DataFiles
from service.policies.rules.rule import Rule, digest
from service.policies.rules.sql_text import quoted_texts

_LISTED = {"procesos_listados", "listas"}
_LIVES = {"fin_de_vida", "soporte_vigente"}


class Silence(NamedTuple):
    """COMPLIANCE_SILENT_AFTER, in seconds, and COMPLIANCE_SILENT_INTERVALS."""

    after: int
    intervals: int


def lists_named(rule: Rule, data: DataFiles) -> set[str]:
    """The lists whose names stand as texts in the rule's statements."""
    texts = quoted_texts(rule.sql) | quoted_texts(rule.applies.query or "")
    return texts & data.lists.keys()


def reads_lists(inspection: Inspection) -> bool:
    reads = inspection.reads | inspection.applies_reads
    return any(relation in _LISTED for relation, _ in reads)


def outside(
    rule: Rule, inspection: Inspection, data: DataFiles, silence: Silence
) -> dict[str, Any]:
    """What decides the rule's verdicts and stands outside its file, as JSON holds it.

    Of the lists, those that its statements name; all of them where it names none. The settings of
    silence where it reads `estado`: for other rules silence decides between known and unknown only.
    """
    reads = inspection.reads | inspection.applies_reads
    relations = {relation for relation, _ in reads}
    tables = data.tables()
    found: dict[str, Any] = {}
    if reads_lists(inspection):
        named = lists_named(rule, data) or data.lists.keys()
        found["listas"] = {name: sorted(data.lists[name]) for name in sorted(named)}
    if relations & {"procesos_listados"} or ("procesos_vigentes", "hilo_nucleo") in reads:
        found[KERNEL_THREADS] = sorted(data.lists.get(KERNEL_THREADS, ()))
    if "redes" in relations:
        found["redes"] = tables["redes"]
    if relations & _LIVES:
        # Where a date comes from decides nothing, unless the rule shows it.
        shows_source = any((relation, "fuente") in reads for relation in _LIVES)
        found["fin_de_vida"] = [
            row if shows_source else [*row[:-1], None] for row in tables["fin_de_vida"]
        ]
    if ("servers_vigentes", "estado") in reads:
        found["silencio"] = list(silence)
    return found


def text_hash(rule: Rule, inspection: Inspection, data: DataFiles, silence: Silence) -> str:
    """SHA-256, in hex, of the rule's text: a new one begins a new history."""
    return digest([rule.hash, outside(rule, inspection, data, silence)])
