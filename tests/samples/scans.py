"""Pictures with writing, as a scanner or a camera makes them, and files of them; no system font is needed."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

CHINESE_PARAGRAPH = ("知识库同步服务把文档变成可以检索的段落，", "每个阶段都可以在中断之后继续进行。")
ENGLISH_LINES = ("The quick brown fox jumps over", "the lazy dog while a careful", "reader counts every word.")


def font(size: int) -> ImageFont.FreeTypeFont:
    """A font with Chinese and Latin characters."""
    spec = find_spec("pylopdf_fonts_zh_cn")
    assert spec is not None
    assert spec.origin is not None
    return ImageFont.truetype(str(Path(spec.origin).parent / "NotoSansSC-Regular.otf"), size)


def blank(width: int = 900, height: int = 600) -> Image.Image:
    return Image.new("RGB", (width, height), "white")


def written(
    lines: Sequence[str], *, size: int = 32, picture: Image.Image | None = None, at: tuple[int, int] = (60, 60)
) -> Image.Image:
    """Lines of text below each other on a picture."""
    drawn = picture if picture is not None else blank()
    pen = ImageDraw.Draw(drawn)
    for number, line in enumerate(lines):
        pen.text((at[0], at[1] + round(number * size * 1.7)), line, fill="black", font=font(size))
    return drawn


def two_columns(left: Sequence[str], right: Sequence[str], *, size: int = 30) -> Image.Image:
    """A page whose text is set in two columns."""
    page = blank(1240, 300 + round(max(len(left), len(right)) * size * 1.7))
    written(left, size=size, picture=page, at=(80, 120))
    return written(right, size=size, picture=page, at=(680, 120))


def scan_pdf(path: Path, pictures: Sequence[Image.Image], *, dpi: float = 150.0) -> Path:
    """A PDF of pictures, one a page, without any text."""
    first, *others = (picture.convert("RGB") for picture in pictures)
    first.save(path, format="PDF", save_all=True, append_images=others, resolution=dpi)
    return path
