from examples.demo_screen import EXCERPT_CHARACTERS, excerpt
from examples.sample_texts import HANDBOOK_SECTIONS


def test_excerpt_begins_with_the_sentence_that_is_most_like_the_query() -> None:
    content = "# Notes\n\nPears are green. Apples are red. Plums are blue."
    assert excerpt(content, "which apples are red") == "… Apples are red. Plums are blue."


def test_excerpt_begins_with_the_row_of_a_table() -> None:
    content = "# Figures\n\n| Region | Teams |\n| --- | --- |\n| East Asia | 388 |\n| South America | 96 |"
    assert excerpt(content, "teams in South America") == "… | South America | 96 |"


def test_excerpt_of_chinese_begins_with_the_likest_sentence() -> None:
    content = "".join(HANDBOOK_SECTIONS[3][1])
    assert excerpt(content, "删除文档之后内容会保留多久").startswith("… 问：删除文档之后，内容会保留多久？")


def test_long_excerpt_is_cut() -> None:
    assert excerpt("word " * 200, "word") == ("word " * 200)[:EXCERPT_CHARACTERS] + " …"


def test_excerpt_of_nothing_is_empty() -> None:
    assert excerpt("", "anything") == ""
