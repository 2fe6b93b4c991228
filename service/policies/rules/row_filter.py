"""Whether a statement does no more than to filter the rows of one relation, one by one.

It is decided by the words of the statement. In doubt the answer is no.
"""

from __future__ import annotations

from service.policies.rules.sql_text import tokens

# Words that make a row of the answer depend on other rows, or read another relation.
_OTHERS = {
    "WITH", "JOIN", "CROSS", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "DISTINCT", "UNION",
    "EXCEPT", "INTERSECT", "OVER", "WINDOW", "EXISTS", "VALUES", "FILTER", "RETURNING", "RAISE",
    "COUNT", "SUM", "TOTAL", "AVG", "MIN", "MAX", "GROUP_CONCAT", "STRING_AGG", "JSON_EACH",
}  # fmt: skip


def is_row_filter(sql: str) -> bool:
    """Whether it reads `SELECT … FROM relation [[AS] name] [WHERE condition]`, without more."""
    found = tokens(sql)
    words = [token.text.upper() for token in found]
    if words[-1:] == [";"]:
        words.pop()
    if words.count("SELECT") != 1 or words[0] != "SELECT" or words.count("FROM") != 1:
        return False
    names = {token.name.upper() for token in found if token.name is not None}
    if _OTHERS & names or words.count("WHERE") > 1 or ";" in words:
        return False
    if any(word == "IN" and words[at + 1 : at + 2] != ["("] for at, word in enumerate(words)):
        return False
    at = words.index("FROM")
    end = words.index("WHERE") if "WHERE" in words else len(words)
    relation = words[at + 1 : end]
    if len(relation) == 3 and relation[1] == "AS":
        del relation[1]
    return end > at and 1 <= len(relation) <= 2 and all(_is_name(word) for word in relation)


def _is_name(word: str) -> bool:
    return word.replace("_", "").isalnum()
