"""The values were compared with those of systemd 252: ConditionOSRelease= of systemd-analyze(1)."""

from __future__ import annotations

import random

import pytest

from agent.collectors.os_release import parse_os_release


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("NAME=plain", "plain"),
        ('NAME="two words"', "two words"),
        ("NAME='two words'", "two words"),
        (r'NAME="a \"quoted\" \$5 \`x\` \\ word"', r'a "quoted" $5 `x` \ word'),
        (r'NAME="C:\new"', r"C:\new"),
        (r"NAME='it is \n and $HOME'", r"it is \n and $HOME"),
        (r"NAME='a \$ b \\ c'", r"a \$ b \\ c"),
        (r"NAME='ends in \'", "ends in \\"),
        (r"NAME=two\ words", "two words"),
        ("NAME=two words", "two words"),
        (r"NAME=it\'s", "it's"),
        ("NAME=it's", "it's"),
        ('NAME=12" disk', '12" disk'),
        ("NAME=word # no comment", "word # no comment"),
        ("NAME=a#b", "a#b"),
        ('NAME="a # b"', "a # b"),
        ("  NAME=indented", "indented"),
        ("NAME = spaced out \t ", "spaced out"),
        (r"NAME=escaped blank\ ", "escaped blank "),
        (r"NAME=escaped backslash\\  ", "escaped backslash\\"),
        ("NAME='one' \"two\"", "onetwo"),
        ('NAME="quoted" rest ', "quotedrest"),
        ('NAME=""', ""),
        ("NAME=", ""),
        ("NAME=  ", ""),
        ('NAME="with carriage return"\r', "with carriage return"),
        ("NAME=wörter", "wörter"),
        ('NAME="a=b"', "a=b"),
        ('NAME="  blanks kept  "', "  blanks kept  "),
        ('NAME="line\u2028separator"', "line\u2028separator"),
        ("NAME=continued \\\nline", "continued line"),
        ('NAME="continued \\\nline"', "continued line"),
        ('NAME="two\nlines"', "two\nlines"),
    ],
)
def test_value_is_parsed_as_by_systemd(line: str, value: str) -> None:
    assert parse_os_release(f"ID=x\n{line}\nID_LIKE=y\n") == {
        "ID": "x",
        "NAME": value,
        "ID_LIKE": "y",
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('NAME="never closed\nID=x', "never closed\nID=x"),
        ("NAME='never closed\n", "never closed\n"),
        ("NAME='", ""),
        ('NAME="ends in \\', "ends in "),
        ("NAME=ends in \\", "ends in "),
        ("NAME=\\", ""),
    ],
)
def test_unclosed_quote_ends_with_the_file(text: str, value: str) -> None:
    assert parse_os_release(text) == {"NAME": value}


@pytest.mark.parametrize("line", ["# NAME=comment", "; NAME=comment", "", "just words", "=x"])
def test_line_without_an_assignment_is_ignored(line: str) -> None:
    assert parse_os_release(f"NAME=first\n{line}\n") == {"NAME": "first"}


def test_last_of_two_assignments_wins() -> None:
    assert parse_os_release("NAME=first\nNAME=last\n") == {"NAME": "last"}


def test_byte_order_mark_is_ignored() -> None:
    assert parse_os_release("\ufeffNAME=first\n") == {"NAME": "first"}


def test_every_text_is_parsed() -> None:
    letters = [*"a \"'\\\n#=;\r", "A="]
    generator = random.Random(7)
    for _ in range(5000):
        parse_os_release("".join(generator.choices(letters, k=generator.randrange(30))))
