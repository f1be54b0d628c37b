"""Human-in-the-loop tasks and the logs of their syncs, as MongoDB keeps them and the API answers them."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, JsonValue


class HumanRequest(BaseModel):
    """One question to a person."""

    model_config = ConfigDict(frozen=True)

    request_id: str
    status: str
    loop_type: str | None = None
    response: JsonValue = None
    feedback: JsonValue = None
    responded_by: str | None = None
    responded_at: datetime | None = None
    error: JsonValue = None


class Conversation(BaseModel):
    """The questions that one provider put in one conversation."""

    model_config = ConfigDict(frozen=True)

    conversation_id: str
    provider_id: str | None = None
    requests: tuple[HumanRequest, ...] = ()


Metadata = dict[str, JsonValue]
"""Where a task came from: `source`, `client_ip`, `user_agent`, and whatever else a client knows."""


class HumanTask(BaseModel):
    """A task as it is stored."""

    model_config = ConfigDict(frozen=True)

    id: str
    """The text of MongoDB's `_id`."""
    task_id: str
    user_id: str | None = None
    token_id: str | None = None
    timestamp: datetime
    conversations: tuple[Conversation, ...]
    metadata: Metadata
    created_at: datetime
    updated_at: datetime


class HumanTaskChanges(BaseModel):
    """What a client sends of a task: fields that were not sent are not set, see `model_fields_set`.

    Only the two owner ids may be set to None.
    """

    model_config = ConfigDict(frozen=True)

    task_id: str
    user_id: str | None = None
    token_id: str | None = None
    timestamp: datetime | None = None
    conversations: tuple[Conversation, ...] | None = None
    metadata: Metadata | None = None


class NewSyncLog(BaseModel):
    """A log of one sync, before it is stored."""

    model_config = ConfigDict(frozen=True)

    task_id: str
    user_id: str | None = None
    token_id: str | None = None
    sync_status: str
    error_message: str | None = None
    request_details: dict[str, JsonValue] | None = None
    synced_at: datetime


class SyncLog(NewSyncLog):
    """A log as it is stored."""

    id: str
    """The text of MongoDB's `_id`."""
