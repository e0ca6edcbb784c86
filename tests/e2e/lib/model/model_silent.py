# SPDX-License-Identifier: GPL-2.0-only
"""NFSv4 clients of the model that are silent for longer than their lease.

The server keeps what such a client holds, until another caller needs some of it; then all of it
goes (Documentation/locking.md, "Clients"). The client comes back to all, or begins anew.
"""
import time

import model_waits
import nfs4
from checks import SLOW
from model_loop import Defect
from model_nfs4 import PATH_DOWN
from model_streams import Nfs4Streams

SHORT_S = 5                 # a lease
LOST = ('EXPIRED', 'BADSESSION', 'STALE_CLIENTID')


class Silent(Nfs4Streams):
    """A client that may be silent."""

    server = away_as = None # that which knows it by this name, while it is silent
    doubted = False         # a claim of it has been in the way

    def doubt(self, _claim):
        self.doubted = True

    def claims(self):
        return [x for x in self.m.opens + self.m.ranges + self.m.caches if x.client is self]

    def may_be_silent(self):
        """Whether it holds something, and nothing is on its way."""
        return self.claims() and not model_waits.may_be_recalled(self) and all(
            c.to is None and not c.closing for c in self.m.caches)

    def recalled(self, call):
        if self.away:
            self.doubted = True
            return nfs4.OK
        return super().recalled(call)

    def be_silent(self, run):
        """Say nothing until the server has noticed, with a short lease for that time."""
        server, end = run.w.server, time.monotonic() + 60 * SLOW
        before, there = server.setting('lease_time_s'), set(server.clients())
        self.say('is silent, and keeps', *self.claims())
        self.away, self.doubted = True, False
        model_waits.doubt_awaited(self.m)
        server.ctl('server', 'set', 'lease-time-s', str(SHORT_S))
        while True:
            quiet = [x['name'] for x in courtesy(server)]
            if not quiet and self.doubted:
                # one who waits for it does not let it be a courtesy client for long
                quiet = there - set(server.clients())
            if quiet:
                break
            for c in run.v4:
                if not c.away:
                    self.loop.run(c.renew(0))
            if time.monotonic() > end:
                raise Defect(f'{self} is no courtesy client')
            self.loop.pump(0.2)
        server.ctl('server', 'set', 'lease-time-s', str(before))
        self.server, (self.away_as,) = server, quiet

    def doubtful(self):
        """Whether some of its claims may be gone."""
        return self.away and bool(self.claims())

    def look(self):
        """See whether a silent client is still there; if not, it may have lost all."""
        if self.away and self.claims() and self.away_as not in [
                x['name'] for x in courtesy(self.server)]:
            self.forget()

    def speak(self):
        """Come back, to all that it had or as a client that has nothing."""
        self.away = False
        kept = bool(self.claims())
        r = yield from self.ops(*[] if self.minor else [nfs4.renew(self.c.id)], lost=LOST)
        self.say('speaks again ->', r.error or 'done')
        self.m.coverage.steps[self.kind(), 'speak', r.error or 'done'] += 1
        if kept and r.error not in ('', PATH_DOWN):
            raise Defect(f'{self} lost all that it had, and nothing conflicted: {r.error}')
        if not kept:
            if r.error not in LOST:
                raise Defect(f'{self} has lost its claims, and hears {r.error or "nothing"} of it')
            self.begin()

    def forget(self):
        """Another caller needed something of it."""
        if not self.doubted:
            raise Defect(f'{self} is gone, and nothing conflicted with {self.claims()}')
        self.say('has lost everything')
        for o in self.opens():
            self.m.close(o)
        self.hopes.clear()
        for claims in (self.m.ranges, self.m.caches):
            claims[:] = [x for x in claims if x.client is not self]


def courtesy(server):
    return [x for x in server.json('lock', 'client', 'list') if x.get('courtesy')]
