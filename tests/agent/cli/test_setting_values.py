"""The values of settings, and the forms in which they are used."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from agent.cli.settings import SettingError
from agent.transport.delivery_error import DeliveryError
from agent.transport.http_client import ApiClient
from tests.agent.cli.resolved import API, settled


@pytest.mark.parametrize("name", ["spool", "enrolment_token_file"])
@pytest.mark.parametrize("value", ["", "a\0b"])
def test_path_must_be_one(name: str, value: str) -> None:
    option = "--" + name.replace("_", "-")
    with pytest.raises(SettingError, match=f"^argument {option}: .*: expected a path$"):
        settled("--api", API, option, value)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("HTTPS://API.Example", "https://api.example"),
        (" http://a:1/ ", "http://a:1"),
        ("http://a:0080/x/", "http://a:80/x"),
        ("https://ñandú.example:8443", "https://xn--and-6ma2c.example:8443"),
        ("http://[2001:DB8::1]:8000", "http://[2001:db8::1]:8000"),
        ("http://[fe80::1%25enP2p1]", "http://[fe80::1%25enP2p1]"),
        ("http://a:/", "http://a"),
    ],
)
def test_address_is_used_in_the_form_that_was_checked(given: str, used: str) -> None:
    assert settled("--api", given).api == used


@pytest.mark.parametrize(
    "given",
    [
        "http://a b",
        "http://a\tb",
        "http://a/\nb",
        "ftp://a",
        "http://",
        "http://a:99999",
        "http://u:p@a",
    ],
)
def test_address_that_urlsplit_would_repair_is_refused(given: str) -> None:
    with pytest.raises(SettingError, match=r"^argument --api: "):
        settled("--api", given)


def test_address_in_capitals_uses_tls_and_the_own_certificates(tmp_path: Path) -> None:
    broken = tmp_path / "ca.pem"
    broken.write_text("no certificate", "utf-8")
    chosen = settled("--api", "HTTPS://127.0.0.1:1", "--ca-file", str(broken))
    assert chosen.api is not None
    with (
        pytest.raises(DeliveryError, match=r"ca\.pem"),
        ApiClient(chosen.api, chosen.credentials),
    ):
        pass


MARKED = [
    codecs.BOM_UTF8 + f"[agent]\r\napi = {API}\r\nevery = 60\r\n".encode(),
    codecs.BOM_UTF16_LE + f"[agent]\r\napi = {API}\r\nevery = 60\r\n".encode("utf-16-le"),
    codecs.BOM_UTF16_BE + f"[agent]\napi = {API}\nevery = 60\n".encode("utf-16-be"),
    f"[agent]\rapi = {API}\revery = 60\r".encode(),
]


@pytest.mark.parametrize("content", MARKED)
def test_file_of_a_windows_editor_is_read(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "agent.ini"
    file.write_bytes(content)
    assert settled("--config", str(file))[:2] == (API, 60)


@pytest.mark.parametrize(
    ("given", "used"),
    [("HTTP://Proxy:3128/", "http://proxy:3128"), ("http://[::1]:8888", "http://[::1]:8888")],
)
def test_proxy_is_used_in_the_form_that_was_checked(given: str, used: str) -> None:
    assert settled("--api", API, "--proxy", given).proxy == used


@pytest.mark.parametrize(
    "given", ["proxy:3128", "https://proxy", "socks5://proxy", "http://u:p@proxy", "http://proxy/x"]
)
def test_address_that_is_no_http_proxy_is_refused(given: str) -> None:
    with pytest.raises(SettingError, match=r"^argument --proxy: "):
        settled("--api", API, "--proxy", given)
