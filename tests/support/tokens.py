"""Tokens for tests: made as an operator makes them, or by the stores with a clock of the test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from service.auth.audit_log import AuditLog
from service.store.engines import Database
from service.store.enrolment import EnrolmentStore
from service.store.queries import load_queries
from service.store.tokens import Token, TokenStore
from service.store.write.token_changes import NewToken
from service.times import HOUR
from tests.support.live import PROJECT

START = 1000 * HOUR


class Tokens:
    """The stores of tokens, with a clock that a test sets."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self.database = database
        self.audit = audit
        self.now = START
        queries = load_queries()
        self.store = TokenStore(database, queries, audit, lambda: self.now)
        self.enrolment = EnrolmentStore(database, queries, audit, lambda: self.now)

    def good(self, made: NewToken) -> Token:
        """The token as a request shows it, which is a use of it."""
        found = self.store.find(made.secret)
        assert found is not None
        return found

    def is_valid(self, made: NewToken) -> bool:
        """Whether it is valid now, without a use of it."""
        (token,) = (each for each in self.store.all() if each.id == made.id)
        return token.is_valid(self.now)


def token(data: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """python -m service token, on that data folder."""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-m", "service", "token", *options],
        cwd=PROJECT,
        env={**os.environ, "COMPLIANCE_DATA": str(data)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "ResourceWarning" not in ended.stderr, "Python 3.13 reports a connection left open"
    return ended


def make_token(data: Path, scope: str, *options: str) -> str:
    made = token(data, "create", "--scope", scope, *options)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}
