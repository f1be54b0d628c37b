"""The newest state of one sync and of its documents, and what of it each watcher has not seen yet.

States are kept, not events: a watcher that is slow or was away gets the newest state of whatever changed meanwhile,
once. Nothing here grows but with the number of documents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.language import Language
from api.progress_events import Batch, Event, EventId
from api.schemas.sync_tasks import SyncTaskView, TaskDocumentView
from shared.models import DocumentRun
from shared.services.sync_progress import Observation

LANGUAGES: tuple[Language, ...] = ("zh", "en")

RESUME_MARGIN = timedelta(seconds=30)
"""Who comes back is also sent what changed so long before: clocks differ, and a write may be seen after its time."""

Worded = Mapping[Language, str]
"""A JSON object in each language."""


@dataclass(frozen=True)
class DocumentState:
    """What a watcher is shown of a document."""

    changed_at: EventId
    data: Worded
    version: int = 0


@dataclass(frozen=True)
class Snapshot:
    """One reading of a task, ready to be sent."""

    read_at: datetime
    task: Worded
    gist: str
    """The task without what changes by itself as time goes by."""
    documents: Mapping[str, DocumentState]
    has_ended: bool

    @classmethod
    def of(cls, observation: Observation, *, read_at: datetime) -> "Snapshot":
        views = {language: SyncTaskView.of(observation.view(language), language=language) for language in LANGUAGES}
        return cls(
            read_at=read_at,
            task={language: _json(view) for language, view in views.items()},
            gist=_json(views["zh"].model_copy(update={"eta_seconds": None})),
            documents={run.document_id: _state(run) for run in observation.documents},
            has_ended=not observation.task.active,
        )


def _state(run: DocumentRun) -> DocumentState:
    chinese = _json(TaskDocumentView.of(run, "zh"))
    english = _json(TaskDocumentView.of(run, "en")) if run.error_message_en is not None else chinese
    return DocumentState(EventId.at(run.updated_at or run.created_at), {"zh": chinese, "en": english})


def _json(view: SyncTaskView | TaskDocumentView) -> str:
    return view.model_dump_json(exclude_none=True)


class TaskFeed:
    """What is known of one task; its version grows with each reading that shows a change."""

    def __init__(self, first: Snapshot) -> None:
        self._latest = first
        self._documents = dict(first.documents)
        """In the order in which they changed last."""
        self._batches: dict[tuple[int, Language], Batch] = {}
        self.version = 0

    @property
    def has_ended(self) -> bool:
        return self._latest.has_ended

    @property
    def read_at(self) -> datetime:
        """When the task was read last."""
        return self._latest.read_at

    def take(self, snapshot: Snapshot) -> bool:
        """Take over a newer reading; True where it shows a change."""
        changed = {
            document_id: state
            for document_id, state in snapshot.documents.items()
            if document_id not in self._documents or self._documents[document_id].data != state.data
        }
        differs = bool(changed) or snapshot.gist != self._latest.gist
        self._latest = snapshot
        if not differs:
            return False
        self.version += 1
        self._batches.clear()
        for document_id, state in changed.items():
            self._documents.pop(document_id, None)
            self._documents[document_id] = DocumentState(state.changed_at, state.data, self.version)
        return True

    def since_version(self, version: int, language: Language) -> Batch:
        """Return what changed after a version, and the task."""
        key = (version, language)
        if key not in self._batches:
            newer = []
            for state in reversed(self._documents.values()):
                if state.version <= version:
                    break
                newer.append(state)
            self._batches[key] = self._batch(newer[::-1], language)
        return self._batches[key]

    def since_event(self, last: EventId | None, language: Language) -> Batch:
        """Return the task, with the documents that changed after an event where a watcher has come back with its id."""
        newer: Sequence[DocumentState] = ()
        if last is not None:
            margin = RESUME_MARGIN // timedelta(milliseconds=1)
            oldest = last.milliseconds - margin
            newer = [state for state in self._documents.values() if state.changed_at.milliseconds > oldest]
        return self._batch(newer, language)

    def _batch(self, states: Sequence[DocumentState], language: Language) -> Batch:
        events = [Event("document", state.data[language]) for state in states]
        position = EventId.at(self._latest.read_at, is_end=self.has_ended)
        return Batch((*events, Event("task", self._latest.task[language], position)), is_last=self.has_ended)
