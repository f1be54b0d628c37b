import base64
import hashlib
import subprocess
import sys

import pytest

from shared.chunking.tokens import cl100k_base, count_tokens


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("hello world", [15339, 1917]),
        ("tiktoken is great!", [83, 1609, 5963, 374, 2294, 0]),
        ("antidisestablishmentarianism", [519, 85342, 34500, 479, 8997, 2191]),
        ("2 + 2 = 4", [17, 489, 220, 17, 284, 220, 19]),
        ("お誕生日おめでとう", [33334, 45918, 243, 21990, 9080, 33334, 62004, 16556, 78699]),
    ],
)
def test_texts_become_the_published_ids(text: str, ids: list[int]) -> None:
    """The ids stand in OpenAI's cookbook, `How_to_count_tokens_with_tiktoken`."""
    assert cl100k_base().encode_ordinary(text) == ids


def test_the_vocabulary_is_the_published_one() -> None:
    """tiktoken checks its download against this hash (`tiktoken_ext/openai_public.py`)."""
    encoding = cl100k_base()
    tokens = (base64.b64encode(encoding.decode_single_token_bytes(rank)) for rank in range(100_256))
    lines = b"".join(b"%s %d\n" % (token, rank) for rank, token in enumerate(tokens))
    assert hashlib.sha256(lines).hexdigest() == "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"


def test_special_words_are_counted_as_text() -> None:
    assert count_tokens(["<|endoftext|>", ""]) == [7, 0]


def test_a_long_word_without_blanks_is_counted() -> None:
    assert count_tokens(["ab" * 200_000])[0] > 1000


_WITHOUT_NETWORK = """
import socket

def refuse(*_):
    raise AssertionError("a connection was tried")

socket.socket.connect = refuse
from shared.chunking.tokens import cl100k_base
print(cl100k_base().encode_ordinary("hello world"))
"""


def test_the_vocabulary_comes_without_a_network() -> None:
    """In a process of its own: here the clients of other tests connect in the background."""
    run = subprocess.run([sys.executable, "-c", _WITHOUT_NETWORK], capture_output=True, text=True, check=False)
    assert run.stdout.strip() == "[15339, 1917]", run.stderr
