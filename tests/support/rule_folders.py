"""Folders of rules as an evaluator takes them up."""

from __future__ import annotations

import json
from pathlib import Path

from service.auth.audit_log import AuditLog
from service.policies.evaluator.take_up import TakeUp
from service.policies.guard.guard import Guard
from service.policies.guard.text_hash import Silence
from service.store.engines import Database, open_database
from service.store.queries import load_queries
from service.store.write.rule_texts import RuleTextStore
from service.times import DAY
from tests.policies.rule_texts import write_rule

NOW = 1000 * DAY
B_RULE = ('"a-rule"', '"b-rule"')


class Folders:
    """Shipped and users' rules, a database, and one guard for all looks."""

    def __init__(self, folder: Path, guard: Guard) -> None:
        self.shipped, self.users = folder / "shipped", folder / "users"
        self.shipped.mkdir()
        self.users.mkdir()
        write_rule(self.shipped)
        write_rule(self.users, B_RULE, name="b-rule")
        self.audit = AuditLog(folder / "audit.jsonl")
        self.guard = guard
        self.database: Database = open_database(folder / "compliance.db")
        self.database.migrate()
        self.store = RuleTextStore(self.database, load_queries())

    def take_up(self) -> TakeUp:
        """That of an evaluator that has just started."""
        silence = Silence(900, 3)
        return TakeUp(self.users, self.store, self.audit, self.guard, silence, self.shipped)

    def audited(self) -> list[tuple[str, str]]:
        lines = map(json.loads, self.audit.path.read_text(encoding="utf-8").splitlines())
        return [(line["hecho"], line.get("regla") or line["fichero"]) for line in lines]

    def kinds(self) -> list[tuple[str, str]]:
        with self.database.snapshot() as connection:
            return connection.execute("SELECT rule, kind FROM policy_change ORDER BY id").fetchall()


def look(take_up: TakeUp, now: int = NOW) -> bool:
    """One look. Whether other texts are in force after it."""
    return take_up.is_due(now) and take_up.take(now)


def looks(take_up: TakeUp, now: int = NOW) -> bool:
    """Two looks that see the same."""
    look(take_up, now)
    return look(take_up, now)
