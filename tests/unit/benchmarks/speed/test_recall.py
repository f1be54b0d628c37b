"""The questions of the comparison can be answered, and are judged alike for every contestant."""

import pypdfium2
import pytest

from benchmarks.search_evaluation.pdf_documents import CORPUS
from benchmarks.speed.one_pass import Passage
from benchmarks.speed.recall import QUESTIONS, Question, load_questions, plain, recall_figure

NAMES = {line.split("\t")[1] for path in QUESTIONS for line in path.read_text(encoding="utf-8").splitlines()}
QUESTION = Question(document="rates", answer="41,730.00 EUR", text="monthly rent")


def test_there_are_enough_questions_and_none_twice() -> None:
    questions = load_questions(NAMES)
    assert len(set(questions)) == len(questions) >= 60


def test_questions_about_absent_files_are_left_out() -> None:
    assert load_questions([]) == []


def test_a_passage_answers_whatever_its_blanks_case_and_ligatures() -> None:
    assert QUESTION.is_answered_by(Passage(document="rates.pdf", content="rent | 41,730.00\neur"))
    office = Question(document="rates", answer="office", text="where")
    assert office.is_answered_by(Passage(document="rates.pdf", content="the o\ufb03ce"))
    assert not QUESTION.is_answered_by(Passage(document="other.pdf", content="41,730.00 EUR"))
    assert not QUESTION.is_answered_by(Passage(document="rates.pdf", content="41,731.00 EUR"))


def test_recall_is_the_share_of_questions_that_were_found() -> None:
    right, wrong = (Passage(document="rates.pdf", content=content) for content in ("41,730.00 EUR", "nothing"))
    assert recall_figure("x", [QUESTION, QUESTION], [(wrong, right), (wrong,)]).median == 0.5


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside the checkout")
def test_every_answer_stands_in_its_document() -> None:
    texts = {}
    for name in NAMES:
        with pypdfium2.PdfDocument(CORPUS / f"{name}.pdf") as document:
            pages = [document[number].get_textpage().get_text_range() for number in range(len(document))]
        texts[name] = plain("\n".join(pages))
    written = {line.split("\t")[3] for line in QUESTIONS[1].read_text(encoding="utf-8").splitlines()}
    questions = [question for question in load_questions(NAMES) if question.text in written]
    assert [each for each in questions if plain(each.answer) not in texts[each.document]] == []
    assert questions
