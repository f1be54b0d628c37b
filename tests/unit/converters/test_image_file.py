from pathlib import Path

import pytest
from PIL import Image

from shared.converters.base import ConversionLimits, ConvertedDocument
from shared.converters.content_types import detect_content_type
from shared.converters.image_file import IMAGE_CONTENT_TYPES, ImageConverter, read_frame
from shared.errors import ConversionLimitExceeded, DamagedFile
from tests.samples.scans import blank, written

FORMATS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp", "TIFF": "tif", "BMP": "bmp", "GIF": "gif"}


def convert(source: Path, **limits: int) -> ConvertedDocument:
    return ImageConverter().convert(
        source, source.parent, limits=ConversionLimits.model_validate(limits), should_stop=lambda: False
    )


@pytest.mark.parametrize(("kind", "suffix"), FORMATS.items())
def test_every_kind_of_image_is_a_page_to_read(tmp_path: Path, kind: str, suffix: str) -> None:
    source = tmp_path / f"a.{suffix}"
    written(["words"]).save(source, format=kind)
    assert detect_content_type(source.read_bytes()[:8192]) in IMAGE_CONTENT_TYPES
    document = convert(source)
    assert (document.page_count, document.unread_pages, document.blocks) == (1, (1,), ())
    picture, points = read_frame(source, 1, scale_of=lambda width, height: 0.5)
    assert (picture.size, picture.mode) == ((450, 300), "RGB")
    assert points * picture.width == pytest.approx(900 * 0.75, abs=1)


def test_each_picture_of_a_tiff_is_a_page(tmp_path: Path) -> None:
    source = tmp_path / "fax.tif"
    sizes = [(300, 400), (500, 200)]
    first, second = (blank(*size) for size in sizes)
    first.save(source, save_all=True, append_images=[second], dpi=(200, 200))
    assert convert(source).unread_pages == (1, 2)
    assert [read_frame(source, n, scale_of=lambda w, h: 1.0)[0].size for n in (1, 2)] == sizes
    with pytest.raises(ConversionLimitExceeded):
        convert(source, max_pages=1)


def test_an_animation_is_one_page(tmp_path: Path) -> None:
    source = tmp_path / "a.gif"
    written(["one"]).save(source, save_all=True, append_images=[written(["two"])])
    assert convert(source).page_count == 1


def test_a_photo_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    source = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    blank(400, 200).save(source, exif=exif)
    assert read_frame(source, 1, scale_of=lambda w, h: 1.0)[0].size == (200, 400)


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    Image.new("RGBA", (80, 80), (0, 0, 0, 0)).save(source)
    assert read_frame(source, 1, scale_of=lambda w, h: 1.0)[0].getpixel((40, 40)) == (255, 255, 255)


def test_sixteen_bits_a_pixel_are_not_cut_off(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    Image.new("I;16", (80, 80), 32768).save(source)
    assert read_frame(source, 1, scale_of=lambda w, h: 1.0)[0].getpixel((40, 40)) == (128, 128, 128)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0 and no more", b""])
def test_a_broken_image_is_a_damaged_file(tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "a"
    source.write_bytes(content)
    with pytest.raises(DamagedFile):
        convert(source)


def test_an_image_cut_in_half_is_damaged_when_it_is_read(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    written(["words"] * 8).save(source)
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    with pytest.raises(DamagedFile):
        read_frame(source, 1, scale_of=lambda w, h: 1.0)


def test_a_picture_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "bomb.png"
    Image.new("1", (20_000, 20_000)).save(source)
    with pytest.raises(ConversionLimitExceeded):
        convert(source)
