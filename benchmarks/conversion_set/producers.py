"""The programs that make the PDF files; `README.md` says how to install them."""

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.conversion_set.model import Document, Producer
from benchmarks.conversion_set.typeset import as_typst
from benchmarks.conversion_set.web import as_html
from benchmarks.conversion_set.word import write_docx

_TIMEOUT_SECONDS = 180


def produce(document: Document, target: Path) -> None:
    """Write the document as PDF."""
    with TemporaryDirectory(prefix="kbsync-set-") as directory:
        {
            Producer.CHROMIUM: _chromium,
            Producer.WEASYPRINT: _weasyprint,
            Producer.LIBREOFFICE: _libreoffice,
            Producer.TYPST: _typst,
        }[document.producer](document, target, Path(directory))


def _chromium(document: Document, target: Path, directory: Path) -> None:
    page = directory / "page.html"
    page.write_text(as_html(document), encoding="utf-8")
    command = [
        "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-pdf-tagging",
        f"--user-data-dir={directory / 'profile'}",
    ]
    _run([*command, "--no-pdf-header-footer", f"--print-to-pdf={target}", page.as_uri()])


def _weasyprint(document: Document, target: Path, directory: Path) -> None:  # noqa: ARG001 - one way to call them all
    from weasyprint import HTML

    HTML(string=as_html(document)).write_pdf(target)


def _libreoffice(document: Document, target: Path, directory: Path) -> None:
    source = directory / f"{document.name}.docx"
    write_docx(document, source)
    profile = f"-env:UserInstallation={(directory / 'profile').as_uri()}"
    _run(["soffice", "--headless", profile, "--convert-to", "pdf", "--outdir", str(directory), str(source)])
    shutil.move(source.with_suffix(".pdf"), target)


def _typst(document: Document, target: Path, directory: Path) -> None:
    import typst

    source = directory / "document.typ"
    source.write_text(as_typst(document), encoding="utf-8")
    typst.compile(str(source), output=str(target))


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, timeout=_TIMEOUT_SECONDS, capture_output=True)
