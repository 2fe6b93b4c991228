"""What storing a report writes, prepared before its writer's turn."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from service.report import Login
from service.store.write.placement import NO_HISTORY, History
from service.store.write.process_keys import ProcessKey
from service.store.write.spans import SpanWrite

NEW_SERVER: Final = 0  # stands for the id of a server that is not stored yet


class SequenceBounds(NamedTuple):
    """The numbers of a server's newest and its last late report. Every new report changes one."""

    highest: int
    lowest: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All that storing a report writes, valid while its server has these sequence bounds."""

    server_id: int
    bounds: SequenceBounds
    id_serv: int | None  # the record of the very same report; then the rest is empty
    history: History = NO_HISTORY
    seq: int = 0
    processes: SpanWrite[ProcessKey] = field(default_factory=SpanWrite)
    logins: SpanWrite[Login] = field(default_factory=SpanWrite)

    @property
    def changes(self) -> int:
        """How many spans it ends and starts."""
        return self.processes.changes + self.logins.changes

    def of_server(self, server_id: int) -> Plan:
        """The plan of a server that is new, once it has an id."""
        processes, logins = self.processes.of_server(server_id), self.logins.of_server(server_id)
        return replace(self, server_id=server_id, processes=processes, logins=logins)
