"""`make bench`: measure the service beside its parts, its limits and others, and write what was found.

Parts: floor, bare, service, llamaindex and langchain (or `peer` for both) are compared over the same documents, round
by round; the default is all of them. By name only: large, many, latency, cold-start. docs/performance.md says what each
one does.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.speed import cold_start, large, latency, many
from benchmarks.speed.comparison import compare
from benchmarks.speed.contestants import CONTESTANTS, PEERS, Task
from benchmarks.speed.documents import SCANNED, find_documents
from benchmarks.speed.figures import Figure
from benchmarks.speed.machine import Machine
from benchmarks.speed.recall import load_questions
from benchmarks.speed.report import as_text, write_json

SIZES = ("large", "many", "latency", "cold-start")
"""Parts that are measured by name only."""


def main(given: Sequence[str] | None = None) -> None:
    arguments = _parser().parse_args(given)
    parts = _parts(arguments.only)
    machine = Machine.now()
    print(machine, flush=True)
    with TemporaryDirectory(prefix="kbsync-speed-") as directory:
        figures = _measure(parts, arguments, Path(directory))
    print("\n" + as_text(machine, figures))
    settings = {name: str(value) for name, value in vars(arguments).items()}
    print(f"\nwritten to {write_json(machine, figures, settings=settings, path=arguments.json)}")


def _measure(parts: Sequence[str], arguments: argparse.Namespace, directory: Path) -> list[Figure]:
    figures: list[Figure] = []
    if compared := [name for name in CONTESTANTS if name in parts]:
        samples, keep = directory / "samples", directory / "kept"
        samples.mkdir()
        keep.mkdir()
        sources = find_documents(arguments.folder, without=_names(arguments.without), samples=samples)
        questions = load_questions(path.name for path in sources)
        task = Task(tuple(sources), tuple(question.text for question in questions), arguments.ocr, keep)
        print(f"{len(sources)} files, OCR {arguments.ocr}, {len(questions)} questions", flush=True)
        figures += compare(compared, task, questions, repeats=arguments.repeats)
    documents = _numbers(arguments.documents)
    if "large" in parts:
        figures += large.measure(_numbers(arguments.pages), repeats=arguments.repeats)
    if "many" in parts:
        figures += many.measure(documents, repeats=arguments.repeats)
    if "latency" in parts:
        figures += latency.measure(documents[-1])
    if "cold-start" in parts:
        figures += cold_start.measure(repeats=arguments.repeats)
    return figures


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(CONTESTANTS), help="parts, divided by commas [%(default)s]")
    parser.add_argument("--repeats", type=int, default=3, help="rounds [%(default)s]")
    parser.add_argument("--folder", type=Path, help="PDF files to compare over [the corpus beside, or samples]")
    parser.add_argument("--without", default=SCANNED, help="file names left out, divided by commas [%(default)s]")
    parser.add_argument(
        "--ocr",
        choices=("off", "auto"),
        default="off",
        help="whether the stages read scans and pictures, which neither floor nor peers do [%(default)s]",
    )
    parser.add_argument("--pages", default="250,500", help="of the documents of large [%(default)s]")
    parser.add_argument("--documents", default="2000,10000", help="for many; latency takes the last [%(default)s]")
    parser.add_argument("--json", type=Path, help="write the figures here [a new file in benchmarks/results]")
    return parser


def _parts(only: str) -> list[str]:
    known = {*CONTESTANTS, *SIZES}
    wanted = [part for name in only.split(",") for part in (PEERS if name == "peer" else (name.strip(),))]
    if unknown := [part for part in wanted if part not in known]:
        raise SystemExit(f"unknown parts: {', '.join(unknown)}; known: {', '.join((*CONTESTANTS, 'peer', *SIZES))}")
    return wanted


def _numbers(given: str) -> list[int]:
    return [int(number) for number in given.split(",")]


def _names(without: str) -> frozenset[str]:
    return frozenset(name.strip() for name in without.split(",") if name.strip())


if __name__ == "__main__":
    main()
