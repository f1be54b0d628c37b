"""Example answers for OpenAPI; those of sync tasks are the service's published ones, and tests compare with them."""

import json

from api.operations import CHUNK_ID, DOCUMENT_ID, KB_ID, OTHER_TASK_ID, TASK_ID

KNOWLEDGE_BASE: dict[str, object] = {
    "id": KB_ID,
    "name": "产品文档",
    "description": "产品需求与设计文档",
    "s3_bucket": "company-documents",
    "s3_prefix": "prd/",
    "chunking": {"max_tokens": 256, "overlap_tokens": 32},
    "embedding": {"provider": "local", "model": "all-MiniLM-L6-v2"},
    "document_count": 3,
    "chunk_count": 77,
    "status": "active",
    "created_at": "2025-01-20T09:00:00Z",
    "updated_at": "2025-01-20T09:00:00Z",
}

STREAM_TICKET = {"data": {"ticket": "Vb4Wq2mJt0c8nX5yLr7sKe1uHd9gPz3aTo6iFw2xMjE", "expires_in": 300}}

KNOWLEDGE_BASE_DETAIL: dict[str, object] = {
    **KNOWLEDGE_BASE,
    "stats": {
        "text_chunks": 70,
        "image_chunks": 7,
        "total_tokens": 15432,
        "documents_by_status": {"uploaded": 1, "processing": 0, "completed": 2, "failed": 0},
    },
}

PAGINATION = {"page": 1, "page_size": 20, "total": 1, "total_pages": 1}
TWO_ENTRIES = {**PAGINATION, "total": 2}

KNOWLEDGE_BASE_DELETED = {
    "message": "知识库删除成功",
    "data": {"kb_id": KB_ID, "deleted_documents": 3, "deleted_chunks": 77, "deleted_objects": 21},
}

DOCUMENT: dict[str, object] = {
    "id": DOCUMENT_ID,
    "kb_id": KB_ID,
    "filename": "PRD_v1.0.pdf",
    "object_key": f"{KB_ID}/{DOCUMENT_ID}/source",
    "content_type": "application/pdf",
    "file_size": 482133,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "chunk_count": 0,
    "status": "uploaded",
    "created_at": "2025-01-20T09:30:00Z",
    "updated_at": "2025-01-20T09:30:00Z",
}

DOCUMENT_DETAIL: dict[str, object] = {
    **DOCUMENT,
    "page_count": 12,
    "chunk_count": 35,
    "status": "completed",
    "kb_name": "产品文档",
    "chunks": {"total": 35, "text_chunks": 32, "image_chunks": 3},
    "processing_info": {"download": 12, "convert": 840, "images": 95, "chunk": 31, "embed": 610, "store": 44},
}

DOCUMENTS_DELETED = {
    "data": {
        "deleted_count": 1,
        "deleted_document_ids": [DOCUMENT_ID],
        "deleted_chunks": 35,
        "deleted_objects": 7,
    }
}

BUCKET_IMPORT: dict[str, object] = {
    "kb_id": KB_ID,
    "s3_bucket": "company-documents",
    "s3_prefix": "prd/",
    "statistics": {
        "added": 1,
        "changed": 0,
        "deleted": 0,
        "unchanged": 12,
        "duplicate": 0,
        "in_use": 0,
        "skipped": 1,
        "failed": 0,
    },
    "objects": [
        {"key": "prd/PRD_v1.0.pdf", "outcome": "added", "document_id": DOCUMENT_ID},
        {
            "key": "prd/setup.exe",
            "outcome": "skipped",
            "error": {
                "code": "3004",
                "message": "不支持的文档类型",
                "details": {"filename": "setup.exe", "detected_type": "application/x-msdownload"},
            },
        },
    ],
    "complete": True,
}

CHUNK: dict[str, object] = {
    "chunk_id": CHUNK_ID,
    "document_id": DOCUMENT_ID,
    "ordinal": 0,
    "chunk_type": "text",
    "content": "同步任务把文档转换为可检索的分块。",
    "token_count": 21,
    "page_start": 3,
    "page_end": 3,
    "headings": ["1 概述", "1.2 同步"],
}

SEARCH_RESULT: dict[str, object] = {
    "chunk_id": CHUNK_ID,
    "document_id": DOCUMENT_ID,
    "filename": "PRD_v1.0.pdf",
    "chunk_type": "text",
    "content": "同步任务把文档转换为可检索的分块。",
    "score": 0.9231,
    "page_start": 3,
    "page_end": 3,
    "headings": ["1 概述", "1.2 同步"],
    "highlights": [{"start": 0, "end": 4}],
}

SYNC_CREATED = {
    "data": {
        "task_id": TASK_ID,
        "kb_id": KB_ID,
        "task_type": "full_sync",
        "status": "pending",
        "total_documents": 3,
        "created_at": "2025-01-20T10:00:00Z",
    }
}

