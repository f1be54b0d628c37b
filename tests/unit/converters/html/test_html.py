import base64
from pathlib import Path

import pytest

from shared.converters.base import BlockKind
from shared.converters.html.converter import HtmlConverter
from tests.samples.pdf_files import picture
from tests.unit.converters.conversion import kinds, written

DATA = base64.b64encode(picture("PNG", size=200)).decode()


def markdown(tmp_path: Path, body: str, *, head: str = "") -> str:
    return written(HtmlConverter(), tmp_path / "a", f"<!DOCTYPE html><head>{head}</head><body>{body}</body>").markdown


def test_text_is_what_a_reader_sees(tmp_path: Path) -> None:
    body = (
        "<p>One\n   <b>bold</b>&nbsp;<i>word</i>&mdash;and&#8203;<br>a line</p>loose <span>text</span>"
        "<script>no()</script><style>p{}</style><!-- no --><template>no</template><div>阀门<div>弹簧</div>垫片</div>"
    )
    assert markdown(tmp_path, body) == ("One bold word—and\u200b\na line\n\nloose text\n\n阀门\n\n弹簧\n\n垫片\n")


def test_a_title_is_the_heading_of_a_page_without_one(tmp_path: Path) -> None:
    assert markdown(tmp_path, "<h2>Part</h2>text", head="<title>The page</title>") == "# The page\n\n## Part\n\ntext\n"
    assert markdown(tmp_path, "<h1>Real</h1>text", head="<title>The page</title>") == "# Real\n\ntext\n"


def test_lists_nest_and_count(tmp_path: Path) -> None:
    body = "<ul><li>one<li><p>two</p><p>more</p><ol start=3><li>three<li>four</ol></ul>after"
    assert markdown(tmp_path, body) == "- one\n- two\n  more\n    3. three\n    4. four\n\nafter\n"


def test_merged_cells_repeat_and_a_cell_is_one_line(tmp_path: Path) -> None:
    body = (
        "<table><caption>Intervals</caption><tr><th rowspan=2>部件<th colspan=2>周期</tr><tr><th>min<th>max</tr>"
        "<tr><td>a | b<td><ul><li>1<li>2</ul><td>3<br>days</tr></table>"
    )
    assert markdown(tmp_path, body) == (
        "Intervals\n\n| 部件 | 周期 | 周期 |\n| --- | --- | --- |\n| 部件 | min | max |\n| a \\| b | 1 2 | 3 days |\n"
    )


def test_a_table_for_layout_is_read_as_text(tmp_path: Path) -> None:
    body = "<table><tr><td><h1>Title</h1><p>Text</p></td><td><table><tr><td>a<td>b</table></td></tr></table>"
    assert markdown(tmp_path, body) == "# Title\n\nText\n\n| a | b |\n| --- | --- |\n"


def test_links_keep_an_address_that_says_more(tmp_path: Path) -> None:
    body = (
        '<p><a href="https://example.com/a">guide</a> <a href="#top">up</a> <a href="javascript:x()">run</a>'
        ' <a href="https://example.com">https://example.com</a></p>'
    )
    assert markdown(tmp_path, body) == "[guide](https://example.com/a) up run https://example.com\n"


def test_code_keeps_its_lines(tmp_path: Path) -> None:
    assert markdown(tmp_path, "<pre><code>if x:\n    y ```\n</code></pre>") == "````\nif x:\n    y ```\n````\n"


def test_pictures_inside_of_the_page_are_extracted_and_others_not_fetched(tmp_path: Path) -> None:
    page = (
        f'<p>before</p><img src="data:image/png;base64,{DATA}" alt="阀门"><img src="http://192.0.2.1/a.png" alt="far">'
    )
    document = written(HtmlConverter(), tmp_path / "a", page)
    assert kinds(document) == [BlockKind.PARAGRAPH, BlockKind.IMAGE, BlockKind.PARAGRAPH]
    assert len(document.images) == 1
    assert "阀门" in document.markdown
    assert "far" in document.markdown


@pytest.mark.parametrize(
    "src", ["data:image/png;base64,%%%", "data:image/png;base64,AAAA", "data:", "data:image/svg+xml,<svg/>"]
)
def test_a_picture_that_cannot_be_read_costs_only_itself(tmp_path: Path, src: str) -> None:
    document = written(HtmlConverter(), tmp_path / "a", f"<p>text</p><img src='{src}'>")
    assert (document.markdown, document.images) == ("text\n", ())


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", "gb2312"),
        ("gb18030", "gb2312"),
        ("gb18030", ""),
        ("big5", "big5"),
        ("utf-16", ""),
        ("shift_jis", "shift_jis"),
    ],
)
def test_pages_are_read_in_the_encoding_that_they_are_in(tmp_path: Path, encoding: str, declared: str) -> None:
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={declared}">' if declared else ""
    text = "日本" if encoding == "shift_jis" else "中文文件" if encoding == "big5" else "每季度检查一次阀门"
    page = f"<html><head>{meta}</head><body><p>{text}</p></body></html>"
    assert written(HtmlConverter(), tmp_path / "a", page.encode(encoding)).markdown == f"{text}\n"


def test_what_is_nested_too_deeply_is_noted(tmp_path: Path) -> None:
    document = written(HtmlConverter(), tmp_path / "a", "<p>text</p>" + "<div>" * 5000 + "lost" + "</div>" * 5000)
    assert document.markdown == "text\n"
    assert document.notes == ("page 1: what is nested too deeply was left out",)
