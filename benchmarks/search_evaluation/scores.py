"""What a list of results is worth: recall at 1 and at 5, and the reciprocal rank of the first right one."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from benchmarks.search_evaluation.indexed_documents import IndexedDocuments
from benchmarks.search_evaluation.questions import Question
from shared.services.ranking import SearchMode, SearchQuery, rank_chunks

LOOKED_AT = 10
"""Results among which the right one counts at all."""


@dataclass(frozen=True)
class Outcome:
    """Where a mode put the first passage that answers a question, from 1; None where it is not among `LOOKED_AT`."""

    question: Question
    mode: SearchMode
    rank: int | None


@dataclass(frozen=True)
class Score:
    questions: int
    recall_at_1: float
    recall_at_5: float
    mrr: float

    def as_json(self) -> dict[str, float]:
        return {name: round(value, 4) for name, value in asdict(self).items()}


def ask_all(indexed: IndexedDocuments, questions: Iterable[Question], modes: Sequence[SearchMode]) -> list[Outcome]:
    return [Outcome(question, mode, _rank(indexed, question, mode)) for question in questions for mode in modes]


def score(outcomes: Iterable[Outcome]) -> Score:
    ranks = [outcome.rank for outcome in outcomes]
    count = max(1, len(ranks))
    return Score(
        questions=len(ranks),
        recall_at_1=sum(rank == 1 for rank in ranks) / count,
        recall_at_5=sum(rank is not None and rank <= 5 for rank in ranks) / count,
        mrr=sum(1 / rank for rank in ranks if rank is not None) / count,
    )


def _rank(indexed: IndexedDocuments, question: Question, mode: SearchMode) -> int | None:
    hits = rank_chunks(indexed.table, SearchQuery(text=question.text, top_k=LOOKED_AT, mode=mode))[:LOOKED_AT]
    right = (
        rank
        for rank, hit in enumerate(hits, start=1)
        if question.is_answered_by(hit.chunk, indexed.filenames[hit.chunk.document_id])
    )
    return next(right, None)
