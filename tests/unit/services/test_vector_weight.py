import pytest

from shared.services.ranking import FOREIGN_VECTOR_WEIGHT, VECTOR_WEIGHT, vector_weight

ENGLISH_MODEL = "all-MiniLM-L6-v2"


@pytest.mark.parametrize("query", ["删除文档之后内容会保留多久", "GPU 温度", "хранение документов"])
def test_english_model_counts_little_for_another_script(query: str) -> None:
    assert vector_weight(ENGLISH_MODEL, query) == FOREIGN_VECTOR_WEIGHT < VECTOR_WEIGHT


@pytest.mark.parametrize(
    "query", ["How long is content kept?", "où est le café", "3,120,884", "See chapter 三 of the guide"]
)
def test_english_model_counts_fully_for_latin_letters_and_figures(query: str) -> None:
    assert vector_weight(ENGLISH_MODEL, query) == VECTOR_WEIGHT


def test_any_other_model_counts_fully_in_every_script() -> None:
    assert vector_weight("multilingual", "删除文档之后内容会保留多久") == VECTOR_WEIGHT
