"""Healthy agents: servers with 300 processes that report at their times, whatever happens."""

from __future__ import annotations

import http.client
import math
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.benchmarks.fleet import SimulatedServer
from tests.support.greedy import Posted, compressed, post
from tests.support.live import LiveService


class HealthyAgents:
    """What they were answered. seconds: from the moment at which a report was due."""

    def __init__(self) -> None:
        self.posted: list[Posted] = []

    @property
    def seconds(self) -> list[float]:
        return [each.seconds for each in self.posted]

    @property
    def refused(self) -> int:
        return sum(each.status not in (200, 201) for each in self.posted)

    def percentile(self, percent: float) -> float:
        seconds = sorted(self.seconds)
        return seconds[math.ceil(len(seconds) * percent / 100) - 1]


@contextmanager
def healthy_agents(
    live: LiveService, tokens: Sequence[str], a_second: float = 5, processes: int = 300
) -> Iterator[HealthyAgents]:
    """An agent a token, each with so many reports a second, until the end of the context."""
    agents, ended = HealthyAgents(), threading.Event()

    def agent(number: int, token: str) -> None:
        server = SimulatedServer(number, processes, 0.05)
        connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=120)
        due = time.monotonic() + number / len(tokens) / a_second
        while not ended.wait(max(0.0, due - time.monotonic())):
            answer = post(connection, token, compressed(server.document()))
            agents.posted.append(answer._replace(seconds=time.monotonic() - due))
            server.advance()
            due += 1 / a_second
        connection.close()

    threads = [threading.Thread(target=agent, args=pair, daemon=True) for pair in enumerate(tokens)]
    for thread in threads:
        thread.start()
    try:
        yield agents
    finally:
        ended.set()
        for thread in threads:
            thread.join(130)
