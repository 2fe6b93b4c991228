"""What stops a delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from agent.transport.http_client import explain

if TYPE_CHECKING:
    from agent.transport.http_client import Answer


class Trouble(NamedTuple):
    """Why nothing more is sent for now.

    not_let_in: only people can change it, at the API or here
    """

    reason: str
    retry_after: str | None = None
    not_let_in: bool = False


class Stopped(Exception):  # noqa: N818 — what happened, as the caller reads it
    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.reason)
        self.trouble = trouble


def trouble_of(answer: Answer, said: str) -> Trouble:
    """said: the answer in words; its reasons follow them."""
    reasons = "".join(f"; {line}" for line in explain(answer))
    return Trouble(said + reasons, answer.retry_after, answer.status in {401, 403})
