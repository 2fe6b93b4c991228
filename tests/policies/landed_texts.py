"""The texts that shipped rules had, by version: a version that has landed keeps its text for ever.

An installation refuses another text under a version that it knows, so a new text takes a new
version. `python -m tests.policies.landed_texts` adds the texts of versions that are not listed yet.
"""

from __future__ import annotations

from pathlib import Path

from service.policies.rules.folders import read_policies

FILE = Path(__file__).with_suffix(".txt")

Landed = dict[tuple[str, int], str]


def shipped_texts() -> Landed:
    """(id, version) of each shipped rule to the hash of what decides in its file."""
    return {(rule.id, rule.version): rule.hash for rule in read_policies().rules.values()}


def landed_texts() -> Landed:
    """The same of all versions that landed. Raises ValueError for a line that is given twice."""
    found: Landed = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        rule, version, digest = line.split()
        if (rule, int(version)) in found:
            raise ValueError(f"{FILE}: version {version} of {rule} is listed twice")
        found[rule, int(version)] = digest
    return found


def faults() -> list[str]:
    """What is wrong with the shipped rules beside the list: each says what to do."""
    landed, found = landed_texts(), []
    for (rule, version), digest in sorted(shipped_texts().items()):
        was = landed.get((rule, version))
        last = max((number for of_rule, number in landed if of_rule == rule), default=0)
        if was is None and version < last:
            found.append(f"{rule}: version {version} is below {last}, which has landed")
        elif was is None:
            found.append(
                f"{rule}: version {version} is not listed:"
                " run python -m tests.policies.landed_texts, and commit its list"
            )
        elif was != digest:
            found.append(
                f"{rule}: the text of version {version} has landed and is another one now; an"
                f" installation that knows it refuses this. Give it version = {last + 1} and run"
                " python -m tests.policies.landed_texts"
            )
    return found


def main() -> None:
    texts = sorted((shipped_texts() | landed_texts()).items())
    lines = [f"{rule} {version} {digest}\n" for (rule, version), digest in texts]
    FILE.write_text("".join(lines), encoding="utf-8")
    raise SystemExit("\n".join(faults()) or None)


if __name__ == "__main__":
    main()
