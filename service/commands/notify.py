"""Tells receivers what happened: sends what waits, tries a receiver, lists them."""

from __future__ import annotations

import argparse
import os
import secrets
from contextlib import closing, suppress

from service import times
from service.auth.audit_log import AuditLog
from service.commands.alone import alone
from service.commands.operator import operator
from service.config import Config
from service.errors import InvalidSettingError
from service.maintenance.startup import require_database
from service.notify.composing import Composer
from service.notify.receivers import Receiver, read_receivers
from service.notify.sender import Sender
from service.notify.shapes import SHAPES
from service.notify.transport import transport_to
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.write.outbox import Outbox
from service.store.write.outbox_rows import ReceiverState
from service.store.write.resending import Resending

_NICE = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    ways = parser.add_subparsers(dest="way", required=True, metavar="way")
    send = ways.add_parser(
        "send", help="send what waits, until it is stopped; it waits while another one runs"
    )
    send.add_argument("--lock", type=int, help=argparse.SUPPRESS)  # held for it by the keeper
    test = ways.add_parser("test", help="send a marked sample to one receiver, and exit by it")
    test.add_argument("name", metavar="NAME")
    again = ways.add_parser("again", help="send a message again, with what is so now")
    again.add_argument("id", metavar="ID", type=int, help="its number, as /avisos shows it")
    ways.add_parser("list", help="list the receivers, with what waits and the last error")


def run(config: Config, options: argparse.Namespace) -> int:
    if config.notify is None:
        raise InvalidSettingError("COMPLIANCE_NOTIFY: expected a file of receivers")
    receivers = read_receivers(config.notify)
    if options.way == "test":
        return _test(config, receivers, options.name)
    require_database(config)
    if options.way == "list":
        return _list(config, list(receivers.values()))
    if options.way == "again":
        return _again(config, options.id)
    return _send(config, options.lock)


def _test(config: Config, receivers: dict[str, Receiver], name: str) -> int:
    if name not in receivers:
        known = ", ".join(receivers)
        raise InvalidSettingError(
            f"COMPLIANCE_NOTIFY: no receiver {name[:80]!r}; there are {known}"
        )
    receiver = receivers[name]
    message_id = secrets.token_hex(32)
    letter = Composer(receiver, config.url).sample(message_id)
    with closing(transport_to(receiver)) as transport:
        attempt = transport.send(SHAPES[receiver.kind](letter).encode(), message_id)
    print(f"{name} ({receiver.place}): {attempt.error or 'it took the sample'}")
    return 0 if attempt.error is None else 1


def _list(config: Config, receivers: list[Receiver]) -> int:
    outbox = Outbox(load_queries())
    with (
        closing(open_database(config.database)) as database,
        database.snapshot() as connection,
    ):
        known = {state.name: state for state in outbox.receivers(connection)}
        waiting = outbox.waiting(connection)
    for receiver in receivers:
        state = known.get(receiver.name, ReceiverState(receiver.name, 0))
        sent = "never" if state.sent_at is None else times.to_text(state.sent_at)[:19]
        line = f"{receiver.name}: {receiver.kind}, {receiver.place};"
        line += f" {waiting.get(receiver.name, 0)} waiting; last sent: {sent}"
        if state.error is not None and state.error_at is not None:
            line += f"; last error: {state.error}, {times.to_text(state.error_at)[:19]}"
        print(line)
    return 0


def _again(config: Config, number: int) -> int:
    with closing(open_database(config.database)) as database:
        resending = Resending(database, load_queries(), AuditLog(config.audit_log))
        repeat = resending.again(number, {"by": operator()})
    print(f"message {repeat} repeats message {number}; the sender sends it")
    return 0


def _send(config: Config, lock: int | None) -> int:
    with alone(config.sender_lock, lock) as stopped:
        if stopped is None or config.notify is None:
            return 0
        # As it is now: it may have changed while another sender ran.
        receivers = read_receivers(config.notify)
        with closing(open_database(config.database)) as database:
            sender = Sender(database, load_queries(), receivers, config)
            with suppress(OSError):  # the unit of the service allows no change of priority
                os.nice(_NICE)
            sender.run(stopped)
    return 0
