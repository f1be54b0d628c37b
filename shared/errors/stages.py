"""A document failed in a stage."""

from shared.errors.base import KbSyncError


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


class EmbeddingAccessDenied(EmbeddingConnectionFailed):
    """The embedding service refused the credentials"""

    zh = "Bedrock认证失败"
    retryable = False


class EmbeddingQuotaUsedUp(EmbeddingFailed):
    """The quota of the embedding service is used up"""

    code = "6002"
    zh = "Bedrock配额已用尽"
    retryable = False


class EmbeddingThrottled(EmbeddingFailed):
    """Throttled by the embedding service"""

    code = "6005"
    zh = "Bedrock限流"

    def __init__(self, reason: str | None = None, *, retry_after_seconds: float | None = None) -> None:
        """`retry_after_seconds` is what the service, or our own account of its limits, asked for."""
        self.retry_after_seconds = retry_after_seconds
        super().__init__(reason)


class EmbeddingTimeout(EmbeddingFailed):
    """The embedding service timed out"""

    code = "6003"
    zh = "Bedrock超时"


class EmbeddingModelError(EmbeddingFailed):
    """The embedding model answered with an error"""

    code = "6004"
    zh = "Bedrock模型错误"


class EmbeddingModelNotFound(EmbeddingModelError):
    """The embedding service does not have this model"""

    zh = "Bedrock模型不存在或未开通"
    retryable = False


class EmbeddingRequestRefused(EmbeddingModelError):
    """The embedding service refused the request"""

    zh = "Bedrock拒绝了请求"
    retryable = False


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


class BucketMissing(ObjectStoreError):
    """The bucket does not exist"""

    code = "4004"
    zh = "存储桶不存在"
    retryable = False


class SourceChanged(ObjectNotFound):
    """The stored file is not the one that was uploaded"""

    zh = "文件内容与上传时不一致"


class ObjectStoreDenied(ObjectStoreError):
    """The object store denied access"""

    code = "4005"
    zh = "对象存储权限不足"
    retryable = False
