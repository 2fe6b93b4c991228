"""A fleet to ask about: programs on all servers, on one, or gone for good."""

from __future__ import annotations

import random
from dataclasses import replace

from service.report import UNKNOWN_DETAILS, Login, Process, ProcessDetails, Report
from tests.benchmarks.fleet import INTERVAL, SimulatedServer

# Names to ask for. SimulatedServer runs a hundred processes of the first on every server, a few of
# the second on some; the others are run below.
COMMON, RARE = "program-1", "program-141"
ONE_SERVER = "only-on-7"  # likewise only-on-27, -47 ...
GONE = "apt-get"  # ran on every server, again and again, and runs nowhere now
GONE_UNIQUE = "backup"  # likewise, and never twice with the same command line
USER_COMMON, USER_RARE, USER_GONE = "juan", "user-7", "left"

_VISIT = 1 / 16  # of a short-lived program in a report
_SESSION_BEGINS, _SESSION_ENDS = 0.05, 0.2  # in each report
_SYSTEMS = [("Debian GNU/Linux", "12"), ("Ubuntu", "24.04"), ("Red Hat Enterprise Linux", "9.4")]


class AskedServer(SimulatedServer):
    """One server of it. Of ten, one still has the agent of version 1; of fifty, one falls silent.

    Programs come for one report and go; people log in and out; some servers are upgraded.
    """

    def __init__(self, number: int, processes: int, change: float, rounds: int, end: int) -> None:
        """rounds: how many reports it will make, the last of which is taken just before end."""
        version = 1 if number % 10 == 0 else 2
        first = end - (rounds - 1) * INTERVAL - number * 1_000_003 % INTERVAL
        super().__init__(number, processes, change, version, start=first - number * 1_000_003)
        self._number = number
        self._round, self._rounds = 0, rounds
        self._chance = random.Random(f"visitors of {number}")
        self._visitors: list[tuple[Process, ProcessDetails]] = []
        self._sessions: list[Login] = []
        name, release = _SYSTEMS[number % 7 % 3]
        self._profile = self._profile._replace(
            nombre_so=name,
            version_so=release,
            arquitectura_proc="aarch64" if number % 9 == 4 else "x86_64",
        )
        # In the second half of the history, so that in every history some were just now.
        self._upgraded_in = rounds // 2 + number % max(1, rounds // 2) if number % 25 == 3 else -1
        self._silent_from = rounds - max(1, rounds // 10) if number % 50 == 9 else rounds

    def advance(self) -> None:
        super().advance()
        self._round += 1
        self.silent = self._round >= self._silent_from
        if self._round == self._upgraded_in:
            self._profile = self._profile._replace(version_so=f"{self._profile.version_so}.1")
        self._visitors = [
            self._visitor(name)
            for name in (GONE, GONE_UNIQUE)
            if self._comes(self._chance.random() < _VISIT)
        ]
        self._people_come_and_go()

    def report(self) -> Report:
        resident = self._residents()
        plain = super().report()
        processes = [*plain.processes, *(row for row, _ in resident + self._visitors)]
        facts = (
            [*plain.process_details, *(its for _, its in resident + self._visitors)]
            if self._version > 1
            else ()
        )
        return replace(
            plain,
            processes=processes,
            process_details=facts,
            logins=[*plain.logins, *self._sessions],
        )

    def _comes(self, by_chance: bool) -> bool:
        """Whether what is gone by the end comes now; to every server at least once."""
        last_visits = self._round >= self._rounds - 2
        certain = self._round == 1 + self._number % max(1, self._rounds // 2)
        return not last_visits and (by_chance or certain)

    def _residents(self) -> list[tuple[Process, ProcessDetails]]:
        if self._number % 20 != 7:
            return []
        return [self._row(200, f"only-on-{self._number}", "root", None)]

    def _visitor(self, name: str) -> tuple[Process, ProcessDetails]:
        unique = f"{name} --stamp {self._number}-{self._round}" if name == GONE_UNIQUE else name
        return self._row(self._chance.randrange(300, 4_194_304), name, "root", unique)

    def _row(
        self, pid: int, name: str, username: str, command_line: str | None
    ) -> tuple[Process, ProcessDetails]:
        if self._version == 1:
            return (pid, name, username, None), UNKNOWN_DETAILS
        started_at = pid * 1_000_000
        return (pid, name, username, started_at), (1, f"/usr/bin/{name}", command_line)

    def _people_come_and_go(self) -> None:
        chance = self._chance
        self._sessions = [row for row in self._sessions if chance.random() >= _SESSION_ENDS]
        if chance.random() < _SESSION_BEGINS:
            # Everybody on some servers; users 0 to 39 on theirs only.
            user = f"user-{self._number % 40}"
            self._sessions.append(self._session(chance.choice(["maria", "ana", user])))
        if self._round == 1 + self._number % max(1, self._rounds // 2):
            self._sessions.append(self._session(USER_GONE))
        elif self._round > self._rounds - 2:
            self._sessions = [row for row in self._sessions if row[1] != USER_GONE]

    def _session(self, user: str) -> Login:
        pid = self._chance.randrange(300, 4_194_304)
        if self._version == 1:
            return (pid, user, None, None, None)
        terminal = f"pts/{self._chance.randrange(4)}"
        return (pid, user, terminal, f"192.0.2.{self._number % 250}", self.taken_at)
