"""A process that labels without end, for tests that end it: `python -m tests.labels.writer DATABASE ACKS ANNOTATOR`.

It writes an event's id to ACKS only after the log has said that it is stored, and sends an event again, under the same
id, until it is. With a fourth argument it stops at the first refusal and prints the refused event's id; unless that is
`impatient` it is the size in bytes that no file may outgrow.
"""

import os
import resource
import sys
import time
from itertools import count
from pathlib import Path

from queries.labels import LabelLog, LabelStoreError, open_database
from tests.labels.presses import press, saved


def open_log(where: str) -> LabelLog:
    """Open the log that the first argument names."""
    url = where if where.startswith("postgresql://") else None
    return LabelLog(open_database(url=url, path=Path(where)))


def label(log: LabelLog, acks: int, annotator: str, *, patient: bool) -> None:
    """Label p0, p1, ... until the process ends, or at the first refusal where it is not patient."""
    for number in count():
        event = press(f"p{number}", annotator=annotator, expected=0)
        while True:
            try:
                saved(log.append(event))
                break
            except LabelStoreError as error:
                if not patient:
                    sys.stdout.write(f"{event.event_id} {error}\n")
                    return
                time.sleep(0.05)
        os.write(acks, f"{event.event_id}\n".encode())


def main() -> None:
    """Run as the arguments say."""
    where, path, annotator, *limit = sys.argv[1:]
    log = open_log(where)
    acks = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    if limit and limit[0] != "impatient":
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit[0]), hard))
    label(log, acks, annotator, patient=not limit)


if __name__ == "__main__":
    main()
