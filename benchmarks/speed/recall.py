"""How much a search finds of what was asked beforehand: the same questions for the service and for its peers.

A question counts as found where one of the first five passages is of the right file and holds the words of the answer,
whatever their case and blanks. Each contestant searches as its users do: the service by its hybrid search, headings
included in what it answers, the peers by the vectors that they made.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.search_evaluation.questions import FILES
from benchmarks.speed.figures import Figure, figure
from benchmarks.speed.one_pass import Passage

QUESTIONS = (FILES / "corpus.tsv", Path(__file__).with_name("questions.tsv"))
"""Those of the search evaluation about the corpus, and those written for this comparison."""

_IGNORED = re.compile(r"[\s\\*_`|]+")


@dataclass(frozen=True)
class Question:
    document: str
    """Name of the file without `.pdf`."""
    answer: str
    text: str

    def is_answered_by(self, passage: Passage) -> bool:
        return passage.document.removesuffix(".pdf") == self.document and plain(self.answer) in plain(passage.content)


def load_questions(documents: Iterable[str]) -> list[Question]:
    """Read the questions about files of these names."""
    known = {name.removesuffix(".pdf") for name in documents}
    lines = [line for path in QUESTIONS for line in path.read_text(encoding="utf-8").splitlines()]
    questions = [Question(*line.split("\t")[1:]) for line in lines]
    return [question for question in questions if question.document in known]


def recall_figure(name: str, questions: Sequence[Question], answers: Sequence[Sequence[Passage]]) -> Figure:
    """Return the share of the questions that were found."""
    found = [any(map(question.is_answered_by, answer)) for question, answer in zip(questions, answers, strict=True)]
    return figure("recall", f"{name}, recall at 5", "", [sum(found) / len(found)], note=f"{len(found)} questions")


def plain(text: str) -> str:
    """Return what is compared; ligatures and the like are spelt out, since readers of PDF differ in that."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", text)).casefold()
