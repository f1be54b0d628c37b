import subprocess
import sys

import pytest

from shared.embedders.registry import EmbedderSpec, embedder_spec, known_embedders, open_embedder
from shared.errors import InvalidRequest
from shared.settings import Settings


def test_dimensions_are_known_without_loading_a_model() -> None:
    assert embedder_spec("local", "all-MiniLM-L6-v2", Settings(_env_file=None)) == EmbedderSpec(
        "local", "all-MiniLM-L6-v2", 384
    )


def test_every_default_of_the_settings_is_a_known_embedder() -> None:
    settings = Settings(_env_file=None)
    assert embedder_spec(settings.embedding_provider, settings.embedding_model, settings) in known_embedders(settings)


@pytest.mark.parametrize(("provider", "model"), [("bedrok", "titan"), ("local", "all-mpnet"), ("", "")])
def test_an_unknown_embedder_is_an_invalid_request(provider: str, model: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        open_embedder(provider, model, Settings())
    assert refused.value.details == {
        "errors": [{"field": "embedding", "reason": str(refused.value).removeprefix("embedding: ")}]
    }


def test_importing_the_registry_loads_no_inference_library() -> None:
    program = (
        "import sys, shared.embedders.registry;"
        "print([name for name in ('openvino', 'tokenizers', 'boto3', 'botocore', 'tiktoken') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
