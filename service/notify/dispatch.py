"""Decides what a receiver is told: of each transition, after all that it was told before.

Each method is one transaction, so what was told and what waits agree after any kill.
"""

from __future__ import annotations

import json

from service.notify.composing import Composer
from service.notify.held_back import HeldBack
from service.notify.open_now import OpenNow
from service.notify.receivers import Receiver
from service.notify.tag_watch import TagWatch
from service.store.engines import Connection
from service.store.read.tags import Told as Tagged
from service.store.server_event import ENDS, SEVERITIES
from service.store.write.held_messages import HELD
from service.store.write.notices import digest_of
from service.store.write.outbox import Outbox
from service.store.write.outbox_rows import Notice, ReceiverState, Told
from service.store.write.waiver_notices import WAIVER_MESSAGES
from service.times import DAY, HOUR, MINUTE, SECOND

CALM = "calma"  # a message that is to say what is so, a day after the last transition
GATHERED = "acumulado"  # a digest of messages
REMINDER = "recordatorio"  # a digest of what stays open, for a receiver that asks for it

# Nothing follows these.
ALONE = {"tardia", *WAIVER_MESSAGES, *(kind for kind, end in ENDS.items() if end is None)}
_FRESH = {"abierta", *ENDS}  # told of a subject that was unstable before
_OPENINGS = {"abierta", "inestable", "continua", *ENDS} - ALONE
ENDED = {"resuelta", "cerrada", *filter(None, ENDS.values())}
_AT_ONCE = 200  # notices
_BETWEEN_DIGESTS = 20 * SECOND


