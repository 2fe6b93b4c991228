"""Mutations of tokens: validity, derivation, audit entries and recovery."""

from __future__ import annotations

from tests.mutations.group import group

_TOKENS = "tests/store/test_tokens.py"
_ENROLMENT = "tests/store/test_enrolment.py"
_RECOVERY = "tests/maintenance/test_token_recovery.py"
_REBUILD = "tests/commands/test_rebuild.py"
_UPGRADE = "tests/store/test_upgrade_tokens.py"

TOKEN_MUTATIONS = [
    *group(
        "service/store/tokens.py",
        _TOKENS,
        _ENROLMENT,
        faults=[
            ("self.revoked_at is None and (", "("),
            ("now < self.expires_at", "now <= self.expires_at"),
            ("now - token.used_at > HOUR", "now - token.used_at > 2 * HOUR"),
            ("return report.id_maquina == self.server", "return report.id_maquina <= self.server"),
            ("return all(map(token.covers_address, affected))", "return True"),
            ("            if not reached:\n", "            if reached is None:\n"),
            ("self._any_token = bool(found)", "self._any_token = False"),
        ],
    ),
    *group(
        "service/store/tokens.py",
        _RECOVERY,
        faults=[
            ("                change.note(USED", "                (USED"),
            ("            change.note(CLOSED", "            (CLOSED"),
        ],
    ),
    *group(
        "service/store/tokens.py",
        _REBUILD,
        faults=[
            ('self._queries["import_token"], rows)', 'self._queries["import_token"], rows[:-1])')
        ],
    ),
    *group(
        "service/store/write/servers.py",
        _TOKENS,
        faults=[
            ("if found in (None, sibling.server_id)", "if found == sibling.server_id"),
            ("if found in (None, sibling.server_id)", "if found is None"),
        ],
    ),
    *group(
        "service/store/write/token_changes.py",
        _TOKENS,
        faults=[
            ("self._audit.record(change.entries, by)", "pass"),
            ("            self._withdraw(recorded, by)\n", ""),
            ("        for number in reached:\n", "        for number in reached[:1]:\n"),
        ],
    ),
    *group(
        "service/store/enrolment.py",
        _ENROLMENT,
        faults=[
            ("if token.server != server:", "if token.server is None:"),
            ("if counted and not issuer.uses_left:", "if counted and issuer.uses_left is None:"),
            ("            if counted:\n", "            if not counted:\n"),
            ('                change.revoke(number, "the', '                (number, "the'),
            ("if token.is_used or not is_lost:", "if not is_lost:"),
            ("if token.is_used or not is_lost:", "if token.is_used:"),
            ("is_lost = token.enrolled_by == issuer.id", "is_lost = True"),
            ("is_lost = token.request_digest == request_digest", "is_lost = True"),
            ("        if not rows:\n", "        if rows is None:\n"),
            ("if any(is_used and not is_ancestor for", "if any(False for"),
            ("                change.revoke(number, f", "                (number, f"),
            ("if number >= _MOST_AN_HOUR:", "if number > _MOST_AN_HOUR:"),
            ("issuer.expires_at if lifetime is None else", "None if lifetime is None else"),
            ("        lifetime=lifetime,\n", ""),
        ],
    ),
    *group(
        "service/store/token_recovery.py",
        _RECOVERY,
        faults=[
            ("            if entry.digest not in self._ids:\n", "            if True:\n"),
            ("created_at > entry.at", "created_at < 0"),
            ("if token_id in self.created or token_id < (parent or 1):", "if False:"),
            ("*(each.number for each in entries)", "0"),
            ("if parent is not None and entry.counted:", "if parent is not None:"),
            ("if used_at is not None and made.parent is not None:", "if False:"),
            ("            if revoked_at is not None:\n", "            if False:\n"),
        ],
    ),
    *group(
        "service/maintenance/token_recovery.py",
        _RECOVERY,
        faults=[
            ("if made.digest not in described:", "if True:"),
            ("            missing += [made, *changes]\n", "            missing += [made]\n"),
        ],
    ),
    *group(
        "service/auth/audit_entries.py",
        _RECOVERY,
        faults=[
            ("start = max(line.rfind(_LINE_START), 0)", "start = 0"),
            ("if starts and whole and", "if"),
            ("or isinstance(value, bool) ", ""),
            ("    value.encode()\n", ""),
            ('found["scope"] not in LETTERS', "False"),
        ],
    ),
    *group(
        "service/auth/audit_log.py",
        _RECOVERY,
        faults=[('if size and os.pread(descriptor, 1, size - 1) != b"\\n":', "if False:")],
    ),
    *group(
        "sql/queries/enrolment.sql",
        _ENROLMENT,
        faults=[
            ("AND created_at > :since", ""),
            ("token.id <> :id\n  AND", "token.id <> 0\n  AND"),
            ("SELECT id FROM ancestor\n", "SELECT :id\n"),
            ("JOIN token ON token.enrolled_by = renewal.id", "JOIN token ON token.id = renewal.id"),
        ],
    ),
    *group(
        "sql/queries/token_changes.sql",
        _TOKENS,
        faults=[
            ("JOIN token ON token.enrolled_by = derived.id", "JOIN token ON token.id = derived.id"),
            ("WHERE token.revoked_at IS NULL\n", ""),
        ],
    ),
    *group(
        "sql/createdb/0006_time_and_trust.sql",
        _UPGRADE,
        faults=[
            ("WHERE parent.scope = 'ingest' AND", "WHERE"),
            ("JOIN token AS child ON child.enrolled_by = derived.id", "JOIN token AS child ON 0"),
        ],
    ),
]
