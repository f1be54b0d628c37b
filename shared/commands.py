"""`kbsync`: what an operator does on the command line.

kbsync keys create --user alice --role writer    makes an API key and shows it once
kbsync keys list                                 lists the keys, without their secrets
kbsync keys revoke key-0123456789abcdef          makes a key useless within seconds
kbsync give kb-... --user alice                  lets a knowledge base belong to another user
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from shared import clock
from shared.access.keys import ApiKey, Role
from shared.embedded.errors import StackError
from shared.embedded.stack import read_stack
from shared.embedded.state import live_state
from shared.errors import KbSyncError
from shared.resources import Resources
from shared.services import api_keys, knowledge_bases
from shared.settings import load_settings

TIMEOUT_SECONDS = 10.0
NOT_DONE = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command and return the exit code."""
    given = _parser().parse_args(arguments)
    try:
        with _resources() as resources:
            _run(resources, given)
    except (KbSyncError, StackError) as error:
        print(f"{error} {_named(error)}".strip(), file=sys.stderr)
        return NOT_DONE
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kbsync", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    keys = commands.add_parser("keys", help="make, list and revoke API keys").add_subparsers(dest="keys", required=True)
    create = keys.add_parser("create", help="make a key and show it once")
    create.add_argument("--user", required=True, help="whose key it is; others' records are not found with it")
    create.add_argument("--role", required=True, choices=[str(role) for role in Role])
    keys.add_parser("list", help="list keys without their secrets")
    revoke = keys.add_parser("revoke", help="make a key useless within seconds, for ever")
    revoke.add_argument("token_id")
    give = commands.add_parser("give", help="let a knowledge base belong to another user")
    give.add_argument("kb_id")
    give.add_argument("--user", required=True)
    return parser


@contextmanager
def _resources() -> Iterator[Resources]:
    """Open the clients of the running embedded stack, or of the servers that the settings name."""
    settings = load_settings()
    state = live_state(read_stack().state_file)
    if state is not None and "mongodb_url" not in settings.model_fields_set:
        settings = settings.model_copy(update={"mongodb_url": state.mongodb_url})
    resources = Resources(settings, timeout_seconds=TIMEOUT_SECONDS)
    try:
        yield resources
    finally:
        resources.close()


def _run(resources: Resources, given: argparse.Namespace) -> None:
    if given.command == "give":
        knowledge_base = knowledge_bases.give(resources, given.kb_id, user_id=api_keys.checked_user(given.user))
        print(f"{knowledge_base.id} belongs to {knowledge_base.user_id}")
    elif given.keys == "create":
        key, text = api_keys.create(resources, user_id=given.user, role=Role(given.role))
        print(f"{key.id}: {key.role} of {key.user_id}. This is shown once:", file=sys.stderr)
        print(text)
    elif given.keys == "revoke":
        print(f"{api_keys.revoke(resources, given.token_id).id} is revoked")
    else:
        _print_keys(api_keys.list_keys(resources))


def _print_keys(keys: Sequence[ApiKey]) -> None:
    print(f"{'token id':<22}{'role':<8}{'created':<22}{'last used':<22}{'revoked':<22}user")
    for key in keys:
        times = "".join(f"{_time(each):<22}" for each in (key.created_at, key.last_used_at, key.revoked_at))
        print(f"{key.id:<22}{key.role:<8}{times}{key.user_id}")


def _time(moment: datetime | None) -> str:
    return "-" if moment is None else clock.iso_z(moment.replace(microsecond=0))


def _named(error: Exception) -> str:
    details = error.details if isinstance(error, KbSyncError) else {}
    return ", ".join(f"{name}: {value}" for name, value in details.items() if name != "errors")


if __name__ == "__main__":
    sys.exit(main())
