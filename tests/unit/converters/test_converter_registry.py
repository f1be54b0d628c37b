from typing import get_args

import pytest

from shared.converters.content_types import SUPPORTED_CONTENT_TYPES
from shared.converters.registry import ENGINES, open_converter
from shared.settings import Settings


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_every_engine_opens_by_its_setting(engine: str) -> None:
    converter = open_converter(Settings.model_validate({"pdf_engine": engine}))
    assert converter.name == engine
    assert converter.content_types <= SUPPORTED_CONTENT_TYPES
    assert converter.child_pid is None


def test_the_settings_offer_exactly_the_registered_engines() -> None:
    assert set(get_args(Settings.model_fields["pdf_engine"].annotation)) == set(ENGINES)
