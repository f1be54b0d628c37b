"""The root of the tree, and the one error that belongs to both sides: a backing service is away."""

from collections.abc import Mapping

Details = Mapping[str, object]


class KbSyncError(Exception):
    """Internal error"""

    code = "1000"
    zh = "内部错误"
    retryable = False

    def __init__(self, reason: str | None = None, *, details: Details | None = None) -> None:
        self.reason = reason
        self.details: Details = details or {}
        super().__init__(reason or self.message("en"))

    @classmethod
    def message(cls, language: str = "zh") -> str:
        """Return what a person reads: Chinese, or English for `language` "en"."""
        return (cls.__doc__ or cls.__name__).strip() if language == "en" else cls.zh


class ServiceUnavailable(KbSyncError):
    """A backing service is unavailable"""

    code = "1001"
    zh = "依赖服务不可用"
    retryable = True

    def __init__(self, service: str, reason: str | None = None) -> None:
        self.service = service
        super().__init__(reason, details={"service": service})
