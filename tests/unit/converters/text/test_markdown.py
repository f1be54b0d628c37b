import base64
from pathlib import Path

import pytest

from shared.converters.base import BlockKind
from shared.converters.text.markdown import MarkdownConverter
from tests.samples.pdf_files import picture
from tests.unit.converters.conversion import kinds, of_kind, written

DATA = base64.b64encode(picture("PNG", size=200)).decode()

DOCUMENT = """---
title: 手册
---
# 知识库 *Guide*

Intro with a [link](http://x.y), `code`
and a second line.

- one
  still one
  - two
    1. deep
- three

3. third

| a | b |
|---|:-:|
| x \\| y | z |

> quoted

```python
def f(): ...
```

Setext
------

<table><tr><th>H1</th><th>H2</th></tr><tr><td>1</td><td>2</td></tr></table>

[ref]: http://example.com/long
[^1]: a-note
"""


def test_blocks_are_those_of_the_text(tmp_path: Path) -> None:
    document = written(MarkdownConverter(), tmp_path / "a", DOCUMENT)
    assert [(block.kind.value, block.level, block.markdown) for block in document.blocks] == [
        ("code", 0, "```yaml\ntitle: 手册\n```"),
        ("heading", 1, "# 知识库 *Guide*"),
        ("paragraph", 0, "Intro with a [link](http://x.y), `code`\nand a second line."),
        ("list_item", 0, "- one\n  still one"),
        ("list_item", 1, "    - two"),
        ("list_item", 2, "        1. deep"),
        ("list_item", 0, "- three"),
        ("list_item", 0, "3. third"),
        ("table", 0, "| a | b |\n| --- | --- |\n| x \\| y | z |"),
        ("paragraph", 0, "> quoted"),
        ("code", 0, "```python\ndef f(): ...\n```"),
        ("heading", 2, "## Setext"),
        ("table", 0, "| H1 | H2 |\n| --- | --- |\n| 1 | 2 |"),
        ("paragraph", 0, "[ref]: http://example.com/long"),
        ("footnote", 0, "[^1]: a-note"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"before\n\n![阀门](data:image/png;base64,{DATA})\n",
        f"before\n\n![阀门][p]\n\n[p]: <data:image/png;base64,{DATA}>\n",
    ],
)
def test_pictures_inside_of_the_text_are_extracted(tmp_path: Path, text: str) -> None:
    document = written(MarkdownConverter(), tmp_path / "a", text)
    assert kinds(document) == [BlockKind.PARAGRAPH, BlockKind.IMAGE, BlockKind.PARAGRAPH]
    assert document.markdown == "before\n\n阀门\n"
    assert (document.images[0].width_px, document.images[0].height_px) == (200, 200)
    assert (tmp_path / "out" / document.images[0].name).exists()


def test_pictures_elsewhere_stay_links_and_are_not_fetched(tmp_path: Path) -> None:
    document = written(MarkdownConverter(), tmp_path / "a", "![a valve](http://192.0.2.1/valve.png)\n")
    assert document.markdown == "![a valve](http://192.0.2.1/valve.png)\n"
    assert document.images == ()


def test_scripts_in_the_text_are_dropped(tmp_path: Path) -> None:
    document = written(MarkdownConverter(), tmp_path / "a", "<script>\nalert(1)\n</script>\n\ntext\n")
    assert document.markdown == "text\n"


def test_deep_lists_keep_their_text(tmp_path: Path) -> None:
    text = "\n".join("  " * depth + f"- level {depth}" for depth in range(20))
    document = written(MarkdownConverter(), tmp_path / "a", text)
    items = of_kind(document, BlockKind.LIST_ITEM)
    assert [block.level for block in items] == list(range(20))
    assert items[-1].markdown.strip() == "- level 19"
