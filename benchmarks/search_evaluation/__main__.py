"""Ask every question in every mode and say how often the right passage comes first:

python -m benchmarks.search_evaluation [--json FILE] [--without-corpus] [--failures]
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.search_evaluation.indexed_documents import index_documents
from benchmarks.search_evaluation.pdf_documents import corpus_documents, write_documents
from benchmarks.search_evaluation.questions import Half, Kind, load_questions
from benchmarks.search_evaluation.scores import Outcome, Score, ask_all, score
from shared.services.ranking import SearchMode
from shared.settings import Settings

LANGUAGES = ("en", "zh")
Row = tuple[str, SearchMode, Score]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--without-corpus", action="store_true", help="leave out the real documents")
    parser.add_argument("--failures", action="store_true", help="list what hybrid search does not find first")
    arguments = parser.parse_args()
    with TemporaryDirectory(prefix="kbsync-evaluation-") as directory:
        files = Path(directory) / "files"
        files.mkdir()
        paths = write_documents(files) + ([] if arguments.without_corpus else corpus_documents())
        indexed = index_documents(paths, Settings(), Path(directory) / "table")
        questions = load_questions(name.removesuffix(".pdf") for name in indexed.filenames.values())
        print(f"{len(questions)} questions, {len(indexed.filenames)} documents, {indexed.chunks} chunks\n")
        outcomes = ask_all(indexed, questions, list(SearchMode))
    rows = list(summary(outcomes))
    print_rows(rows)
    if arguments.failures:
        print_failures(outcomes)
    if arguments.json:
        figures = [{"questions_of": name, "mode": mode, **found.as_json()} for name, mode, found in rows]
        arguments.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False), encoding="utf-8")


def summary(outcomes: Sequence[Outcome]) -> Iterator[Row]:
    """Yield the scores of all questions, of each half, and of each kind, by language and mode."""
    for group, language, mode in product(("all", *Half, *Kind), LANGUAGES, SearchMode):
        asked = [outcome for outcome in outcomes if outcome.question.language == language and outcome.mode is mode]
        yield f"{group} {language}", mode, score(outcome for outcome in asked if group in outcome.question.groups)


def print_rows(rows: Sequence[Row]) -> None:
    print(f"{'questions':16} {'n':>4}   " + "   ".join(f"{mode:^17}" for mode in SearchMode))
    print(f"{'':16} {'':4}   " + "   ".join(f"{'R@1':>5} {'R@5':>5} {'MRR':>5}" for _ in SearchMode))
    for start in range(0, len(rows), len(SearchMode)):
        name, _, first = rows[start]
        if first.questions == 0:
            continue
        cells = [
            f"{100 * found.recall_at_1:5.1f} {100 * found.recall_at_5:5.1f} {found.mrr:5.3f}"
            for _, _, found in rows[start : start + len(SearchMode)]
        ]
        print(f"{name:16} {first.questions:>4}   " + "   ".join(cells))


def print_failures(outcomes: Sequence[Outcome]) -> None:
    ranks = {(outcome.question, outcome.mode): outcome.rank for outcome in outcomes}
    print("\nrank (hybrid, vector, text) of what hybrid does not put first:")
    for question in dict.fromkeys(outcome.question for outcome in outcomes):
        found = [ranks[question, mode] for mode in SearchMode]
        if found[0] != 1:
            print(f"{found!s:20} {question.kind:10} {question.half:8} {question.document[:24]:24} {question.text}")


if __name__ == "__main__":
    main()
