"""Which language an Accept-Language header asks for."""

import pytest

from api.language import preferred_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "zh"),
        ("en", "en"),
        ("en-US,en;q=0.9", "en"),
        ("EN-gb", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh;q=0.5, en;q=0.8", "en"),
        ("fr", "zh"),
        ("fr, en;q=0.3", "en"),
        ("*", "zh"),
        ("en;q=0", "zh"),
        ("en;q=nonsense", "zh"),
    ],
)
def test_language_is_the_preferred_of_the_two(header: str, language: str) -> None:
    assert preferred_language(header) == language
