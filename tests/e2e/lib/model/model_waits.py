# SPDX-License-Identifier: GPL-2.0-only
"""Ranges that clients of the model wait for: LOCK of SMB without FAIL_IMMEDIATELY, LOCK of NLM with
"block", and F_OFD_SETLKW of local processes. A client of NFSv4.1 hopes to be told when a range is
free (RFC 8881 20.11).

Such a request is granted as soon as no range is in its way. One of NLM does not overtake an earlier
one that it conflicts with; one of SMB is tried at once first. A request is refused if its waiting
would close a circle of owners that wait for each other (Documentation/locking.md, "Waiting"). The
server does not know of local processes that wait.
"""
import time

from model_claims import Range
from model_loop import Defect, Future

WAITS_MAX = 3               # of a client
TOLD_S = 10                 # until a request is granted that nothing stops
FORGOTTEN_S = 50            # after which a server may not tell him any more


class Wait(Range):
    """A range that is waited for, and what is told of it. ended: it is given up, or may be."""

    def __init__(self, *args):
        super().__init__(*args)
        self.ended, self.answer, self.since = False, Future(), time.monotonic()

    def __repr__(self):
        return f'wait for {super().__repr__()}'

    def set(self, answer):
        """The answer, in the place of a future."""
        self.client.wait_over(self, answer)
        self.answer.set(answer)

    def conflicts(self, other):
        """One of two requests in the server's queue may have to wait for the other."""
        return (self.client.counted and other.client.counted and
                self.node is other.node and self.lo <= other.hi and other.lo <= self.hi and
                (self.exclusive or other.exclusive) and self.owner != other.owner)

    def is_forgotten(self):
        return time.monotonic() > self.since + FORGOTTEN_S

    def column(self):
        return f'lock {"exclusive" if self.exclusive else "shared"}'


class Hope(Wait):
    """A lock that was denied to a client that is to be told when it is free."""

    def repeats(self, other):
        return (self.by, self.lo, self.hi, self.exclusive) == (
            other.by, other.lo, other.hi, other.exclusive)

    def is_told(self):
        """Whether the client was told, or need not be."""
        return (self not in self.client.hopes or self.ended or self.client.away or
                self.is_forgotten())


class Waiter:
    """What clients have in common that wait for ranges. Subclasses have cancel() of one wait."""

    def waits(self):
        return [w for w in self.m.waits if w.client is self]

    def wanted(self, node):
        """(first, last) byte of a range, of one that is locked by preference."""
        return self.pick([(r.lo, r.hi) for r in self.m.ranges if r.node is node] + [self.range()])

    def in_the_way(self, wait):
        """Ranges that stop a request."""
        return self.m.ranges_against(wait.node, wait.lo, wait.hi, wait.exclusive, wait.owner,
                                     wait.exact)

    def begin_wait(self, wait):
        self.say(wait, 'begins')
        self.m.waits.append(wait)
        doubt_awaited(self.m)

    def wait_over(self, wait, answer):
        """The server has answered a request that waited."""
        if wait not in self.m.waits:
            return
        self.say(wait, '->', answer.error or 'done')
        self.m.coverage.steps[self.kind(), 'wait', answer.error or 'done'] += 1
        self.m.waits.remove(wait)
        if not answer.error:
            self.m.grant(wait)
        elif not wait.ended:
            raise Defect(f'{self}: {wait} ended with {answer.error}')

    def may_close_circle(self, wait):
        """Whether the owner would wait for itself."""
        seen, todo = set(), [x.owner for x in self.blockers(wait)]
        while todo:
            owner = todo.pop()
            if owner == wait.owner:
                return True
            if owner not in seen:
                seen.add(owner)
                todo += [x.owner for w in self.m.waits if w.owner == owner and w.client.counted
                         for x in self.blockers(w)]
        return False

    def blockers(self, wait):
        return self.in_the_way(wait) + [w for w in self.m.waits if w.conflicts(wait)]

    def do_cancel(self):
        wait = self.pick(self.waits())
        if wait:
            yield from self.cancel(wait)
            self.m.coverage.ended(self, 'done')

    def cancel_all(self):
        for wait in self.waits():
            if wait in self.m.waits:
                yield from self.cancel(wait)


def breaks(m, wait):
    """Caches that have to be given up before a range is locked: by a process, with its open."""
    client = wait.client
    if not client.counted:
        return []
    return [c for c, _, first in m.caches_against(
        wait.node, wait.column(), client, wait.by and client.key(wait.by)) if first]


def doubt_awaited(m):
    """Who is away may lose what requests wait for, ranges or caches, when their turn comes."""
    for wait in m.waits:
        wait.client.present(wait.client.in_the_way(wait) + breaks(m, wait))


def may_be_recalled(client):
    """Whether a break for a request that waits may be on its way to the client."""
    return any(c.client is client for w in client.m.waits if not w.client.in_the_way(w)
               for c in breaks(client.m, w))


def stops(m, wait):
    """What has to go before a range is locked."""
    return wait.client.present(wait.client.in_the_way(wait)) or breaks(m, wait)


def unstopped(m):
    """Requests that neither a range, nor a break, nor one that is stopped itself is in the way of."""
    stopped = [w for w in m.waits if stops(m, w)]
    while True:
        more = [w for w in m.waits if w not in stopped and any(w.conflicts(v) for v in stopped)]
        if not more:
            return [w for w in m.waits if w not in stopped]
        stopped += more


def ahead(m, hope):
    """Requests that wait for longer: the one who is told would only be refused for them."""
    return [w for w in m.waits if w.conflicts(hope) and w.since < hope.since]


def check(run):
    """What nothing stops is granted, and nothing else."""
    if run.m.strange:
        raise Defect(run.m.strange[0])
    def granted():
        if unstopped(run.m):
            for c in run.silent:
                c.look()
        return not unstopped(run.m)
    try:
        run.loop.until('ranges that are free', granted, TOLD_S)
    except Defect:
        raise Defect(f'nothing stops {unstopped(run.m)}, and it is not granted') from None
    hopes = [w for c in run.v4 for w in c.hopes]

    def told():
        return all(w.is_told() or stops(run.m, w) or ahead(run.m, w) for w in hopes)
    try:
        run.loop.until('callbacks', told, TOLD_S)
    except Defect:
        raise Defect(f'nothing stops any of {hopes}, of which nobody is told') from None


def cancel_all(run):
    """Have nobody wait."""
    for c in [run.v3, *run.smb, run.local]:
        if not c.away:
            run.loop.run(c.cancel_all())
