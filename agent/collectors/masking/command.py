"""Walks over the words of one command and finds the secrets of its options and operands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.collectors.masking import named
from agent.collectors.masking.known_operands import operand_secrets
from agent.collectors.masking.known_options import match_option
from agent.collectors.masking.programs import Program, Template, find
from agent.collectors.masking.values import is_harmless, is_path, is_random, is_reference
from agent.collectors.masking.words import NOT, STRONG, is_switch, strength
from agent.collectors.masking.wrappers import (
    COMMON,
    INTERPRETERS,
    NAME_TAKERS,
    NAMING,
    NO_PAIR,
    SETTERS,
    TAKES_NAMES,
    TEXT_TAKERS,
    WRAPPERS,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.collectors.masking.spans import Span

_OPTION = re.compile(r"(--?|/|\+)([A-Za-z_][\w.-]*)")
_IS_OPTION = re.compile(r"[-+][^\s]|/[A-Za-z?][\w.-]*(?:$|[:=])")
# A word like this is the next option and no value of the one before.
_NEXT_OPTION = re.compile(r"--[A-Za-z][\w-]*(?:=.*)?|-[A-Za-z]|/[A-Za-z]{1,2}", re.DOTALL)
_COMMAND_OPTION = re.compile(r"-[a-z]*c|/[ck]|--command|--exec|-command|--run|--session-command")
_CODE_OPTIONS = frozenset(["-e", "-r", "-c", "--eval", "--execute", "-ne", "-pe", "--exec"])
_PORTS = re.compile(r"[\d.:/-]+")
_NOT_SECRETS = frozenset(["", "$", "-", "stdin", "prompt", "ask", "*", "=", "--"])
# reg add /v Password /d x; Set-ItemProperty -Name Password -Value x
_NAME_OPTIONS = frozenset(["-name", "--name", "--key", "/v", "-key", "-n", "-k", "--variable"])
_VALUE_OPTIONS = frozenset(["-value", "--value", "/d", "-v", "-string"])
_USER_OPTIONS = frozenset(["-u", "-U", "--user", "--username", "-user", "-username", "--login"])
_PASSWORD_OPTIONS = frozenset(["-p", "-P", "-w"])
# These take operands that are names, and set keys as well.
_SETTING_NAME_TAKERS = frozenset(["git", "npm", "yarn"])


class CommandWalk:
    """expands: for each word, whether a shell still replaces $variables in it
    in_text: the words are part of a text, perhaps of another language than a shell's
    """

    def __init__(
        self, words: Sequence[str], expands: Sequence[bool], *, in_text: bool = False
    ) -> None:
        self.words = words
        self.expands = expands
        self.in_text = in_text
        self.found: list[list[Span]] = [[] for _ in words]
        # How the next word is masked: by templates of the table, or by the name in front of it.
        self.templates: list[Template] = []
        self.times = 0
        self.name: str | None = None
        self.keyed = False  # an option has named a secret, another one gives its value
        self._start("", None)

    def spans(self) -> list[list[Span]]:
        """The secrets of each word."""
        for index, word in enumerate(self.words):
            if self._is_value(index, word):
                continue
            if index and _IS_OPTION.match(word) and not self._is_short_path(word):
                self._option(index, word)
            else:
                self._operand(index, word)
        self._end()
        return self.found

    def _start(self, name: str, program: Program | None) -> None:
        self.program_name = name
        self.program = program
        self.operands: list[int] = []
        self.seen: set[str] = set()  # the operands in small letters
        self.flags: set[str] = set()
        self.skip = False  # the next word is the value of an option, and no secret
        self.setter = False
        self.user = False
        self.pair: int | None = None  # the value of -p, if a -u makes a password of it

    def _end(self) -> None:
        if self.program is not None:
            operands = [self.words[index] for index in self.operands]
            for number, template in operand_secrets(self.program, operands, self.flags):
                if not self.found[self.operands[number]]:
                    self._by_templates(self.operands[number], 0, [template])
        elif self.user and self.pair is not None and self.program_name not in NO_PAIR:
            value = self.words[self.pair]
            if not is_harmless(value, expands=self.expands[self.pair]):
                self.found[self.pair].append((0, len(value)))

    # --- the value of the option before ---

    def _is_value(self, index: int, word: str) -> bool:
        """Whether the word is the value of the option before it; its secret is found then."""
        waits = bool(self.templates) or self.name is not None or self.skip
        if not waits:
            return False
        if _NEXT_OPTION.fullmatch(word):
            self.templates, self.name, self.skip = [], None, False
            return False
        if self.templates:
            self._value_of_template(index, word)
        elif self.name is not None:
            self._value_of_name(index, word, self.name)
        else:
            self.skip = False
            self._assigned(index, word)
        return True

    def _value_of_template(self, index: int, word: str) -> None:
        if not self._by_templates(index, 0, self.templates) and is_random(word):
            self.found[index].append((0, len(word)))
        self.times -= 1
        if self.times < 1:
            self.templates = []

    def _value_of_name(self, index: int, word: str, name: str) -> None:
        if word == "=":
            return
        self.name = None
        spans = named.value_spans(name, word, expands=self.expands[index])
        self.found[index].extend(spans)
        if not spans:
            self._add_operand(index)

    def _by_templates(self, index: int, start: int, templates: Sequence[Template]) -> bool:
        value = self.words[index][start:]
        for template in templates:
            span = template.span(value)
            if span is not None:
                secret = value[span[0] : span[1]]
                if not (
                    secret.lower() in _NOT_SECRETS
                    or is_reference(secret, expands=self.expands[index])
                    or is_path(secret)
                ):
                    self.found[index].append((start + span[0], start + span[1]))
                return True
        return False

    # --- options ---

    def _is_short_path(self, word: str) -> bool:
        """Whether `/x` is a path: the program is known, and its options are not of that kind."""
        if word[0] != "/" or self.program is None or re.search("[:=]", word):
            return False
        return not any(option.name[0] == "/" for option in self.program.options)

    def _option(self, index: int, word: str) -> None:
        self.flags.add(word)
        if self._is_keyed(index, word) or self._is_known(index, word):
            return
        self._watch_pair(index, word)
        option = _OPTION.fullmatch(word)
        if option is None:
            spans = named.assignment_spans(word, expands=self.expands[index])
            self.found[index].extend(spans)
        elif (self.program_name, word) not in TAKES_NAMES and _takes_secret(option):
            self.name = option[2]

    def _is_keyed(self, index: int, word: str) -> bool:
        """Whether the option names a secret whose value another option gives, or gives it."""
        if self.keyed and word.lower() in _VALUE_OPTIONS:
            self.name, self.keyed = "password", False
            return True
        following = self.words[index + 1 : index + 2]
        if word.lower() in _NAME_OPTIONS and following and strength(following[0]) == STRONG:
            self.keyed = True
            return True
        return False

    def _is_known(self, index: int, word: str) -> bool:
        """Whether the table of programs knows the option."""
        match = match_option(self.program, word, self.seen) if self.program else None
        if match is None:
            return False
        if match.start:
            return self._by_templates(index, match.start, match.templates)
        self.templates, self.times = match.templates, match.times
        self.skip = match.takes_value
        return True

    def _watch_pair(self, index: int, word: str) -> None:
        """A program that nobody knows, with -u USER and -p VALUE: the value is a password."""
        following = self.words[index + 1] if index + 1 < len(self.words) else ""
        if not following or following.startswith("-"):
            return
        if word in _USER_OPTIONS:
            self.user = True
        elif word in _PASSWORD_OPTIONS and not _PORTS.fullmatch(following):
            self.pair = index + 1

    # --- operands ---

    def _operand(self, index: int, word: str) -> None:
        assigned = self._assigned(index, word)
        if self._switches(index, word):
            return
        self._add_operand(index)
        if word in SETTERS:
            self.setter = True
        elif assigned or self.program_name in NAME_TAKERS - _SETTING_NAME_TAKERS:
            return
        elif named.is_empty_assignment(word) or self._is_key(index, word):
            self.name = word.rstrip("=")

    def _add_operand(self, index: int) -> None:
        self.operands.append(index)
        self.seen.add(self.words[index][:64].lower())

    def _assigned(self, index: int, word: str) -> bool:
        if self._is_text(index, word):
            return False
        spans = named.assignment_spans(word, expands=self.expands[index])
        self.found[index].extend(spans)
        return bool(spans)

    def _is_text(self, index: int, word: str) -> bool:
        """Whether a word is a text for a shell: the secret in `PASSWORD=x command` ends early."""
        if not any(character.isspace() for character in word):
            return False
        before = self.words[index - 1].lower() if index else ""
        if self.program_name in INTERPRETERS and before in _CODE_OPTIONS:
            return True
        return self.program_name in TEXT_TAKERS or bool(_COMMAND_OPTION.fullmatch(before))

    def _is_key(self, index: int, word: str) -> bool:
        """Whether this is the key in `set KEY VALUE` or `KEY = VALUE`."""
        if not named.is_key(word):
            return False
        if self.words[index + 1 : index + 2] == ["="]:
            return not self.in_text
        return self.setter and self.words[index - 1] not in NAMING

    # --- programs that run programs ---

    def _switches(self, index: int, word: str) -> bool:
        """Whether the word is a program that is run from here on."""
        certain = index == 0 or self.words[index - 1] == "--"
        if named.is_variable(word) or not (certain or self._may_run(index)):
            return False
        name, program = find(word)
        if not certain and not self._is_run(index, name, program):
            return False
        self._end()
        self._start(name, program)
        self.setter = word in SETTERS
        return True

    def _may_run(self, index: int) -> bool:
        if self.program_name in NAME_TAKERS or self.words[index - 1] in NAMING:
            return False
        return self.program is None or self._wraps(index)

    def _wraps(self, index: int) -> bool:
        return self.program_name in WRAPPERS or named.is_variable(self.words[index - 1])

    def _is_run(self, index: int, name: str, program: Program | None) -> bool:
        if program is None and name not in WRAPPERS and name not in NAME_TAKERS:
            return False
        if not self._wraps(index) and (name in COMMON or name in NAME_TAKERS):
            return False
        return self.program is None or name not in self.program.subcommands


def _takes_secret(option: re.Match[str]) -> bool:
    """Whether the next word after this option is a secret by the option's name."""
    found = strength(option[2])
    if found == NOT or is_switch(option[2]):
        return False
    # `/x` may be a path: only /password, /pass and /pwd are taken for options.
    return option[1] != "/" or (found == STRONG and bool(re.search("(?i)pass|pwd", option[2])))
