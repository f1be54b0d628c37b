"""Large documents: does one document use every core, and does its time grow with its pages?"""

import random
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from benchmarks.conversion_set.sentences import SENTENCES
from benchmarks.speed.figures import Figure, figure, ratio
from benchmarks.speed.machine import usable_cores
from benchmarks.speed.synced import upload_and_sync, warm_up
from benchmarks.stack import running_stack, stack_cpu_seconds
from examples.demo_client import ServiceClient

LINES_OF_A_PAGE = 46
FONT, SIZE, LEADING, LEFT, TOP, WIDTH = "Times-Roman", 10.5, 15.0, 64.0, 770.0, 467.0
PART = "large documents"


def measure(sizes: Sequence[int], *, repeats: int) -> list[Figure]:
    """Sync one document of each size in turn, each time into a new knowledge base, and compare."""
    seconds: dict[int, list[float]] = {pages: [] for pages in sizes}
    busy: dict[int, list[float]] = {pages: [] for pages in sizes}
    with running_stack(KBSYNC_OCR="off") as state, TemporaryDirectory(prefix="kbsync-large-") as directory:
        client = ServiceClient(state.api_url)
        warm_up(client)
        for number in range(repeats):
            for pages in sizes:
                path = write_book(Path(directory) / f"book-{pages}-{number}.pdf", pages=pages, seed=number)
                before = sum(stack_cpu_seconds(state).values())
                synced = upload_and_sync(client, path.stem, [path])
                assert synced.task.status == "completed", synced.task
                taken = sum(stack_cpu_seconds(state).values()) - before
                seconds[pages].append(synced.seconds)
                busy[pages].append(taken / synced.seconds / usable_cores())
                print(f"{pages} pages: {synced.seconds:.1f} s, {taken:.1f} CPU s", flush=True)
    small, large = sizes[0], sizes[-1]
    return [
        *(figure(PART, f"{pages} pages", "s", seconds[pages]) for pages in sizes),
        *(figure(PART, f"{pages} pages, share of all cores", "", busy[pages]) for pages in sizes),
        ratio(PART, f"{large} / {small} pages, time", seconds[large], seconds[small], note="goal at most 2.2"),
    ]


def write_book(path: Path, *, pages: int, seed: int) -> Path:
    """Write a document of full text pages, a heading on every third; no two of its sentences are alike."""
    drawn = random.Random(f"{pages} {seed}")
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    lines: list[str] = []
    for page in range(1, pages + 1):
        top = TOP
        if page % 3 == 1:
            canvas.setFont("Times-Bold", 16)
            canvas.drawString(LEFT, top, f"{page // 3 + 1} Report of district {drawn.randrange(1000)}")
            top -= 2 * LEADING
        while len(lines) < LINES_OF_A_PAGE:
            lines += simpleSplit(_paragraph(drawn), FONT, SIZE, WIDTH)
        canvas.setFont(FONT, SIZE)
        for line in lines[: LINES_OF_A_PAGE - (page % 3 == 1) * 2]:
            canvas.drawString(LEFT, top, line)
            top -= LEADING
        del lines[: LINES_OF_A_PAGE - (page % 3 == 1) * 2]
        canvas.drawCentredString(A4[0] / 2, 40, str(page))
        canvas.showPage()
    canvas.save()
    return path


def _paragraph(drawn: random.Random) -> str:
    sentences = (sentence.rstrip(".") for sentence in drawn.choices(SENTENCES["en"], k=drawn.randint(3, 7)))
    return " ".join(f"{sentence}, as note {drawn.randrange(10**6)} says." for sentence in sentences)
