"""Figures: those that take long are given again for a few seconds, with their moment."""

from __future__ import annotations

from threading import Event, Thread

import pytest

from service.store.read import figures
from service.store.read.figures import Figure, Figures


class Counted:
    """Computes figures, each in this time, and counts them."""

    def __init__(self, seconds: float) -> None:
        self.cost = seconds
        self.spent = 0.0
        self.times = 0

    def __call__(self) -> Figure[str]:
        self.times += 1
        self.spent += self.cost
        return Figure("all", self.times)

    def figures(self) -> Figures:
        return Figures(lambda: self.spent)


def test_a_cheap_figure_is_computed_each_time() -> None:
    counted = Counted(0.02)
    ours = counted.figures()
    assert [ours.get("key", counted).at for _ in range(3)] == [1, 2, 3]


def test_a_costly_figure_is_given_again_with_its_moment() -> None:
    counted = Counted(0.021)
    ours = counted.figures()
    assert [ours.get("key", counted).at for _ in range(3)] == [1, 1, 1]
    assert ours.get("other", counted).at == 2


def test_a_costly_figure_is_computed_anew_after_a_few_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(figures, "_KEPT_SECONDS", 0)
    counted = Counted(0.021)
    ours = counted.figures()
    assert [ours.get("key", counted).at for _ in range(3)] == [1, 2, 3]
    counted.cost = 0  # it is cheap now
    assert [ours.get("key", counted).at for _ in range(3)] == [4, 5, 6]


def test_the_oldest_of_many_costly_figures_is_forgotten() -> None:
    counted = Counted(1)
    ours = counted.figures()
    for key in range(100):
        ours.get(key, counted)
    assert ours.get(99, counted).at == 100
    assert ours.get(0, counted).at == 101


def test_one_thread_computes_a_costly_figure_and_the_others_take_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted = Counted(1)
    ours = counted.figures()
    monkeypatch.setattr(figures, "_KEPT_SECONDS", 0)
    ours.get("key", counted)
    monkeypatch.setattr(figures, "_KEPT_SECONDS", 60)
    begun, may_end = Event(), Event()

    def slow() -> Figure[str]:
        begun.set()
        may_end.wait(10)
        return counted()

    found: list[int] = []
    threads = [Thread(target=lambda: found.append(ours.get("key", slow).at)) for _ in range(4)]
    for thread in threads:
        thread.start()
    begun.wait(10)
    may_end.set()
    for thread in threads:
        thread.join()
    assert found == [2, 2, 2, 2]


def test_a_figure_that_could_not_be_counted_is_not_tried_again_at_once() -> None:
    tried = 0

    def count() -> Figure[None]:
        nonlocal tried
        tried += 1
        return Figure(None, tried)

    ours = Figures(lambda: 0.0)
    assert [ours.get("key", count).at for _ in range(3)] == [1, 1, 1]
