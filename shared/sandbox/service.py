"""What runs inside a sandbox."""

import importlib
from typing import Protocol, TypeVar

from pydantic import BaseModel

Request = TypeVar("Request", bound=BaseModel)
Answer_co = TypeVar("Answer_co", bound=BaseModel, covariant=True)


class Service(Protocol[Request, Answer_co]):
    """Answers requests in the child process, one at a time; made there with one argument."""

    @property
    def request_type(self) -> type[Request]: ...

    def prepare(self, request: Request) -> None:
        """Load what the request will need; nothing that this takes counts against its limits."""
        ...

    def answer(self, request: Request) -> Answer_co:
        """Do what is asked. Raises a `StageError`, which the parent raises again; anything else is a bug."""
        ...


def load(factory: str) -> object:
    """Return what `module:name` names."""
    module, _, name = factory.partition(":")
    return getattr(importlib.import_module(module), name)
