"""What pages take in a large installation, beside an empty one and one with a page's worth of everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from benchmarks.installations import Installation

AIM = 1.5
ROUNDS = 15


@dataclass(frozen=True, slots=True)
class Page:
    """One page on one database: seconds of every visit, per installation, and SQL statements of one."""

    vendor: str
    name: str
    empty: Sequence[float]
    one_page: Sequence[float]
    large: Sequence[float]
    statements: int

    @property
    def over_empty(self) -> float:
        """The large installation's over the empty one's, of the medians."""
        return median(self.large) / median(self.empty)

    @property
    def over_one_page(self) -> float:
        """The large installation's over that of the one with a page's worth of everything, of the medians."""
        return median(self.large) / median(self.one_page)


def measure(
    vendor: str, empty: Installation, one_page: Installation, large: Installation, *, rounds: int
) -> list[Page]:
    """Every page, visited in all three by turns, so that whatever else the machine does slows all of them.

    Another one begins each turn, so that being first is nobody's advantage.
    """
    from benchmarks import visits  # knows models, which can be imported where Django is set up

    houses = (empty, one_page, large)
    found = []
    taken: tuple[list[float], list[float], list[float]]
    for name in visits.PAGES:
        for house in houses:  # not measured: loads templates, and lets databases read what they keep in memory
            house.call(visits.visit, name)
        of_empty, of_one_page, of_large = taken = ([], [], [])
        for turn in range(rounds):
            for number in (turn % 3, (turn + 1) % 3, (turn + 2) % 3):
                taken[number].append(houses[number].call(visits.visit, name))
        found.append(Page(vendor, name, of_empty, of_one_page, of_large, large.call(visits.statements, name)))
    return found


_HEAD = f"{'database':10}  {'page':37}  {'/empty':>6}  {'/one page':>9}  {'ms':>7}  {'quartiles':>13}  {'SQL':>3}"


def table(pages: Sequence[Page]) -> str:
    """For people: ratios first, then milliseconds in the large one, then statements."""
    lines = [_HEAD]
    for page in pages:
        low, _, high = (1e3 * each for each in quantiles(page.large, n=4))
        lines.append(
            f"{page.vendor:10}  {page.name:37}  {page.over_empty:6.2f}  {page.over_one_page:9.2f}"
            f"  {1e3 * median(page.large):7.1f}  {f'{low:.1f}-{high:.1f}':>13}  {page.statements:3}"
        )
    return "\n".join(lines)


def aims(pages: Sequence[Page]) -> list[str]:
    """How many pages of one database are within the aim, beside each of the smaller installations."""
    said = []
    for beside, ratio in (("an empty one", "over_empty"), ("one page of everything", "over_one_page")):
        worst = max(pages, key=lambda page: float(getattr(page, ratio)))
        met = sum(getattr(page, ratio) <= AIM for page in pages)
        said.append(
            f"{met} of {len(pages)} pages are within {AIM} of {beside}; "
            f"the worst is {worst.name}: {getattr(worst, ratio):.2f}."
        )
    return said
