"""Masks secrets of well-known forms in command lines.

Masking is incomplete by nature: a bare password among the arguments of an unknown program looks
like any other word. So command lines are reported only if that is configured.
"""

from __future__ import annotations

import re

MASK = "***"

# Names that hold a secret: password, DB_PASS, --api-key, keyStorePassword, AWS_SECRET_ACCESS_KEY.
# Every pattern here takes linear time; a test checks it.
_SECRET = re.compile(
    r"(?i)passw(?:or)?d|passphrase|passcode|secret|token|credential"
    r"|(?:api|access|private|account|encryption|signing|shared)[-_.]?key"
    r"|(?:^|[-_.])(?:pass(?:in|out)?|pwd|pw|auth|authorization|requirepass|masterauth|cookie)$"
)
_SECRET_END = re.compile(r"[a-z](?:Pass|Pwd)$")
# Names that mention a secret but do not hold it.
_HARMLESS = re.compile(
    r"(?i)(?:file|path|dir|folder|store|policy|ttl|type|length|url|uri|endpoint|env|stdin|fd"
    r"|[-_.]id|[-_.]name|rotation|expiry|expiration|timeout|provider)$"
)
_OPTION = re.compile(r"--?([\w.-]+)")
_ASSIGNMENT = re.compile(r"(?s)([-/]{0,2}[\w.-]+)(=|:(?!//))(.+)")
_NAME = re.compile(r"(?<![\w.-])([\w.-]+)[\"']?\s*[=:]\s*(?!//)")
_VALUE = re.compile(
    r"(?i)\"[^\"]*\"|'[^']*'|(?:Bearer|Basic|Token|Digest|Negotiate)\s+[^\s\"']+|[^\s\"'&;}]+"
)
_URL = re.compile(r"(?<=://)([^\s/@:'\"]{0,256}):([^\s'\"]{0,512})@")
_SCHEME = re.compile(r"(?i)\b(Bearer|Basic)(\s+)[\w.~+/=-]{6,}")
# Tokens with a recognizable format: GitHub, GitLab, Slack, OpenAI and Stripe, npm, JSON Web,
# and those of this product.
_LOOKS = re.compile(
    r"(?<![\w-])(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{10,}"
    r"|[sr]k[-_](?:live_|test_|proj-)?[\w-]{16,}|npm_\w{20,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"
    r"|ccs[a-z]_\w{20,})"
)


def _holds_a_secret(name: str) -> bool:
    return bool(_SECRET.search(name) or _SECRET_END.search(name)) and not _HARMLESS.search(name)


# Options whose next word is a secret (_NEXT), or that end in one: -pSECRET (_GLUED).
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
    """The arguments of a process as one text, with secrets replaced by ***."""
    return " ".join(_masked_words(arguments))


def _masked_words(words: list[str]) -> list[str]:
    out: list[str] = []
    program = ""
    hide: str | None = None  # how to mask the next word
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
    """The masked word, and how to mask the next one."""
    text = any(character.isspace() for character in word.strip())
    if word.startswith(("-", "/")) and not text:
        known = _known_option(program, word)
        if known is not None:
            return known
        option = _OPTION.fullmatch(word)
        if option and _holds_a_secret(option[1]):
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
    if assignment and MASK not in word and _holds_a_secret(assignment[1]):
        return f"{assignment[1]}{assignment[2]}{MASK}"
    return _masked_inside(word)


def _masked_text(text: str) -> str:
    """A word that is itself a text: a command for a shell, a header, a body."""
    parts = re.split(r"(\s+)", _masked_inside(text))
    words = _masked_words(parts[::2])
    return "".join(
        word + blank
        for word, blank in zip(words, [*parts[1::2], ""])  # noqa: B905 — Python 3.9
    )


def _masked_inside(text: str) -> str:
    text = _URL.sub(rf"\1:{MASK}@", text)
    text = _masked_values(text)
    text = _SCHEME.sub(rf"\1\2{MASK}", text)
    return _LOOKS.sub(MASK, text)


def _masked_values(text: str) -> str:
    out: list[str] = []
    shown = 0  # the text is processed up to here
    while True:
        name = _NAME.search(text, shown)
        if name is None:
            return "".join([*out, text[shown:]])
        out.append(text[shown : name.end()])
        shown = name.end()
        value = _VALUE.match(text, shown) if _holds_a_secret(name[1]) else None
        if value is not None:
            quote = value[0][0] if value[0][0] in "\"'" else ""
            out.append(f"{quote}{MASK}{quote}")
            shown = value.end()


def _hidden_user(text: str, separator: str) -> str:
    """USER:PASSWORD with a masked password; other texts stay."""
    user, found, _ = text.partition(separator)
    return f"{user}{separator}{MASK}" if found else text
