"""`monitor`, in which a channel and a poll crash and quote all that they know, as the exceptions of libraries may.

usage: quoting_monitor.py ARGUMENTS [-- ARGUMENTS …]     several commands one after the other, each with its arguments
"""

import logging
import sys
from datetime import timedelta
from itertools import count, groupby

from monitor import pipeline
from monitor.cli import main
from monitor.collect.http import HttpFetcher
from monitor.notify.webhook import Webhook

send, fetch, polls = Webhook.send, HttpFetcher.fetch, count()


def quoting_send(self, delivery, now):
    if self.name != "crash":
        return send(self, delivery, now)
    logging.getLogger("library").warning("retrying %s", self.url)
    raise RuntimeError(f"cannot POST to {self.url}, signed with {self.secrets}")


def quoting_fetch(self, requests, limit=None):
    if next(polls) in (2, 5):
        raise RuntimeError(f"cannot GET {requests}")
    return fetch(self, requests, limit)


if __name__ == "__main__":
    Webhook.send, HttpFetcher.fetch = quoting_send, quoting_fetch
    pipeline.LEASE = timedelta(seconds=5)  # what a crashed poll held is polled again within the test
    commands = [list(words) for divides, words in groupby(sys.argv[1:], lambda word: word == "--") if not divides]
    for command in commands:
        try:
            main(command)
        except SystemExit:
            print(f"{' '.join(command[4:])}: done", file=sys.stderr)
