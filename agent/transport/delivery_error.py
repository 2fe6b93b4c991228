"""The error that stops a delivery."""

from __future__ import annotations

from typing import NamedTuple


class DeliveryFailure(NamedTuple):
    """Why a delivery stopped.

    retry_after: the header Retry-After of the answer, as it was sent
    access_denied: a retry cannot help; an operator must act, at the API or on this server
    unable: a retry cannot help; this Python cannot send reports
    """

    reason: str
    retry_after: str | None = None
    access_denied: bool = False
    unable: bool = False

    @property
    def is_retryable(self) -> bool:
        return not (self.access_denied or self.unable)


class DeliveryError(Exception):
    """Nothing more can be sent for now."""

    def __init__(
        self, reason: str, retry_after: str | None = None, *, access_denied: bool = False
    ) -> None:
        super().__init__(reason)
        self.failure = DeliveryFailure(reason, retry_after, access_denied)
