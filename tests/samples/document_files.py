"""The same content as a document of every type, made by the libraries that people's programs are made with."""

import csv
import html
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import docx
import openpyxl
import pptx
from pptx.util import Inches

from tests.samples.pdf_files import picture


@dataclass(frozen=True)
class Section:
    title: str
    paragraph: str
    rows: Sequence[Sequence[str]]


ENGLISH = Section(
    "Valve maintenance",
    "The quarterly inspection of valve KB-2031 takes forty minutes and two people.",
    [["Part", "Interval"], ["Gasket", "90 days"], ["Spring", "2 years"]],
)
CHINESE = Section(
    "阀门维护",
    "每季度检查一次阀门，需要四十分钟和两名工程师。",
    [["部件", "周期"], ["垫片", "九十天"], ["弹簧", "两年"]],
)
SECTIONS = (ENGLISH, CHINESE)


def plain_text(path: Path, sections: Sequence[Section]) -> Path:
    lines = [
        line
        for section in sections
        for line in (section.title, "", section.paragraph, "", *(": ".join(row) for row in section.rows), "")
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def markdown(path: Path, sections: Sequence[Section]) -> Path:
    with path.open("w", encoding="utf-8") as file:
        for section in sections:
            header, *rows = [f"| {' | '.join(row)} |" for row in section.rows]
            rule = "|---" * len(section.rows[0]) + "|"
            file.write(f"# {section.title}\n\n{section.paragraph}\n\n" + "\n".join([header, rule, *rows]) + "\n\n")
    return path


def html_body(section: Section) -> str:
    rows = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in section.rows)
    return f"<h1>{section.title}</h1><p>{html.escape(section.paragraph)}</p><table>{rows}</table>"


def web_page(path: Path, sections: Sequence[Section]) -> Path:
    body = "".join(map(html_body, sections))
    path.write_text(f"<!DOCTYPE html><html><head><meta charset='utf-8'></head><body>{body}</body></html>", "utf-8")
    return path


def comma_separated(path: Path, sections: Sequence[Section]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["title", "paragraph", "key", "value"])
        writer.writerows([section.title, section.paragraph, *row] for section in sections for row in section.rows)
    return path


def word(path: Path, sections: Sequence[Section]) -> Path:
    document = docx.Document()
    for section in sections:
        document.add_heading(section.title, 1)
        document.add_paragraph(section.paragraph)
        table = document.add_table(len(section.rows), len(section.rows[0]))
        for r, row in enumerate(section.rows):
            for c, cell in enumerate(row):
                table.cell(r, c).text = cell
    document.save(str(path))
    return path


def slides(path: Path, sections: Sequence[Section]) -> Path:
    presentation = pptx.Presentation()
    for section in sections:
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        assert slide.shapes.title is not None
        slide.shapes.title.text_frame.text = section.title
        slide.placeholders[1].text_frame.text = section.paragraph
        size = (Inches(1), Inches(4), Inches(6), Inches(2))
        table = slide.shapes.add_table(len(section.rows), len(section.rows[0]), *size).table
        for r, row in enumerate(section.rows):
            for c, cell in enumerate(row):
                table.cell(r, c).text_frame.text = cell
    presentation.save(str(path))
    return path


def sheets(path: Path, sections: Sequence[Section]) -> Path:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for section in sections:
        sheet = workbook.create_sheet(section.title)
        sheet.append([section.paragraph])
        for row in section.rows:
            sheet.append(list(row))
    workbook.save(path)
    return path


CONTAINER = (
    '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
    '<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def epub_members(chapters: Mapping[str, str]) -> dict[str, bytes]:
    """Return the members of a book whose chapters are given as the name and the body of a page each."""
    items = "".join(f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in chapters)
    spine = "".join(f'<itemref idref="{name}"/>' for name in chapters)
    members = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OEBPS/content.opf": '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>A book</dc:title></metadata>'
        f"<manifest>{items}</manifest><spine>{spine}</spine></package>",
        **{
            f"OEBPS/{name}": '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml">'
            f"<head><title/></head><body>{body}</body></html>"
            for name, body in chapters.items()
        },
    }
    return {name: text.encode() for name, text in members.items()}


def archive(path: Path, members: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else None)
    return path


def book(path: Path, sections: Sequence[Section]) -> Path:
    return archive(path, epub_members({f"c{n}.xhtml": html_body(section) for n, section in enumerate(sections)}))


def changed(source: Path, members: Mapping[str, bytes | None]) -> Path:
    """Write an archive anew with some of its members replaced, added or, where they are None, removed."""
    with zipfile.ZipFile(source) as file:
        kept = {name: file.read(name) for name in file.namelist() if name not in members}
    return archive(source, kept | {name: content for name, content in members.items() if content is not None})


def picture_stream(kind: str = "PNG") -> io.BytesIO:
    return io.BytesIO(picture(kind))


MAKERS: Mapping[str, Callable[[Path, Sequence[Section]], Path]] = {
    "txt": plain_text,
    "md": markdown,
    "html": web_page,
    "csv": comma_separated,
    "docx": word,
    "pptx": slides,
    "xlsx": sheets,
    "epub": book,
}
"""By the usual ending of the name."""
