"""Sends a message by SMTP: TLS with verified certificates, login, one deadline for all of a try."""

from __future__ import annotations

import json
import smtplib
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from typing import Any

from service.notify.attempt import Attempt
from service.notify.deadline import Deadline
from service.notify.receivers import MailServer, Receiver


class Mail:
    """Mails from one address to some; used by one thread. A message is rare: each connects anew."""

    def __init__(self, receiver: Receiver, server: MailServer) -> None:
        self._receiver, self._server = receiver, server

    def send(self, body: bytes, message_id: str) -> Attempt:
        """Tries once. Never raises for what the server or the network does."""
        opened: list[socket.socket | None] = []
        with Deadline(self._receiver.deadline, lambda: opened) as deadline:
            try:
                refused = self._deliver(self._message(body, message_id), opened)
            except smtplib.SMTPRecipientsRefused as error:
                refused = error.recipients
            except (smtplib.SMTPException, OSError, ValueError) as error:
                if deadline.is_over or isinstance(error, TimeoutError):
                    return Attempt("no answer within the deadline")
                return _failed(error)
        return self._taken(refused)

    def close(self) -> None:
        """Nothing stays open."""

    def _deliver(
        self, message: EmailMessage, opened: list[socket.socket | None]
    ) -> Mapping[str, tuple[int, bytes]]:
        """The recipients that were refused, where others were not."""
        server = self._server
        context = ssl.create_default_context(cafile=self._receiver.ca_file)
        # Not the name of this machine: looking it up may take long.
        name = server.sender.rpartition("@")[2]
        options: dict[str, Any] = {"local_hostname": name, "timeout": self._receiver.deadline}
        kind: type[smtplib.SMTP] = smtplib.SMTP
        if server.tls == "tls":
            kind, options = smtplib.SMTP_SSL, options | {"context": context}
        smtp = _telling(kind, opened)(server.host, server.port, **options)
        try:
            if server.tls == "starttls":
                smtp.starttls(context=context)
                opened.append(smtp.sock)
            if server.user is not None:
                smtp.login(server.user, server.password or "")
            refused = smtp.send_message(message)
            with suppress(smtplib.SMTPException, OSError):  # it has the message
                smtp.quit()
        finally:
            smtp.close()
        return refused

    def _message(self, body: bytes, message_id: str) -> EmailMessage:
        server, parts = self._server, json.loads(body)
        message = EmailMessage(policy=SMTP)
        message["From"] = server.sender
        message["To"] = ", ".join(server.recipients)
        message["Subject"] = parts["asunto"]
        message["Date"] = formatdate()
        message["Message-ID"] = f"<{message_id}@{server.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody answers by itself
        message.set_content(parts["texto"], cte="base64")
        return message

    def _taken(self, refused: Mapping[str, tuple[int, bytes]]) -> Attempt:
        """Who was refused for now is tried again, and so are the others then."""
        if not refused:
            return Attempt()
        total = len(self._server.recipients)
        words = f"{len(refused)} of {total} recipients refused"
        if any(code < 500 for code, _ in refused.values()):
            return Attempt(f"{words} for now")
        return Attempt(words, is_final=True) if len(refused) == total else Attempt()


def _failed(error: Exception) -> Attempt:
    """RFC 5321, 4.2.1: 5yz is permanent. What has no code is a connection that broke."""
    if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code > 0:
        return Attempt(f"SMTP {error.smtp_code}", is_final=500 <= error.smtp_code < 600)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Attempt("the server offers no TLS, or no login")
    if isinstance(error, ssl.SSLError):
        return Attempt("the certificate is not valid, or TLS failed")
    if isinstance(error, ConnectionRefusedError | socket.gaierror):
        return Attempt("no connection")
    return Attempt(f"the connection broke ({type(error).__name__})")


def _telling(kind: type[smtplib.SMTP], opened: list[socket.socket | None]) -> type[smtplib.SMTP]:
    """The class, which tells of its socket before anything is read from it."""

    class Telling(kind):  # type: ignore[valid-type,misc]
        def _get_socket(self, *arguments: Any) -> Any:  # noqa: ANN401 — as the library's
            opened.append(super()._get_socket(*arguments))
            return opened[-1]

    return Telling
