"""Tells what a look at the folders of rules takes up, refuses and retires."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256

from service.auth.audit_entries import RULE_REFUSED, RULE_RETIRED, RULE_TAKEN_UP
from service.auth.audit_log import AuditLog
from service.policies.evaluator.in_force import RuleInForce
from service.policies.rules.faults import RuleFault
from service.policies.rules.small_file import read_small
from service.store.write.rule_texts import NewFault, Taken

_LOG = logging.getLogger(__name__)

_MAX_READ = 1024 * 1024  # bytes
_MAX_REASON = 1000  # characters


def tell(
    audit: AuditLog,
    taken: Taken,
    noted: Collection[NewFault],
    before: Mapping[str, RuleInForce],
) -> None:
    """Writes the audit log. noted: faults that were told. before: the rules in force until now.

    Raises StorageUnavailableError: then nothing may be taken up.
    """
    for fault in taken.faults:
        if fault not in noted:
            audit.write(RULE_REFUSED, fichero=fault.path, texto=fault.digest, motivo=fault.reason)
    for text in taken.new:
        former = before.get(text.rule)
        audit.write(
            RULE_TAKEN_UP,
            regla=text.rule,
            version=text.version,
            texto=text.hash,
            antes=None if former is None else former.hash,
        )
    for rule_id in taken.retired:
        audit.write(RULE_RETIRED, regla=rule_id, texto=before[rule_id].hash)


def log(taken: Taken, faults: Iterable[RuleFault], told: Collection[str]) -> set[str]:
    """Logs faults that were not told before, and rules whose files are gone. All faults."""
    found = {str(fault) for fault in faults}
    for line in sorted(found.difference(told)):
        _LOG.warning("evaluator: refused: %s", line)
    for rule_id in taken.missing:
        _LOG.warning("evaluator: %s has no file any more, and is retired in a day", rule_id)
    return found


def to_store(fault: RuleFault) -> NewFault:
    """The fault, with the hash of its file."""
    try:
        content = read_small(fault.path, _MAX_READ)
    except (OSError, ValueError):  # a folder, gone, or too long for a file of rules
        content = b""
    return NewFault(
        fault.shown_path, fault.line, fault.reason[:_MAX_REASON], sha256(content).hexdigest()
    )
