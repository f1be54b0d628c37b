"""The questions: what is asked, and how the passage that answers is known.

Each line of a file is `kind, document, words of the answer, question`, divided by tabs. A passage answers where it is
of that document and holds those words, whatever their case, blanks and Markdown signs, so that it does not matter
where exactly a chunk begins and ends.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from shared.vector_stores.base import StoredChunk

FILES = Path(__file__).parent / "questions"
_HAN = re.compile("[\u3400-\u9fff]")
_IGNORED = re.compile(r"[\s\\*_`|]+")


class Kind(StrEnum):
    PARAPHRASE = "paraphrase"
    KEYWORD = "keyword"
    IDENTIFIER = "identifier"
    NUMBER = "number"
    SHORT = "short"
    LONG = "long"
    MIXED = "mixed"


class Half(StrEnum):
    """Weights are chosen by the one half and judged by the other."""

    TUNING = "tuning"
    HELD_OUT = "held out"


@dataclass(frozen=True)
class Question:
    kind: Kind
    document: str
    """Name of the file without `.pdf`."""
    answer: str
    text: str

    @classmethod
    def of_line(cls, line: str) -> Self:
        kind, document, answer, text = line.split("\t")
        return cls(kind=Kind(kind), document=document, answer=answer, text=text)

    @property
    def language(self) -> str:
        return "zh" if _HAN.search(self.text) else "en"

    @property
    def half(self) -> Half:
        digest = hashlib.sha256(f"{self.document}\0{self.text}".encode()).digest()
        return Half.TUNING if digest[0] % 2 else Half.HELD_OUT

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of questions that it counts in."""
        return "all", self.half, self.kind

    def is_answered_by(self, chunk: StoredChunk, filename: str) -> bool:
        passage = "\n".join((*chunk.headings, chunk.content))
        return filename.removesuffix(".pdf") == self.document and _plain(self.answer) in _plain(passage)


def load_questions(documents: Iterable[str]) -> list[Question]:
    """Read the questions about documents of these names; those about absent ones are left out."""
    known = set(documents)
    lines = [line for path in sorted(FILES.glob("*.tsv")) for line in path.read_text(encoding="utf-8").splitlines()]
    questions = map(Question.of_line, lines)
    return [question for question in questions if question.document in known]


def _plain(text: str) -> str:
    return _IGNORED.sub("", text).casefold()