class Dispatcher:
    """Of one receiver."""

    def __init__(
        self, receiver: Receiver, outbox: Outbox, composer: Composer, held_back: HeldBack
    ) -> None:
        self._receiver, self._outbox, self._composer = receiver, outbox, composer
        self._held_back = held_back
        self._name = receiver.name
        self._tags = TagWatch(outbox.queries, receiver.tags)
        self.open_now = OpenNow(receiver, outbox, composer, held_back, self._tags)

    def begin(self, connection: Connection, now: int, sent_at: int) -> ReceiverState:
        """The state of the receiver. One that is new, or hears more, is told what is open.

        sent_at: when it took a message last, as is known beside the database; 0 if it is not. A
        database that knows of none so late was restored: nothing is told for now.
        """
        state = self._outbox.receiver(connection, self._name)
        wants = json.dumps(self._receiver.wants)
        if sent_at > (0 if state is None else state.sent_at or 0):
            state = state or ReceiverState(self._name, 0)
            state.wants, state.restored_at, state.sent_at = wants, now, sent_at
            self._outbox.drop_waiting(connection, self._name)
        elif state is None:
            state = ReceiverState(self._name, self._outbox.newest_notice(connection), wants)
            self.tell_open(connection, "nuevo", now)
        elif state.notice_id + 1 < self._outbox.oldest_notice(connection):
            self._tell_after_long(connection, state, now)
            state.wants = wants
        elif state.wants != wants:
            is_more = self._is_more(json.loads(state.wants))
            state.wants = wants
            if is_more and state.restored_at is None:
                self.tell_open(connection, "nuevo", now)
        state.kind, state.place = self._receiver.kind, self._receiver.place
        self._outbox.put_receiver(connection, state)
        return state

    def _tell_after_long(self, connection: Connection, state: ReceiverState, now: int) -> None:
        """The file did not name it, and what happened meanwhile is not kept any more."""
        state.notice_id = self._outbox.newest_notice(connection)
        self._outbox.drop_waiting(connection, self._name)
        self._outbox.forget_all(connection, self._name)
        self.tell_open(connection, "perdido", now)

    def begin_again(self, connection: Connection, state: ReceiverState, now: int) -> None:
        """A restored database is up to date: what it knew and learned is one digest."""
        state.notice_id = self._outbox.newest_notice(connection)
        state.restored_at, state.digest_due = None, 0
        self._outbox.forget_all(connection, self._name)
        self.tell_open(connection, "restaurado", now)
        self._outbox.put_receiver(connection, state)

    def _is_more(self, before: dict[str, list[str]]) -> bool:
        wants = dict(self._receiver.wants)
        asked = {text for tag in self._receiver.tags for text in (str(tag), tag.key)}
        if set(before.get("tags", [])) - asked:
            return True  # it asks servers for fewer tags
        del wants["tags"]
        return any(set(wants[each]) - set(before.get(each, [])) for each in wants)

    def tell_open(
        self, connection: Connection, reason: str, now: int, *, only_if_any: bool = False
    ) -> None:
        """One digest of what is open and not waived; all of it is told then."""
        self.open_now.tell(connection, reason, now, only_if_any=only_if_any)

    def release(self, connection: Connection, now: int) -> None:
        """Tells what was held back, and is waived no more."""
        without_notice = []
        for row, notice in self._held_back.released(connection, now):
            if not self.open_now.wants(connection, row):
                continue
            if notice is None:
                without_notice.append(row)
            else:
                self._note_told(connection, notice, "abierta")
                self._tell(connection, notice, "abierta", now)
        if without_notice:
            self.open_now.tell_rows(connection, without_notice, [], "exencion", now)

    def remind(self, connection: Connection, state: ReceiverState, now: int) -> None:
        """A reminder, in place of one that waits. What it says is written when it is tried."""
        state.reminded_at = now
        self._outbox.put_receiver(connection, state)
        self._outbox.drop_reminders(connection, self._name)
        severities = {row.severity for row in self.open_now.violations(connection, now)}
        severities |= {SEVERITIES[event.kind] for event, _ in self.open_now.events(connection)}
        critical = "critica" in severities
        self._outbox.add(
            connection,
            self._name,
            digest=digest_of(REMINDER, self._name, now),
            kind=REMINDER,
            made_at=now,
            not_before=self._receiver.quiet_until(now, "critica" if critical else "alta"),
            critical=critical,
        )

    def take(self, connection: Connection, state: ReceiverState, now: int) -> int:
        """Looks at the next notices. How many there were."""
        notices = self._outbox.notices_after(connection, state.notice_id, _AT_ONCE)
        for notice in notices:
            self._take(connection, notice, now)
            state.notice_id = notice.id
        if notices:
            self._outbox.put_receiver(connection, state)
        elif self.has_news_of_tags(connection):
            # What is open on servers that have the tags now, and was not told before.
            self.tell_open(connection, "nuevo", now, only_if_any=True)
            self._tags.look(connection)
        return len(notices)

    def has_news_of_tags(self, connection: Connection) -> bool:
        return self._tags.has_news(connection)

    def _take(self, connection: Connection, notice: Notice, now: int) -> None:
        name, outbox = self._name, self._outbox
        if notice.kind not in _FRESH and outbox.unstable_case(connection, name, notice.subject):
            self._put_off_calm(connection, notice, now)
            return
        known = outbox.told(connection, name, notice.case_digest)
        if known == HELD and notice.kind in ENDED:  # nobody was told
            outbox.forget_told(connection, name, notice.case_digest)
        known = None if known == HELD else known
        is_wanted = self._listens_to(connection, notice)
        if notice.kind in _OPENINGS:
            if known is None and not is_wanted:
                return
            kind = "abierta" if notice.kind == "continua" else notice.kind
            state = "inestable" if kind == "inestable" else "abierta"
            self._note_told(connection, notice, state)
            if known is None:
                self._tell(connection, notice, kind, now)
            if kind == "inestable":
                self._put_off_calm(connection, notice, now)
        elif notice.kind in ALONE and is_wanted:
            self._tell(connection, notice, notice.kind, now)
        elif notice.kind in ENDED and known is not None:
            self._take_end(connection, notice, now)

    def _listens_to(self, connection: Connection, notice: Notice) -> bool:
        """By the tags that the server had when it was known."""
        if not self._receiver.listens_to(notice.rule, notice.severity):
            return False
        if not self._receiver.tags:
            return True
        (document,) = self._outbox.documents(connection, [notice.id])
        return self._tags.bears(
            connection, document.facts.get("servidor"), Tagged(told_until=notice.at)
        )

    def _note_told(self, connection: Connection, notice: Notice, state: str) -> None:
        told = Told(self._name, notice.case_digest, notice.subject, state, notice.at)
        self._outbox.put_told(connection, told)

    def _take_end(self, connection: Connection, notice: Notice, now: int) -> None:
        name, outbox = self._name, self._outbox
        if notice.kind == "cerrada" and notice.rule:
            self._note_told(connection, notice, "cerrada")
        else:
            outbox.forget_told(connection, name, notice.case_digest)
        untried = outbox.untried(connection, name, notice, "abierta")
        if untried is not None:
            number, opened = untried
            if self._was_held_back(connection, opened, notice):
                outbox.drop(connection, number)
                outbox.forget_told(connection, name, notice.case_digest)
                return
            both = "abierta_y_resuelta"
            if notice.kind == "resuelta" and self._receiver.hears(both):
                not_before = self._receiver.quiet_until(now, notice.severity)
                outbox.change(connection, number, notice, both, not_before)
                return
        self._tell(connection, notice, notice.kind, now)

    def _was_held_back(self, connection: Connection, opened: int, end: Notice) -> bool:
        """Whether the violation ended before its opening was due: within grace, say."""
        before = self._outbox.notices_after(connection, opened - 1, 1)
        return bool(before) and before[0].at < before[0].due_at >= end.at

    def _put_off_calm(self, connection: Connection, notice: Notice, now: int) -> None:
        # An id of its own: receivers drop repeats by it.
        notice = notice._replace(digest=digest_of(notice.digest.hex(), CALM))
        number = self._outbox.calm(connection, self._name, notice.subject)
        if number is None:
            self._add(connection, notice, CALM, now, notice.at + DAY)
        else:
            self._outbox.change(connection, number, notice, CALM, notice.at + DAY)

    def _tell(self, connection: Connection, notice: Notice, kind: str, now: int) -> None:
        if self._receiver.hears(kind):
            due = max(notice.due_at, now)
            not_before = self._receiver.quiet_until(due, notice.severity)
            self._add(connection, notice, kind, now, not_before)

    def _add(
        self, connection: Connection, notice: Notice, kind: str, now: int, not_before: int
    ) -> None:
        self._outbox.add(
            connection,
            self._name,
            digest=notice.digest,
            kind=kind,
            made_at=now,
            not_before=not_before,
            notice_id=notice.id,
            subject=notice.subject,
            case_digest=notice.case_digest,
        )

    def gather(self, connection: Connection, now: int) -> bool:
        """Tells together what is too old or too much to be told one by one.

        False if nothing may be sent now, since a digest has just been.
        """
        waiting = self._outbox.untried_messages(connection, self._name, now, _AT_ONCE)
        if len(waiting) < 2 or not self._receiver.hears("resumen"):
            return True
        sent, _ = self._outbox.sent_since(connection, self._name, now - MINUTE)
        is_storm = len(waiting) + sent > self._receiver.most_a_minute
        is_old = sum(at < now - HOUR for _, _, _, at in waiting) > 1
        if not (is_storm or is_old):
            return True
        _, digests = self._outbox.sent_since(connection, self._name, now - _BETWEEN_DIGESTS)
        if digests:
            return False
        messages = [number for number, _, _, _ in waiting]
        digest = digest_of(GATHERED, self._name, messages, now)
        number = self._outbox.add(
            connection, self._name, digest=digest, kind=GATHERED, made_at=now, not_before=now
        )
        self._outbox.gather(connection, number, messages)
        return True
