"""BoundedCache: the sizes of all entries stay below the most."""

from __future__ import annotations

from service.store.write.bounded_cache import BoundedCache


def test_the_entries_that_were_put_first_are_forgotten() -> None:
    cache: BoundedCache[int, str] = BoundedCache(10)
    for number in range(6):
        cache.put(number, f"value {number}", 2)
    assert [cache.get(number) for number in range(6)] == [
        None,
        *(f"value {n}" for n in range(1, 6)),
    ]


def test_an_entry_that_is_put_again_has_its_new_value_and_size() -> None:
    cache: BoundedCache[int, str] = BoundedCache(10)
    for number in range(100):
        cache.put(1, f"value {number}", 2)
    cache.put(2, "another", 2)
    assert cache.get(1) == "value 99"
    assert cache.get(2) == "another"


def test_a_large_entry_is_not_kept_and_displaces_none() -> None:
    cache: BoundedCache[int, str] = BoundedCache(100)
    cache.put(1, "small", 1)
    cache.put(2, "large", 26)
    assert cache.get(1) == "small"
    assert cache.get(2) is None
    cache.put(1, "has grown", 26)
    assert cache.get(1) is None, "an outdated value"
