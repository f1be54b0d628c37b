"""Run a server with the protocols of Bedrock and OpenAI, as slow and as strict as wanted, for other measurements:

python -m benchmarks.embedding_servers --port 9100 --latency-ms 100
python -m benchmarks.embedding_servers --port 9100 --requests-per-second 5 --retry-after 1

A stack uses it with `KBSYNC_BEDROCK_ENDPOINT_URL=http://127.0.0.1:9100` (with any `AWS_ACCESS_KEY_ID` and
`AWS_SECRET_ACCESS_KEY`, and `KBSYNC_BEDROCK_REGION`), or `KBSYNC_OPENAI_BASE_URL=http://127.0.0.1:9100/v1` and
`KBSYNC_OPENAI_MODELS=small=64`. `GET /statistics` tells what it did, `POST /behaviour` changes how it behaves.
"""

import argparse
import json
import time

from tests.integration.embedding_protocols import Behaviour
from tests.integration.embedding_server import EmbeddingServer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--requests-per-second", type=float, help="throttle what is above")
    parser.add_argument("--burst", type=float, help="requests that may come at once [those of a second]")
    parser.add_argument("--retry-after", help="header of a throttled answer, in seconds")
    parser.add_argument("--dimensions", type=int, default=64, help="of OpenAI models")
    parser.add_argument(
        "--words", action="store_true", help="vectors of hashed words, which cost time, not made-up ones"
    )
    arguments = parser.parse_args()
    behaviour = Behaviour(
        latency_seconds=arguments.latency_ms / 1000,
        requests_per_second=arguments.requests_per_second,
        burst=arguments.burst,
        retry_after=arguments.retry_after,
        openai_dimensions=arguments.dimensions,
        quick=not arguments.words,
    )
    with EmbeddingServer(behaviour, port=arguments.port) as server:
        print(f"Bedrock: {server.url}\nOpenAI:  {server.openai_url}", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print(json.dumps(server.shown_statistics(), indent=2))


if __name__ == "__main__":
    main()
