"""Every setting, written from `shared/settings.py`: as `.env.example`, and as the table of `docs/configuration.md`.

python -m shared.settings_reference env       prints .env.example
python -m shared.settings_reference markdown  prints docs/configuration.md
"""

import argparse
import sys
import textwrap
from typing import Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from shared.settings import Settings

ENV_HEADER = """\
# Settings of kbsync: copy this file to .env and remove the '#' before what you change.
# Variables of the environment go before this file. Written by `make format` from shared/settings.py.
#
# The stack of `make up` also reads API_PORT (8000), FLOWER_PORT (5555) and DATA_DIR (.data). It starts a MongoDB and
# a Redis of its own unless KBSYNC_MONGODB_URL or KBSYNC_REDIS_URL is set.
"""

MARKDOWN_HEADER = """\
# Configuration

Every process reads these environment variables when it starts. A file `.env` in the working directory may hold them \
too; the environment goes before it. [.env.example](../.env.example) is such a file with every default. A value that \
cannot be read stops the process with an error that names the setting.

This page is written by `make format` from `shared/settings.py`.

| variable | default | meaning |
|---|---|---|
"""

MARKDOWN_FOOTER = """
## The embedded stack

`make up` and `make demo` also read:

| variable | default | meaning |
|---|---|---|
| `API_PORT` | `8000` | Port of the API; goes before `KBSYNC_API_PORT`. |
| `FLOWER_PORT` | `5555` | Port of Flower. |
| `DATA_DIR` | `.data` | Directory of data, logs and state; goes before `KBSYNC_DATA_DIR`. |
| `DEMO_DIR` | | Directory of documents for `make demo`. |

Where `KBSYNC_MONGODB_URL` or `KBSYNC_REDIS_URL` is set, that server is used and none is started. Two stacks run side \
by side when these ports and directories differ.
"""

BOUNDS = {Ge: "at least", Gt: "more than", Le: "at most", Lt: "less than"}


def env_reference() -> str:
    """Return the text of `.env.example`."""
    return "\n".join([ENV_HEADER, *(_block(variable, field) for variable, field in _variables())])


def markdown_reference() -> str:
    """Return the text of `docs/configuration.md`."""
    return MARKDOWN_HEADER + "".join(_row(variable, field) for variable, field in _variables()) + MARKDOWN_FOOTER


def _variables() -> list[tuple[str, FieldInfo]]:
    prefix = Settings.model_config.get("env_prefix", "")
    return [(f"{prefix}{name}".upper(), field) for name, field in Settings.model_fields.items()]


def _block(variable: str, field: FieldInfo) -> str:
    description = textwrap.fill(
        field.description or "", width=112, initial_indent="# ", subsequent_indent="# ", break_long_words=False
    )
    return f"{description}\n# {variable}={_default(field)}\n"


def _row(variable: str, field: FieldInfo) -> str:
    default = _default(field)
    meaning = " ".join([field.description or "", *_limits(field)]).replace("|", "\\|")
    return f"| `{variable}` | {f'`{default}`' if default else ''} | {meaning} |\n"


def _default(field: FieldInfo) -> str:
    return "" if field.default is None else str(field.default)


def _limits(field: FieldInfo) -> list[str]:
    """Say which values are taken where not every one is."""
    if get_origin(field.annotation) is Literal:
        choices = get_args(field.annotation)
        return [f"One of {', '.join(f'`{choice}`' for choice in choices)}."] if len(choices) > 1 else []
    bounds = [
        f"{words} {getattr(bound, kind.__name__.lower())}"
        for bound in field.metadata
        for kind, words in BOUNDS.items()
        if isinstance(bound, kind)
    ]
    return [f"{' and '.join(bounds).capitalize()}."] if bounds else []


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("form", choices=("env", "markdown"))
    form = parser.parse_args().form
    sys.stdout.write(env_reference() if form == "env" else markdown_reference())
