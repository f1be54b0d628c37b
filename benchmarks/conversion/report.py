"""What was measured, as tables for a person and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from benchmarks.conversion.converters import Cost
from benchmarks.conversion.scoring import Score, mean

GOALS = {"cpu_ms_per_page": 20.0, "peak_mib": 150.0}
"""For our converter over the real documents."""


@dataclass(frozen=True)
class SetResult:
    """The scores of one converter on the documents of one set, and what it cost."""

    set_name: str
    converter: str
    scores: Mapping[str, Score]
    cost: Cost


@dataclass(frozen=True)
class SpeedResult:
    """What one converter cost over the real documents."""

    converter: str
    cost: Cost


def as_text(results: Sequence[SetResult], speeds: Sequence[SpeedResult], *, per_document: str) -> str:
    """Return the tables; every document is listed for the converter `per_document`, the means for all."""
    lines: list[str] = []
    for result in results:
        if result.converter == per_document:
            lines += ["", f"{result.set_name}: {result.converter}", _HEADER.format("document")]
            lines += [_row(name, score, score.overall) for name, score in result.scores.items()]
    lines += ["", "means", _HEADER.format("set, converter") + "  ms/page  MiB"]
    for result in results:
        average = mean(list(result.scores.values()))
        label = f"{result.set_name} ({len(result.scores)}), {result.converter}"
        lines.append(
            _row(label, average, average.overall) + f"  {result.cost.cpu_ms_per_page:7.1f}  {result.cost.peak_mib:3.0f}"
        )
    if speeds:
        lines += ["", f"real documents ({speeds[0].cost.pages} pages)  ms/page  MiB  failed"]
        lines += [
            f"{speed.converter:26s}  {speed.cost.cpu_ms_per_page:7.1f}  {speed.cost.peak_mib:3.0f}"
            f"  {', '.join(speed.cost.failed) or '-'}"
            for speed in speeds
        ]
        lines.append(f"goal: at most {GOALS['cpu_ms_per_page']:.0f} ms/page and {GOALS['peak_mib']:.0f} MiB")
    return "\n".join(lines).lstrip("\n")


def as_json(results: Sequence[SetResult], speeds: Sequence[SpeedResult]) -> dict[str, object]:
    """Return everything that was measured."""
    return {
        "sets": [
            {
                "set": result.set_name,
                "converter": result.converter,
                "mean": _marks(mean(list(result.scores.values()))),
                "documents": {name: _marks(score) for name, score in result.scores.items()},
                "cost": asdict(result.cost),
            }
            for result in results
        ],
        "real_documents": [
            {"converter": speed.converter, "cpu_ms_per_page": speed.cost.cpu_ms_per_page, **asdict(speed.cost)}
            for speed in speeds
        ],
    }


_HEADER = "{:34s}   text  tables  headings  overall"


def _row(label: str, score: Score, overall: float) -> str:
    tables, headings = (" -   " if mark is None else f"{mark:.3f}" for mark in (score.tables, score.headings))
    return f"{label:34s}  {score.text:.3f}   {tables}     {headings}    {overall:.3f}"


def _marks(score: Score) -> dict[str, float | None]:
    return {"text": score.text, "tables": score.tables, "headings": score.headings, "overall": score.overall}
