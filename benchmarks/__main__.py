"""`make bench`: sync a folder of PDF files (ARGS="folder"), or the sample documents, through the whole service.

Other measurements have a command of their own: `python -m benchmarks.many_documents`, `.human_task_lists`,
`.search_evaluation`, `.search_speed`, `.ocr`, `.conversion`, `.mutated_pdfs`.
"""

import sys
import tempfile
from pathlib import Path

from benchmarks.sync_folder import main
from examples.sample_documents import write_documents

if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1:])
    else:
        with tempfile.TemporaryDirectory(prefix="kbsync-samples-") as directory:
            write_documents(Path(directory))
            main([directory])
