#!/usr/bin/env python3
"""Shows Prometheus what backup.sh writes down: metrics.py STATE_FILE PORT serves it as /metrics.

The file holds lines of a word and a number; times in it are seconds since 1970, and ages are counted when asked.
"""

import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GAUGES = {
    "primary": ("postgres_backup_primary", "Whether this member is the primary, which backs up."),
    "configured": ("postgres_backup_configured", "Whether there is an object store to back up to."),
    "failed": ("postgres_backup_failed", "Whether the last backup failed."),
    "archive_failing": ("postgres_wal_archive_failing", "Whether the log's last segment could not be archived."),
}
AGES = {
    "full": ("postgres_backup_full_age_seconds", "Since the last full backup was complete."),
    "any": ("postgres_backup_age_seconds", "Since the last backup was complete."),
    "archived": ("postgres_wal_archive_age_seconds", "Since a segment of the log was archived."),
}


def exposition(lines, written, now):
    """The text for Prometheus. What never happened is as old as the epoch, so that an alert on age sees it."""
    values = dict(line.split() for line in lines if len(line.split()) == 2)
    found = [(*GAUGES[key], float(value)) for key, value in values.items() if key in GAUGES]
    found += [(*AGES[key], max(0, now - float(value))) for key, value in values.items() if key in AGES]
    found.append(("postgres_backup_look_age_seconds", "Since the backups were looked at.", max(0, now - written)))
    return "".join(f"# HELP {name} {about}\n# TYPE {name} gauge\n{name} {value:.0f}\n" for name, about, value in found)


class Handler(BaseHTTPRequestHandler):
    """Answers GET /metrics."""

    state = ""

    def do_GET(self):
        """Reads the file anew each time."""
        if self.path.split("?")[0] != "/metrics":
            self.send_error(404)
            return
        try:
            with open(self.state, encoding="ascii") as lines:
                text = exposition(lines.readlines(), os.stat(self.state).st_mtime, time.time())
        except (OSError, ValueError):
            self.send_error(503)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        """Says nothing of each scrape."""


if __name__ == "__main__":
    Handler.state = sys.argv[1]
    ThreadingHTTPServer((os.environ.get("METRICS_ADDRESS", ""), int(sys.argv[2])), Handler).serve_forever()
