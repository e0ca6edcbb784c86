# SPDX-License-Identifier: GPL-2.0-only
"""SMB clients of the model with persistent opens, which stay while their client is away.

Such an open keeps its ranges and deny bits until the client is back, also over a restart of the
server, and needs no caching. What it caches goes at once when somebody needs that
(Documentation/smb-support.md).
"""
import uuid

from model_claims import Open, Range
from model_lasting import SHORT_MS, Lasting
from model_loop import Defect
from smb_contexts import durable_v2
from smb_lasting import PERSISTENT, PERSISTENT_CAP, reconnect
from truth import H, R, W

WAITS_MS = 300_000
BITS = {'read': R, 'handle': H, 'write': W}


class Persistent(Lasting):
    """A client whose opens may be persistent, too."""

    caps = Lasting.caps | PERSISTENT_CAP
    persists = False        # it asks for a persistent open

    # opens
    def may_last(self, link):
        self.persists = self.dice.random() < 0.5
        durable = [o for o in self.opens(link.node) if o.durable] if link else []
        return not durable or self.persists and all(o.persistent for o in durable)

    def wish(self, number):
        if not self.persists:
            return super().wish(number)
        self.asked_ms = self.pick([WAITS_MS] * 2 + [SHORT_MS])
        return durable_v2(number, self.asked_ms, PERSISTENT)

    def fits(self, o):
        return self.persists or super().fits(o)

    def granted(self, what, o, got, key):
        super().granted(what, o, got, key)
        o.persistent = bool(got.durable) and self.persists
        if bool(got.kind & PERSISTENT) != o.persistent:
            raise Defect(f'{self}: {what}: it is of the kind {got.kind}')

    # away and back
    def stands(self, claim):
        """Whether a claim stays whatever others do."""
        o = claim.by if isinstance(claim, Range) else claim
        return isinstance(o, Open) and o.persistent and not self.may_be_over(o)

    def gives_way(self, claim):
        return self.away and not self.stands(claim)

    def doubt(self, claim):
        """What is cached of a file may be broken before a caller is refused by one that stands."""
        super().doubt(claim)
        for o in self.opens(claim.node):
            o.doubted |= self.stands(claim)

    def lasts(self, o):
        return o.persistent or super().lasts(o)

    def may_cut(self):
        opens = self.opens()
        return (any(o.durable is not None for o in opens) and self.is_settled() and
                all(o.persistent or o.node is self.m.root or o.named() and not o.dooms()
                    for o in opens))

    def lose(self):
        """Lose the connection, if there is one, as the server restarts: persistent opens alone stay,
        and nothing is told of what was written before."""
        if not self.away:
            self.end()
        self.away = True
        for o in self.opens():
            o.wrote = False
            if not o.persistent:
                self.m.close(o)
        self.say('waits for the server, and keeps', *self.opens())

    def returns(self, o):
        return reconnect(o.fid, o.durable, PERSISTENT) if o.persistent else super().returns(o)

    def has_not_waited(self, o):
        if o.persistent and not self.may_be_over(o):
            raise Defect(f'{self}: {o} is persistent, and does not wait')
        super().has_not_waited(o)

    def still_waits(self, server):
        """The same for what its persistent opens cache, which is lost whole (MS-SMB2 3.3.4.7)."""
        super().still_waits(server)
        held = {bytes.fromhex(x['owner']): sum(BITS[name] for name in x['lease'])
                for x in server.locks() if x['client'] == self.in_lists() and 'lease' in x}
        for c in [c for c in self.m.caches if c.client is self and c.bits]:
            # an oplock is that of its open, whose id it has
            bits = held.get(c.key, held.get(c.key[:8], 0))
            if bits & c.owed:
                raise Defect(f'{c} is there, and what conflicts with it was done')
            c.owed = 0
            if bits == c.bits:
                continue
            if bits or not any(o.doubted for o in self.opens() if o.cache is c):
                raise Defect(f'{self} has {bits} instead of {c}, which nothing broke')
            self.say(c, 'was taken')
            c.bits = 0

    def in_lists(self):
        """Its name for the administrator."""
        return f'client {uuid.UUID(bytes_le=self.guid)}'
