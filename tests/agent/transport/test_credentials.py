from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from agent.state.state_paths import credential
from agent.transport.credentials import Credentials, read_enrolment_token
from agent.transport.delivery_error import DeliveryError
from agent.transport.http_client import Answer, ApiClient
from tests.agent.apis import Reply, scripted_api

BODY = b'{"nombre_so":"Linux \xc3\xb1"}'


def post(url: str, *bodies: bytes, **access: str) -> list[Answer]:
    with ApiClient(url, Credentials(**access)) as api:
        return [api.post(body) for body in bodies or (BODY,)]


def test_token_file_is_read_for_each_connection_and_overrides_the_token(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first.T0ken-_~+/=\n", "utf-8")
    with scripted_api(Reply(201), Reply(201), Reply(201)) as api:
        connection = ApiClient(api.url, Credentials(token_file=str(file), token="weaker"))
        for token in ("first.T0ken-_~+/=", "second"):
            file.write_text(token + "\n", "utf-8")
            with connection:
                connection.post(BODY)
            assert api.requests[-1][1]["Authorization"] == f"Bearer {token}"
        post(api.url, token="from-the-environment")
        assert api.requests[-1][1]["Authorization"] == "Bearer from-the-environment"


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + b"T0ken\r\n",
        codecs.BOM_UTF16_LE + "T0ken\r\n".encode("utf-16-le"),  # PowerShell 5: "T0ken" > token
        codecs.BOM_UTF16_BE + "T0ken".encode("utf-16-be"),
    ],
)
def test_token_file_may_have_a_byte_order_mark(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    with scripted_api(Reply(201)) as api:
        post(api.url, token_file=str(file))
    assert api.requests[0][1]["Authorization"] == "Bearer T0ken"
    assert read_enrolment_token(Credentials(enrolment_file=str(file))) == "T0ken"


def test_file_with_nothing_but_a_mark_is_no_credential(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(codecs.BOM_UTF8 + b"\r\n")
    assert credential({"CREDENTIALS_DIRECTORY": str(tmp_path)}, "token") is None


def test_token_of_the_environment_may_end_with_a_line_break() -> None:
    with scripted_api(Reply(201)) as api:
        post(api.url, token="T0ken\r\n")
    assert api.requests[0][1]["Authorization"] == "Bearer T0ken"


@pytest.mark.parametrize(
    "token", ["", " \n", "two\nlines", "s3cret\x00", "s3cret-ñ", "s3cret\ttab"]
)
def test_invalid_token_is_reported_without_its_value(token: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(token, "utf-8")
    with pytest.raises(DeliveryError, match="is not one line of printable ASCII") as raised:
        post("http://127.0.0.1:9", token_file=str(file))
    assert "s3cret" not in str(raised.value)
    file.unlink()
    with pytest.raises(DeliveryError, match="token: No such file"):
        post("http://127.0.0.1:9", token_file=str(file))
