"""Command lines with their secrets masked, in the well-known forms.

It is a help, not a promise: a password that stands alone, as the third word of a program that
nobody knows, looks like any other word. So command lines are reported only where they are asked
for.
"""

from __future__ import annotations

import re

MASK = "***"

# A name that holds a secret: password, DB_PASS, --api-key, keyStorePassword, AWS_SECRET_ACCESS_KEY.
_WORDS = (
    r"passw(?:or)?d|passphrase|passcode|secret|token|credential|api[-_.]?key|access[-_.]?key"
    r"|private[-_.]?key|account[-_.]?key|encryption[-_.]?key|signing[-_.]?key|shared[-_.]?key"
)
_LAST_WORDS = r"pass|pwd|pw|auth|authorization|requirepass|masterauth|cookie|bearer"
_NAME = (
    rf"(?:[\w.-]*(?:{_WORDS})[\w.-]*|(?:[\w.-]*[-_.])?(?:{_LAST_WORDS})|[\w.-]*[a-z](?:Pass|Pwd))"
)
# Names that speak of a secret and do not hold it.
_HARMLESS = re.compile(
    r"(?i).*(?:file|path|dir|folder|store|policy|ttl|type|length|url|uri|endpoint|env|stdin|fd"
    r"|[-_.]id|[-_.]name|rotation|expiry|expiration|timeout|provider)$"
)
_OPTION = re.compile(rf"(?i)-{{0,2}}{_NAME}$")
_ASSIGNMENT = re.compile(rf"(?is)(--?(?:D)?|/)?({_NAME})(=|:(?!//))(.+)")
_INSIDE = re.compile(
    rf"(?i)(?<![\w-])({_NAME})([\"']?\s*[=:]\s*)(?!//)"
    r"(\"[^\"]*\"|'[^']*'|(?:Bearer|Basic|Token|Digest|Negotiate)\s+[^\s\"']+|[^\s\"'&;,}]+)"
)
_URL = re.compile(r"([A-Za-z][\w+.-]*://)([^\s/@:'\"]*):([^\s'\"]*)@(?=[^\s@]*)")
_SCHEME = re.compile(r"(?i)\b(Bearer|Basic)(\s+)[\w.~+/=-]{6,}")
# Tokens that are known by their looks: GitHub, GitLab, Slack, OpenAI and Stripe, npm, JSON Web.
_LOOKS = re.compile(
    r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{10,}"
    r"|[sr]k[-_](?:live_|test_|proj-)?[\w-]{16,}|npm_\w{20,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"
)

# Options of programs whose next word is a secret, or whose own end is one (-pSECRET).
_NEXT: dict[str, str] = {
    "sshpass": "-p",
    "redis-cli": "-a",
    "ldapsearch": "-w",
    "ldapadd": "-w",
    "ldapmodify": "-w",
    "ldapdelete": "-w",
    "ldapwhoami": "-w",
    "ldappasswd": "-w -s -a",
    "mongo": "-p",
    "mongosh": "-p",
    "mongodump": "-p",
    "mongorestore": "-p",
    "sqlcmd": "-P",
    "bcp": "-P",
    "isql": "-P",
    "zip": "-P",
    "unzip": "-P",
    "openssl": "-k -K",
    "mosquitto_pub": "-P",
    "mosquitto_sub": "-P",
    "ipmitool": "-P",
    "snmpget": "-c -A -X",
    "snmpwalk": "-c -A -X",
    "login": "-p",  # docker login, podman login
    "vault": "",
    "net": "-P",
    "cqlsh": "-p",
    "influx": "",
    "rdesktop": "-p",
    "iscsiadm": "",
}
_GLUED: dict[str, str] = {
    "mysql": "-p",
    "mysqldump": "-p",
    "mysqladmin": "-p",
    "mysqlimport": "-p",
    "mysqlcheck": "-p",
    "mysqlshow": "-p",
    "mysqlslap": "-p",
    "mysqlbinlog": "-p",
    "mysqlpump": "-p",
    "mysqlsh": "-p",
    "mariadb": "-p",
    "mariadb-dump": "-p",
    "mariadb-admin": "-p",
    "mariadb-check": "-p",
    "mariadb-import": "-p",
    "mytop": "-p",
    "innobackupex": "-p",
    "sshpass": "-p",
    "7z": "-p",
    "7za": "-p",
    "7zr": "-p",
    "rar": "-p -hp",
    "unrar": "-p",
    "xfreerdp": "/p:",
    "sqlcmd": "-P",
    "redis-cli": "-a",
    "mongo": "-p",
}
# Options whose value is USER:PASSWORD (curl) or USER%PASSWORD (Samba).
_USERS: dict[str, tuple[str, str]] = {
    "curl": ("-u --user -U --proxy-user", ":"),
    "http": ("-a --auth", ":"),
    "https": ("-a --auth", ":"),
    "smbclient": ("-U --user", "%"),
    "rpcclient": ("-U --user", "%"),
    "net": ("-U --user", "%"),
    "smbget": ("-U --user", "%"),
}


