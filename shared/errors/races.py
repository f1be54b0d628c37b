"""Not failures: somebody else owns the work, or it is not over yet."""

from shared.errors.base import KbSyncError


class LostRace(KbSyncError):
    """Somebody else owns this work now"""

    zh = "任务已由其他进程接管"


class Cancelled(LostRace):
    """The sync was cancelled"""

    zh = "任务已取消"


class Parked(LostRace):
    """A service that the work needs is throttled; it goes on later"""

    zh = "服务限流，稍后继续"

    def __init__(self, cause: KbSyncError, *, seconds: float, progressed: bool) -> None:
        """`cause` is the error of the document if it never goes on; `progressed`: something was gained this turn."""
        self.cause = cause
        self.seconds = seconds
        self.progressed = progressed
        super().__init__(str(cause))


class WorkRemains(LostRace):
    """The work is too long for one turn and goes on in the next"""

    zh = "本轮未处理完，将继续处理"


class ContentTaken(LostRace):
    """Another document of the knowledge base has these bytes"""

    zh = "知识库中已有相同内容的文档"
