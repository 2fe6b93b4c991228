"""The stores that the lines of a sender share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from service.store.engines import Database
from service.store.read.policies import PolicyStore
from service.store.read.standing import RepeatReader
from service.store.write.outbox import Outbox


class Stores(NamedTuple):
    """What all lines read and write."""

    database: Database
    outbox: Outbox
    repeats: RepeatReader
    policies: PolicyStore
    evaluator: Path


def stores_of(database: Database, queries: Mapping[str, str], evaluator: Path) -> Stores:
    """evaluator: the file by which an evaluator tells that it runs."""
    policies = PolicyStore(database, queries, evaluator)
    return Stores(database, Outbox(queries), RepeatReader(queries), policies, evaluator)
