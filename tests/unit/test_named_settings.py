import pytest
from pydantic import ValidationError

from shared.embedders.registry import embedder_spec
from shared.settings import Settings, named_values


def test_names_and_values_are_read_with_colons_and_slashes() -> None:
    text = "cohere.embed-v4:0=us.cohere.embed-v4:0, a=arn:aws:bedrock:us-east-1:1:provisioned-model/x,"
    assert named_values(text) == {
        "cohere.embed-v4:0": "us.cohere.embed-v4:0",
        "a": "arn:aws:bedrock:us-east-1:1:provisioned-model/x",
    }
    assert named_values("") == {}


@pytest.mark.parametrize("models", ["bge-m3", "bge-m3=", "=1024", "bge-m3=many", "bge-m3=0", "bge-m3=1024/0"])
def test_models_without_dimensions_stop_the_process(models: str) -> None:
    with pytest.raises(ValidationError, match="openai_models"):
        Settings(openai_models=models)


def test_a_named_model_has_the_dimensions_of_its_setting() -> None:
    settings = Settings(openai_models="BAAI/bge-m3=1024/8192, small=64")
    assert embedder_spec("openai", "BAAI/bge-m3", settings).dimensions == 1024
    assert embedder_spec("openai", "small", settings).dimensions == 64
    assert embedder_spec("openai", "text-embedding-3-small", settings).dimensions == 1536
