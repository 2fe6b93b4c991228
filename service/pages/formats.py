"""Formats numbers, times and durations.

Tables show times as the rest of the product does: 2026-11-23 10:00:03, in UTC. That form is short,
sortable and the same in both languages.
"""

from __future__ import annotations

from datetime import UTC, datetime

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent
from markupsafe import Markup

from service import times

_SECOND = 1_000_000  # microseconds
_UNITS = (("d", 86400 * _SECOND), ("h", 3600 * _SECOND), ("min", 60 * _SECOND), ("s", _SECOND))


class Formats:
    """Template filters that depend on the language."""

    def __init__(self, language: str) -> None:
        self._locale = Locale.parse(language)
        self.number(1)  # Babel loads the data of a language on first use

    def number(self, number: int) -> str:
        return format_decimal(number, locale=self._locale)

    def percent(self, fraction: float) -> str:
        """A fraction of 1 as a percentage. Fractions that would round to 0 % show as < 1 %."""
        if 0 < fraction < 0.005:
            return "< " + format_percent(0.01, locale=self._locale)
        return format_percent(fraction, locale=self._locale)

    def long_timestamp(self, microseconds: int) -> str:
        """With the day of the week, for the time that a page is about."""
        time = datetime.fromtimestamp(microseconds // _SECOND, UTC)
        return f"{format_date(time, 'full', locale=self._locale)}, {time:%H:%M:%S} UTC"


def timestamp(time: int | str) -> Markup:
    """A time element in UTC, to the second; its attribute has the microseconds."""
    text = times.to_text(time) if isinstance(time, int) else time
    # Only our own digits and punctuation: nothing to escape.
    return Markup(f'<time datetime="{text[:10]}T{text[11:]}Z">{text[:19]}</time>')  # noqa: S704


def exact_time(time: int | str) -> str:
    """With all its digits and the zone, for paper: 2026-11-23 10:00:03.5 is …:03.500000 UTC."""
    text = times.to_text(time) if isinstance(time, int) else time
    return f"{text.removesuffix('.000000')} UTC"


def time_range(start: int, end: int) -> Markup:
    """Two times with a dash; the date stands once if both are on the same day."""
    first, last = timestamp(start), timestamp(end)
    date = times.to_text(end)[:11]
    if times.to_text(start).startswith(date):
        last = Markup(str(last).replace(f">{date}", ">"))  # noqa: S704 — our own markup
    return first + Markup(" – ") + last  # noqa: RUF001 — ranges take an en dash


def clock_time(microseconds: int) -> str:
    """Hours and minutes, for the labels of an axis."""
    return times.to_text(microseconds)[11:16]


def duration(microseconds: int) -> str:
    """The two largest units, such as 3 h 12 min. The unit symbols are international."""
    remaining = max(microseconds, 0)
    for position, (symbol, size) in enumerate(_UNITS):
        if remaining >= size or symbol == "s":
            text = f"{remaining // size} {symbol}"
            show_seconds = symbol != "min" or remaining < 10 * size
            smaller_units = _UNITS[position + 1 : position + 2] if show_seconds else ()
            for smaller_symbol, smaller_size in smaller_units:
                if remaining % size >= smaller_size:
                    text += f" {remaining % size // smaller_size} {smaller_symbol}"
            return text
    raise AssertionError("the last unit matches every duration")


def datetime_local(microseconds: int) -> str:
    """The value of an input of type datetime-local with seconds."""
    return times.to_text(ceil_seconds(microseconds) * _SECOND)[:19].replace(" ", "T")


def ceil_seconds(microseconds: int) -> int:
    """Whole seconds, rounded up, so that a report can be seen at its own second.

    The last second of the calendar has none after it: there they are rounded down.
    """
    return min(-(-microseconds // _SECOND), times.LAST // _SECOND)
