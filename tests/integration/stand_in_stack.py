"""The stack with real servers and stand-ins for the service's processes: `python stand_in_stack.py up|down|...`."""

import sys
from pathlib import Path

from shared.embedded.command import main
from shared.embedded.processes import ServiceProcess

ANSWER_200 = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *arguments):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", abs(int(sys.argv[1]))), Handler).serve_forever()
"""
# Like a pool of Celery's: the parent ends on SIGTERM, its child does not, and would outlive it.
POOL = """
import os, signal, time
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(600)
"""
BROKEN = "print('the stand-in is broken'); raise SystemExit(7)"

SERVICES = (
    ServiceProcess("api", ("-c", ANSWER_200, "{suffix}"), grace_seconds=2.0),
    ServiceProcess("worker-cpu", ("-c", POOL), grace_seconds=2.0),
    ServiceProcess("flower", ("-c", ANSWER_200, "{flower_port}"), grace_seconds=2.0),
)
BROKEN_SERVICES = (ServiceProcess("api", ("-c", BROKEN)), *SERVICES[1:])

if __name__ == "__main__":
    broken = "--broken" in sys.argv
    program = [sys.executable, str(Path(__file__)), *(["--broken"] if broken else [])]
    arguments = [argument for argument in sys.argv[1:] if argument != "--broken"]
    sys.exit(main(arguments, services=BROKEN_SERVICES if broken else SERVICES, program=program))
