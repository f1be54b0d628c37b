"""Floor, bare, service and peers over the same documents, in turn, round after round."""

from collections.abc import Mapping, Sequence
from itertools import chain

from benchmarks.speed.contestants import PassFailed, Task, keep_bare_pass, missing_peers, run_once
from benchmarks.speed.figures import Figure, figure, ratio
from benchmarks.speed.one_pass import Pass
from benchmarks.speed.recall import Question, recall_figure

Passes = Mapping[str, Sequence[Pass]]

_RATIOS = (
    ("service", "bare", "goal 0.85"),
    ("bare", "floor", "goal 0.7"),
    ("service", "llamaindex", "goal 4"),
    ("service", "langchain", ""),
)


def compare(names: Sequence[str], task: Task, questions: Sequence[Question], *, repeats: int) -> list[Figure]:
    """Measure each contestant `repeats` times, interleaved, and put every pair beside each other."""
    absent = missing_peers(names)
    for name in absent:
        print(f"{name}: not installed, left out (make bench-peers installs it)", flush=True)
    taking_part = [name for name in names if name not in absent]
    if "floor" in taking_part:
        keep_bare_pass(task)
    passes: dict[str, list[Pass]] = {name: [] for name in taking_part}
    for number in range(1, repeats + 1):
        for name in taking_part:
            found = _run_once(name, task, ask=number == 1)
            if found is None:
                continue
            passes[name].append(found)
            print(
                f"round {number} of {repeats}: {name} {found.pages_per_second:.1f} pages/s, "
                f"{found.seconds:.1f} s, {found.cpu_seconds:.1f} CPU s",
                flush=True,
            )
    return [*chain.from_iterable(map(_figures_of, passes.items())), *_ratios(passes), *_recalls(passes, questions)]


def _run_once(name: str, task: Task, *, ask: bool) -> Pass | None:
    try:
        return run_once(name, task, ask=ask)
    except PassFailed as failure:
        print(f"{name}: {failure}", flush=True)
        return None


def _figures_of(named: tuple[str, Sequence[Pass]]) -> list[Figure]:
    name, passes = named
    if not passes:
        return []
    last = passes[-1]
    note = f"{last.pages} pages, {last.chunks} chunks, {len(last.failed)} files without"
    return [
        figure(name, "pages per second", "pages/s", (each.pages_per_second for each in passes), note=note),
        figure(name, "pages per CPU second", "pages/s", (each.pages_per_cpu_second for each in passes)),
        figure(name, "wall time", "s", (each.seconds for each in passes)),
        figure(name, "CPU time", "s", (each.cpu_seconds for each in passes)),
        figure(name, "peak memory, all processes", "MiB", (each.peak_mib for each in passes)),
        *(figure(name, detail, "", (each.details[detail] for each in passes)) for detail in last.details),
    ]


def _ratios(passes: Passes) -> list[Figure]:
    """Compare those that got through every round."""
    found = []
    for above, below, goal in _RATIOS:
        first, second = passes.get(above, ()), passes.get(below, ())
        if not first or len(first) != len(second):
            continue
        by_wall = [[each.pages_per_second for each in side] for side in (first, second)]
        by_cpu = [[each.pages_per_cpu_second for each in side] for side in (first, second)]
        found.append(ratio("ratios", f"{above} / {below}, pages per second", *by_wall, note=goal))
        found.append(ratio("ratios", f"{above} / {below}, pages per CPU second", *by_cpu))
    if service := passes.get("service", ()):
        seconds = [each.seconds for each in service]
        again = [each.details["second sync, unchanged, seconds"] for each in service]
        found.append(ratio("ratios", "first sync / second sync, unchanged, seconds", seconds, again, note="goal 50"))
    return found


def _recalls(passes: Passes, questions: Sequence[Question]) -> list[Figure]:
    return [
        recall_figure(name, questions, each.answers)
        for name, found in passes.items()
        for each in found[:1]
        if questions and each.answers
    ]
