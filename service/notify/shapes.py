"""The shapes of messages: how a letter is written for each kind of receiver.

Names from reports stand where the receiver reads no markup: in plain text objects of Slack, text
runs of Teams, and a code block of Mattermost. Each shape keeps to its receiver's limits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from service.notify.composing import Letter
from service.notify.receivers import MAIL, MATTERMOST, SLACK, TEAMS, WEBHOOK

# https://docs.slack.dev/reference/block-kit/blocks
_SLACK_HEADER, _SLACK_TEXT, _SLACK_TEXTS = 150, 3000, 40
# https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/
_TEAMS_BYTES = 27_000
_MATTERMOST_TEXT = 16_000  # characters of a post: 16,383
_MAIL_SUBJECT = 200
_MOST_LINES = 50
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|>~@:<&])")


def generic(letter: Letter) -> str:
    """JSON with all members."""
    return json.dumps(letter.document, ensure_ascii=False)


def slack(letter: Letter) -> str:
    """An incoming webhook: blocks, and a text for notifications."""
    letter = letter.shortened(_MOST_LINES)
    sections = _packed(letter.texts, _SLACK_TEXT)
    while len(sections) > _SLACK_TEXTS:
        letter = letter.shortened(len(letter.lines) - 1)
        sections = _packed(letter.texts, _SLACK_TEXT)
    header = {"type": "plain_text", "text": _cut(letter.title, _SLACK_HEADER), "emoji": False}
    blocks: list[dict[str, Any]] = [{"type": "header", "text": header}]
    for text in sections:
        plain = {"type": "plain_text", "text": text, "emoji": False}
        blocks.append({"type": "section", "text": plain})
    if letter.link is not None:
        link = f"<{_slack_escaped(letter.link)}|{letter.words['open']}>"
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": link}})
    return json.dumps(
        {
            "text": _slack_escaped(letter.title),
            "blocks": blocks,
            "mrkdwn": False,
            "unfurl_links": False,
            "unfurl_media": False,
        },
        ensure_ascii=False,
    )


def teams(letter: Letter) -> str:
    """A message with an Adaptive Card, as a Workflow of Teams takes it."""
    letter = letter.shortened(_MOST_LINES)
    text = _teams(letter)
    while len(text.encode()) > _TEAMS_BYTES:
        letter = letter.shortened(len(letter.lines) - 1)
        text = _teams(letter)
    return text


def _teams(letter: Letter) -> str:
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": [
            _run(letter.title, weight="Bolder", size="Medium"),
            *(_run(text) for text in letter.texts),
        ],
    }
    if letter.link is not None:
        action = {"type": "Action.OpenUrl", "title": letter.words["open"], "url": letter.link}
        card["actions"] = [action]
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return json.dumps({"type": "message", "attachments": [attachment]}, ensure_ascii=False)


def _run(text: str, **looks: str) -> dict[str, Any]:
    """A paragraph in which no Markdown is read, in contrast to a TextBlock."""
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **looks}]}


def mattermost(letter: Letter) -> str:
    """An incoming webhook. In a code block nobody is mentioned, and nothing is a link."""
    letter = letter.shortened(_MOST_LINES)
    text = _mattermost(letter)
    while len(text) > _MATTERMOST_TEXT:
        letter = letter.shortened(len(letter.lines) - 1)
        text = _mattermost(letter)
    return json.dumps({"text": text}, ensure_ascii=False)


def _mattermost(letter: Letter) -> str:
    # A title may name a server, and an escaped @ mentions as well.
    title = _MARKUP.sub(r"\\\1", letter.title.replace("@", "\uff20"))
    parts = [f"**{title}**"]
    if letter.texts:
        lines = "\n".join(letter.texts)
        fence = "`" * (1 + max((len(run) for run in re.findall("`+", lines)), default=2))
        parts += [f"{fence}text", lines, fence]
    if letter.link is not None:
        parts.append(f"[{letter.words['open']}]({letter.link})")
    return "\n".join(parts)


def mail(letter: Letter) -> str:
    """The subject and the text of a mail, as JSON."""
    lines = [letter.title, *(f"- {text}" for text in letter.texts), letter.link or ""]
    text = "\n\n".join(filter(None, lines))
    subject = _cut(letter.title, _MAIL_SUBJECT)
    return json.dumps({"asunto": subject, "texto": f"{text}\n"}, ensure_ascii=False)


def _slack_escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _packed(texts: list[str], most: int) -> list[str]:
    """The lines in as few texts as hold them."""
    packed: list[str] = []
    for text in texts:
        line = _cut(text, most)
        if packed and len(packed[-1]) + 1 + len(line) <= most:
            packed[-1] += f"\n{line}"
        else:
            packed.append(line)
    return packed


SHAPES: Mapping[str, Callable[[Letter], str]] = {
    WEBHOOK: generic,
    SLACK: slack,
    TEAMS: teams,
    MATTERMOST: mattermost,
    MAIL: mail,
}
