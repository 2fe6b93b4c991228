"""Names of options, variables and keys that hold a secret, in several languages.

A name is cut into its words (`db-pass`, `DB_PASS`, `dbPass`). The last word that speaks of a secret
decides, and the words behind it say whether the name holds the secret itself (`secret_key`) or
something about it (`secret_file`, `token-ttl`).
"""

from __future__ import annotations

import re
from typing import FrozenSet

# How surely a name holds a secret. The value of a WEAK one must look like a secret itself.
NOT, WEAK, STRONG = 0, 1, 2


def word_set(text: str) -> FrozenSet[str]:
    return frozenset(text.split())


_LONGEST = 80  # characters of a name that are looked at: the last ones
_BOUNDARY = re.compile(r"[\W_]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PLAIN = str.maketrans("áàâãäåéèêëíìîïóòôõöøúùûüñçłşœ", "aaaaaaeeeeiiiioooooouuuunclsa")

_NPM = re.compile(r"(?:^|[:/])_auth$")
_PHRASE = re.compile(
    r"(?i)mot[-_.]de[-_.]passe|palavra[-_.]passe|pass[-_.](?:phrase|word|code)|frase[-_.]de[-_.]paso"
)
# Anywhere in a word: pgpassword, userpasswd1, keystorepassword.
_STEM = re.compile(
    r"passw(?:or)?d|pass?word|passwrd|passwort|passord|passphrase|passcode|kennwort|kennworter"
    r"|contrase.?[na]|contrasinal|motdepasse|palavrapasse|wachtwoord|losenord|salasana|jelszo"
    r"|adgangskode|lozinka|pasahitz|parool|парол|секрет|密码|密碼|口令|パスワード|비밀번호|암호"
)
# At the end of a word: authtoken, clientsecret, dbpass, rootpw, storepass.
_ENDING = re.compile(
    r"(?:token|secret|pass|passin|passout|passw|pwd|pswd|pw|psk|requirepass|masterauth|cookie)\d?$"
)
_WHOLE = word_set(
    """
    psw psswd passkey clave claves llave mdp senha parola haslo heslo sifre secreto secreta
    segredo geheim geheimnis bearer jwt otp totp pwdhash secretkey secretaccesskey
    secretstring tokenvalue secretvalue secrettext authtok community
    """
)
_NO_ENDING = re.compile(
    r"(?:by|com|tres|sur|over|under|en?com|multi|single|one|two|first|second|last|low|high|band"
    r"|all|im|fast|render)pass$|^(?:get|ch|x|ip)pw$|^.token(?:i[sz])"
)
_PLURAL = word_set(
    """
    tokens secrets credentials creds credenciales cookies cred credential
    """
)
_WEAK = word_set(
    """
    auth authorization authentication authorisation userpass userpwd login pin sig signature
    sid jsessionid phpsessid sessionid session nonce csrf xsrf basicauth proxyauth proxyuser
    mnemonic
    """
)
# These with "key" behind them: api-key, AccountKey, master_key.
_KEYS = word_set(
    """
    api app application access account admin auth authentication authorization service secret
    secrets shared master encryption encrypt encrypting decryption crypt crypto cipher signing
    sign signature session subscription storage license licence activation webhook jwt hmac
    tsig setup join registration integration ingest ingestion insert instrumentation preshared
    wep wpa security functions unseal recovery aes des product serial rpc tunnel enroll
    enrollment enrolment cookie cert certificate
    """
)
_GLUED_KEY = re.compile(
    r"^\w{0,20}(?:api|access|account|secret|auth|master|encryption|shared|signing|license|app)key$"
)
_KEY = word_set("key keys chave schluessel cle clau")
_NO_KEYS = word_set(
    """
    public pub primary sort partition routing foreign recv search default cache group object
    unique host known trusted authorized allowed publica primaria foranea
    """
)
# Names that mean something else altogether.
_OTHERS = frozenset(
    ["initial cluster token", "palabra clave", "push token", "end token", "pad token"]
)
# Behind the secret's word: the name holds something else.
_ABOUT = word_set(
    """
    file files filename path dir directory folder location store keystore truststore policy
    policies ttl type types length len url urls uri endpoint endpoints env stdin fd descriptor
    name names rotation rotate expiry expire expires expired expiration timeout lifetime
    duration validity age days provider providers prompt prompting mode method methods
    algorithm alg format encoding charset min max size count limit limits retries attempts
    hint field label column header headers var variable manager managers server servers host
    hosts port service agent user users username group groups role roles class plugin plugins
    module handler backend helper command cmd program script source src ref reference version
    ns namespace issuer audience scope scopes enabled enable disabled disable required require
    check checks verify verification validation validator auth authn authentication
    authenticator authentifizierung review cache kind strength complexity quality history
    generator generation sync only less free chars characters echo crt ca alias template
    pattern regex dn map list cleaner domain secure samesite httponly interval interactive
    support renewal refresh grace usage stats logging log logger level debug reset change
    changed changes update allowed access accessor attribute archivo fichero ruta carpeta
    directorio nombre tipo longitud caducidad politica datei pfad fichier chemin warn warning
    owner protection protected management engine storage config configuration index order
    column columns position offset budget window per rate price splitter filter parser reader
    writer factory bytes inactive lock ui url2 transport ask primaria foranea publica identity
    email mail mgmt leeway proxy bucket table collection topic queue id_file context sans
    status exchange
    """
)
_BARELY = word_set("id uuid hash hashes digest fingerprint")
# In front of all: the name is a switch and takes no secret.
_SWITCHES = word_set(
    """
    no not non without skip ask prompt disable allow enable require required use save show
    forgot check verify validate ignore list rotate generate gen get remove delete has is max
    min num n invalid accept keep expire public with print hide read update reset force sin
    pedir
    """
)
_NEVER = word_set(
    """
    existing max min num n no non without sin ask prompt disable enable allow require
    """
)


def strength(name: str) -> int:
    """NOT, WEAK or STRONG: how surely a variable, key or option of this name holds a secret."""
    if _NPM.search(name):
        return STRONG
    words = _words(name)
    if " ".join(words[-3:]) in _OTHERS or " ".join(words[-2:]) in _OTHERS:
        return NOT
    for index in range(len(words) - 1, -1, -1):
        found = _strength_of(words, index)
        if found:
            return found if found > 0 else NOT
    return NOT


def is_switch(name: str) -> bool:
    """Whether an option of this name takes no value: --ask-pass, --no-password."""
    words = _words(name)
    return bool(words) and (words[0] in _SWITCHES or (len(words) > 1 and words[-1] in _ABOUT))


def is_name_of_secret(name: str, value: str) -> bool:
    """`--secret db-password`: the value is the name of the secret, not the secret."""
    return (
        name[-6:].lower() == "secret"
        and bool(re.fullmatch(r"[a-z]+(?:[-_/][a-z]+)+", value))
        and bool(re.search(r"passw|secret|token|cred|key|clave", value))
    )


def _words(name: str) -> list[str]:
    text = _PHRASE.sub("password", name[-_LONGEST:])
    words = [word.lower() for word in _BOUNDARY.split(text) if word]
    return words if text.isascii() else [word.translate(_PLAIN) for word in words]


def _strength_of(words: list[str], index: int) -> int:
    """As strength(), by one word and those behind it; -1: about a secret, and none; 0: goes on."""
    word = words[index]
    found, rest = _by_word(word)
    if word in _KEY or (found == NOT and _GLUED_KEY.match(word)):
        found, rest = _by_key(words, index), ""
    if not found:
        return 0
    behind = [rest, *words[index + 1 :]] if rest else words[index + 1 :]
    if words[0] in _NEVER and index > 0:
        return -1
    if any(later in _ABOUT for later in behind):
        return -1
    if any(later in _BARELY for later in behind):
        return -1 if word in _KEY else WEAK
    return found


def _by_word(word: str) -> tuple[int, str]:
    """How surely a word speaks of a secret, and what stands behind it in the same word."""
    stem = _STEM.search(word)
    if stem:
        return STRONG, word[stem.end() :]
    if word in _PLURAL or word in _WEAK:
        return WEAK, ""
    if word in _WHOLE or (_ENDING.search(word) and not _NO_ENDING.search(word)):
        return STRONG, ""
    about = re.match(r"(?:token|secret|passw?)(.{3,20})$", word)
    if about and about[1] in _ABOUT:
        return WEAK, about[1]
    return NOT, ""


def _by_key(words: list[str], index: int) -> int:
    if words[index] not in _KEY:
        return STRONG
    before = words[index - 1] if index else ""
    if before in _KEYS or _GLUED_KEY.match(before + "key"):
        return STRONG
    return -1 if before in _NO_KEYS else WEAK
