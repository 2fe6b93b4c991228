"""The masking, judged on command lines that were written apart from its rule.

A failure gives counts and no form; `python -m tests.agent.collectors.judge_masking` prints them.
"""

from __future__ import annotations

from tests.agent.collectors.masking_counts import counts_per_table, total

# 200 of 221 is the bar for forms with secrets, 97 of 100 for command lines without any.
_SECRET_BAR = 200 / 221
_HARMLESS_BAR = 0.97


def test_secrets_of_unseen_forms_are_hidden_and_the_rest_is_kept() -> None:
    counts = counts_per_table()
    everything = total(counts, harmless=False)
    assert everything.forms > 600
    shares = {line.table: f"{line.right} of {line.forms}" for line in counts if not line.harmless}
    share = everything.right / everything.forms
    assert share >= _SECRET_BAR, shares


def test_command_lines_without_a_secret_are_unchanged() -> None:
    counts = counts_per_table()
    everything = total(counts, harmless=True)
    assert everything.forms > 250
    shares = {line.table: f"{line.right} of {line.forms}" for line in counts if line.harmless}
    share = everything.right / everything.forms
    assert share >= _HARMLESS_BAR, shares
