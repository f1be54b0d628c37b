"""How artifacts are named: by the content and by everything that shaped them.

An artifact that exists need not be made again, which gives resume after a crash, cheap retry and 'an unchanged document
costs nothing' in one rule. All artifacts of a document lie below one prefix, so that they leave with it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from shared.chunking.chunker import CHUNKER_VERSION
from shared.chunking.model import ChunkingOptions
from shared.converters.dispatch import Converters
from shared.models import Document, EmbeddingChoice, KnowledgeBase
from shared.ocr.reading import PageReadings

IMAGES_VERSION = "3"
"""Changes whenever the image stage would keep or describe pictures otherwise."""

STORE_VERSION = "2"
"""Changes whenever the rows of the vector store get another form."""


def source_key(kb_id: str, document_id: str) -> str:
    """Where the original bytes of a document lie."""
    return f"{kb_id}/{document_id}/source"


def document_prefix(kb_id: str, document_id: str) -> str:
    """Where everything of a document lies."""
    return f"{kb_id}/{document_id}/"


def knowledge_base_prefix(kb_id: str) -> str:
    """Where everything of a knowledge base lies."""
    return f"{kb_id}/"


@dataclass(frozen=True)
class ArtifactNames:
    """The keys of one document's artifacts for the present versions and options."""

    prefix: str
    sha256: str
    converter: str
    """Name and version of the one that converts documents of this type: another one's change leaves these names."""
    page_ocr: str
    """How pages of documents of this type are read by OCR; empty where they never are."""
    picture_ocr: str
    """How the writing in pictures is read."""
    image_descriptions: str
    """Who says what pictures show; empty where nobody does."""
    chunking: ChunkingOptions
    embedding: EmbeddingChoice

    @classmethod
    def of(
        cls,
        document: Document,
        knowledge_base: KnowledgeBase,
        converters: Converters,
        readings: PageReadings,
        *,
        image_descriptions: str = "",
    ) -> "ArtifactNames":
        return cls(
            prefix=f"{document_prefix(document.kb_id, document.id)}artifacts/",
            sha256=document.sha256,
            converter=converters.identity(document.content_type),
            page_ocr=readings.page_identity(document.content_type),
            picture_ocr=readings.picture_identity,
            image_descriptions=image_descriptions,
            chunking=knowledge_base.chunking,
            embedding=knowledge_base.embedding,
        )

    @property
    def _conversion(self) -> str:
        return fingerprint(self.sha256, self.converter, self.page_ocr)

    @property
    def _embedding(self) -> tuple[str, str]:
        return self.embedding.provider, self.embedding.model

    @property
    def converted(self) -> str:
        return f"{self.prefix}convert-{self._conversion}.json"

    @property
    def markdown(self) -> str:
        return f"{self.prefix}convert-{self._conversion}.md"

    def images_of(self, converted_key: str) -> str:
        """The picture texts of a conversion; named after what they are made of, so that a deploy of a new version in
        the middle of a sync mixes nothing."""
        described = (self.image_descriptions,) if self.image_descriptions else ()
        return f"{self.prefix}images-{fingerprint(converted_key, IMAGES_VERSION, self.picture_ocr, *described)}.json"

    def chunks_of(self, images_key: str) -> str:
        """The chunks of a conversion with its picture texts."""
        options = (self.chunking.max_tokens, self.chunking.overlap_tokens)
        return f"{self.prefix}chunks-{fingerprint(images_key, CHUNKER_VERSION, *options, *self._embedding)}.json"

    @property
    def images(self) -> str:
        return self.images_of(self.converted)

    @property
    def chunks(self) -> str:
        return self.chunks_of(self.images)

    @property
    def revision(self) -> str:
        """Names the chunks that the document has when everything is as it is now."""
        return revision_of(self.chunks)

    def picture(self, name: str) -> str:
        """The key of an extracted picture, whose name is made of its content."""
        return f"{self.prefix}pictures/{name}"

    def recognized_page(self, page: int) -> str:
        """What OCR read on a page of the original. Whatever the setting: it may be changed back."""
        return f"{self.prefix}ocr/page-{fingerprint(self.sha256, self.picture_ocr)}-{page}.json"

    def recognized_picture(self, name: str) -> str:
        """What OCR read in an extracted picture."""
        return f"{self.prefix}ocr/picture-{fingerprint(name, self.picture_ocr)}.json"

    def described_picture(self, name: str) -> str:
        """What a vision model said of an extracted picture."""
        return f"{self.prefix}descriptions/{fingerprint(name, self.image_descriptions)}.json"

    def vectors(self, text_hashes: Sequence[str]) -> str:
        """The vectors of these texts, in this order."""
        return f"{self.prefix}vectors-{fingerprint(*self._embedding, *text_hashes)}.npy"

    def partial_vectors(self, text_hashes: Sequence[str]) -> str:
        """The vectors of some of these texts, while the others are still to be made."""
        return f"{self.vectors(text_hashes)}.part"


def revision_of(chunks_key: str) -> str:
    """Name the rows that are made of these chunks."""
    return fingerprint(chunks_key, STORE_VERSION)


def fingerprint(*parts: str | int) -> str:
    """Return 32 hexadecimal digits that change with any of the parts."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]
