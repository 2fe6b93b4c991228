"""The file of receivers is checked as a whole, and shows no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.errors import InvalidSettingError
from service.notify.receivers import read_receivers

URL = "https://hooks.example.org/services/T0/B0/a-secret"
RIGHT = f'[receivers.guard]\nkind = "webhook"\nurl = "{URL}"\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "receivers.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_receiver_has_defaults(tmp_path: Path) -> None:
    (receiver,) = read_receivers(write(tmp_path, RIGHT)).values()
    assert (receiver.name, receiver.kind, receiver.place) == (
        "guard",
        "webhook",
        "hooks.example.org",
    )
    assert receiver.listens_to("any-rule", "baja")
    assert receiver.hears("resuelta")
    assert receiver.quiet_until(5, "baja") == 5


def test_secrets_come_from_files_and_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "address").write_text(f"{URL}\n", encoding="utf-8")
    monkeypatch.setenv("GUARD_SECRET", "s3cret")
    text = (
        '[receivers.guard]\nkind = "webhook"\nurl_file = "address"\nsecret_env = "GUARD_SECRET"\n'
    )
    receiver = read_receivers(write(tmp_path, text))["guard"]
    assert (receiver.url, receiver.secret) == (URL, b"s3cret")
    assert "s3cret" not in repr(receiver)
    assert "a-secret" not in repr(receiver)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (RIGHT, "", "expected 1 to 50 tables"),
        (RIGHT, RIGHT + "[other]\n", "and nothing else"),
        (RIGHT, RIGHT + "[", "receivers.toml: "),
        ("guard", '"a b"', "a name of letters"),
        ('kind = "webhook"\n', "", "kind: expected one of webhook"),
        (RIGHT, RIGHT + 'tags = ["Entorno"]\n', "tags: expected a lower-case letter"),
        (RIGHT, RIGHT + "tags = []\n", "tags: expected a list of texts"),
        ("webhook", "carrier-pigeon", "kind: expected one of webhook"),
        (f'url = "{URL}"', "", "url: expected an address"),
        ("https:", "gopher:", "url: expected an address that begins with https://"),
        ("url =", "url_file =", "url_file: expected a file"),
        (f'url = "{URL}"', 'url_env = "NOT_THERE"', "url: expected a line of text"),
        ("url =", 'url_env = "X"\nurl =', "url: expected one of url, url_file and url_env"),
        (RIGHT, RIGHT + "colour = 1", "colour: is no member"),
        (RIGHT, RIGHT + 'severities = ["alto"]', "severities: expected a list of some of"),
        (RIGHT, RIGHT + "severities = []", "severities: expected a list of some of"),
        (RIGHT, RIGHT + 'messages = ["all"]', "messages: expected a list of some of"),
        (RIGHT, RIGHT + "rules = [1]", "rules: expected a list of texts"),
        (RIGHT, RIGHT + 'language = "fr"', "language: expected one of es, en"),
        (RIGHT, RIGHT + "deadline = 0", "deadline: expected an integer from 1 to 60"),
        (RIGHT, RIGHT + "deadline = true", "deadline: expected an integer"),
        (RIGHT, RIGHT + 'ca_file = "gone.pem"', "ca_file: expected a file"),
        (RIGHT, RIGHT + 'proxy = "socks5://a"', "proxy: expected an address"),
        (RIGHT, RIGHT + 'quiet = { from = "22:00" }', "quiet: expected { from"),
        (
            RIGHT,
            RIGHT + 'quiet = { from = "22:00", to = "25:00", zone = "UTC" }',
            "quiet: expected times",
        ),
        (
            RIGHT,
            RIGHT + 'quiet = { from = "22:00", to = "07:00", zone = "Europe/Nowhere" }',
            "quiet: expected times",
        ),
        (
            RIGHT,
            RIGHT + 'quiet = { from = "22:00", to = "22:00", zone = "UTC" }',
            "quiet: expected two different times",
        ),
        (
            RIGHT,
            RIGHT + 'quiet = { from = "22:00", to = "07:00", zone = "UTC", critical = 1 }',
            "quiet: critical: expected true or false",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_its_receiver_and_without_secrets(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in RIGHT
    with pytest.raises(InvalidSettingError) as refused:
        read_receivers(write(tmp_path, RIGHT.replace(old, new)))
    assert said in str(refused.value)
    assert str(refused.value).startswith("COMPLIANCE_NOTIFY: ")
    assert "a-secret" not in str(refused.value)
