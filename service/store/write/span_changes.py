"""Compares the rows that are running on a server with those of a new report.

sql/README.md explains slots and sequence numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Generic, NamedTuple, TypeVar

from service.report import Login
from service.store.write.process_keys import ProcessKey, pairs_by_time, ticks_of

Key = TypeVar("Key", bound=ProcessKey | Login)
Value = TypeVar("Value")


class Copy(NamedTuple, Generic[Key]):
    """The key of a row that a report lists more than once; the first has the plain key."""

    key: Key
    number: int


class Span(NamedTuple):
    """The span of a row that is running."""

    slot: int
    first_seq: int
    started_at: int | None = None  # of a process, as report first_seq has it


Running = Mapping[Key | Copy[Key], Span]
StartedAt = Callable[[int], int | None]  # of the process at an index of a report


@dataclass(frozen=True, slots=True)
class SpanChanges(Generic[Key]):
    """The spans that a report ends and starts, and the rows that are running after it."""

    ended: list[tuple[Key, Span]]
    started: list[tuple[int, Span]]  # with the index of the row in the report
    renamed: list[tuple[Key, Span]]  # that go on under this key, which is another one
    running: Running[Key]


def compare(
    running: Running[Key],
    reported: Sequence[Key],
    seq: int,
    started_at: StartedAt | None = None,
    *,
    rebooted: bool = False,
) -> SpanChanges[Key]:
    """The changes from the running rows to those of report number seq, given by their keys.

    Of equal rows, the first one goes on the longest, whatever their details are. started_at:
    null for logins.
    """
    shown = by_key(reported, range(len(reported)))
    if rebooted and started_at is not None:
        running = _without_ticks(running)
    appeared = [key for key in shown if key not in running]
    after = dict(running)
    renamed: list[tuple[Key, Span]] = []
    if started_at is not None:
        gone = sorted(running.keys() - shown.keys(), key=running.__getitem__)
        pairs = pairs_by_time(
            [(_plain(key), running[key].started_at) for key in gone],
            [(_plain(key), started_at(shown[key])) for key in appeared],
        )
        for new, old in pairs.items():
            after[appeared[new]] = span = after.pop(gone[old])
            renamed.append((_plain(appeared[new]), span))
        appeared = [key for key in appeared if key not in after] if pairs else appeared
    ended = [(_plain(key), after.pop(key)) for key in after.keys() - shown.keys()]
    # In rising order, so that the first of equal rows has the lowest slot.
    slots = sorted(islice(_free_slots([span.slot for _, span in ended], after), len(appeared)))
    started: list[tuple[int, Span]] = []
    for key, slot in zip(appeared, slots, strict=True):
        at = shown[key]
        after[key] = span = Span(slot, seq, started_at(at) if started_at else None)
        started.append((at, span))
    return SpanChanges(ended, started, renamed, after)


def _without_ticks(running: Running[Key]) -> Running[Key]:
    """Gives keys that no report has to processes with ticks, whose boot is over."""
    return {
        key if ticks_of(_plain(key)) is None else Copy(_plain(key), -number): span
        for number, (key, span) in enumerate(running.items())
    }


def _plain(key: Key | Copy[Key]) -> Key:
    return key.key if isinstance(key, Copy) else key


def by_key(keys: Sequence[Key], values: Sequence[Value]) -> dict[Key | Copy[Key], Value]:
    """The value of each row; the rows may repeat."""
    keyed: dict[Key | Copy[Key], Value] = dict(zip(keys, values, strict=True))
    if len(keyed) < len(keys):
        copies: Counter[Key] = Counter()
        for key, value in zip(keys, values, strict=True):
            copies[key] += 1
            keyed[Copy(key, copies[key]) if copies[key] > 1 else key] = value
    return keyed


def _free_slots(freed: Sequence[int], running: Running[Key]) -> Iterator[int]:
    """Slots for new spans: those just freed, then the lowest free ones."""
    yield from sorted(freed)
    taken = {span.slot for span in running.values()}.union(freed)
    yield from (slot for slot in count() if slot not in taken)
