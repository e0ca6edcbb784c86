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
        lasts = not stream and not (link and any(o.durable for o in self.opens(link.node)))
        if lasts and self.dice.random() < 0.6:
            self.number = self.number % 180 + 1
            self.asked = self.number
            parts = [*parts, durable_v2(self.asked)]
        return parts, level, c

    def granted(self, what, o, got, key):
        super().granted(what, o, got, key)
        caches = bool(o.cache and o.cache.bits & H)
        asked = None if o.node.is_dir else self.asked
        if bool(got.durable) != (caches and asked is not None):
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
        return (any(o.durable is not None for o in self.opens()) and
                not any(c.client is self and (c.to is not None or c.closing)
                        for c in self.m.caches) and
                all(o.named() or o.node is self.m.root for o in self.opens()) and
                not any(o.dooms() for o in self.opens()))

    def cut(self):
        """Lose the connection, and all opens that do not wait."""
        self.away = True
        del self.loop.readers[self.s.socket]
        self.s.end()
        for o in self.opens():
            if not self.lasts(o):
                self.m.close(o)
        self.say('loses its connection, and keeps', *self.opens())

    def back(self):
        """Come back, and to each open that waits."""
        self.connect()
        self.away = False
        for o in self.opens():
            c = o.cache
            parts = [lease_v2(c.key, 0)] if c.epoch is not None else []
            r = yield from self.ask(smb2.CREATE, self.body_of(
                o.path('\\'), *parts, reconnect_v2(o.fid, o.durable), how=OPEN,
                level=LEASE if parts else BATCH))
            self.say(f'comes back to {o} -> {r.error or "done"}')
            self.m.coverage.steps[self.kind(), 'back', r.error or 'done'] += 1
            if r.error:
                raise Defect(f'{self} does not get back {o}, which waited: {r.error}')
            got = Answer(r.body)
            bits = got.state if got.level == LEASE else OPLOCKS.get(got.level, 0)
            if bits != c.bits:
                raise Defect(f'{self} comes back to {o}, and has {bits} instead of {c}')
            if c.epoch is None:
                c.key = got.fid
            else:
                c.epoch = got.epoch
            o.fid, o.doubted = got.fid, False

    def doubt(self, claim):
        """One of its claims is in the way, so that its open is closed."""
        for o in self.opens():
            o.doubted |= claim in (o, o.cache) or isinstance(claim, Range) and claim.by is o

    def still_waits(self, paths):
        """Compare its opens with those that the server has; others may have closed them."""
        for o in self.opens():
            if o.path() not in paths:
                if not o.doubted:
                    raise Defect(f'{self}: {o} does not wait any more, and nothing conflicts')
                self.say(f'{o} has not waited')
                self.m.coverage.steps[self.kind(), 'back', 'gave way'] += 1
                self.m.close(o)


def check(run, clients):
    """See which opens of clients that are away still wait."""
    away = [c for c in clients if c.away]

    def look():
        paths = {o['path'] for o in run.w.server.json('open', 'list') if o.get('waits_s')}
        for c in away:
            c.still_waits(paths)
    settle(run, lambda: away, look)
