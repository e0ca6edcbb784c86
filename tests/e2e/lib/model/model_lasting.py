# SPDX-License-Identifier: GPL-2.0-only
"""SMB clients of the model that lose their connection, and come back to their durable opens.

What an open needs to wait is in Documentation/smb-support.md. A client that is away cannot give
up what it caches: who conflicts with it goes on at once, and the open is closed. So it is when its
client does not come back in time.
"""
import time

import model_waits
import smb2
from checks import SLOW
from model_checks import claims
from model_claims import Range
from model_loop import Defect
from model_smb import OPLOCKS
from model_streams import SmbStreams
from smb2 import OPEN
from smb_cachers import LEASE
from smb_contexts import TIMEOUT_MS, Answer, durable_v2, lease_v2, reconnect_v2
from truth import H, W

BATCH = next(level for level, bits in OPLOCKS.items() if bits & H)
SHORT_MS = 12000            # for which some opens wait
EARLY_S, LATE_S = 3, 10     # before and after the time of an open is over


class Lasting(SmbStreams):
    """A client with durable opens, at most one of each file."""

    def __init__(self, client, *args):
        super().__init__(client, *args)
        self.number, self.asked = 0, None

    # opens
    def caching(self, link, stream=False):
        parts, level, c = super().caching(link)
        self.asked = None
        # if the file of a stream is removed, the open waits, and nobody can name it
        if not stream and self.dice.random() < 0.6 and self.may_last(link):
            self.number = self.number % 180 + 1
            self.asked = self.number
            parts = [*parts, self.wish(self.asked)]
        return parts, level, c

    def may_last(self, link):
        """Whether one more open of a file may wait for the client."""
        return not (link and any(o.durable for o in self.opens(link.node)))

    def wish(self, number):
        """The create context that asks for a durable open."""
        self.asked_ms = self.pick([TIMEOUT_MS] * 2 + [SHORT_MS])
        return durable_v2(number, self.asked_ms)

    def fits(self, o):
        """Whether an open for which that was asked is durable."""
        return bool(o.cache and o.cache.bits & H)

    def granted(self, what, o, got, key):
        super().granted(what, o, got, key)
        asked = None if o.node.is_dir else self.asked
        if bool(got.durable) != (asked is not None and self.fits(o)):
            raise Defect(f'{self}: {what}: durable {got.durable}, asked for {asked}, it has '
                         f'{o.cache}')
        if got.durable:
            o.durable, o.waits_s = asked, self.asked_ms / 1000
            if got.timeout != self.asked_ms:
                raise Defect(f'{self}: {what}: it waits for {got.timeout} ms, asked for '
                             f'{self.asked_ms}')

    # away and back
    def lasts(self, o):
        """Whether an open waits for the client."""
        c = o.cache
        return o.durable is not None and c.bits & H and c.to is None and not o.dooms() and (
            c.bits & W or not any(r.by is o for r in self.m.ranges))

    def may_cut(self):
        """Whether it has a durable open, and nothing is on its way."""
        return (any(o.durable is not None for o in self.opens()) and self.is_settled() and
                all(o.named() or o.node is self.m.root for o in self.opens()) and
                not any(o.dooms() for o in self.opens()))

    def is_settled(self):
        """It waits for nothing, and no break is on its way to it."""
        return not self.waits() and not model_waits.may_be_recalled(self) and not any(
            c.client is self and (c.to is not None or c.closing) for c in self.m.caches)

    def cut(self):
        """Lose the connection, and all opens that do not wait."""
        self.away = True
        self.end()
        for o in self.opens():
            if not self.lasts(o):
                self.m.close(o)
        now = time.monotonic()
        self.wait_since(now, now)
        model_waits.doubt_awaited(self.m)
        self.say('loses its connection, and keeps', *self.opens())

    def wait_since(self, first, last):
        """The opens wait since a time between these."""
        for o in self.opens():
            o.ends = first + o.waits_s, last + o.waits_s

    @staticmethod
    def may_be_over(o, soon=EARLY_S):
        return o.ends is not None and time.monotonic() > o.ends[0] - soon

    def back(self):
        """Come back, and to each open that waits."""
        self.connect()
        self.away = False
        for o in self.opens():
            yield from self.back_to(o)

    def returns(self, o):
        """The create context that asks for an open that waits."""
        return reconnect_v2(o.fid, o.durable)

    def back_to(self, o):
        c = o.cache
        parts = [lease_v2(c.key, 0)] if c and c.epoch is not None else []
        r = yield from self.ask(smb2.CREATE, self.body_of(
            o.path('\\'), *parts, self.returns(o), how=OPEN, level=LEASE if parts else BATCH))
        self.say(f'comes back to {o} -> {r.error or "done"}')
        self.m.coverage.steps[self.kind(), 'back', r.error or 'done'] += 1
        if r.error == 'OBJECT_NAME_NOT_FOUND' and self.may_be_over(o):
            self.has_not_waited(o)
            return
        if r.error:
            raise Defect(f'{self} does not get back {o}, which waited: {r.error}')
        got = Answer(r.body)
        bits = got.state if got.level == LEASE else OPLOCKS.get(got.level, 0)
        if bits != (c.bits if c else 0):
            raise Defect(f'{self} comes back to {o}, and has {bits} instead of {c}')
        if c and c.epoch is None:
            c.key = got.fid
        elif c:
            c.epoch = got.epoch
        o.fid, o.doubted, o.ends = got.fid, False, None

    def doubt(self, claim):
        """One of its claims is in the way, so that its open is closed."""
        for o in self.opens():
            o.doubted |= claim in (o, o.cache) or isinstance(claim, Range) and claim.by is o

    def still_waits(self, server):
        """Compare its opens with those that the server has; others may have closed them."""
        there = waiting(server)
        for o in self.opens():
            if number_of(o) not in there:
                self.has_not_waited(o)

    def has_not_waited(self, o):
        over = self.may_be_over(o)
        if not o.doubted and not over:
            raise Defect(f'{self}: {o} does not wait any more, and nothing conflicts')
        self.say(f'{o} has not waited{" any longer" if over else ""}')
        self.m.coverage.steps[self.kind(), 'back', 'too late' if over else 'gave way'] += 1
        self.m.close(o)


def number_of(o):
    """The number of an open in the server's list."""
    return int.from_bytes(o.fid[:8], 'little')


def waiting(server):
    """The numbers of the opens that wait for their clients."""
    return {o['id'] for o in server.json('open', 'list') if o.get('waits_s')}


def listed(server):
    """The same of all opens, also of those that are being closed."""
    return {o['id'] for o in server.json('open', 'list')}


def await_ends(run, clients):
    """Wait for the end of the opens whose time may be over, as their client stays away."""
    over = [(c, o) for c in clients for o in c.opens() if c.may_be_over(o)]
    if not over:
        return
    last = max(o.ends[1] for _, o in over) - time.monotonic()
    numbers = {number_of(o) for _, o in over}
    run.loop.until(f'the end of {[o for _, o in over]}',
                   lambda: not numbers & listed(run.w.server), max(last, 0) / SLOW + LATE_S)
    for c, o in over:
        c.has_not_waited(o)
    claims(run)


def look(run, clients):
    """See which opens of clients that are away still wait."""
    for c in clients:
        if c.away:
            c.still_waits(run.w.server)
