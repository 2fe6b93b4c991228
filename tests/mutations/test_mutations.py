"""The list of mutations fits the code. `python -m tests.mutations` tries them."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.mutations.__main__ import MUTATIONS, PROJECT
from tests.mutations.group import Mutation


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_each_mutation_changes_one_place_of_its_file(mutation: Mutation) -> None:
    whole = (PROJECT / mutation.file).read_text(encoding="utf-8")
    assert mutation.applied_to(whole) != whole


@pytest.mark.parametrize("test", sorted({test for each in MUTATIONS for test in each.tests}))
def test_each_test_that_must_notice_exists(test: str) -> None:
    file, _, name = test.partition("::")
    assert f"def {name}" in (PROJECT / file).read_text(encoding="utf-8")


def test_no_mutation_is_listed_twice() -> None:
    assert [each for each, times in Counter(MUTATIONS).items() if times > 1] == []
