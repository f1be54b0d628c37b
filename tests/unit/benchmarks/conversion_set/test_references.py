"""The references that are committed are those of the model that made the documents."""

from pathlib import Path

from benchmarks.conversion_set.__main__ import FOLDER
from benchmarks.conversion_set.documents import all_documents
from benchmarks.conversion_set.markdown import reference
from benchmarks.conversion_set.model import (
    Block,
    Document,
    Heading,
    Item,
    Items,
    PageBreak,
    Paragraph,
    Producer,
    Table,
    TableStyle,
)


def test_every_document_has_its_file_and_the_reference_of_its_model() -> None:
    documents = list(all_documents())
    assert sorted(path.stem for path in FOLDER.glob("*.pdf")) == sorted(document.name for document in documents)
    for document in documents:
        assert Path(FOLDER / f"{document.name}.md").read_text(encoding="utf-8") == reference(document), document.name


def test_a_footnote_stands_where_its_page_ends() -> None:
    blocks: list[Block] = [
        Paragraph("One((why)) of 3 m^2^."),
        PageBreak(),
        Heading(2, "Two"),
        Paragraph("More((how))."),
    ]
    assert reference(Document("x", Producer.TYPST, "en", blocks)) == (
        "One¹ of 3 m².\n\n¹ why\n\n## Two\n\nMore².\n\n² how\n"
    )


def test_lists_and_tables_are_plain_markdown() -> None:
    blocks: list[Block] = [
        Items([Item("one"), Item("in it", 1), Item("two")], numbered=True),
        Table([("a", "b"), ("1|2", "`x`")], TableStyle.GRID),
    ]
    assert reference(Document("x", Producer.TYPST, "en", blocks, title="T")) == (
        "# T\n\n1. one\n  - in it\n2. two\n\n| a | b |\n| --- | --- |\n| 1\\|2 | `x` |\n"
    )
