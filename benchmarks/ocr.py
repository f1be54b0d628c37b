"""Read scans, pages on their sides, columns and screenshots by OCR; say how well, how fast and in how much memory:

python -m benchmarks.ocr --corpus ../shared/corpus

Files of the corpus that are not there are left out; what is generated is always measured. Similarity is that of the
whole text (normalised indel, white space left out, 1.0 is equal), so that a wrong order of columns counts.
"""

import argparse
import itertools
import json
import re
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from PIL import Image
from rapidfuzz.distance import Indel

from examples.sample_texts import HANDBOOK_SECTIONS
from shared.converters.base import ConversionLimits, ConvertedDocument
from shared.converters.content_types import detect_content_type
from shared.converters.dispatch import Converters
from shared.converters.registry import open_converters
from shared.ocr.pages import RecognizedPage
from shared.ocr.reading import OcrMode, PageReadings, with_recognized_pages
from shared.ocr.sandbox import SandboxedPageReader, open_page_reader
from shared.settings import Settings
from tests.samples.scans import blank, scan_pdf, two_columns, written

TRANSCRIPTIONS = Path(__file__).parent / "transcriptions"
_MARKUP = re.compile(r"^[#>\\|\s-]+", re.MULTILINE)


@dataclass(frozen=True)
class Figures:
    """What one document came to."""

    name: str
    pages: int
    seconds_per_page: float
    cpu_seconds_per_page: float
    similarity: float | None
    peak_mib: int
    """Of the OCR process, up to here."""


class Pages(dict[int, RecognizedPage]):
    """Keeps what is read of one document."""

    def put(self, page: int, recognized: RecognizedPage) -> None:
        self[page] = recognized


