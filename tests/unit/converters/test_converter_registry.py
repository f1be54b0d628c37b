import os
import subprocess
import sys
from typing import get_args

import pytest

from shared.converters.dispatch import Converters
from shared.converters.registry import CONVERTERS, ENGINES, open_converters, supported_content_types
from shared.converters.sandbox import Sandbox, SandboxedConverter
from shared.errors import NoConverter
from shared.settings import Settings

PDF = "application/pdf"


def opened(engine: str) -> Converters:
    return open_converters(Settings.model_validate({"pdf_engine": engine}))


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_every_engine_for_pdf_opens_by_its_setting(engine: str) -> None:
    converters = opened(engine)
    assert converters.of(PDF).name == engine
    assert converters.content_types == supported_content_types()
    assert converters.of(PDF).child_pid is None


def test_the_settings_offer_exactly_the_registered_engines() -> None:
    assert set(get_args(Settings.model_fields["pdf_engine"].annotation)) == set(ENGINES)


def test_another_engine_for_pdf_leaves_the_names_of_other_conversions_as_they_are() -> None:
    pdfium, pdfplumber = opened("pdfium"), opened("pdfplumber")
    assert pdfium.identity(PDF) != pdfplumber.identity(PDF)
    assert pdfium.identity("text/plain") == pdfplumber.identity("text/plain") == "text 1.1"


def test_no_library_of_a_converter_is_loaded_to_know_what_is_supported() -> None:
    program = (
        "import sys, api.main, shared.converters.registry as registry\n"
        "assert 'text/html' in registry.supported_content_types()\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    loaded = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    ).stdout.split()
    assert "api" in loaded
    heavy = {"docx", "pptx", "openpyxl", "lxml", "markdown_it", "pypdfium2", "pdfplumber", "PIL"}
    assert heavy.isdisjoint(loaded)


def test_converters_have_names_of_their_own() -> None:
    names = [SandboxedConverter(factory).name for factory in (*ENGINES.values(), *CONVERTERS)]
    assert len(set(names)) == len(names)


def test_a_type_without_a_converter_cannot_be_converted_but_named() -> None:
    converters = opened("pdfium")
    assert converters.identity("application/zip") == "none"
    with pytest.raises(NoConverter, match="application/zip"):
        converters.of("application/zip")


def test_two_converters_for_one_type_are_a_mistake() -> None:
    sandbox = Sandbox()
    with pytest.raises(ValueError, match="has two converters"):
        Converters(SandboxedConverter(factory, sandbox=sandbox) for factory in ENGINES.values())
