"""The secrets and certificates that the agent presents to the API."""

from __future__ import annotations

from binascii import b2a_base64
from typing import TYPE_CHECKING, NamedTuple

from agent.state.text_file import decode
from agent.transport.delivery_error import DeliveryError
from agent.transport.problem_details import one_line

if TYPE_CHECKING:
    import ssl


class Credentials(NamedTuple):
    """Where the agent finds its tokens and certificates.

    ca_file: certificates to trust instead of the system's
    cert, key: the agent's own certificate, and its key if that is in a separate file
    token_file: a file with the token, read again for every connection
    token: the token itself
    enrolment_file, enrolment: the same for the enrolment token
    proxy_file: a file with USER:PASSWORD for the proxy
    """

    ca_file: str | None = None
    cert: str | None = None
    key: str | None = None
    token_file: str | None = None
    token: str | None = None
    enrolment_file: str | None = None
    enrolment: str | None = None
    proxy_file: str | None = None

    @property
    def has_token(self) -> bool:
        """Whether the agent was given a token; if so, it does not enrol."""
        return self.token_file is not None or self.token is not None

    @property
    def has_enrolment_token(self) -> bool:
        return self.enrolment_file is not None or self.enrolment is not None


def read_token(credentials: Credentials) -> str | None:
    """The given token. Raises DeliveryError if it cannot be read; no message contains it."""
    return _read_secret(
        "token", credentials.token_file, credentials.token, "COMPLIANCE_AGENT_TOKEN"
    )


def read_enrolment_token(credentials: Credentials) -> str | None:
    """The enrolment token. Raises DeliveryError if it cannot be read; no message contains it."""
    return _read_secret(
        "enrolment token",
        credentials.enrolment_file,
        credentials.enrolment,
        "COMPLIANCE_AGENT_ENROLMENT_TOKEN",
    )


def proxy_authorization(credentials: Credentials) -> dict[str, str]:
    """The header for the proxy (RFC 7617), if it needs one.

    Raises DeliveryError if the file cannot be read; no message contains its content.
    """
    if credentials.proxy_file is None:
        return {}
    try:
        with open(credentials.proxy_file, "rb") as file:  # noqa: PTH123 — see machine.py
            text = decode(file.read(8192)).strip()
    except OSError as error:
        raise DeliveryError(
            f"the proxy credentials in {credentials.proxy_file}: {error.strerror}"
        ) from error
    except ValueError:
        text = ""
    if ":" not in text or not text.isprintable():
        raise DeliveryError(
            f"the proxy credentials in {credentials.proxy_file} are not USER:PASSWORD in one line"
        )
    encoded = b2a_base64(text.encode(), newline=False).decode("ascii")
    return {"Proxy-Authorization": f"Basic {encoded}"}


def _read_secret(kind: str, path: str | None, text: str | None, variable: str) -> str | None:
    if path is not None:
        try:
            with open(path, "rb") as file:  # noqa: PTH123 — see machine.py
                text = decode(file.read(8192))
        except OSError as error:
            raise DeliveryError(f"the {kind} in {path}: {error.strerror}") from error
        except ValueError:
            text = "\0"  # reported below
    text = None if text is None else text.strip()
    if text is not None and not (text and text.isascii() and text.isprintable()):
        raise DeliveryError(f"the {kind} in {path or variable} is not one line of printable ASCII")
    return text


def tls_context(credentials: Credentials) -> ssl.SSLContext:
    """Raises DeliveryError, naming the file, if a certificate or key cannot be used.

    Raises ImportError if this Python was built without TLS.
    """
    import ssl  # noqa: F401, PLC0415 — urllib3 would raise TypeError

    from urllib3.util import create_urllib3_context  # noqa: PLC0415 — costs 60 ms to import

    context = create_urllib3_context()
    files = str(credentials.ca_file)
    try:
        if credentials.ca_file is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(credentials.ca_file)
        if credentials.cert is not None:
            files = " and ".join(filter(None, (credentials.cert, credentials.key)))
            # The empty password keeps OpenSSL from prompting for a passphrase.
            context.load_cert_chain(credentials.cert, credentials.key, password="")
    except OSError as error:  # ssl.SSLError is one
        raise DeliveryError(f"{files}: {one_line(str(error))}") from error
    return context
