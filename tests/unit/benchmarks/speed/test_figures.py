"""Figures say how far their values spread, and ratios pair what was measured in one round."""

import pytest

from benchmarks.speed.figures import figure, percentile, ratio


def test_a_figure_tells_its_median_and_extremes() -> None:
    found = figure("part", "name", "s", [3.0, 1.0, 2.0])
    assert found.spread == "2 (1-3, n=3)"
    assert {key: found.as_json()[key] for key in ("median", "min", "max", "n")} == {
        "median": 2.0,
        "min": 1.0,
        "max": 3.0,
        "n": 3,
    }


def test_a_figure_without_a_value_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        figure("part", "name", "s", [])


def test_a_ratio_is_taken_round_by_round() -> None:
    """The second round was twice as slow for both: the ratio does not move."""
    assert ratio("part", "name", [8.0, 4.0], [4.0, 2.0]).values == (2.0, 2.0)


def test_a_ratio_of_unequal_rounds_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratio("part", "name", [1.0, 2.0], [1.0])


def test_a_percentile_is_the_nearest_rank() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert [percentile(values, share) for share in (0.01, 0.5, 0.99, 1.0)] == [1.0, 50.0, 99.0, 100.0]
    assert percentile([7.0], 0.5) == 7.0
