"""Webhooks verify certificates, also of a private authority, and go through a proxy if asked to."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.notify.receivers import Receiver
from service.notify.webhook import Webhook
from tests.agent.certificates import Authority
from tests.agent.tinyproxy import needs_tinyproxy, tiny_proxy
from tests.notify.receiver import HttpReceiver, receiving

ID = "ab" * 32


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority") / "ca")


@pytest.fixture
def secure(authority: Authority) -> Iterator[HttpReceiver]:
    """A receiver behind TLS, as 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue("receiver"))
    with receiving(context) as receiver:
        yield receiver


def to(receiver: HttpReceiver, **members: object) -> Webhook:
    url = receiver.url.replace("http:", "https:") if receiver.is_tls else receiver.url
    return Webhook(Receiver("guard", "webhook", "127.0.0.1", url, deadline=5, **members))  # type: ignore[arg-type]


def test_a_certificate_is_verified_by_the_authority_of_its_receiver(
    secure: HttpReceiver, authority: Authority
) -> None:
    assert to(secure, ca_file=authority.cert).send(b"{}", ID).error is None
    attempt = to(secure).send(b"{}", ID)
    assert attempt.error == "the certificate is not valid, or TLS failed"
    assert len(secure.taken) == 1


def test_a_file_without_certificates_is_a_failure_and_no_crash(
    secure: HttpReceiver, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.pem"
    empty.touch()
    attempt = to(secure, ca_file=empty).send(b"{}", ID)
    assert attempt.error is not None
    assert str(tmp_path) not in attempt.error
    assert secure.taken == []


@needs_tinyproxy
def test_a_message_goes_through_a_proxy(
    secure: HttpReceiver, receiver: HttpReceiver, authority: Authority, tmp_path: Path
) -> None:
    with tiny_proxy(tmp_path, "BasicAuth guard p4ssword") as proxy:
        with_login = proxy.url.replace("//", "//guard:p4ssword@")
        assert to(receiver, proxy=with_login).send(b"{}", ID).error is None
        through = to(secure, proxy=with_login, ca_file=authority.cert).send(b"{}", ID)
        assert through.error is None
        assert to(receiver, proxy=proxy.url).send(b"{}", ID).error == "HTTP 407"
        seen = [line.split()[0] for line in proxy.requests()]
    assert seen == ["POST", "CONNECT", "POST"]
    assert len(receiver.taken) == len(secure.taken) == 1
