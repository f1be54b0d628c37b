"""Every error that a client, an operator or a document can meet, as one tree.

    KbSyncError                          code, retryable; the docstring is the English message, `zh` the Chinese
    ├── RequestError                     what a client asked for cannot be done
    │   ├── InvalidRequest, RouteNotFound, MethodNotAllowed, Unauthorized, Forbidden, TooManyRequests
    │   ├── IdempotencyKeyReused
    │   ├── KnowledgeBaseNotFound, KnowledgeBaseNameTaken
    │   ├── DocumentsNotFound, UploadFailed, DocumentTooLarge, UnsupportedDocument, DocumentInUse
    │   ├── SyncTaskNotFound, SyncAlreadyRunning, SyncNotRunning, NothingToSync, NothingToRetry, SyncNotEnded
    │   ├── ChunkNotFound, ContentNotFound, SearchFailed (RerankingFailed never leaves the search)
    │   └── HumanTaskNotFound
    ├── ServiceUnavailable               a backing service does not answer
    ├── StageError                       a document failed in a stage; stands in the task as `error_code`
    │   ├── ConversionFailed             DamagedFile, EncryptedFile, NoExtractableContent, ConversionLimitExceeded,
    │   │                                ConverterCrashed, NoConverter
    │   ├── MarkdownFailed, ImageExtractionFailed, ChunkingFailed
    │   ├── EmbeddingFailed              EmbeddingThrottled, EmbeddingTimeout, EmbeddingModelError, ...
    │   ├── VectorStoreFailed
    │   ├── ObjectStoreError             ObjectStoreUnavailable, ObjectUploadFailed, ObjectNotFound, ...
    │   ├── AttemptsExhausted, TimeLimitExceeded
    │   └── UnexpectedStageError
    └── LostRace                         somebody else owns this work now; never shown to anyone
        ├── Cancelled                    the sync was cancelled
        └── WorkRemains                  what was done is kept, and the rest is for the next turn

Only `api/errors.py` knows which HTTP status an error has; only the task layer retries.
"""

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


# What a client asked for cannot be done


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


class TooManyRequests(RequestError):
    """Too many requests"""

    code = "1007"
    zh = "请求过于频繁"


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


class ServiceUnavailable(KbSyncError):
    """A backing service is unavailable"""

    code = "1001"
    zh = "依赖服务不可用"
    retryable = True

    def __init__(self, service: str, reason: str | None = None) -> None:
        self.service = service
        super().__init__(reason, details={"service": service})


# A document failed in a stage


class StageError(KbSyncError):
    """Processing failed"""

    code = "1000"
    zh = "处理失败"


class UnexpectedStageError(StageError):
    """Internal error"""

    zh = "内部错误"
    retryable = True


class AttemptsExhausted(StageError):
    """Gave up after repeated crashes while working on this document"""

    zh = "多次处理均异常中断，已放弃"


class TimeLimitExceeded(StageError):
    """Time limit exceeded"""

    zh = "处理超时"


class ConversionFailed(StageError):
    """Conversion failed"""

    code = "3010"
    zh = "转换失败"


class DamagedFile(ConversionFailed):
    """The file is damaged"""

    zh = "文件损坏"


class EncryptedFile(ConversionFailed):
    """The file is encrypted"""

    zh = "文件已加密"


class NoExtractableContent(ConversionFailed):
    """No extractable content"""

    zh = "没有可提取的内容"


class ConversionLimitExceeded(ConversionFailed):
    """The document exceeds a limit of time, memory or size"""

    zh = "文档超出处理限制"


class ConverterCrashed(ConversionFailed):
    """The file makes the parser crash"""

    zh = "文件导致解析器崩溃"


class NoConverter(ConversionFailed):
    """This release has no converter for documents of this type"""

    zh = "当前版本无法转换该类型的文档"


class MarkdownFailed(StageError):
    """Writing the converted text failed"""

    code = "3011"
    zh = "生成Markdown失败"


class ImageExtractionFailed(StageError):
    """Extracting pictures failed"""

    code = "3012"
    zh = "图片提取失败"


class ChunkingFailed(StageError):
    """Chunking failed"""

    code = "5002"
    zh = "分块失败"


class EmbeddingFailed(StageError):
    """Embedding failed"""

    code = "5001"
    zh = "向量计算失败"
    retryable = True


class EmbeddingConnectionFailed(EmbeddingFailed):
    """The embedding service cannot be reached"""

    code = "6001"
    zh = "Bedrock连接失败"


class EmbeddingThrottled(EmbeddingFailed):
    """Throttled by the embedding service"""

    code = "6005"
    zh = "Bedrock限流"


class EmbeddingTimeout(EmbeddingFailed):
    """The embedding service timed out"""

    code = "6003"
    zh = "Bedrock超时"


class EmbeddingModelError(EmbeddingFailed):
    """The embedding model answered with an error"""

    code = "6004"
    zh = "Bedrock模型错误"


class EmbeddingInputTooLong(EmbeddingFailed):
    """The text exceeds what the embedding model reads"""

    code = "6006"
    zh = "文本超出模型长度"
    retryable = False


class VectorStoreFailed(StageError):
    """The vector store failed"""

    code = "5003"
    zh = "向量数据写入失败"
    retryable = True


class ObjectStoreError(StageError):
    """The object store failed"""

    code = "4001"
    zh = "对象存储错误"
    retryable = True


class ObjectStoreUnavailable(ObjectStoreError):
    """The object store cannot be reached"""

    zh = "对象存储连接失败"


class ObjectUploadFailed(ObjectStoreError):
    """Writing to the object store failed"""

    code = "4002"
    zh = "对象存储写入失败"


class ObjectNotFound(ObjectStoreError):
    """The file is not in the object store"""

    code = "4003"
    zh = "文件不存在"
    retryable = False


class SourceChanged(ObjectNotFound):
    """The stored file is not the one that was uploaded"""

    zh = "文件内容与上传时不一致"


class ObjectStoreDenied(ObjectStoreError):
    """The object store denied access"""

    code = "4005"
    zh = "对象存储权限不足"
    retryable = False


# Not a failure


class LostRace(KbSyncError):
    """Somebody else owns this work now"""

    zh = "任务已由其他进程接管"


class Cancelled(LostRace):
    """The sync was cancelled"""

    zh = "任务已取消"


class WorkRemains(LostRace):
    """The work is too long for one turn and goes on in the next"""

    zh = "本轮未处理完，将继续处理"
