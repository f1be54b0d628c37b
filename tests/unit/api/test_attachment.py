"""File names in Content-Disposition headers."""

import pytest

from api.routes.documents import attachment


@pytest.mark.parametrize(
    ("filename", "header"),
    [
        ("a b.pdf", "attachment; filename=\"a b.pdf\"; filename*=UTF-8''a%20b.pdf"),
        ("报.pdf", "attachment; filename=\"_.pdf\"; filename*=UTF-8''%E6%8A%A5.pdf"),
        ('q"\\%.pdf', "attachment; filename=\"q___.pdf\"; filename*=UTF-8''q%22%5C%25.pdf"),
    ],
)
def test_name_stands_in_utf8_and_ascii(filename: str, header: str) -> None:
    assert attachment(filename) == header
