# SPDX-License-Identifier: GPL-2.0-only
"""SMB clients of the model that lose their connection, and come back to their durable opens.

What an open needs to wait is in Documentation/smb-support.md. A client that is away cannot give
up what it caches: who conflicts with it goes on at once, and the open is closed.
"""
import smb2
from model_checks import settle
from model_claims import Range
from model_loop import Defect
from model_smb import OPLOCKS
from model_streams import SmbStreams
from smb2 import OPEN
from t_smb_durable import Answer, durable_v2, lease_v2, reconnect_v2
from t_smb_lease import LEASE
from truth import H, W

BATCH = next(level for level, bits in OPLOCKS.items() if bits & H)


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
        return durable_v2(number)

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
            o.durable = asked

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
        return not self.waits() and not any(
            c.client is self and (c.to is not None or c.closing) for c in self.m.caches)

    def cut(self):
        """Lose the connection, and all opens that do not wait."""
        self.away = True
        self.end()
        for o in self.opens():
            if not self.lasts(o):
                self.m.close(o)
        self.say('loses its connection, and keeps', *self.opens())

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
        o.fid, o.doubted = got.fid, False

    def doubt(self, claim):
        """One of its claims is in the way, so that its open is closed."""
        for o in self.opens():
            o.doubted |= claim in (o, o.cache) or isinstance(claim, Range) and claim.by is o

    def still_waits(self, server):
        """Compare its opens with those that the server has; others may have closed them."""
        paths = {o['path'] for o in server.json('open', 'list') if o.get('waits_s')}
        for o in self.opens():
            if o.path() not in paths:
                self.has_not_waited(o)

    def has_not_waited(self, o):
        if not o.doubted:
            raise Defect(f'{self}: {o} does not wait any more, and nothing conflicts')
        self.say(f'{o} has not waited')
        self.m.coverage.steps[self.kind(), 'back', 'gave way'] += 1
        self.m.close(o)


def check(run, clients):
    """See which opens of clients that are away still wait."""
    away = [c for c in clients if c.away]

    def look():
        for c in away:
            c.still_waits(run.w.server)
    settle(run, lambda: away, look)
