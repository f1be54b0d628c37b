"""Not failures: somebody else owns the work, or it is not over yet."""

from shared.errors.base import KbSyncError


class LostRace(KbSyncError):
    """Somebody else owns this work now"""

    zh = "任务已由其他进程接管"


class Cancelled(LostRace):
    """The sync was cancelled"""

    zh = "任务已取消"


class WorkRemains(LostRace):
    """The work is too long for one turn and goes on in the next"""

    zh = "本轮未处理完，将继续处理"
