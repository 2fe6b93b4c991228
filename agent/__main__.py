"""The command of the agent: python -m agent --api URL."""

from __future__ import annotations

import sys

try:
    import logging
    import os
    from typing import TYPE_CHECKING

    from agent import report, wire
    from agent.cli.arguments import build_parser
    from agent.cli.exit_codes import (
        DELIVERED,
        INTERRUPTED,
        NO_PROCESSES,
        UNDELIVERED,
        exit_code,
    )
    from agent.cli.log_format import log_to_stderr
    from agent.cli.settings import load
    from agent.cli.signals import end_on_signals
    from agent.cli.startup_warnings import warn_of_missing_processes, warn_of_plain_http
    from agent.cli.streams import open_missing, write_stdout
    from agent.collectors.address import target_of
    from agent.collectors.processes import NoProcessesError
    from agent.machine import Machine, machine_at
    from agent.state.spool import Spool
    from agent.state.token_file import TokenFile
    from agent.transport import schedule
    from agent.transport.delivery import Delivery
    from agent.transport.delivery_status import DeliveryStatus
    from agent.transport.enrolment import Enrolment
    from agent.transport.http_client import ApiClient
except ImportError as missing:  # such as in python3-minimal
    if sys.stderr is not None:
        sys.stderr.write(f"agent: error: this Python cannot run the agent: {missing}\n")
    sys.exit(2)
except KeyboardInterrupt:
    sys.exit(130)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.cli.settings import Settings
    from agent.collectors.address import Target

_log = logging.getLogger("agent")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the agent; returns the exit code."""
    open_missing()
    try:
        return _main(arguments)
    except KeyboardInterrupt:  # before the agent handles signals, or on Windows
        return INTERRUPTED


def _main(arguments: Sequence[str] | None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] == "install-unit":
        from agent.cli import units  # noqa: PLC0415 — most runs do not need it

        return units.main(arguments[1:])
    settings = load(build_parser(), arguments)
    log_to_stderr(_log)
    machine = machine_at(settings.procfs, settings.rootfs)
    warn_of_missing_processes(machine)
    return _print(machine, settings) if settings.print else _report(machine, settings)


def _print(machine: Machine, settings: Settings) -> int:
    """Show the report on stdout."""
    end_on_signals(None, success=False)
    try:
        document = report.build(machine, _target(settings), command_lines=settings.linea_comando)
    except NoProcessesError as error:
        _log.error("%s", error)
        return NO_PROCESSES
    text = wire.readable(wire.version_1(document) if settings.esquema == 1 else document)
    failure = write_stdout(text)
    if failure is not None:
        _log.error("the report cannot be written to stdout: %s", failure)
        return UNDELIVERED
    return DELIVERED


def _report(machine: Machine, settings: Settings) -> int:
    """Report once or at an interval."""
    delivery = _delivery(machine, settings)
    taking = end_on_signals(delivery, success=settings.every is not None)
    warn_of_plain_http(settings)
    take_report = _report_taker(machine, settings, delivery)

    def take() -> None:
        with taking:
            take_report()

    def take_if_possible() -> None:
        try:
            take()
        except NoProcessesError as error:
            _log.error("no report this time: %s", error)

    try:
        if settings.every is None:
            return _run_once(delivery, take)
        first = schedule.first_pause(settings.every, at_once=settings.now or sys.stderr.isatty())
        if first:
            _log.info("the first report follows in %.0f s, see --now", first)
        schedule.run_forever(delivery, take_if_possible, settings.every, first)
    except KeyboardInterrupt:  # on Windows, where no thread waits for signals
        delivery.save_memory()
        return DELIVERED if settings.every is not None else INTERRUPTED
    return DELIVERED


def _delivery(machine: Machine, settings: Settings) -> Delivery:
    assert settings.api is not None  # noqa: S101 — settings.resolve() has checked it
    enrolment = None
    if not settings.credentials.has_token:
        enrolment = Enrolment(
            TokenFile(settings.spool), settings.credentials, lambda: report.identify(machine)
        )
    return Delivery(
        ApiClient(settings.api, settings.credentials, settings.proxy),
        Spool(settings.spool, settings.spool_bytes, settings.spool_seconds),
        settings.esquema,
        enrolment,
    )


def _report_taker(machine: Machine, settings: Settings, delivery: Delivery) -> Callable[[], None]:
    target = _target(settings)
    boot_note = os.path.join(settings.spool, "boot")  # noqa: PTH118 — see machine.py

    def take_report() -> None:
        document = report.build(
            machine, target, command_lines=settings.linea_comando, boot_note=boot_note
        )
        logins = f"{len(document['usuarios_activos'])} logins"
        if document.get("fuente_usuarios") == "desconocida":
            logins = "logins unknown"
        delivery.take(document, f"{len(document['procesos'])} processes, {logins}")

    return take_report


def _target(settings: Settings) -> Target | None:
    """The host that this machine talks to: its address on that route is reported."""
    return target_of(settings.proxy or settings.api)


def _run_once(delivery: Delivery, take: Callable[[], None]) -> int:
    try:
        status, failure = schedule.run_once(delivery, take)
    except NoProcessesError as error:
        _log.error("%s", error)
        delivery.deliver()  # the reports of earlier runs
        return NO_PROCESSES
    if failure is not None:
        _log.error("%s; reports waiting: %d", failure.reason, delivery.waiting())
    if status is DeliveryStatus.LOST:
        _log.error("the report could be neither delivered nor stored, and is lost")
    return exit_code(status, failure)


if __name__ == "__main__":
    sys.exit(main())
