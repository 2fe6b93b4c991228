"""Values that hold a secret by their looks, and values that do not."""

from __future__ import annotations

import re

from agent.collectors.masking.words import word_set

# What a setting about a secret may say without holding it.
_SETTING = word_set(
    """
    bearer apikey token true false yes no on off none null nil undefined 0 1 2 3 enabled
    disabled enable disable prompt ask stdin interactive optional required never always auto
    basic digest ntlm negotiate kerberos gssapi sspi plain login md5 sha1 sha256 sha512
    scram-sha-256 trust peer ident cert oauth2 oidc ldap pam rbac node webhook alwaysallow
    x509 si default - * ? ... sí
    """
)
_FILE_TYPES = (
    "txt|json|ya?ml|pem|key|crt|cer|conf|cnf|ini|env|properties|p12|pfx|jks|keystore|gpg|asc|kdbx"
    "|xml|toml|cfg|csv|lst|list|passwd?|htpasswd|secret|secrets|token|keytab|db|sql|log|py|sh|lua"
    "|service|socket|pid|dat|bin|tmp|out|gz|kbx|pub|vault|enc|age|netrc|pgpass"
)
_PATH = re.compile(
    # Of one segment only in small letters: "/Secret1" may be a password, "/token" is a file.
    r"(?:file:|@|fileb?://|path:)*"
    r"(?:/[a-z][a-z_.-]*|(?:~[\w.-]*|\.{1,2})?(?:/[\w.@:+%={}$ -]*){2,}|(?:~|\.{1,2})/[\w.@:+%-]*"
    r"|/|~|\.{1,2}|[A-Za-z]:[\\/][^|<>\"*?]*|\\\\[\w.-]+\\[^|<>\"*?]*|(?:[\w.-]+[\\/])+[\w.-]*\.[a-z]{1,6}"
    rf"|[\w.-]+\.(?:{_FILE_TYPES})|id_(?:rsa|dsa|ecdsa|ed25519))"
)
_PLACED = re.compile(
    r"(?i)\$\{[^}]*\}|\$\([^)]*\)?|`[^`]*`?|\{\{.*\}\}|%[A-Z_][A-Z0-9_]*%|![A-Z_][A-Z0-9_]*!"
    r"|\$env:\w+|<[a-z][\w -]*>|\[[a-z][\w -]*\]"
    r"|(?:env|file|fd|keyring|keychain|vault|op|ref\+\w+|ssm|secretsmanager|arn|awssm|exec|cmd)"
    r":[^\s]+|\*{3,}|x{3,}"
)
_UPPER_VARIABLE = re.compile(r"\$[A-Z_][A-Z0-9_]*")
_VARIABLE = re.compile(r"\$(?:\w+|[@*#?!$-])")
_CODE = re.compile(
    r"(?:os\.|process\.|ENV\b|System\.|sys\.|getenv|get_env|input\(|getpass|config\b|settings\b"
    r"|args\b|self\b|this\b|\$_|\$this|\$[a-z]\w*(?:->|\[)|Get-|Read-Host|\w+\.\w+[.(\[]|[a-zA-Z_]\w*\()"
)
_URL = re.compile(r"[A-Za-z][\w+.-]*://")
_SPEAKING = re.compile(r"(?:\w+[ ,;])?(?:id|src|source|target|type|env|name)=")
_TAG = re.compile(r"latest|stable|edge|v?\d+(?:\.\d+)+[\w.-]*")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_RANDOM = re.compile(r"[\w+/=.~-]{16,}")
_ACCESS_KEY_ID = re.compile(r"A(?:KI|SI)A[A-Z0-9]{12,}")


def is_reference(value: str, *, expands: bool = False) -> bool:
    """Whether the value only says where the secret is: ${PASSWORD}, env:PASSWORD.

    expands: a shell or a program still replaces $variables in it
    """
    if _PLACED.fullmatch(value) or _UPPER_VARIABLE.fullmatch(value):
        return True
    return expands and bool(_VARIABLE.fullmatch(value))


def is_path(value: str) -> bool:
    return bool(_PATH.fullmatch(value)) and not any(
        is_random(part) and len(part) > 24 for part in re.split(r"[/\\.]", value)
    )


def is_harmless(value: str, *, expands: bool = False) -> bool:
    """Whether a value is no secret although its name speaks of one."""
    if len(value) > 4096:
        return False
    return (
        not value.strip()
        or value.lower() in _SETTING
        or is_reference(value, expands=expands)
        or is_path(value)
        or bool(_URL.match(value))
        or bool(_SPEAKING.match(value))
        or bool(_ACCESS_KEY_ID.fullmatch(value))
    )


def is_code(value: str) -> bool:
    """Whether an unquoted value is an expression of a programming language."""
    return bool(_CODE.match(value))


def is_tag(value: str) -> bool:
    """Whether `value` in NAME:value is the version of an image or a package."""
    return bool(_TAG.fullmatch(value))


def is_mixed(value: str) -> bool:
    """Whether a short value looks chosen to be hard to guess: S3cret, hunter2!."""
    if not 6 <= len(value) <= 128 or re.search(r"[\s/\\:]", value) or is_tag(value):
        return False
    kinds = (
        any(character.islower() for character in value),
        any(character.isupper() for character in value),
        any(character.isdigit() for character in value),
        any(character in "!#$%^&*?~" for character in value),
    )
    return sum(kinds) >= 3


def is_random(value: str) -> bool:
    """Whether a value looks like the output of a generator: 16 characters, mixed."""
    if _UUID.fullmatch(value):
        return True
    if not _RANDOM.fullmatch(value) or _ACCESS_KEY_ID.fullmatch(value):
        return False
    digits = sum(character.isdigit() for character in value)
    if digits < 2 or digits == len(value):
        return False
    if any(c.islower() for c in value) and any(c.isupper() for c in value):
        return True
    return digits >= 6 and value.isalnum() and len(value) >= 24
