"""Other texts wait until what arrived before them is judged; for a few servers not for long."""

from __future__ import annotations

import logging
import time

from service.store.read.progress import few_of

_LOG = logging.getLogger(__name__)

_PATIENCE = 10.0  # seconds, with a few servers that send more than is judged


class Hold:
    """until: what arrived later waits for the texts to be taken up; null while none wait."""

    def __init__(self) -> None:
        self.until: int | None = None
        self._settled_at = 0.0  # of time.monotonic(): all that arrived until then is stored
        self._is_told = False

    def begin(self, now: int, settle_seconds: float) -> None:
        self.until, self._is_told = now, False
        self._settled_at = time.monotonic() + settle_seconds

    def is_over(self, waiting: int, servers: int) -> bool:
        """Whether the texts can be taken up. waiting: servers of all that are not judged yet."""
        now = time.monotonic()
        if self.until is None or now < self._settled_at:
            return False
        if waiting and not self._is_told:
            self._is_told = True
            _LOG.warning(
                "evaluator: the rules have changed; the new texts wait, since reports of %d servers"
                " that arrived before are not judged yet",
                waiting,
            )
        is_patient = now < self._settled_at + _PATIENCE
        return not waiting or (waiting <= few_of(servers) and not is_patient)

    def end(self) -> int | None:
        """When they were found: from then on they judge."""
        until, self.until = self.until, None
        return until
