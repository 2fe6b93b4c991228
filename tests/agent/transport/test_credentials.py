from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.transport.http_client import Answer, ApiClient
from tests.agent.apis import Reply, scripted_api

if TYPE_CHECKING:
    from pathlib import Path
from agent.transport.credentials import Credentials
from agent.transport.delivery_error import DeliveryError

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
