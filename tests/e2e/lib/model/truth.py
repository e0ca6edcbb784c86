# SPDX-License-Identifier: GPL-2.0-only
"""Five actors on the same files, and the effects of each other's claims.

One actor holds a claim (a range, deny bits, caching), another attempts an operation.
There are four outcomes:

    allowed     it is done, the holder is not notified
    told        it is done, the holder is notified that its cache is invalid
    broken      the holder is asked, gives up, and then it is done
    refused     it is not done

The expected outcome is computed from the kernel's own matrix (lockd/matrix-table) and from
how each protocol does the operation: an open for the access it needs, then the operation.
"""
import json
import os
import subprocess
import threading
import time
from collections import namedtuple

HERE = os.path.dirname(os.path.abspath(__file__))
MATRIX = os.path.join(HERE, '../../../../lockd/matrix-table')

OLD, NEWEST, MINE = b'old old ol', b'newest one', b'mine is it'
R, H, W = 1, 2, 4
BITS = {'R': R, 'RH': R | H, 'RW': R | W, 'RWH': R | H | W}
# Access and deny bits, as the matrix has them.
A_READ, A_WRITE, A_DELETE = 1, 2, 4
DENY = {'read': A_READ, 'write': A_WRITE, 'both': A_READ | A_WRITE, 'delete': A_DELETE}

ALLOWED, TOLD, BROKEN, REFUSED = 'allowed', 'told', 'broken', 'refused'

# A claim that is held: a row of the matrix with its bits; access and deny of 'open'.
Part = namedtuple('Part', 'row bits access deny', defaults=(0, 0, 0))
# A wanted operation: a column with the access it implies and the deny bits it brings.
Want = namedtuple('Want', 'column access deny', defaults=(0, 0))

ACCESS_OF = {'read': A_READ, 'write': A_WRITE, 'size': A_WRITE, 'remove': A_DELETE,
             'rename': A_DELETE, 'replace': A_DELETE}


def matrix():
    return json.loads(subprocess.run([MATRIX, '--json'], capture_output=True, check=True).stdout)


class Refused(Exception):
    """The operation was refused, with this name."""


class Again(Exception):
    """The operation must be repeated later."""


# what must come of it

def matrix_outcome(cells, parts, wants, exact):
    """The outcome that the matrix says; parts of caches lose what is broken."""
    outcome, parts = ALLOWED, list(parts)
    for want in wants:
        for i, part in enumerate(parts):
            action, bits, waits, to_write, exact_only, itself = cells[part.row][want.column]
            access = want.access | ACCESS_OF.get(want.column, 0)
            if action == 'deny' and (exact or not exact_only):
                return REFUSED
            if action == 'deny mode' and (access & part.deny or want.deny & part.access):
                return REFUSED
            if action == 'break':
                if want.column == 'open' and (access & A_WRITE or itself and want.deny & A_READ):
                    bits, waits = bits | to_write, waits | to_write
                lost = bits & part.bits
                if lost & waits:
                    outcome = BROKEN
                elif lost and outcome == ALLOWED:
                    outcome = TOLD
                left = part.bits & ~lost
                # a lease without READ is none
                parts[i] = part._replace(bits=left if left & R else 0)
    return outcome


OPENING = {
    'open to read': [Want('open', A_READ)],
    'open to write': [Want('open', A_WRITE)],
    'open, deny write': [Want('open', A_READ, A_WRITE)],
    'open, deny read': [Want('open', A_READ, A_READ)],
}
PLAIN = {
    'read': [Want('read')],
    'write': [Want('write')],
    'truncate': [Want('size')],
    'chmod': [Want('setattr')],
    'remove': [Want('remove')],
    'rename': [Want('rename')],
    'rename over': [Want('replace')],
    'link': [Want('link')],
    'lock shared': [Want('lock shared')],
    'lock exclusive': [Want('lock exclusive')],
}
IN_DIRECTORY = {
    'make in it': [Want('entry')],
    'remove from it': [Want('entry')],
    'rename in it': [Want('entry')],
}
FILE_INTENTS = list(PLAIN) + list(OPENING)


class Actor:
    """An actor that holds claims and attempts operations. Subclasses are protocols."""

    name = exact = None
    claims = ()
    intents = FILE_INTENTS

    def __init__(self, w, client):
        self.w, self.client = w, client

    def wants(self, intent):
        """The operation as intents of the matrix."""
        return {**PLAIN, **OPENING, **IN_DIRECTORY}[intent]

    def expected(self, cells, holder, claim, parts, intent):
        """The expected outcome; by default the one of the matrix."""
        return matrix_outcome(cells, parts, self.wants(intent), self.exact)

    def told(self, seconds=0.0):
        """True if the holder was asked for something."""
        return False

    def end(self):
        """End the actor for good."""


class Held:
    """A claim: its parts, and the actions at a break and at the end."""

    def __init__(self, parts, told=None, give=None, end=None):
        self.parts = parts
        self.told = told or (lambda seconds: False)
        self.give = give
        self.end = end or (lambda: None)


# one cell of the table

class Job:
    """An operation, repeated until it is done, refused, or was delayed too often."""

    def __init__(self, actor, intent, name):
        self.again, self.stop, self.outcome, self.data = 0, False, None, None
        self.thread = threading.Thread(target=self._run, args=(actor, intent, name), daemon=True)
        self.thread.start()

    def _run(self, actor, intent, name):
        while not self.stop:
            try:
                self.data = actor.do(intent, name)
                self.outcome = ALLOWED
                return
            except Again as e:
                self.again, self.why = self.again + 1, str(e)
                time.sleep(0.03)
            except Refused as e:
                self.outcome, self.why = REFUSED, str(e)
                return
            except Exception as e:  # the test gets it, whatever it is
                self.outcome, self.why = repr(e), ''
                return
        self.outcome = REFUSED

    def done(self, seconds):
        self.thread.join(seconds)
        return self.outcome is not None


def cell(held, other, intent, name, caching, want):
    """(outcome, why, data): the holder gives up what it is asked for.

    An event that is expected is waited for longer than one that is not: the machine may be
    busy.
    """
    job, outcome = Job(other, intent, name), ALLOWED
    tries = 8 if want == REFUSED else 300
    end = time.monotonic() + 40
    while not job.done(0.01):
        if held.told(0.01):
            # an operation that need not wait is done before the holder answers
            if outcome != BROKEN:
                need_not = job.done(15 if want == TOLD else 0.2) and job.outcome == ALLOWED
                outcome = TOLD if need_not else BROKEN
            held.give()
        elif job.again > tries and outcome == ALLOWED or time.monotonic() > end:
            job.stop = True
    while caching and held.told(15 if want == TOLD and outcome == ALLOWED else 0.06):
        outcome = TOLD if outcome == ALLOWED else outcome
        held.give()
    if job.outcome != ALLOWED:
        return job.outcome, getattr(job, 'why', ''), job.data
    return outcome, '', job.data
