"""The worker with shorter deadlines, for quick tests."""

from __future__ import annotations

from service.http.worker import LingeringThreadWorker


class HastyWorker(LingeringThreadWorker):
    head_seconds = 2.0
    request_seconds = 2.0
    grace_seconds = 0.5
