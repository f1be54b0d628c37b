from pathlib import Path

from dotenv import dotenv_values

from shared.settings import Settings
from shared.settings_reference import env_reference, markdown_reference

ROOT = Path(__file__).parents[2]
ENV_EXAMPLE = ROOT / ".env.example"
CONFIGURATION = ROOT / "docs" / "configuration.md"


def test_env_example_is_up_to_date() -> None:
    assert ENV_EXAMPLE.read_text(encoding="utf-8") == env_reference(), "run `make format`"


def test_configuration_page_is_up_to_date() -> None:
    assert CONFIGURATION.read_text(encoding="utf-8") == markdown_reference(), "run `make format`"


def test_configuration_page_says_which_values_are_taken() -> None:
    page = markdown_reference()
    assert "| `KBSYNC_PDF_ENGINE` | `pdfium` | Converter for PDF. One of `pdfium`, `pdfplumber`. |" in page
    assert "At least 32 and at most 8192." in page
    assert "More than 0 and less than 900." in page


def test_env_example_copied_as_it_is_changes_nothing() -> None:
    assert dotenv_values(ENV_EXAMPLE) == {}


def test_the_defaults_that_env_example_shows_are_read_as_the_defaults(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    lines = ENV_EXAMPLE.read_text(encoding="utf-8").splitlines()
    shown = [line.removeprefix("# ") for line in lines if line.startswith("# KBSYNC_") and not line.endswith("=")]
    env.write_text("\n".join(shown), encoding="utf-8")
    assert len(shown) > 20
    assert Settings(_env_file=env) == Settings(_env_file=None)
    assert Settings(_env_file=env).model_fields_set
