"""Mail reaches a real SMTP server: TLS, login, refusals, and names that are data in headers too."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.errors import InvalidSettingError
from service.notify.mail import Mail
from service.notify.receivers import MailServer, Receiver, read_receivers
from service.notify.shapes import mail
from tests.agent.certificates import Authority
from tests.notify.mail_server import PASSWORD, USER, Mailbox, mail_server
from tests.notify.test_shapes import HOSTILE, LINES, letter

BODY = json.dumps({"asunto": "[alta] Títle", "texto": "ñ\n.\nFrom here\n"}).encode()
ID = "ab" * 32
TO = ("ana@example.org", "eva@example.org")


def mail_to(
    port: int, tls: str = "none", ca_file: Path | None = None, password: str | None = None
) -> Mail:
    user = None if password is None else USER
    server = MailServer("127.0.0.1", port, tls, "compliance@example.org", TO, user, password)
    return Mail(Receiver("guard", "mail", "127.0.0.1", "", ca_file=ca_file, deadline=2), server)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority") / "ca")


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def plain(mailbox: Mailbox) -> Iterator[Mail]:
    with mail_server(mailbox) as port:
        yield mail_to(port)


def test_a_mail_has_its_headers_and_its_text(plain: Mail, mailbox: Mailbox) -> None:
    assert plain.send(BODY, ID).error is None
    (made,) = mailbox.mails
    assert made["Subject"] == "[alta] Títle"
    assert made["From"] == "compliance@example.org"
    assert made["To"] == ", ".join(TO)
    assert made["Message-ID"] == f"<{ID}@example.org>"
    assert made["Auto-Submitted"] == "auto-generated"
    assert made.get_content().replace("\r\n", "\n") == "ñ\n.\nFrom here\n"
    assert mailbox.envelopes[0].rcpt_tos == list(TO)


@pytest.mark.parametrize("name", [*HOSTILE, *LINES])
def test_names_add_no_header_and_no_line(plain: Mail, mailbox: Mailbox, name: str) -> None:
    body = json.loads(mail(letter(name)))
    body["asunto"] = f"{letter(name).texts[0]}"  # no subject has a name in it; if one had
    assert plain.send(json.dumps(body).encode(), ID).error is None
    (made,) = mailbox.mails
    expected = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version"}
    assert {key for key in made if not key.startswith("Content-")} - {"X-Peer"} == expected
    assert len(made.get_content().strip().splitlines()) == 5  # title, one name, link


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # under TLS from the beginning
@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_tls_is_verified_and_login_works(authority: Authority, mailbox: Mailbox, tls: str) -> None:
    certificate = authority.issue("mail")
    implicit = tls == "tls"
    with mail_server(mailbox, certificate, implicit=implicit, login=True) as port:
        assert mail_to(port, tls, authority.cert, PASSWORD).send(BODY, ID).error is None
        wrong = mail_to(port, tls, authority.cert, "wrong").send(BODY, ID)
        unknown = mail_to(port, tls, None, PASSWORD).send(BODY, ID)
    assert mailbox.is_tls == [True]
    assert (wrong.error, wrong.is_final) == ("SMTP 535", True)
    assert unknown.error == "the certificate is not valid, or TLS failed"
    assert set(mailbox.logins) == {PASSWORD.encode(), b"wrong"}
    assert mailbox.logins.count(PASSWORD.encode()) == 1  # none before TLS was verified


def test_a_certificate_of_another_name_is_refused(authority: Authority, mailbox: Mailbox) -> None:
    certificate = authority.issue("other", "DNS:mail.example.org")
    with mail_server(mailbox, certificate) as port:
        attempt = mail_to(port, "starttls", authority.cert).send(BODY, ID)
    assert attempt.error == "the certificate is not valid, or TLS failed"


def test_a_server_without_tls_gets_no_mail_where_tls_is_wanted(mailbox: Mailbox) -> None:
    with mail_server(mailbox) as port:
        attempt = mail_to(port, "starttls").send(BODY, ID)
    assert attempt.error == "the server offers no TLS, or no login"
    assert mailbox.mails == []


@pytest.mark.parametrize(
    ("answer", "is_final"), [("451 later", False), ("554 spam", True), ("hang", False)]
)
def test_what_the_server_answers_decides_whether_it_is_tried_again(
    plain: Mail, mailbox: Mailbox, answer: str, *, is_final: bool
) -> None:
    mailbox.answers = [answer]
    attempt = plain.send(BODY, ID)
    assert attempt.error is not None
    assert attempt.is_final is is_final
    assert plain.send(BODY, ID).error is None


def test_recipients_that_are_refused_for_good_hold_back_nobody(
    plain: Mail, mailbox: Mailbox
) -> None:
    mailbox.refused = {TO[0]: "550 gone"}
    assert plain.send(BODY, ID).error is None
    mailbox.refused = {TO[0]: "450 greylisted"}
    assert plain.send(BODY, ID).error == "1 of 2 recipients refused for now"
    mailbox.refused = dict.fromkeys(TO, "550 gone")
    attempt = plain.send(BODY, ID)
    assert (attempt.error, attempt.is_final) == ("2 of 2 recipients refused", True)


def test_a_server_that_drips_its_greeting_is_given_up_at_the_deadline() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        over = threading.Event()

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                while not over.wait(0.1):
                    try:
                        connection.send(b"2")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        attempt = mail_to(listening.getsockname()[1]).send(BODY, ID)
        over.set()
        thread.join()
    assert attempt.error == "no answer within the deadline"


def test_nobody_listens() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
    assert mail_to(port).send(BODY, ID).error == "no connection"


RIGHT = """[receivers.guard]
kind = "mail"
host = "mail.example.org"
from = "compliance@example.org"
to = ["ana@example.org"]
"""


def test_a_receiver_of_mail_has_defaults(tmp_path: Path) -> None:
    path = tmp_path / "receivers.toml"
    path.write_text(RIGHT + 'user = "guard"\npassword = "s3cret"\n')
    made = read_receivers(path)["guard"]
    assert made.place == "mail.example.org"
    assert made.mail is not None
    assert (made.mail.port, made.mail.tls) == (587, "starttls")
    assert "s3cret" not in repr(made)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('host = "mail.example.org"\n', "", "expected host, from and to"),
        ("ana@example.org", "ana@example.org, eva", "from, to: expected addresses"),
        ("ana@example.org", "Ana <ana@example.org>", "from, to: expected addresses"),
        (RIGHT, RIGHT + 'tls = "ssl"', "tls: expected one of starttls, tls, none"),
        (RIGHT, RIGHT + 'user = "guard"', "user: expected both a user and a password"),
        (
            RIGHT,
            RIGHT + 'tls = "none"\nuser = "guard"\npassword = "x"',
            "user: a password is sent under TLS only",
        ),
        (RIGHT, RIGHT + 'user = "guard"\npassword = "ñ"', "expected ASCII characters"),
        (RIGHT, RIGHT + 'url = "https://example.org"', "url: is no member"),
        (RIGHT, RIGHT + "port = 0", "port: expected an integer"),
    ],
)
def test_a_wrong_receiver_of_mail_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "receivers.toml"
    path.write_text(RIGHT.replace(old, new))
    with pytest.raises(InvalidSettingError, match=said):
        read_receivers(path)
