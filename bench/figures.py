"""What a measurement hands back, how it is printed, and the one fair way to compare two speeds."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Figure:
    """One promise and what came of it. is_met None: nothing was promised, or it could not be measured here."""

    promise: str
    figure: str
    target: str
    is_met: bool | None

    @property
    def verdict(self) -> str:
        return {True: "met", False: "NOT MET", None: "-"}[self.is_met]


def at_most(promise: str, value: float, target: float, unit: str = "", *, note: str = "") -> Figure:
    """A figure that must not be above `target`, both in `unit`."""
    return Figure(promise, f"{_number(value)}{unit}{note}", f"≤ {_number(target)}{unit}", value <= target)


def at_least(promise: str, value: float, target: float, *, note: str = "") -> Figure:
    return Figure(promise, f"{_number(value)}{note}", f"≥ {_number(target)}", value >= target)


def shown_only(promise: str, figure: str) -> Figure:
    """Worth knowing; nothing was promised."""
    return Figure(promise, figure, "", None)


def seconds(deed: Callable[[T], object], things: Iterable[T]) -> float:
    """How long it takes to do it to each of them."""
    began = perf_counter()
    for thing in things:
        deed(thing)
    return perf_counter() - began


def take_turns(rounds: int, *deeds: Callable[[], float]) -> list[float]:
    """Each deed gives the seconds it took; returned is each one's median. So a busy moment hits all of them alike."""
    taken: list[list[float]] = [[] for _ in deeds]
    for turn in range(rounds):
        order = list(zip(deeds, taken, strict=True))
        for deed, times in order if turn % 2 else reversed(order):
            times.append(deed())
    return [median(times) for times in taken]


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns as wide as their widest cell, numbers to the right."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    right = [bool(rows) and all(isinstance(row[column], int | float) for row in rows) for column in range(len(head))]
    lines = [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in cells
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def summary(figures: Sequence[Figure]) -> str:
    return table(
        ("Promise", "Figure", "Target", ""),
        [(each.promise, each.figure, each.target, each.verdict) for each in figures],
    )


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
