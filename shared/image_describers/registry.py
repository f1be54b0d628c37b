"""Which image describers there are. A new one is one file beside this one and one line here."""

from collections.abc import Callable, Mapping

from shared.image_describers.base import ImageDescriber
from shared.image_describers.bedrock import open_bedrock
from shared.redis_client import RedisClient
from shared.settings import Settings

_DESCRIBERS: Mapping[str, Callable[[Settings, RedisClient | None], ImageDescriber]] = {
    "bedrock": open_bedrock,
}


def open_image_describer(settings: Settings, *, redis: RedisClient | None = None) -> ImageDescriber | None:
    """Return the one that the settings name, or None where pictures are not described."""
    if settings.image_descriptions == "off":
        return None
    return _DESCRIBERS[settings.image_descriptions](settings, redis)
