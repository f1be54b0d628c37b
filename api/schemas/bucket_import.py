"""Imports of buckets in requests and answers."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from api.language import Language
from api.schemas.base import STORABLE, RequestModel, View
from shared.services.bucket_documents import Imported, Outcome
from shared.services.bucket_import import BucketImport


class BucketImportBody(RequestModel):
    """Where to go on, after an answer that was not complete."""

    start_after: Annotated[str, StringConstraints(max_length=1024), STORABLE] | None = None


class ImportReason(View):
    code: str
    message: str
    details: Mapping[str, object]


class ImportedObjectView(View):
    key: str
    outcome: Outcome
    document_id: str | None = None
    error: ImportReason | None = Field(None, description="Why it is `in_use`, `skipped` or `failed`.")

    @classmethod
    def of(cls, imported: Imported, language: Language) -> Self:
        error = imported.error
        return cls(
            key=imported.key,
            outcome=imported.outcome,
            document_id=imported.document_id,
            error=None
            if error is None
            else ImportReason(code=error.code, message=error.message(language), details=error.details),
        )


class BucketImportView(View):
    kb_id: str
    s3_bucket: str
    s3_prefix: str
    statistics: Mapping[Outcome, int] = Field(description="How many objects there were of each outcome.")
    objects: Sequence[ImportedObjectView] = Field(description="All but the unchanged ones, 1000 at most.")
    objects_omitted: int | None = Field(None, description="How many of them are counted and not named.")
    complete: bool = Field(description="False where time was up: call again with `start_after`.")
    next_start_after: str | None = None

    @classmethod
    def of(cls, done: BucketImport, language: Language) -> Self:
        return cls(
            kb_id=done.kb_id,
            s3_bucket=done.bucket,
            s3_prefix=done.prefix,
            statistics={outcome: done.counts[outcome] for outcome in Outcome},
            objects=[ImportedObjectView.of(each, language) for each in done.shown],
            objects_omitted=done.omitted or None,
            complete=done.next_start_after is None,
            next_start_after=done.next_start_after,
        )
