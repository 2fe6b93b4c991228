"""How a message gets to a receiver."""

from __future__ import annotations

from typing import Protocol

from service.notify.attempt import Attempt
from service.notify.mail import Mail
from service.notify.receivers import Receiver
from service.notify.webhook import Webhook


class Transport(Protocol):
    """A way to one receiver, used by one thread."""

    def send(self, body: bytes, message_id: str) -> Attempt:
        """Tries once. Never raises for what the receiver or the network does."""

    def close(self) -> None: ...


def transport_to(receiver: Receiver) -> Transport:
    return Webhook(receiver) if receiver.mail is None else Mail(receiver, receiver.mail)
