"""The bench of the history measures what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import browsing, history, past
from benchmarks.browsing import BARE, FIRST, Page
from history.finding.models import TouchedResource
from history.models import Record
from history.store import FileStore


@pytest.mark.django_db
def test_a_made_up_history_is_indexed_as_a_real_one() -> None:
    assert past.fill(450) > 0
    assert Record.objects.count() == 450 + 2
    chain = Record.objects.filter(environment_name="e007").order_by("sequence")
    assert [row.sequence for row in chain] == [1, 2, 3]
    assert TouchedResource.objects.filter(logical_id=past.TABLE).count() == 45


@pytest.mark.django_db
def test_a_written_history_is_read_verified_and_indexed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "RECORDS", 3)
    found = history.reading(FileStore(tmp_path))
    assert Record.objects.count() == 3
    assert found.objects > 3 * past.RESOURCES
    assert min(found.read_seconds, found.verify_seconds, found.reindex_seconds) > 0


def test_growth_and_the_bare_list_are_told_as_ratios() -> None:
    pages = [Page("SQLite", BARE, [1.0] * 3, [1.0] * 3, 2), Page("SQLite", FIRST, [2.0] * 3, [4.0] * 3, 9)]
    assert pages[1].growth == 2.0
    assert " 2.00   4.00 " in browsing.table(pages)
    said = list(browsing.aims(pages))
    assert said[0].startswith("0 of 1 pages grow by at most 1.3; the worst is timeline: 2.00")
    assert "4.00 of a bare list (aim under 3.0: MISSED)" in said[1]
