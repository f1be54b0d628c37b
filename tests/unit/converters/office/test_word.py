import re
import zipfile
from pathlib import Path

import docx
from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from shared.converters.base import BlockKind, ConvertedDocument
from shared.converters.office.word import WordConverter
from tests.samples.document_files import SECTIONS, changed, picture_stream, word
from tests.unit.converters.conversion import converted, kinds, of_kind


def saved(document: Document, tmp_path: Path) -> ConvertedDocument:
    document.save(str(tmp_path / "a"))
    return converted(WordConverter(), tmp_path / "a")


def xml(text: str) -> object:
    return parse_xml(text.replace(">", f" {nsdecls('w', 'r')}>", 1))


def append(document: Document, text: str) -> None:
    document.element.body.insert(len(document.element.body) - 1, xml(text))


def with_part(source: Path, name: str, replace: dict[bytes, bytes]) -> Path:
    with zipfile.ZipFile(source) as file:
        content = file.read(name)
    for old, new in replace.items():
        assert old in content
        content = content.replace(old, new)
    return changed(source, {name: content})


def test_headings_lists_and_code_are_told_by_their_styles(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("手册 Manual", 0)
    document.add_heading("Part", 2)
    document.add_paragraph("Text\nand more.")
    document.add_paragraph("bullet", style="List Bullet")
    document.add_paragraph("below", style="List Bullet 2")
    document.add_paragraph("first", style="List Number")
    document.add_paragraph("second", style="List Number")
    for line in ("def f():", "    return 1"):
        document.add_paragraph().add_run(line).font.name = "Courier New"
    found = saved(document, tmp_path)
    assert found.markdown == (
        "# 手册 Manual\n\n## Part\n\nText\nand more.\n\n- bullet\n    - below\n1. first\n2. second\n\n"
        "```\ndef f():\n    return 1\n```\n"
    )


def test_headings_of_chinese_word_are_headings(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("总则", style="Heading 1")
    document.save(str(tmp_path / "a"))
    with_part(tmp_path / "a", "word/document.xml", {b'w:val="Heading1"': b'w:val="1"'})
    with_part(tmp_path / "a", "word/styles.xml", {b'w:styleId="Heading1"': b'w:styleId="1"'})
    assert converted(WordConverter(), tmp_path / "a").markdown == "# 总则\n"


def test_numbers_that_word_counts_are_written(tmp_path: Path) -> None:
    document = docx.Document()
    numbering = document.part.numbering_part.element
    numbering.insert(0, xml(
        '<w:abstractNum w:abstractNumId="77"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/>'
        '<w:lvlText w:val="第%1章"/></w:lvl><w:lvl w:ilvl="1"><w:start w:val="3"/><w:numFmt w:val="decimal"/>'
        '<w:lvlText w:val="%1.%2"/></w:lvl><w:lvl w:ilvl="2"><w:numFmt w:val="lowerLetter"/>'
        '<w:lvlText w:val="(%3)"/></w:lvl></w:abstractNum>'
    ))  # fmt: skip
    numbering.append(xml('<w:num w:numId="77"><w:abstractNumId w:val="77"/></w:num>'))
    for level, text in ((0, "总则"), (1, "范围"), (2, "a part"), (2, "b part"), (0, "附则")):
        paragraph = document.add_paragraph(text, style="Heading 1" if level == 0 else None)
        properties = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="77"/></w:numPr>'
        paragraph._p.get_or_add_pPr().append(xml(properties))
    assert saved(document, tmp_path).markdown == (
        "# 第一章 总则\n\n- 一.3 范围\n    - (a) a part\n    - (b) b part\n\n# 第二章 附则\n"
    )


def test_nothing_inside_of_controls_changes_and_boxes_is_lost(tmp_path: Path) -> None:
    document = docx.Document()
    append(document, "<w:sdt><w:sdtContent><w:p><w:r><w:t>in a control</w:t></w:r></w:p></w:sdtContent></w:sdt>")
    append(document, "<w:p><w:ins><w:r><w:t>inserted </w:t></w:r></w:ins><w:del><w:r><w:delText>gone</w:delText></w:r>"
                     "</w:del><w:smartTag><w:r><w:t>tagged</w:t></w:r></w:smartTag></w:p>")  # fmt: skip
    append(document, "<w:p><w:r><w:pict><w:txbxContent><w:p><w:r><w:t>in a box</w:t></w:r></w:p></w:txbxContent>"
                     "</w:pict></w:r></w:p>")  # fmt: skip
    found = saved(document, tmp_path)
    assert found.markdown == "in a control\n\ninserted tagged\n\nin a box\n"


def test_merged_cells_repeat_and_nested_tables_and_pictures_stay(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(3, 3)
    for at, cell in enumerate(table._cells):
        cell.text = f"c{at}"
    table.cell(0, 0).merge(table.cell(0, 1)).text = "部件\nparts"
    table.cell(1, 2).merge(table.cell(2, 2)).text = "both"
    inner = table.cell(2, 0).add_table(1, 1)
    inner.cell(0, 0).text = "inner"
    table.cell(2, 1).paragraphs[0].add_run().add_picture(picture_stream())
    found = saved(document, tmp_path)
    assert of_kind(found, BlockKind.TABLE)[0].markdown == (
        "| 部件 parts | 部件 parts | c2 |\n| --- | --- | --- |\n| c3 | c4 | both |\n| c6 inner | c7 | both |"
    )
    assert kinds(found)[-1] is BlockKind.IMAGE
    assert len(found.images) == 1


def test_a_table_of_one_cell_is_a_text_in_a_frame(tmp_path: Path) -> None:
    document = docx.Document()
    cell = document.add_table(1, 1).cell(0, 0)
    cell.text = "framed"
    cell.add_paragraph("item", style="List Bullet")
    assert saved(document, tmp_path).markdown == "framed\n\n- item\n"


def test_a_picture_that_is_linked_is_not_fetched_but_noted(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_picture(picture_stream())
    document.add_paragraph("text")
    document.save(str(tmp_path / "a"))
    with zipfile.ZipFile(tmp_path / "a") as file:
        relations = file.read("word/_rels/document.xml.rels")
    linked = re.sub(rb'Target="media/image1.png"', b'Target="http://192.0.2.1/x.png" TargetMode="External"', relations)
    assert linked != relations
    changed(tmp_path / "a", {"word/_rels/document.xml.rels": linked})
    found = converted(WordConverter(), tmp_path / "a")
    assert (found.markdown, found.images) == ("text\n", ())
    assert found.notes == ("a picture is linked, not part of the file",)


def test_a_missing_part_costs_only_itself(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_picture(picture_stream())
    document.add_paragraph("text that stays")
    document.save(str(tmp_path / "a"))
    changed(tmp_path / "a", {"word/media/image1.png": None})
    found = converted(WordConverter(), tmp_path / "a")
    assert (found.markdown, found.images) == ("text that stays\n", ())
    assert found.notes


def test_a_document_cut_off_in_its_xml_keeps_what_comes_before(tmp_path: Path) -> None:
    source = word(tmp_path / "a", SECTIONS)
    with zipfile.ZipFile(source) as file:
        content = file.read("word/document.xml")
    changed(source, {"word/document.xml": content[: content.index("阀门维护".encode())]})
    found = converted(WordConverter(), source)
    assert SECTIONS[0].paragraph in found.markdown
    assert found.notes == ("word/document.xml is damaged",)


def test_footnotes_and_links_are_kept(tmp_path: Path) -> None:
    document = docx.Document()
    relation = document.part.relate_to("https://example.com/a", RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    append(document, f'<w:p><w:hyperlink r:id="{relation}"><w:r><w:t>guide</w:t></w:r></w:hyperlink>'
                     '<w:r><w:footnoteReference w:id="2"/></w:r></w:p>')  # fmt: skip
    document.save(str(tmp_path / "a"))
    notes = (
        f"<w:footnotes {nsdecls('w')}><w:footnote w:id='0'><w:p/></w:footnote><w:footnote w:id='2'><w:p><w:r>"
        "<w:t>见附录</w:t></w:r></w:p></w:footnote></w:footnotes>"
    )
    kind = b"application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    override = b'<Override PartName="/word/footnotes.xml" ContentType="%s"/></Types>' % kind
    with_part(tmp_path / "a", "[Content_Types].xml", {b"</Types>": override})
    relation_type = RELATIONSHIP_TYPE.FOOTNOTES.encode()
    link = b'<Relationship Id="rIdF" Type="%s" Target="footnotes.xml"/></Relationships>' % relation_type
    with_part(tmp_path / "a", "word/_rels/document.xml.rels", {b"</Relationships>": link})
    changed(tmp_path / "a", {"word/footnotes.xml": notes.encode()})
    found = converted(WordConverter(), tmp_path / "a")
    assert found.markdown == "[guide](https://example.com/a)[^2]\n\n[^2]: 见附录\n"
    assert kinds(found) == [BlockKind.PARAGRAPH, BlockKind.FOOTNOTE]


def test_a_strict_document_and_one_with_macros_are_read(tmp_path: Path) -> None:
    source = word(tmp_path / "a", SECTIONS)
    expected = converted(WordConverter(), source).markdown
    with_part(source, "[Content_Types].xml", {
        b"vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml":
        b"vnd.ms-word.document.macroEnabled.main+xml"})  # fmt: skip
    assert converted(WordConverter(), source).markdown == expected
    strict = word(tmp_path / "b", SECTIONS)
    office, pure = (
        b"http://schemas.openxmlformats.org/officeDocument/2006/",
        b"http://purl.oclc.org/ooxml/officeDocument/",
    )
    words = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    with_part(strict, "_rels/.rels", {office: pure})
    with_part(strict, "word/_rels/document.xml.rels", {office: pure})
    for part in ("word/document.xml", "word/styles.xml"):
        with_part(strict, part, {words: b"http://purl.oclc.org/ooxml/wordprocessingml/main"})
    assert converted(WordConverter(), strict).markdown == expected
