"""Human-in-the-loop tasks and sync logs in requests and answers. Here absent values are answered as null."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, JsonValue, StringConstraints, WithJsonSchema
from pydantic.config import JsonDict

from api.schemas.base import STORABLE, RequestModel, Text, UtcTime, View
from api.schemas.storable import StorableJson, StorableObject, StorableTime
from shared import clock
from shared.human_tasks import Conversation, HumanRequest, HumanTask, HumanTaskChanges, NewSyncLog, SyncLog
from shared.services.human_tasks import SavedTask

TaskId = Annotated[str, StringConstraints(min_length=1, max_length=512), STORABLE]


class HumanRequestBody(RequestModel):
    request_id: Text
    status: Text
    loop_type: Text | None = None
    response: StorableJson = Field(default=None, description="Text, an object or null.")
    feedback: StorableJson = Field(default=None, description="Text, an object or null.")
    responded_by: Text | None = None
    responded_at: StorableTime | None = None
    error: StorableJson = None


class ConversationBody(RequestModel):
    conversation_id: Text
    provider_id: Text | None = None
    requests: tuple[HumanRequestBody, ...] = ()


METADATA_SCHEMA: JsonDict = {
    "type": "object",
    "description": "Where the task came from. Other fields are kept too.",
    "properties": {"source": {}, "client_ip": {}, "user_agent": {}},
    "additionalProperties": True,
}


class TaskBody(RequestModel):
    """A task; `_id`, `created_at` and `updated_at` are passed over, so that what was read can be sent back.

    Only the owner ids may be null. The defaults stand for 'not sent' and are never stored.
    """

    task_id: TaskId
    user_id: Text | None = None
    token_id: Text | None = None
    timestamp: StorableTime = Field(default_factory=clock.now)
    conversations: tuple[ConversationBody, ...] = Field(default_factory=tuple)
    metadata: Annotated[StorableObject, WithJsonSchema(METADATA_SCHEMA)] = Field(default_factory=dict)

    def to_changes(self) -> HumanTaskChanges:
        """Set only what was sent, so that the rest stays as it is stored."""
        return HumanTaskChanges(**self.model_dump(include=self.model_fields_set))


class SyncLogBody(RequestModel):
    task_id: TaskId
    user_id: Text | None = None
    token_id: Text | None = None
    sync_status: Annotated[str, StringConstraints(min_length=1, max_length=64), STORABLE]
    error_message: Text | None = None
    request_details: StorableObject | None = None
    synced_at: StorableTime | None = None

    def to_log(self) -> NewSyncLog:
        return NewSyncLog(**self.model_dump(exclude={"synced_at"}), synced_at=self.synced_at or clock.now())


class SavedTaskView(View):
    id: str
    task_id: str
    updated: bool

    @classmethod
    def of(cls, saved: SavedTask) -> Self:
        return cls(id=saved.id, task_id=saved.task_id, updated=saved.updated)


class SyncedTaskView(View):
    """What a client that syncs whole tasks waits for."""

    success: bool = True
    data: SavedTaskView


class SavedLogView(View):
    id: str
    task_id: str


class TaskDeletedView(View):
    success: bool = True
    message: str


class HumanRequestView(View):
    request_id: str
    status: str
    loop_type: str | None
    response: StorableJson
    feedback: StorableJson
    responded_by: str | None
    responded_at: UtcTime | None
    error: StorableJson

    @classmethod
    def of(cls, request: HumanRequest) -> Self:
        return cls(**request.model_dump())


class ConversationView(View):
    conversation_id: str
    provider_id: str | None
    requests: list[HumanRequestView]

    @classmethod
    def of(cls, conversation: Conversation) -> Self:
        return cls(
            conversation_id=conversation.conversation_id,
            provider_id=conversation.provider_id,
            requests=[HumanRequestView.of(request) for request in conversation.requests],
        )


class HumanTaskView(View):
    model_config = ConfigDict(frozen=True, serialize_by_alias=True, populate_by_name=True)

    id: str = Field(alias="_id")
    task_id: str
    user_id: str | None
    token_id: str | None
    timestamp: UtcTime
    conversations: list[ConversationView]
    metadata: dict[str, JsonValue]
    created_at: UtcTime
    updated_at: UtcTime

    @classmethod
    def of(cls, task: HumanTask) -> Self:
        return cls(
            **task.model_dump(exclude={"conversations"}),
            conversations=[ConversationView.of(conversation) for conversation in task.conversations],
        )


class SyncLogView(View):
    model_config = ConfigDict(frozen=True, serialize_by_alias=True, populate_by_name=True)

    id: str = Field(alias="_id")
    task_id: str
    user_id: str | None
    token_id: str | None
    sync_status: str
    error_message: str | None
    request_details: dict[str, JsonValue] | None
    synced_at: UtcTime

    @classmethod
    def of(cls, log: SyncLog) -> Self:
        return cls(**log.model_dump())
