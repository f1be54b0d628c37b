"""Search over what a sync stored, in every mode."""

from dataclasses import dataclass

import pytest

from tests.integration.stack.conftest import FirstSync
from tests.integration.stack.service import Service


@dataclass(frozen=True)
class Question:
    """What is asked, and words of the passage that answers it."""

    query: str
    filename: str
    answer: str


SENTENCE = Question(
    "On 14 August a full disk stopped the queue for nineteen minutes",
    "quarterly-report.pdf",
    "On 14 August a full disk stopped the queue for nineteen minutes",
)
TABLE_CELL = Question("Renewal rate in Southern Europe", "quarterly-report.pdf", "93.8 %")
PHRASE = Question("纯图片的扫描件没有文字层", "知识库使用手册.pdf", "纯图片的扫描件没有文字层")


@pytest.mark.parametrize("mode", ["hybrid", "vector", "text"])
@pytest.mark.parametrize("question", [SENTENCE, TABLE_CELL], ids=["sentence", "table cell"])
def test_english_sentence_and_table_cell_are_found_in_every_mode(
    service: Service, first_sync: FirstSync, mode: str, question: Question
) -> None:
    hits = service.search(first_sync.kb_id, question.query, mode=mode)
    assert any(hit["filename"] == question.filename and question.answer in hit["content"] for hit in hits)


@pytest.mark.parametrize("mode", ["hybrid", "text"])
def test_chinese_phrase_is_found_first_where_words_count(service: Service, first_sync: FirstSync, mode: str) -> None:
    best = service.search(first_sync.kb_id, PHRASE.query, mode=mode)[0]
    assert (best["filename"], PHRASE.answer in best["content"]) == (PHRASE.filename, True)


def test_chinese_phrase_leads_to_chinese_passages_where_only_vectors_count(
    service: Service, first_sync: FirstSync
) -> None:
    hits = service.search(first_sync.kb_id, PHRASE.query, mode="vector")  # the model has learned English alone
    assert [hit["filename"] for hit in hits] == [PHRASE.filename] * 3
