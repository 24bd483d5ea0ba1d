"""Windows of time and what is drawn in them, on many examples."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from deployments.timelines.lanes import AXIS, LANE, Moment, Picture, Run, Span, layout
from deployments.timelines.windows import (
    LENGTHS,
    MOST_TICKS,
    ROOM,
    WIDTH,
    Window,
    Zoom,
    around,
    beginning,
    fitting,
    instant,
    written,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = around(NOON, Zoom.DAY)
LANES = ["dev", "prod"]
moments = some.floats(-240, 240).map(lambda hours: NOON + timedelta(hours=hours))
windows = some.builds(around, moments, some.sampled_from(Zoom))


def run(number: int, begin: datetime, seconds: float = 60, environment: str = "dev", **more: object) -> Run:
    """One deployment."""
    end = begin + timedelta(seconds=seconds)
    return Run(f"run-{number}", environment, str(more.pop("status", "succeeded")), "deploy", begin, end, **more)  # type: ignore[arg-type]


@some.composite
def many_runs(draw: some.DrawFn) -> list[Run]:
    """Runs at any time, in lanes that are there and one that is not."""
    drawn = draw(
        some.lists(
            some.tuples(moments, some.floats(0, 90_000), some.sampled_from([*LANES, "gone"]), some.booleans()),
            max_size=40,
        )
    )
    return [
        run(number, begin, seconds, place, status="failed" if bad else "succeeded")
        for number, (begin, seconds, place, bad) in enumerate(drawn)
    ]


@given(windows, many_runs())
def test_every_run_of_the_window_is_drawn_once_and_no_two_overlap(window: Window, runs: list[Run]) -> None:
    picture = layout(window, LANES, runs)
    seen = [each.id for lane in picture.lanes for piece in lane.pieces for each in piece.runs]
    touching = [
        each.id for each in runs if each.environment in LANES and each.begin <= window.end and each.end >= window.begin
    ]
    assert sorted(seen) == sorted(touching)
    for lane in picture.lanes:
        for piece in lane.pieces:
            assert piece.x >= 0
            assert piece.width > 0
            assert lane.y <= piece.y <= lane.y + LANE
            assert {each.environment for each in piece.runs} == {lane.name}
            if len(piece.runs) > 1 and piece.closer:
                assert piece.closer.end - piece.closer.begin < window.end - window.begin
        for left, right in zip(lane.pieces, lane.pieces[1:], strict=False):
            assert left.right + 2 <= right.x


@given(windows, many_runs())
def test_the_same_is_drawn_whatever_the_order(window: Window, runs: list[Run]) -> None:
    assert layout(window, LANES, runs).lanes == layout(window, LANES, reversed(runs)).lanes


@given(moments, moments, windows)
def test_later_is_never_further_left(one: datetime, other: datetime, window: Window) -> None:
    left, right = sorted((one, other))
    assert 0 <= window.x(left) <= window.x(right) <= WIDTH - ROOM


@given(windows)
def test_ticks_are_few_in_order_and_inside(window: Window) -> None:
    ticks = window.ticks
    assert 1 <= len(ticks) <= MOST_TICKS + 1
    assert [tick.x for tick in ticks] == sorted({tick.x for tick in ticks})


@given(some.lists(some.tuples(moments, some.timedeltas(timedelta(0), timedelta(days=3))), max_size=9), moments)
def test_what_fits_is_inside(spans: list[tuple[datetime, timedelta]], now: datetime) -> None:
    window = fitting([(begin, begin + length) for begin, length in spans], now)
    assert window.begin < window.end
    for begin, length in spans:
        assert window.holds(begin)
        assert window.holds(begin + length)


@given(moments.map(lambda at: at.replace(microsecond=0)))
def test_an_instant_is_read_as_it_is_written(at: datetime) -> None:
    assert instant(written(at)) == at


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T10:30Z", datetime(2026, 11, 20, 10, 30, tzinfo=UTC)),
        ("2026-11-20T10:30", datetime(2026, 11, 20, 10, 30, tzinfo=UTC)),
        ("2026-11-20T10:30+02:00", datetime(2026, 11, 20, 8, 30, tzinfo=UTC)),
        ("0001-01-01T00:00+14:00", None),
        ("9999-12-31", None),
        ("now", None),
        ("", None),
    ],
)
def test_other_texts_are_no_instant(text: str, expected: datetime | None) -> None:
    assert instant(text) == expected


def test_windows_touch_and_stay_in_time() -> None:
    assert beginning(DAY.earlier, Zoom.DAY).end == DAY.begin
    assert beginning(datetime(1500, 1, 1, tzinfo=UTC), Zoom.DAY).begin.year == 2000
    assert around(datetime(9000, 1, 1, tzinfo=UTC), Zoom.QUARTER).middle.year == 2200


@pytest.mark.parametrize("zoom", [zoom for zoom in Zoom if zoom is not Zoom.HOUR])
def test_one_can_always_look_closer_until_an_hour(zoom: Zoom) -> None:
    window = around(NOON, zoom)
    closer = window.closer(NOON, NOON + LENGTHS[zoom])
    assert closer is not None
    assert closer.end - closer.begin < window.end - window.begin
    assert around(NOON, Zoom.HOUR).closer(NOON, NOON) is None


def test_the_ticks_of_a_day_are_hours() -> None:
    labels = ["20 Nov", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00", "21 Nov"]
    assert [tick.label for tick in DAY.ticks] == labels


def lines(picture: Picture) -> list[tuple[str, str]]:
    return [(line.kind, line.title) for line in picture.lines]


def test_promotions_lead_from_the_last_run_that_brought_the_release() -> None:
    hour = timedelta(hours=1)
    release = (4, "5a")
    runs = [
        run(1, NOON - 5 * hour, release=release),
        run(2, NOON - 3 * hour, release=release),
        run(3, NOON - 2 * hour, release=release, status="failed"),
        run(4, NOON - hour, release=(5, "5a")),
        run(5, NOON, environment="prod", release=release, promoted_from="dev"),
        run(6, NOON + 3 * hour, release=release),
    ]
    assert lines(layout(DAY, LANES, runs)) == [("promotion", "run-5 brings run-2 from dev")]
    assert lines(layout(DAY, LANES, runs[4:])) == []


def test_rollbacks_lead_back_inside_their_lane() -> None:
    runs = [run(1, NOON - timedelta(hours=4)), run(2, NOON, back_to="run-1"), run(3, NOON, 60, "prod", back_to="run-0")]
    assert lines(layout(DAY, LANES, runs)) == [("rollback", "run-2 goes back to run-1")]


def test_bands_go_as_far_as_they_last_over_one_lane_or_all() -> None:
    hour = timedelta(hours=1)
    spans = [
        Span("freeze", "prod", NOON - hour, NOON, "f"),
        Span("hold", "", NOON, None, "h"),
        Span("incident", "prod", NOON - 99 * hour, NOON - 50 * hour, "over"),
        Span("incident", "gone", NOON, NOON, "elsewhere"),
        Span("incident", "dev", NOON + 50 * hour, None, "later"),
    ]
    freeze, hold = layout(DAY, LANES, [], spans).bands
    assert (freeze.x, freeze.y, freeze.height) == (DAY.x(NOON - hour), AXIS + LANE, LANE)
    assert round(freeze.x + freeze.width, 2) == DAY.x(NOON)
    assert (hold.x + hold.width, hold.y, hold.height) == (WIDTH, AXIS, 2 * LANE)


def test_marks_are_in_the_lane_of_their_environment() -> None:
    moments = [
        Moment("emergency", name, at, "x") for name, at in (("prod", NOON), ("gone", NOON), ("dev", DAY.earlier))
    ]
    [mark] = layout(DAY, LANES, [], (), moments).marks
    assert (mark.x, mark.y) == (DAY.x(NOON), AXIS + LANE)


def test_what_failed_is_what_a_crowd_looks_like() -> None:
    second = timedelta(seconds=1)
    runs = [
        run(number, NOON + number * second, 1, status=status) for number, status in enumerate(["succeeded", "failed"])
    ]
    [piece] = layout(DAY, ["dev"], runs).lanes[0].pieces
    assert (piece.status, piece.failed, piece.begin, piece.end) == ("failed", 1, NOON, NOON + 2 * second)
    assert piece.x < piece.middle < piece.right