def masked(arguments: list[str]) -> str:
    """The arguments of a process as one text, its secrets replaced by ***."""
    return " ".join(_masked_words(arguments))


def _masked_words(words: list[str]) -> list[str]:
    out: list[str] = []
    program = ""
    hide: str | None = None  # how the next word is to be hidden
    for word in words:
        if hide is not None:
            out.append(_hidden_user(word, hide) if hide in {":", "%"} else MASK)
            hide = None
            continue
        name = word.rsplit("/", 1)[-1]
        if name in _NEXT or name in _GLUED or name in _USERS:
            program = name
        shown, hide = _masked_option(program, word)
        out.append(shown)
    return out


def _masked_option(program: str, word: str) -> tuple[str, str | None]:
    """The word as it is shown, and how the next one is to be hidden."""
    text = any(character.isspace() for character in word.strip())
    if word.startswith(("-", "/")) and not text:
        known = _known_option(program, word)
        if known is not None:
            return known
        if word[0] == "-" and _OPTION.fullmatch(word) and not _HARMLESS.fullmatch(word):
            return word, "all"
    return _masked_text(word) if text else _masked_assignment(word), None


def _known_option(program: str, word: str) -> tuple[str, str | None] | None:
    options, separator = _USERS.get(program, ("", ""))
    for option in options.split():
        if word == option:
            return word, separator
        if word.startswith(option + "=" if option.startswith("--") else option):
            return option + _hidden_user(word[len(option) :], separator), None
    if word in _NEXT.get(program, "").split():
        return word, "all"
    for option in _GLUED.get(program, "").split():
        if word.startswith(option) and len(word) > len(option):
            return option + MASK, None
    return None


def _masked_assignment(word: str) -> str:
    assignment = _ASSIGNMENT.fullmatch(word)
    if assignment and not _HARMLESS.fullmatch(assignment[2]):
        return f"{assignment[1] or ''}{assignment[2]}{assignment[3]}{MASK}"
    return _masked_inside(word)


def _masked_text(text: str) -> str:
    """A word that is a text itself: a command for a shell, a header, a body."""
    parts = re.split(r"(\s+)", _masked_inside(text))
    words = _masked_words(parts[::2])
    return "".join(
        word + blank
        for word, blank in zip(words, [*parts[1::2], ""])  # noqa: B905 — Python 3.9
    )


def _masked_inside(text: str) -> str:
    text = _URL.sub(rf"\1\2:{MASK}@", text)
    text = _INSIDE.sub(_hidden_value, text)
    text = _SCHEME.sub(rf"\1\2{MASK}", text)
    return _LOOKS.sub(MASK, text)


def _hidden_value(match: re.Match[str]) -> str:
    name, equals, value = match.groups()
    if _HARMLESS.fullmatch(name):
        return match.group()
    quote = value[0] if value[0] in "\"'" else ""
    return f"{name}{equals}{quote}{MASK}{quote}"


def _hidden_user(text: str, separator: str) -> str:
    """USER:PASSWORD with its password hidden; a text without a password stays."""
    user, found, _ = text.partition(separator)
    return f"{user}{separator}{MASK}" if found else text
