"""Reads profiles, and compares them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from service import times
from service.report import Profile
from service.store.engines import Connection
from service.store.identity import CLOCK_TOLERANCE


class Difference(NamedTuple):
    """An attribute that differs between two profiles of a server."""

    attribute: str  # a column of the relation servers, or inicio for the boot time
    before: str | None
    after: str | None


class ProfileReader:
    def __init__(self, queries: Mapping[str, str]) -> None:
        self._profile = queries["profile"]

    def differences(
        self, connection: Connection, former_id: int | None, profile_id: int
    ) -> Iterator[Difference]:
        """Yields nothing if there is no former profile."""
        if former_id is None:
            return
        before, after = self._read(connection, former_id), self._read(connection, profile_id)
        for attribute in Profile._fields:
            was, now = getattr(before, attribute), getattr(after, attribute)
            if attribute == "booted_at":
                if was is not None and now is not None and _is_rebooted(before, after):
                    yield Difference("inicio", times.to_text(was), times.to_text(now))
            elif was != now and attribute != "boot_id":
                yield Difference(attribute, _text(was), _text(now))

    def _read(self, connection: Connection, profile_id: int) -> Profile:
        row = connection.execute(self._profile, {"id": profile_id}).fetchone()
        profile = Profile(*row)
        return profile._replace(version_esquema=profile.version_esquema or 1)


def _is_rebooted(before: Profile, after: Profile) -> bool:
    """Setting the clock changes the boot time, but not the boot id."""
    if before.boot_id is not None and after.boot_id is not None:
        return before.boot_id != after.boot_id
    if before.booted_at is None or after.booted_at is None:
        return False
    return abs(after.booted_at - before.booted_at) > CLOCK_TOLERANCE


def _text(value: str | int | None) -> str | None:
    return None if value is None else str(value)
