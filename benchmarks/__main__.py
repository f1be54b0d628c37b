"""`make bench` (ARGS="--help"): see benchmarks/speed.

Other measurements have a command of their own: `python -m benchmarks.sync_folder FOLDER`, `.human_task_lists`,
`.search_evaluation`, `.search_speed`, `.ocr`, `.conversion`, `.mutated_pdfs`, `.watchers`, `.throttled_sync`.
"""

from benchmarks.speed.__main__ import main

if __name__ == "__main__":
    main()
