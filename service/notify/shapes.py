"""The shapes of messages: how a letter is written for each kind of receiver."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from service.notify.composing import Letter
from service.notify.receivers import WEBHOOK


def generic(letter: Letter) -> str:
    """JSON with all members."""
    return json.dumps(letter.document, ensure_ascii=False)


SHAPES: Mapping[str, Callable[[Letter], str]] = {WEBHOOK: generic}
