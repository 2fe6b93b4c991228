"""Whether a statement filters the rows of one relation one by one, and at most groups what is left.

It is decided by the words of the statement. In doubt the answer is no.
"""

from __future__ import annotations

from service.policies.rules.sql_text import tokens

# Words that make a row of the answer depend on other rows, or read another relation.
_OTHERS = {
    "WITH", "JOIN", "CROSS", "HAVING", "ORDER", "LIMIT", "OFFSET", "DISTINCT", "UNION",
    "EXCEPT", "INTERSECT", "OVER", "WINDOW", "EXISTS", "VALUES", "FILTER", "RETURNING", "RAISE",
}  # fmt: skip
# Without GROUP BY, their answer has a row even where nothing is left.
_AGGREGATES = {"COUNT", "SUM", "TOTAL", "AVG", "MIN", "MAX", "GROUP_CONCAT", "STRING_AGG"}


def is_row_filter(sql: str) -> bool:
    """Whether it reads `SELECT … FROM relation [[AS] name] [WHERE condition] [GROUP BY …]`.

    A row for which the condition does not hold then changes nothing of the answer.
    """
    found = tokens(sql)
    words = [token.text.upper() for token in found]
    if words[-1:] == [";"]:
        words.pop()
    if words.count("SELECT") != 1 or words[0] != "SELECT" or words.count("FROM") != 1:
        return False
    names = {token.name.upper() for token in found if token.name is not None}
    if _OTHERS & names or words.count("WHERE") > 1 or words.count("GROUP") > 1 or ";" in words:
        return False
    if _AGGREGATES & names and "GROUP" not in words:
        return False
    if any(word == "IN" and words[at + 1 : at + 2] != ["("] for at, word in enumerate(words)):
        return False
    at = words.index("FROM")
    end = next((n for n, word in enumerate(words) if word in ("WHERE", "GROUP")), len(words))
    relation = words[at + 1 : end]
    if len(relation) == 3 and relation[1] == "AS":
        del relation[1]
    return end > at and 1 <= len(relation) <= 2 and all(_is_name(word) for word in relation)


def _is_name(word: str) -> bool:
    return word.replace("_", "").isalnum()
