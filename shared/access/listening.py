"""Where a server may listen: where everybody is let in, only on addresses that this machine alone reaches."""

import ipaddress

from shared.settings import Settings

LOOPBACK_NAMES = frozenset({"localhost", "ip6-localhost", "ip6-loopback"})


class OpenToOthers(Exception):
    """A server that lets everybody in was told to listen on an address that others reach"""


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches `host`; a name that is not known for that counts as reached by others."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return host.lower().rstrip(".") in LOOPBACK_NAMES


def check_api(settings: Settings) -> None:
    """Raises `OpenToOthers`."""
    if not settings.api_keys_required:
        _check(settings, settings.api_host, server="the API", remedy="KBSYNC_API_KEYS_REQUIRED=true")


def check_flower(settings: Settings, host: str) -> None:
    """Raises `OpenToOthers`."""
    if settings.flower_basic_auth is None:
        _check(settings, host, server="Flower", remedy="KBSYNC_FLOWER_BASIC_AUTH=name:password")


def _check(settings: Settings, host: str, *, server: str, remedy: str) -> None:
    if not is_loopback(host) and not settings.allow_open_access:
        raise OpenToOthers(
            f"{server} would let in everybody who reaches {host or 'any address of this host'}. Set {remedy}, or "
            "listen on 127.0.0.1, or set KBSYNC_ALLOW_OPEN_ACCESS=true where something else keeps strangers out."
        )
