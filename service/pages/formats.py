"""Numbers, times and durations as a language writes them.

Times in tables are as everywhere in this product, 2026-11-23 10:00:03 in UTC: short, sortable, and
the same in both languages.
"""

from __future__ import annotations

from datetime import UTC, datetime

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent
from markupsafe import Markup

from service import times

_SECOND = 1_000_000
_UNITS = (("d", 86400 * _SECOND), ("h", 3600 * _SECOND), ("min", 60 * _SECOND), ("s", _SECOND))


class Formats:
    """What templates use as filters, for one language."""

    def __init__(self, language: str) -> None:
        self._locale = Locale.parse(language)
        self.number(1)  # Babel reads its data of a language when that is first used

    def number(self, number: int) -> str:
        return format_decimal(number, locale=self._locale)

    def percent(self, share: float) -> str:
        """A share of one; what is there but rounds to nothing says so."""
        if 0 < share < 0.005:
            return "< " + format_percent(0.01, locale=self._locale)
        return format_percent(share, locale=self._locale)

    def long_time(self, microseconds: int) -> str:
        """With the name of the day, for the one time that a page is about."""
        time = datetime.fromtimestamp(microseconds // _SECOND, UTC)
        return f"{format_date(time, 'full', locale=self._locale)}, {time:%H:%M:%S} UTC"


def instant(time: int | str) -> Markup:
    """A time element, to the second; the text of it is UTC."""
    text = times.to_text(time) if isinstance(time, int) else time
    # Both are digits and punctuation of our own making, which need no escaping.
    return Markup(f'<time datetime="{text[:10]}T{text[11:]}Z">{text[:19]}</time>')  # noqa: S704


def between(earlier: int, later: int) -> Markup:
    """Two moments; where they are of one day it is said once."""
    start, end = instant(earlier), instant(later)
    day = times.to_text(later)[:11]
    if times.to_text(earlier).startswith(day):
        end = Markup(str(end).replace(f">{day}", ">"))  # noqa: S704 — of our own making, too
    return start + Markup(" – ") + end  # noqa: RUF001 — a span of time has a dash


def clock(microseconds: int) -> str:
    """The time of the day, for axes."""
    return times.to_text(microseconds)[11:16]


def duration(microseconds: int) -> str:
    """The two greatest units of it, such as 3 h 12 min; their signs are international."""
    rest = max(microseconds, 0)
    for position, (sign, size) in enumerate(_UNITS):
        if rest >= size or sign == "s":
            text = f"{rest // size} {sign}"
            seconds_matter = sign != "min" or rest < 10 * size
            smaller = _UNITS[position + 1 : position + 2] if seconds_matter else ()
            for small_sign, small_size in smaller:
                if rest % size >= small_size:
                    text += f" {rest % size // small_size} {small_sign}"
            return text
    raise AssertionError("the smallest unit takes all")


def as_field(microseconds: int) -> str:
    """The value of a field of type datetime-local that shows seconds."""
    return times.to_text(seconds_up(microseconds) * _SECOND)[:19].replace(" ", "T")


def seconds_up(microseconds: int) -> int:
    """Whole seconds, rounded up: what was seen at a moment is seen still at that second."""
    return -(-microseconds // _SECOND)
