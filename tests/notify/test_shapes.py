"""Messages fit their receivers, and names from reports act on none of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.notify.composing import Composer, Letter
from service.notify.receivers import SEVERITIES, Receiver
from service.notify.shapes import SHAPES, mattermost, slack, teams
from service.notify.words import WORDS
from service.policies.machine.events import Fin
from service.policies.rules.rule import Severity
from service.store.write.outbox_rows import OpenViolation

HOSTILE = [
    "<!channel>",
    "<!here|x>",
    "<@U123>",
    "@channel @all @here",
    "<https://evil.example|click>",
    "[click](https://evil.example)",
    "https://evil.example",
    "**bold** _it_ ~~no~~ `code` ``` ~~~ ````",
    "# title",
    "<at>everybody</at>",
    "| a | b |",
    "\\",
    '"}],"blocks":[{"',
    "&lt;!channel&gt;",
]
LINES = ["one\ntwo", "one\r\nBcc: all@example.org", "a\u2028b", "a\x85b", "a\x1b[31mb", "a\u202eb"]


def letter(*names: str, base: str | None = "https://c.example.org", language: str = "en") -> Letter:
    """A digest in which reports named everything like this."""
    receiver = Receiver("guard", "webhook", "example.org", "https://example.org", language=language)
    composer = Composer(receiver, base)
    rows = [
        OpenViolation(
            b"d", b"c", "clave", json.dumps({"name": name}), 1, "i", 0, "10.0.0.1", name, "a-rule",
            SEVERITIES[number % 4], False, 0, None, f"{name} runs",
        )
        for number, name in enumerate(names)
    ]  # fmt: skip
    return composer.digest("ab" * 32, "nuevo", [composer.open_entry(row) for row in rows])


def strings(value: Any) -> list[str]:
    """All texts within a value of JSON."""
    if isinstance(value, dict):
        return [text for each in value.values() for text in strings(each)]
    if isinstance(value, list):
        return [text for each in value for text in strings(each)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("name", LINES)
def test_a_name_is_one_line_without_controls(name: str) -> None:
    for text in letter(name).texts:
        assert len(text.splitlines()) == 1
        assert text.isprintable()


def test_slack_reads_no_markup_in_names() -> None:
    message = json.loads(slack(letter(*HOSTILE)))
    header, *sections, link = message["blocks"]
    assert {header["text"]["type"]} == {each["text"]["type"] for each in sections} == {"plain_text"}
    assert link["text"]["text"] == "<https://c.example.org/incumplimientos?abiertas=si|Open>"
    shown = "\n".join(each["text"]["text"] for each in sections)
    assert all(f"{name} (10.0.0.1)" in shown for name in HOSTILE)
    assert "<" not in message["text"]
    assert message["unfurl_links"] is message["unfurl_media"] is message["mrkdwn"] is False


def test_teams_reads_no_markup_in_names() -> None:
    message = json.loads(teams(letter(*HOSTILE)))
    (attachment,) = message["attachments"]
    card = attachment["content"]
    assert (message["type"], card["type"]) == ("message", "AdaptiveCard")
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    runs = [run for block in card["body"] for run in block["inlines"]]
    assert {run["type"] for run in runs} == {"TextRun"}
    shown = "\n".join(run["text"] for run in runs)
    assert all(f"{name} (10.0.0.1)" in shown for name in HOSTILE)
    assert "entities" not in card["msteams"]
    assert card["actions"][0]["url"] == "https://c.example.org/incumplimientos?abiertas=si"


def test_mattermost_shows_names_in_a_code_block_that_they_cannot_end() -> None:
    text = json.loads(mattermost(letter(*HOSTILE)))["text"]
    title, fence, *lines, end, link = text.split("\n")
    assert fence == f"{end}text"
    assert set(end) == {"`"}
    assert not any(line.startswith(end) or end in line for line in lines)
    assert len(lines) == len(HOSTILE)
    assert title.startswith("**Digest")
    assert link.startswith("[Open](https://c.example.org/")


@pytest.mark.parametrize("kind", ["slack", "teams", "mattermost"])
@pytest.mark.parametrize("name", ["x" * 1000, "ñ" * 1000, "🦀" * 1000, '"' * 1000, "`" * 1000])
def test_messages_keep_to_the_limits_of_their_receivers_with_the_worst_first(
    kind: str, name: str
) -> None:
    text = SHAPES[kind](letter(*[name] * 150))
    message = json.loads(text)
    if kind == "slack":
        assert len(message["blocks"]) <= 50
        assert len(message["blocks"][0]["text"]["text"]) <= 150
        assert all(len(block["text"]["text"]) <= 3000 for block in message["blocks"])
    elif kind == "teams":
        assert len(text.encode()) < 28 * 1024
    else:
        assert len(message["text"]) <= 16_383
    shown = "\n".join(strings(message))
    severities = [f"[{WORDS['en'][severity]}]" for severity in SEVERITIES]
    places = [shown.find(severity) for severity in severities]
    assert places[0] >= 0
    assert [at for at in places if at >= 0] == sorted(at for at in places if at >= 0)
    count = sum(map(shown.count, severities))
    assert f"and {150 - count} more" in shown


@pytest.mark.parametrize("kind", SHAPES)
def test_without_an_address_of_the_pages_there_is_no_link(kind: str) -> None:
    message = json.loads(SHAPES[kind](letter("web-1", base=None)))
    links = [text for text in strings(message) if "http" in text]
    assert links == ([message["attachments"][0]["content"]["$schema"]] if kind == "teams" else [])


@pytest.mark.parametrize("kind", SHAPES)
def test_each_shape_takes_a_sample(kind: str) -> None:
    receiver = Receiver("guard", kind, "example.org", "https://example.org", language="en")
    text = SHAPES[kind](Composer(receiver, None).sample("ab"))
    assert "This is a sample" in "\n".join(strings(json.loads(text)))


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_severity_and_end_has_a_word_in_each_language(language: str) -> None:
    ends = {str(fin) for fin in Fin} - {"resuelta"}
    assert {str(severity) for severity in Severity} | ends <= WORDS[language].keys()


def test_titles_and_lines_tell_severities_in_the_language_of_the_receiver() -> None:
    made = letter("x")
    assert made.title.endswith("1 critical")
    assert made.lines[0].startswith("[critical] Violation")


def test_a_text_in_the_other_language_than_the_receiver_is_marked() -> None:
    assert "[en] x runs" in letter("x", language="es").lines[0]
    assert "[en]" not in letter("x", language="en").lines[0]
