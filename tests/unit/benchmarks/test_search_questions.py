"""The questions of the search evaluation can be answered, and judge what they say they judge."""

from collections import Counter

from benchmarks.search_evaluation.pdf_documents import READABLE_SAMPLES, set_in_pdf, texts
from benchmarks.search_evaluation.questions import FILES, Half, Question, load_questions
from shared.chunking.model import ChunkType
from shared.vector_stores.base import StoredChunk

OWN = {*texts(), *(name.removesuffix(".pdf") for name in READABLE_SAMPLES)}


def passage(content: str, *, headings: tuple[str, ...] = ()) -> StoredChunk:
    return StoredChunk(
        chunk_id="chunk-1",
        document_id="doc-1",
        revision="r1",
        ordinal=0,
        chunk_type=ChunkType.TEXT,
        content=content,
        token_count=1,
        page_start=1,
        page_end=1,
        headings=headings,
        text_hash="",
    )


def test_every_answer_stands_in_its_document() -> None:
    written = texts()
    questions = [question for question in load_questions(OWN) if question.document in written]
    assert [q for q in questions if not q.is_answered_by(passage(written[q.document]), f"{q.document}.pdf")] == []


def test_no_question_is_about_a_document_that_nobody_has() -> None:
    lines = [
        line for name in ("english", "chinese") for line in (FILES / f"{name}.tsv").read_text("utf-8").splitlines()
    ]
    assert len(load_questions(OWN)) == len(lines) >= 120


def test_both_languages_and_both_halves_have_their_share() -> None:
    questions = load_questions(OWN)
    assert len(set(questions)) == len(questions)
    counts = Counter((question.language, question.half) for question in questions)
    assert len(counts) == 2 * len(Half)
    assert all(0.4 < count / (len(questions) / 4) < 1.6 for count in counts.values())


def test_a_passage_answers_whatever_its_blanks_and_signs() -> None:
    question = Question.of_line("number\trates\t41,730.00 EUR\tmonthly rent")
    assert question.is_answered_by(passage("| rent | 41,730.00\n**eur** |"), "rates.pdf")
    assert question.is_answered_by(passage("to pay", headings=("41,730.00 EUR",)), "rates.pdf")
    assert not question.is_answered_by(passage("41,730.00 EUR"), "other.pdf")
    assert not question.is_answered_by(passage("41,731.00 EUR"), "rates.pdf")


def test_the_same_text_makes_the_same_file() -> None:
    text = "# 标题\n\n正文 `code`。\n\n- 一\n- 二\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n```\nls -l\n```"
    assert set_in_pdf(text) == set_in_pdf(text)
