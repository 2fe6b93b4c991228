"""Signs what is sent: HMAC-SHA256 over the time of the try and the body.

service/notify/README.md shows receivers how to check it.
"""

from __future__ import annotations

import hashlib
import hmac

TIMESTAMP, SIGNATURE, MESSAGE_ID = (
    "X-Compliance-Timestamp",
    "X-Compliance-Signature",
    "X-Compliance-Id",
)


def signed(secret: bytes, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers. timestamp: seconds since 1970, of the try."""
    digest = hmac.new(secret, b"%d.%b" % (timestamp, body), hashlib.sha256).hexdigest()
    return {TIMESTAMP: str(timestamp), SIGNATURE: f"sha256={digest}"}
