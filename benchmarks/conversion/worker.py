"""Convert a list of files with our converter and say what it cost: `python -m ...worker SOURCES.json OUTPUT`."""

import json
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.converters.base import ConversionLimits, ConvertedDocument
from shared.converters.pdf.converter import PdfiumConverter
from shared.errors import KbSyncError


def main(listed: Path, output: Path) -> None:
    sources = [Path(source) for source in json.loads(listed.read_text(encoding="utf-8"))]
    with TemporaryDirectory(prefix="kbsync-bench-") as pictures:
        _convert(sources[0], Path(pictures))
        pages, failed = 0, []
        began = time.process_time()
        for source in sources:
            converted = _convert(source, Path(pictures))
            if converted is None:
                failed.append(source.name)
            else:
                pages += converted.page_count
                (output / f"{source.stem}.md").write_text(converted.markdown, encoding="utf-8")
        cpu_seconds = time.process_time() - began
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cost = {"pages": pages, "cpu_seconds": cpu_seconds, "peak_mib": peak_mib, "failed": failed}
    (output / "cost.json").write_text(json.dumps(cost), encoding="utf-8")


def _convert(source: Path, pictures: Path) -> ConvertedDocument | None:
    try:
        return PdfiumConverter().convert(source, pictures, limits=ConversionLimits(), should_stop=lambda: False)
    except KbSyncError:
        return None  # damaged and encrypted files are told apart from the others, not measured


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
