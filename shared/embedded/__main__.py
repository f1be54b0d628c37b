"""`python -m shared.embedded up|down|status|run`."""

import sys

from shared.embedded.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