SYNC_RUNNING: dict[str, object] = {
    "id": TASK_ID,
    "kb_id": KB_ID,
    "task_type": "full_sync",
    "status": "running",
    "progress": 65,
    "current_step": "正在向量化 PRD_v2.0.pdf (3/3)",
    "total_documents": 3,
    "processed_documents": 2,
    "failed_documents": 0,
    "started_at": "2025-01-20T10:00:00Z",
    "created_at": "2025-01-20T09:59:00Z",
    "eta_seconds": 54,
    "documents_unchanged": 0,
    "chunks_created": 77,
    "embeddings_reused": 0,
}

SYNC_COMPLETED: dict[str, object] = {
    "id": OTHER_TASK_ID,
    "kb_id": KB_ID,
    "task_type": "incremental",
    "status": "completed",
    "progress": 100,
    "current_step": "完成",
    "total_documents": 5,
    "processed_documents": 5,
    "failed_documents": 0,
    "started_at": "2025-01-19T14:00:00Z",
    "completed_at": "2025-01-19T14:12:00Z",
    "created_at": "2025-01-19T13:59:00Z",
    "documents_unchanged": 1,
    "chunks_created": 180,
    "embeddings_reused": 12,
}

DOCUMENT_RUN_COMPLETED = {
    "document_id": "doc-aa0e8400",
    "filename": "PRD_v1.0.pdf",
    "status": "completed",
    "chunks_created": 35,
    "processing_time_ms": 45000,
}

DOCUMENT_RUN_FAILED = {
    "document_id": "doc-gg0e8400",
    "filename": "PRD_broken.pdf",
    "status": "failed",
    "error_message": "PDF转换失败: 文件损坏",
    "chunks_created": 0,
    "processing_time_ms": 320,
    "error_code": "3010",
    "retryable": False,
    "stage": "convert",
}

SYNC_RUNNING_DETAIL = {**SYNC_RUNNING, "documents": [DOCUMENT_RUN_COMPLETED]}

SYNC_PARTIAL_DETAIL = {
    **SYNC_COMPLETED,
    "status": "partial_success",
    "current_step": "完成（部分失败）",
    "processed_documents": 4,
    "failed_documents": 1,
    "documents": [DOCUMENT_RUN_COMPLETED, DOCUMENT_RUN_FAILED],
}

SYNC_EVENTS = (
    "retry: 2718\n\n"
    f"event: document\ndata: {json.dumps(DOCUMENT_RUN_COMPLETED)}\n\n"
    f"id: 1737367500000\nevent: task\ndata: {json.dumps(SYNC_RUNNING, ensure_ascii=False)}\n\n"
    f"id: 1737367560000-end\nevent: task\ndata: {json.dumps(SYNC_COMPLETED, ensure_ascii=False)}\n\n"
)

SYNC_CANCELLED = {
    "message": "任务取消成功",
    "data": {
        "task_id": TASK_ID,
        "status": "cancelled",
        "processed_documents": 2,
        "cancelled_at": "2025-01-20T10:05:00Z",
    },
}

SYNC_RETRIED = {
    "message": "重试任务已创建",
    "data": {
        "new_task_id": "task-ii0e8400-e29b-41d4-a716-446655440011",
        "retry_document_count": 2,
        "document_ids": ["doc-gg0e8400", "doc-hh0e8400"],
    },
}

STATS = {
    "data": {
        "knowledge_bases": 1,
        "documents": 3,
        "documents_by_status": {"uploaded": 1, "processing": 0, "completed": 2, "failed": 0},
        "chunks": 77,
        "text_chunks": 70,
        "image_chunks": 7,
        "total_tokens": 15432,
        "total_pages": 41,
        "total_bytes": 1482133,
        "sync_tasks": 1,
        "sync_tasks_by_status": {
            "pending": 0,
            "running": 0,
            "completed": 1,
            "partial_success": 0,
            "failed": 0,
            "cancelled": 0,
        },
    }
}

_PART = {"status": "healthy", "response_time_ms": 1.2}
_QUEUE = {"status": "healthy", "depth": 0, "consumers": 1}

HEALTH: dict[str, object] = {
    "status": "healthy",
    "timestamp": "2025-01-20T10:00:00Z",
    "version": "0.1.0",
    "services": {
        "mongodb": _PART,
        "redis": _PART,
        "object_store": _PART,
        "vector_store": _PART,
        "workers": {
            "status": "healthy",
            "queues": {"control": _QUEUE, "io": _QUEUE, "cpu": _QUEUE, "embed": _QUEUE},
        },
    },
}

UNHEALTHY: dict[str, object] = {**HEALTH, "status": "unhealthy"}
