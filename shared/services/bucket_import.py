"""Keeping a knowledge base in step with its bucket: what is new, changed or gone there becomes so here.

The listing and our records of it are read side by side, both by key, so that neither is ever whole in memory. A call
that has taken long enough says where the next one goes on.
"""

import logging
import time
from collections import Counter as Tally
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from shared.counters import Counter
from shared.errors import InvalidRequest, UnsupportedDocument
from shared.filenames import clean_filename
from shared.models import BucketObject
from shared.object_stores.base import ListedObject
from shared.object_stores.registry import open_source_bucket
from shared.resources import Resources
from shared.services.bucket_documents import BucketDocuments, Imported, Outcome
from shared.services.bucket_places import is_ours

logger = logging.getLogger(__name__)

READERS = 8
"""Objects read at a time: new ones wait for the bucket more than for anything else."""

AT_ONCE = 64
"""Objects that are worked on between two looks at the clock."""

RECORDS = 1000
"""As many as S3 lists at a time."""

SHOWN = 1000
"""Objects that an answer names; all are counted."""


@dataclass
class BucketImport:
    """What an import has done."""

    kb_id: str
    bucket: str
    prefix: str
    counts: Tally[Outcome] = field(default_factory=Tally)
    shown: list[Imported] = field(default_factory=list)
    next_start_after: str | None = None
    """Where a further call goes on; None where the whole bucket was looked at."""

    @property
    def omitted(self) -> int:
        """How many objects are counted that `shown` has no room for."""
        return self.counts.total() - self.counts[Outcome.UNCHANGED] - len(self.shown)

    def note(self, imported: Imported) -> None:
        self.counts[imported.outcome] += 1
        if imported.outcome is not Outcome.UNCHANGED and len(self.shown) < SHOWN:
            self.shown.append(imported)


@dataclass(frozen=True)
class _Pair:
    """A key with what the bucket has there, and what we know of it."""

    key: str
    found: ListedObject | None
    known: BucketObject | None


def import_bucket(resources: Resources, kb_id: str, *, start_after: str = "") -> BucketImport:
    """Register the objects of a knowledge base's bucket, from the key after `start_after`; may be called again.

    Raises `KnowledgeBaseNotFound`, `InvalidRequest` without a bucket, and what the object store raises as a whole;
    an object that cannot be read or is no document is told of and fails nothing else.
    """
    knowledge_base = resources.knowledge_bases.get(kb_id)
    if knowledge_base.s3_bucket is None:
        raise InvalidRequest("s3_bucket", "the knowledge base has no s3_bucket")
    done = BucketImport(kb_id=kb_id, bucket=knowledge_base.s3_bucket, prefix=knowledge_base.s3_prefix or "")
    source = open_source_bucket(resources.settings, done.bucket)
    ours = is_ours(resources.settings, done.bucket)
    work = BucketDocuments(resources, knowledge_base, source)
    deadline = time.monotonic() + resources.settings.import_seconds
    after = start_after
    while True:
        listed = source.list_page(done.prefix, start_after=after)
        last = listed[-1].key if listed else None
        known = resources.bucket_objects.between(kb_id, after=after, upto=last, limit=RECORDS)
        if len(known) == RECORDS:
            last = known[-1].key
        theirs = [each for each in listed if not ours(each.key) and not _is_folder(each)]
        for batch in _batches(_pairs(theirs, known, upto=last)):
            _work(resources, work, batch, done)
            if time.monotonic() > deadline:
                done.next_start_after = batch[-1].key
                return _finished(resources, done)
        if last is None:
            return _finished(resources, done)
        after = last


def _is_folder(found: ListedObject) -> bool:
    """Tell the empty objects that consoles make for folders."""
    return found.key.endswith("/") and found.size_bytes == 0


def _pairs(listed: list[ListedObject], known: list[BucketObject], *, upto: str | None) -> list[_Pair]:
    found = {each.key: each for each in listed if upto is None or each.key <= upto}
    records = {each.key: each for each in known}
    return [_Pair(key, found.get(key), records.get(key)) for key in sorted(found.keys() | records.keys())]


def _batches(pairs: list[_Pair]) -> Iterator[list[_Pair]]:
    for start in range(0, len(pairs), AT_ONCE):
        yield pairs[start : start + AT_ONCE]


def _work(resources: Resources, work: BucketDocuments, batch: list[_Pair], done: BucketImport) -> None:
    """Bring a batch in step: what came first, so that a renamed object hands its document on to its new name."""
    there = _documents_there(resources, done.kb_id, batch)
    to_take: list[ListedObject] = []
    for pair in batch:
        if pair.found is None:
            continue
        told = _told_before(pair.found, pair.known, work.reader, there)
        if told is None:
            to_take.append(pair.found)
        else:
            done.note(told)
    with ThreadPoolExecutor(READERS) as readers:
        for found, reading in zip(to_take, readers.map(work.read, to_take), strict=True):
            done.note(work.register(found, reading))
    for pair in batch:
        if pair.found is None and pair.known is not None:
            removed = work.remove(pair.known)
            if removed is not None:
                done.note(removed)


def _documents_there(resources: Resources, kb_id: str, batch: list[_Pair]) -> set[str]:
    wanted = {pair.known.document_id for pair in batch if pair.known is not None and pair.known.document_id}
    return resources.documents.existing(kb_id, list(wanted)) if wanted else set()


def _told_before(found: ListedObject, known: BucketObject | None, reader: str, documents: set[str]) -> Imported | None:
    """Return what an object that is as it was still is; None where it has to be looked at."""
    if known is None or (known.etag, known.size_bytes) != (found.etag, found.size_bytes):
        return None
    if known.document_id is not None:
        return Imported(found.key, Outcome.UNCHANGED, known.document_id) if known.document_id in documents else None
    if known.detected_type is None or known.reader != reader:
        return None
    error = UnsupportedDocument(filename=clean_filename(found.key), detected_type=known.detected_type)
    return Imported(found.key, Outcome.SKIPPED, error=error)


def _finished(resources: Resources, done: BucketImport) -> BucketImport:
    counts: Mapping[str, int] = {str(outcome): done.counts[outcome] for outcome in Outcome}
    resources.counters.add({Counter.DOCUMENTS_IMPORTED: done.counts[Outcome.ADDED] + done.counts[Outcome.CHANGED]})
    whole = done.next_start_after is None
    logger.info("bucket imported", extra={"kb_id": done.kb_id, "bucket": done.bucket, "whole": whole, **counts})
    return done
