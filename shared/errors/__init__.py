"""Every error that a client, an operator or a document can meet, as one tree.

    KbSyncError                          code, retryable; the docstring is the English message, `zh` the Chinese
    ├── RequestError                     what a client asked for cannot be done
    │   ├── InvalidRequest, RouteNotFound, MethodNotAllowed, Unauthorized, Forbidden, TooManyRequests
    │   ├── ApiKeyNotFound               only the command `kbsync keys` meets it
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
    │   ├── ObjectStoreError             ObjectStoreUnavailable, ObjectUploadFailed, ObjectNotFound, BucketMissing, ...
    │   ├── AttemptsExhausted, TimeLimitExceeded
    │   └── UnexpectedStageError
    └── LostRace                         somebody else owns this work now; never shown to anyone
        ├── Cancelled                    the sync was cancelled
        ├── Parked                       a service is throttled; the document rests and goes on, blameless
        ├── ContentTaken                 another document has these bytes
        └── WorkRemains                  what was done is kept, and the rest is for the next turn

`requests.py`, `stages.py` and `races.py` hold a branch each. Only `api/errors.py` knows which HTTP status an error has;
only the task layer retries.
"""

from shared.errors.base import Details, KbSyncError, ServiceUnavailable
from shared.errors.races import (
    Cancelled,
    ContentTaken,
    LostRace,
    Parked,
    WorkRemains,
)
from shared.errors.requests import (
    ApiKeyNotFound,
    ChunkNotFound,
    ContentNotFound,
    DocumentInUse,
    DocumentNotFound,
    DocumentsNotFound,
    DocumentTooLarge,
    Forbidden,
    HumanTaskNotFound,
    IdempotencyKeyReused,
    InvalidRequest,
    KnowledgeBaseNameTaken,
    KnowledgeBaseNotFound,
    MethodNotAllowed,
    NothingToRetry,
    NothingToSync,
    RequestError,
    RerankingFailed,
    RouteNotFound,
    SearchFailed,
    SyncAlreadyRunning,
    SyncNotEnded,
    SyncNotRunning,
    SyncTaskNotFound,
    TooManyRequests,
    Unauthorized,
    UnsupportedDocument,
    UploadFailed,
)
from shared.errors.stages import (
    AttemptsExhausted,
    BucketMissing,
    ChunkingFailed,
    ConversionFailed,
    ConversionLimitExceeded,
    ConverterCrashed,
    DamagedFile,
    EmbeddingAccessDenied,
    EmbeddingConnectionFailed,
    EmbeddingFailed,
    EmbeddingInputTooLong,
    EmbeddingModelError,
    EmbeddingModelNotFound,
    EmbeddingQuotaUsedUp,
    EmbeddingRequestRefused,
    EmbeddingThrottled,
    EmbeddingTimeout,
    EncryptedFile,
    ImageExtractionFailed,
    MarkdownFailed,
    NoConverter,
    NoExtractableContent,
    ObjectNotFound,
    ObjectStoreDenied,
    ObjectStoreError,
    ObjectStoreUnavailable,
    ObjectUploadFailed,
    SourceChanged,
    StageError,
    TimeLimitExceeded,
    UnexpectedStageError,
    VectorStoreFailed,
)

__all__ = [
    "ApiKeyNotFound",
    "AttemptsExhausted",
    "BucketMissing",
    "Cancelled",
    "ChunkNotFound",
    "ChunkingFailed",
    "ContentNotFound",
    "ContentTaken",
    "ConversionFailed",
    "ConversionLimitExceeded",
    "ConverterCrashed",
    "DamagedFile",
    "Details",
    "DocumentInUse",
    "DocumentNotFound",
    "DocumentTooLarge",
    "DocumentsNotFound",
    "EmbeddingAccessDenied",
    "EmbeddingConnectionFailed",
    "EmbeddingFailed",
    "EmbeddingInputTooLong",
    "EmbeddingModelError",
    "EmbeddingModelNotFound",
    "EmbeddingQuotaUsedUp",
    "EmbeddingRequestRefused",
    "EmbeddingThrottled",
    "EmbeddingTimeout",
    "EncryptedFile",
    "Forbidden",
    "HumanTaskNotFound",
    "IdempotencyKeyReused",
    "ImageExtractionFailed",
    "InvalidRequest",
    "KbSyncError",
    "KnowledgeBaseNameTaken",
    "KnowledgeBaseNotFound",
    "LostRace",
    "MarkdownFailed",
    "MethodNotAllowed",
    "NoConverter",
    "NoExtractableContent",
    "NothingToRetry",
    "NothingToSync",
    "ObjectNotFound",
    "ObjectStoreDenied",
    "ObjectStoreError",
    "ObjectStoreUnavailable",
    "ObjectUploadFailed",
    "Parked",
    "RequestError",
    "RerankingFailed",
    "RouteNotFound",
    "SearchFailed",
    "ServiceUnavailable",
    "SourceChanged",
    "StageError",
    "SyncAlreadyRunning",
    "SyncNotEnded",
    "SyncNotRunning",
    "SyncTaskNotFound",
    "TimeLimitExceeded",
    "TooManyRequests",
    "Unauthorized",
    "UnexpectedStageError",
    "UnsupportedDocument",
    "UploadFailed",
    "VectorStoreFailed",
    "WorkRemains",
]
