"""A real SMTP server on loopback (aiosmtpd), which does as it is told."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, Session

from tests.support.live import free_port

USER, PASSWORD = "guard", "p4ssword"


class Mailbox:
    """answers: to the next mails, one each, in place of 250; "hang" answers nothing.

    refused: what recipients are answered.
    """

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.refused: dict[str, str] = {}
        self.mails: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.logins: list[bytes] = []
        self.is_tls: list[bool] = []

    async def handle_RCPT(  # noqa: N802 — named by aiosmtpd
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer == "hang":
            await asyncio.sleep(20)
        if answer.startswith("250"):
            content = envelope.original_content or b""
            made = email.message_from_bytes(content, policy=email.policy.SMTP)
            assert isinstance(made, EmailMessage)
            self.mails.append(made)
            self.envelopes.append(envelope)
            self.is_tls.append(server.transport.get_extra_info("ssl_object") is not None)
        return answer

    def log_in(self, *arguments: Any) -> AuthResult:
        data = arguments[-1]
        self.logins.append(data.password)
        is_right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_right, handled=False)


@contextmanager
def mail_server(
    mailbox: Mailbox,
    certificate: Path | None = None,
    *,
    implicit: bool = False,
    login: bool = False,
) -> Iterator[int]:
    """Its port. With a certificate it wants STARTTLS, or TLS from the beginning."""
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=0,
        ssl_context=context if implicit else None,
        tls_context=None if implicit else context,
        require_starttls=context is not None and not implicit,
        authenticator=mailbox.log_in if login else None,
        auth_required=login,
        auth_require_tls=not implicit,
        ready_timeout=20,
    )
    controller.port = free_port()
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()
