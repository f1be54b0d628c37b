"""Example answers of the human-in-the-loop API: the service's published ones."""

NEW_TASK: dict[str, object] = {
    "task_id": "task123",
    "user_id": "user123",
    "token_id": "token123",
    "timestamp": "2024-01-20T10:00:00Z",
    "conversations": [
        {
            "conversation_id": "conv123",
            "provider_id": "provider123",
            "requests": [
                {
                    "request_id": "req123",
                    "status": "COMPLETED",
                    "loop_type": "HUMAN",
                    "response": "回复内容",
                    "feedback": "反馈内容",
                    "responded_by": "user123",
                    "responded_at": "2024-01-20T10:05:00Z",
                    "error": None,
                }
            ],
        }
    ],
    "metadata": {"source": "web", "client_ip": "192.168.1.1", "user_agent": "Mozilla/5.0..."},
}

TASK: dict[str, object] = {
    "_id": "60d21b4667d0d8992e610c85",
    **NEW_TASK,
    "created_at": "2024-01-20T10:00:00Z",
    "updated_at": "2024-01-20T10:05:00Z",
}

TASK_CREATED: dict[str, object] = {"id": "60d21b4667d0d8992e610c85", "task_id": "task123", "updated": False}
TASK_UPDATED: dict[str, object] = {**TASK_CREATED, "updated": True}
TASK_SYNCED: dict[str, object] = {"success": True, "data": TASK_CREATED}
TASK_SYNCED_AGAIN: dict[str, object] = {"success": True, "data": TASK_UPDATED}
TASK_DELETED: dict[str, object] = {"success": True, "message": "任务删除成功"}

NEW_SYNC_LOG: dict[str, object] = {
    "task_id": "task123",
    "user_id": "user123",
    "token_id": "token123",
    "sync_status": "SUCCESS",
    "error_message": None,
    "request_details": {
        "url": "https://www.gohumanloop.com/v1/humanloop/tasks/sync",
        "method": "POST",
        "response_code": 200,
    },
    "synced_at": "2024-01-20T10:10:00Z",
}

SYNC_LOG: dict[str, object] = {"_id": "60d21b4667d0d8992e610c86", **NEW_SYNC_LOG}
SYNC_LOG_CREATED: dict[str, object] = {"id": "60d21b4667d0d8992e610c86", "task_id": "task123"}
