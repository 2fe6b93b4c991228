"""The line of messages to one receiver: takes what happened, and tries what is due."""

from __future__ import annotations

from typing import NamedTuple

from service import times
from service.notify.attempt import GIVEN_UP_AFTER, Attempt, pause_after
from service.notify.composing import Composer
from service.notify.dispatch import ALONE, CALM, ENDED, Dispatcher
from service.notify.heartbeat import Beat, Heartbeat
from service.notify.held_back import HeldBack
from service.notify.letters import LetterWriter
from service.notify.receivers import Receiver
from service.notify.restored import Memory, Settling
from service.notify.shapes import SHAPES
from service.notify.stores import Stores
from service.store.engines import Connection
from service.store.write.held_messages import HELD
from service.store.write.outbox_rows import Due, ReceiverState, Told, Written
from service.times import HOUR, SECOND

_DOWN_FROM = 3  # failures in a row
_BETWEEN_RELEASES = 20 * SECOND


class Claimed(NamedTuple):
    """A message that is noted as tried, and is to be sent now."""

    due: Due
    body: bytes


class Line:
    """Each method is one transaction. Raises StorageUnavailableError, in all methods."""

    def __init__(
        self,
        receiver: Receiver,
        stores: Stores,
        base: str | None,
        *,
        memory: Memory | None = None,
        settling: Settling | None = None,
    ) -> None:
        """memory, settling: null where the database is taken for the newest one."""
        self.receiver, self._progress = receiver, stores.policies.progress
        self._memory, self._settling = memory, settling
        self._database, self._outbox = stores.database, stores.outbox
        composer = Composer(receiver, base)
        self._held_back = HeldBack(receiver.name, stores.outbox)
        self._dispatcher = Dispatcher(receiver, stores.outbox, composer, self._held_back)
        self._released_at = self._reminded_at = 0
        open_now = self._dispatcher.open_now
        self._letters = LetterWriter(
            receiver.name, stores.outbox, stores.repeats, open_now, composer
        )
        self._heartbeat: Heartbeat | None = None
        if receiver.heartbeat is not None:
            self._heartbeat = Heartbeat(
                receiver, stores.outbox, open_now, composer, stores.evaluator
            )
        self._begun = False
        self._gave_digest_at = 0

    def take(self) -> bool:
        """Looks at what happened. False if nothing did."""
        now = times.now()
        if self._begun:
            with self._database.snapshot() as connection:
                state = self._state(connection)
                if self._is_settling(connection, state, now):
                    return False
            if state.restored_at is None:
                self._release(now)
                self._remind(now)
                self._try_anew(state, now)
            with self._database.snapshot() as connection:
                state = self._state(connection)
                has_notices = self._outbox.newest_notice(connection) > state.notice_id
                is_idle = state.restored_at is None and not has_notices
                if is_idle and not self._dispatcher.has_news_of_tags(connection):
                    return False
        with self._database.transaction() as connection:
            if not self._begun:
                sent_at = 0 if self._memory is None else self._memory.sent_at(self.receiver.name)
                state = self._dispatcher.begin(connection, now, sent_at)
            else:
                state = self._state(connection)
            count = 0
            if state.restored_at is None:
                count = self._dispatcher.take(connection, state, now)
            elif self._begun:
                self._dispatcher.begin_again(connection, state, now)
        self._begun = True
        return count > 0

    def _is_settling(self, connection: Connection, state: ReceiverState, now: int) -> bool:
        """Whether the database was restored, and is not up to date yet."""
        if state.restored_at is None or self._settling is None:
            return False
        return not self._settling.is_over(connection, state.restored_at, now)

    def _try_anew(self, state: ReceiverState, now: int) -> None:
        """Whether a receiver lives that lost messages shows once it is told something.

        Nothing else may be waiting that would show it.
        """
        if not state.digest_due or state.paused_until > now:
            return
        if now - max(state.error_at or 0, self._gave_digest_at) < HOUR:
            return
        self._gave_digest_at = now
        with self._database.transaction() as connection:
            state = self._state(connection)
            state.digest_due = 0
            self._outbox.put_receiver(connection, state)
            self._dispatcher.tell_open(connection, "perdido", now)

    def _remind(self, now: int) -> None:
        """Makes a reminder once a period. The first comes a period after it was asked for."""
        every = self.receiver.reminder
        if every is None or 0 <= now - self._reminded_at < every:
            return
        with self._database.transaction() as connection:
            state = self._state(connection)
            if state.reminded_at is None or state.reminded_at > now:
                state.reminded_at = now
                self._outbox.put_receiver(connection, state)
            elif now - state.reminded_at >= every:
                self._dispatcher.remind(connection, state, now)
            self._reminded_at = state.reminded_at

    def _release(self, now: int) -> None:
        """Looks now and then whether what was held back is waived no more."""
        if 0 <= now - self._released_at < _BETWEEN_RELEASES:
            return
        self._released_at = now
        with self._database.snapshot() as connection:
            if not self._held_back.released(connection, now):
                return
        with self._database.transaction() as connection:
            self._dispatcher.release(connection, now)

    def beat(self) -> Beat | None:
        """The heartbeat that is due; it is made anew for each try."""
        now, heartbeat = times.now(), self._heartbeat
        if heartbeat is None or not heartbeat.is_due(now):
            return None
        progress = self._progress()
        with self._database.snapshot() as connection:
            state = self._state(connection)
            if state.paused_until > now or heartbeat.put_off(state.beat_at, now):
                return None
            return heartbeat.beat(connection, progress, now)

    def record_beat(self, attempt: Attempt) -> None:
        """What the try of a heartbeat came to."""
        now = times.now()
        with self._database.transaction() as connection:
            state = self._state(connection)
            if attempt.error is None:
                state.beat_at = now
                self._live(connection, state, now)
            else:
                state.error, state.error_at = attempt.error, now
                if not attempt.is_final:
                    self._rest(state, attempt, now)
                if self._heartbeat is not None:
                    self._heartbeat.try_again_after(pause_after(max(state.failures, 1)), now)
            self._outbox.put_receiver(connection, state)

    def claim(self) -> Claimed | None:
        """Notes that the message that is due will be tried, so that a kill is a try as well."""
        now = times.now()
        with self._database.snapshot() as connection:
            state = self._state(connection)
            rests = state.paused_until > now or state.restored_at is not None
            peeked = None if rests else self._outbox.due(connection, self.receiver.name, now)
        if peeked is None:
            return None
        until = None if peeked.again_of is None else self._progress().until
        with self._database.transaction() as connection:
            self._held_back.hold_back(connection, now)
            if not self._dispatcher.gather(connection, now):
                return None
            due = self._outbox.due(connection, self.receiver.name, now)
            if due is None or (due.again_of is not None and due.id != peeked.id):
                return None
            quiet_until = self._quiet_until(connection, due, now)
            if quiet_until > now:
                self._outbox.delay(connection, due, quiet_until)
                return None
            written = self._write(connection, due, until, now)
            if written is None:
                self._outbox.drop(connection, due.id)
                return None
            self._outbox.note_try(connection, due, written, now)
        return Claimed(due, written.body.encode())

    def _quiet_until(self, connection: Connection, due: Due, now: int) -> int:
        """Quiet hours may have begun since it was made, while it could not be sent."""
        if self.receiver.quiet is None or due.again_of is not None:
            return now
        is_critical = self._outbox.is_critical(connection, due)
        if is_critical is None:
            return now
        return self.receiver.quiet_until(now, "critica" if is_critical else "alta")

    def _write(
        self, connection: Connection, due: Due, until: int | None, now: int
    ) -> Written | None:
        """What a message says; null if there is nothing to say any more."""
        kind: str | None = due.kind
        if kind == CALM:
            kind = self._calm(connection, due, now)
            if kind is None or not self.receiver.hears(kind):
                return None
        kind = kind or due.kind
        if due.body is not None:
            return Written(kind, None, due.body)
        letter = self._letters.letter(connection, due, kind, until)
        if letter is None:
            return None
        return Written(kind, letter.title, SHAPES[self.receiver.kind](letter))

    def record(self, claimed: Claimed, attempt: Attempt) -> None:
        """What a try came to."""
        now, due = times.now(), claimed.due
        with self._database.transaction() as connection:
            state = self._state(connection)
            if attempt.error is None:
                self._outbox.end(connection, due, is_sent=True, error=None, now=now)
                self._live(connection, state, now)
            else:
                state.error, state.error_at = attempt.error, now
                is_over = now - due.made_at >= GIVEN_UP_AFTER
                if attempt.is_final or is_over:
                    self._give_up(connection, due, attempt.error, now)
                    state.digest_due |= due.again_of is None
                else:
                    pause = pause_after(due.attempts + 1)
                    next_at = now + max(pause, attempt.retry_after or 0)
                    self._outbox.put_off(connection, due, next_at, attempt.error)
                    self._rest(state, attempt, now)
            self._outbox.put_receiver(connection, state)
        if attempt.error is None and self._memory is not None:
            self._memory.note(self.receiver.name, now)

    def _state(self, connection: Connection) -> ReceiverState:
        state = self._outbox.receiver(connection, self.receiver.name)
        return state or ReceiverState(self.receiver.name, 0)

    def _rest(self, state: ReceiverState, attempt: Attempt, now: int) -> None:
        state.failures += 1
        state.paused_until = now + (attempt.retry_after or pause_after(state.failures))

    def _live(self, connection: Connection, state: ReceiverState, now: int) -> None:
        """The receiver took a message."""
        if state.failures >= _DOWN_FROM:
            self._outbox.hurry(connection, state.name)
        state.failures, state.paused_until, state.sent_at = 0, 0, now
        if state.digest_due and now - self._gave_digest_at >= HOUR:
            self._gave_digest_at = now
            self._dispatcher.tell_open(connection, "perdido", now)
            state.digest_due = 0

    def _give_up(self, connection: Connection, due: Due, error: str, now: int) -> None:
        """Nobody was told of what it tells."""
        for case in self._outbox.cases_told_by(connection, due):
            self._outbox.forget_told(connection, self.receiver.name, case)
        self._outbox.end(connection, due, is_sent=False, error=error, now=now)

    def _calm(self, connection: Connection, due: Due, now: int) -> str | None:
        """The kind of the message that says what is so, once a subject is stable again.

        Null where nobody was told that it is unstable, for it is waived.
        """
        name, subject = self.receiver.name, due.subject or b""
        unstable = self._outbox.unstable_case(connection, name, subject)
        if unstable is not None:
            self._outbox.forget_told(connection, name, unstable)
        (document,) = self._outbox.documents(connection, [due.notice_id or 0])
        case = bytes.fromhex(document.case)
        if unstable is None and self._outbox.told(connection, name, case) == HELD:
            return None
        if document.kind in ENDED:
            return document.kind
        kind = "abierta" if document.rule else str(document.facts["clase"])
        if kind not in ALONE:
            self._outbox.put_told(connection, Told(name, case, subject, "abierta", now))
        return kind
