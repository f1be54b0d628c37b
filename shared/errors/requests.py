"""What a client asked for cannot be done."""

from shared.errors.base import Details, KbSyncError


class RequestError(KbSyncError):
    """The request cannot be carried out"""

    zh = "请求无法执行"


class InvalidRequest(RequestError):
    """Invalid request"""

    code = "1002"
    zh = "请求参数无效"

    def __init__(self, field: str, reason: str, *, details: Details | None = None) -> None:
        super().__init__(f"{field}: {reason}", details=details or {"errors": [{"field": field, "reason": reason}]})


class RouteNotFound(RequestError):
    """No such route"""

    code = "1003"
    zh = "接口不存在"


class MethodNotAllowed(RequestError):
    """Method not allowed"""

    code = "1004"
    zh = "请求方法不允许"


class Unauthorized(RequestError):
    """Missing or wrong API key"""

    code = "1005"
    zh = "缺少API密钥或密钥错误"


class Forbidden(RequestError):
    """This API key may not do that"""

    code = "1006"
    zh = "该API密钥无权执行此操作"


class ApiKeyNotFound(RequestError):
    """There is no such API key"""

    zh = "API密钥不存在"

    def __init__(self, token_id: str) -> None:
        super().__init__(details={"token_id": token_id})


class TooManyRequests(RequestError):
    """Too many requests"""

    code = "1007"
    zh = "请求过于频繁"

    def __init__(self, *, limit_per_minute: int, retry_after_seconds: int) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(details={"limit_per_minute": limit_per_minute})


class IdempotencyKeyReused(RequestError):
    """This idempotency key was used with another body"""

    code = "1008"
    zh = "幂等键已用于不同的请求"


class KnowledgeBaseNotFound(RequestError):
    """The knowledge base does not exist"""

    code = "2001"
    zh = "知识库不存在"

    def __init__(self, kb_id: str) -> None:
        super().__init__(details={"kb_id": kb_id})


class KnowledgeBaseNameTaken(RequestError):
    """A knowledge base of this name exists already"""

    code = "2002"
    zh = "知识库名称已存在"

    def __init__(self, name: str) -> None:
        super().__init__(details={"name": name})


class DocumentsNotFound(RequestError):
    """Some documents do not exist"""

    code = "3001"
    zh = "部分文档不存在"

    def __init__(self, not_found: list[str]) -> None:
        super().__init__(details={"not_found": not_found})


class DocumentNotFound(DocumentsNotFound):
    """The document does not exist"""

    zh = "文档不存在"

    def __init__(self, document_id: str) -> None:
        super().__init__([document_id])


class ChunkNotFound(DocumentsNotFound):
    """The chunk does not exist"""

    zh = "分块不存在"

    def __init__(self, chunk_id: str) -> None:
        super().__init__([chunk_id])


class ContentNotFound(DocumentsNotFound):
    """The document has no converted text yet"""

    zh = "文档尚未转换"

    def __init__(self, document_id: str) -> None:
        super().__init__([document_id])


class UploadFailed(RequestError):
    """The document upload failed"""

    code = "3002"
    zh = "文档上传失败"


class DocumentTooLarge(RequestError):
    """The document is too large"""

    code = "3003"
    zh = "文档过大"

    def __init__(self, *, filename: str, file_size: int, max_size: int) -> None:
        super().__init__(details={"filename": filename, "file_size": file_size, "max_size": max_size})


class UnsupportedDocument(RequestError):
    """Not a supported document"""

    code = "3004"
    zh = "不支持的文档类型"

    def __init__(self, *, filename: str, detected_type: str) -> None:
        super().__init__(details={"filename": filename, "detected_type": detected_type})


class DocumentInUse(RequestError):
    """The document belongs to a running sync"""

    code = "3005"
    zh = "文档正在同步中"

    def __init__(self, *, document_ids: list[str], running_task_id: str) -> None:
        super().__init__(details={"document_ids": document_ids, "running_task_id": running_task_id})


class SyncTaskNotFound(RequestError):
    """The sync task does not exist"""

    code = "7001"
    zh = "同步任务不存在"

    def __init__(self, task_id: str) -> None:
        super().__init__(details={"task_id": task_id})


class SyncAlreadyRunning(RequestError):
    """A sync of this knowledge base is already running"""

    code = "7002"
    zh = "该知识库已有同步任务在运行"

    def __init__(self, running_task_id: str) -> None:
        super().__init__(details={"running_task_id": running_task_id})


class SyncNotRunning(RequestError):
    """The task is not running and cannot be cancelled"""

    code = "7003"
    zh = "任务不在运行中，无法取消"

    def __init__(self, *, task_id: str, current_status: str) -> None:
        super().__init__(details={"task_id": task_id, "current_status": current_status})


class NothingToSync(RequestError):
    """There is no document to sync"""

    code = "7004"
    zh = "没有需要同步的文档"


class NothingToRetry(NothingToSync):
    """There is no failed document to retry"""

    zh = "没有需要重试的文档"


class SyncNotEnded(RequestError):
    """The task has not ended yet and cannot be retried"""

    code = "7005"
    zh = "任务尚未结束，无法重试"

    def __init__(self, *, task_id: str, current_status: str) -> None:
        super().__init__(details={"task_id": task_id, "current_status": current_status})


class SearchFailed(RequestError):
    """The search failed"""

    code = "8002"
    zh = "搜索失败"


class RerankingFailed(SearchFailed):
    """The results could not be reranked"""

    zh = "重排失败"


class HumanTaskNotFound(RequestError):
    """The task does not exist"""

    code = "9001"
    zh = "任务不存在"

    def __init__(self, task_id: str) -> None:
        super().__init__(details={"task_id": task_id})
