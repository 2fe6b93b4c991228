"""Healthy agents beside greedy clients: their latency, and the memory of the workers.

Greedy clients repeat valid reports of 100,000 new names with one token, and never wait. The rate
and the latency of the agents are those of the same agents before the greedy clients came.

    python -m tests.benchmarks.greedy [--connections 30] [--seconds 60]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.benchmarks.outcome import Progress, show
from tests.support.greedy import KINDS, greedy_clients, make_tokens, memory_of
from tests.support.healthy import HealthyAgents, healthy_agents
from tests.support.live import LiveService


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--connections", type=int, default=6, help="of greedy clients")
    parser.add_argument("--tokens", type=int, default=1, help="of greedy clients")
    parser.add_argument("--reports", choices=KINDS, default="new_names", help="of the clients")
    parser.add_argument("--agents", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--idle", type=float, default=15, help="seconds of rest afterwards")
    parser.add_argument("--folder", type=Path, default=Path("var/benchmarks"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        _measure(Path(name) / "var", options)


def _measure(data: Path, options: argparse.Namespace) -> None:
    greedy, healthy = options.tokens, options.agents
    tokens = make_tokens(data, greedy + healthy)
    live = LiveService(data).start()
    try:
        with healthy_agents(live, tokens[greedy:]) as before:
            _watch(live, "agents alone  ", options.seconds / 3)
        idle_before = memory_of(live)
        with (
            greedy_clients(
                live,
                tokens[:greedy],
                options.connections,
                KINDS[options.reports],
            ) as greed,
            healthy_agents(live, tokens[greedy:]) as beside,
        ):
            peak = _watch(live, "greedy clients", options.seconds)
        time.sleep(options.idle)
        idle_after = memory_of(live)
    finally:
        live.stop()
    show(
        f"greedy: {options.connections} connections with {greedy} token(s),"
        f" {options.reports}; {healthy} agents",
        [
            _row("agents alone", before, options.seconds / 3),
            _row("beside greedy clients", beside, options.seconds),
        ],
        {
            "p99 of the agents in s (limit 1)": beside.percentile(99),
            "most memory of the workers in MiB (limit 700 at 30 connections)": peak,
            "memory of the workers before, MiB": idle_before,
            "memory of the workers afterwards, MiB": idle_after,
            "answers to greedy clients": _counts(greed.statuses),
        },
    )


def _watch(live: LiveService, step: str, seconds: float) -> float:
    """Waits so long. Returns the most memory of the workers meanwhile, in MiB."""
    progress, started, peak = Progress(step), time.monotonic(), 0.0
    while (passed := time.monotonic() - started) < seconds:
        peak = max(peak, memory_of(live))
        progress.show(passed, seconds, f"{peak:.0f} MiB")
        time.sleep(0.2)
    progress.show(seconds, seconds)
    return peak


def _row(what: str, agents: HealthyAgents, seconds: float) -> dict[str, str | int | float]:
    return {
        "what": what,
        "reports/s": len(agents.posted) / seconds,
        "not stored": agents.refused,
        "p50 ms": 1e3 * agents.percentile(50),
        "p99 ms": 1e3 * agents.percentile(99),
        "most ms": 1e3 * max(agents.seconds),
    }


def _counts(statuses: Counter[int]) -> str:
    return ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))


if __name__ == "__main__":
    main()