class Bench:
    """Reads documents and measures it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        settings = Settings()
        self._converters: Converters = open_converters(settings)
        self._reader: SandboxedPageReader = open_page_reader(settings)
        # The first page loads the models, which is not what is measured.
        written(["warm-up"]).save(directory / "warm-up.png")
        self.read(directory / "warm-up.png")

    def close(self) -> None:
        self._reader.close()
        self._converters.close()

    def convert(self, source: Path) -> tuple[ConvertedDocument, str]:
        content_type = detect_content_type(source.read_bytes()[:8192])
        pictures = self.directory / "pictures"
        converter = self._converters.of(content_type)
        return converter.convert(source, pictures, limits=ConversionLimits(), should_stop=never), content_type

    def read(self, source: Path, *, mode: OcrMode = "auto") -> tuple[ConvertedDocument, Pages]:
        document, content_type = self.convert(source)
        pages = Pages()
        readings = PageReadings(reader=self._reader, mode=mode, page_timeout_seconds=300, timeout_seconds=3600)
        read = with_recognized_pages(
            document, source, content_type=content_type, readings=readings, store=pages, should_stop=never
        )
        return read, pages

    def measure(
        self, name: str, source: Path, reference: Callable[[ConvertedDocument], float] | None, *, mode: OcrMode = "auto"
    ) -> Figures:
        cpu, started = self._cpu_seconds(), time.perf_counter()
        document, pages = self.read(source, mode=mode)
        count = max(1, len(pages))
        return Figures(
            name=name,
            pages=len(pages),
            seconds_per_page=round((time.perf_counter() - started) / count, 2),
            cpu_seconds_per_page=round((self._cpu_seconds() - cpu) / count, 2),
            similarity=round(reference(document), 4) if reference is not None else None,
            peak_mib=self._peak_mib(),
        )

    def _cpu_seconds(self) -> float:
        pid = self._reader.child_pid
        times = psutil.Process(pid).cpu_times() if pid is not None else None
        return times.user + times.system if times is not None else 0.0

    def _peak_mib(self) -> int:
        pid = self._reader.child_pid
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()) if pid is not None else None
        return int(found.group(1)) // 1024 if found else 0


def never() -> bool:
    return False


def similarity(text: str, reference: str) -> float:
    """Compare two texts without their white space, markup and forms of width."""
    return Indel.normalized_similarity(_plain(text), _plain(reference))


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", _MARKUP.sub("", text)))


def first_page(document: ConvertedDocument) -> str:
    return "\n".join(block.markdown for block in document.blocks if block.page_start == 1)


def without_running_head(text: str, reference: str) -> float:
    """Compare a single page, on which nothing tells the running head from other text: it is cut off here."""
    start = _plain(text).find(_plain(reference)[:4])
    return Indel.normalized_similarity(_plain(text)[max(0, start) :], _plain(reference))


def of_corpus(bench: Bench, corpus: Path) -> Iterator[Figures]:
    scanned = corpus / "scanned-8p.pdf"
    if scanned.exists():
        reference = (TRANSCRIPTIONS / "scanned-8p-page-1.txt").read_text()
        # Page 2 begins in the middle of a sentence: the block that runs over the break is not compared twice.
        yield bench.measure(
            "scanned-8p.pdf", scanned, lambda document: without_running_head(first_page(document), reference)
        )
        for degrees in (0, 90, 180, 270):
            source = turned_page(scanned, bench.directory / f"turned-{degrees}.pdf", degrees)
            yield bench.measure(
                f"scanned-8p.pdf page 1, turned by {degrees}",
                source,
                lambda document: without_running_head(document.markdown, reference),
            )
    for name in ("image-1p.pdf", "chinese-images-1p.pdf"):
        source = corpus / name
        if source.exists():
            text = bench.convert(source)[0].markdown
            yield bench.measure(
                f"{name}, forced, beside its own text",
                source,
                lambda document, text=text: similarity(document.markdown, text),  # type: ignore[misc]
                mode="force",
            )


def turned_page(source: Path, target: Path, degrees: int) -> Path:
    import pypdfium2

    document, copy = pypdfium2.PdfDocument(source), pypdfium2.PdfDocument.new()
    copy.import_pages(document, [0])
    copy[0].set_rotation(degrees)
    copy.save(target)
    return target


def generated(bench: Bench) -> Iterator[Figures]:
    text = "".join(paragraph for _, paragraphs in HANDBOOK_SECTIONS for paragraph in paragraphs)
    lines = [text[at : at + 16] for at in range(0, 16 * 40, 16)]
    page = two_columns(lines[:20], lines[20:40])
    for kind, picture in (
        ("a scan", page),
        ("a scan laid askew", page.rotate(1.2, fillcolor="white", resample=Image.Resampling.BICUBIC)),
    ):
        source = scan_pdf(bench.directory / "columns.pdf", [picture])
        yield bench.measure(
            f"two Chinese columns, {kind}", source, lambda document: similarity(document.markdown, "".join(lines))
        )
    screen = [
        *(text[at : at + 26] for at in range(0, 26 * 10, 26)),
        "订单编号 KB-2031，状态：已完成",
        "Error 3010: file damaged",
    ]
    drawn = written(screen, size=20, picture=blank(700, 480), at=(30, 30))
    for name in ("screen.png", "screen.jpg"):
        drawn.save(bench.directory / name)
        yield bench.measure(
            f"a Chinese screenshot, {name}",
            bench.directory / name,
            lambda document: similarity(document.markdown, "".join(screen)),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpus"))
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    rows: list[Figures] = []
    with TemporaryDirectory(prefix="kbsync-ocr-bench-") as directory:
        bench = Bench(Path(directory))
        try:
            print(f"{'document':54}{'pages':>6}{'s/page':>8}{'cpu s':>7}{'similarity':>12}{'peak MiB':>10}")
            for row in itertools.chain(of_corpus(bench, arguments.corpus), generated(bench)):
                rows.append(row)
                shown = f"{row.similarity:.4f}" if row.similarity is not None else "-"
                print(
                    f"{row.name:54}{row.pages:>6}{row.seconds_per_page:>8}{row.cpu_seconds_per_page:>7}{shown:>12}"
                    f"{row.peak_mib:>10}",
                    flush=True,
                )
        finally:
            bench.close()
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=2))


if __name__ == "__main__":
    main()
