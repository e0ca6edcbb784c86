# SPDX-License-Identifier: GPL-2.0-only
"""A client of NFSv4.0 in the model that cannot be called back for a while.

Its port refuses connections. So it does not hear that a delegation is recalled, which the server
revokes when the time for its return is over. RENEW tells of it before: then a client should return
all delegations (RFC 7530 10.2.1 and 16.28). This one does so late, or not at all.
"""
import fnmatch
import time

import model_waits
import nfs4
from model_claims import Cache
from model_loop import Defect
from model_nfs4 import PATH_DOWN, RENEW_S
from model_silent import Silent

SECONDS = 2, 8, 30          # how long


class Deaf(Silent):
    """A client that may refuse callbacks."""

    deaf = path_is_down = False

    # while it is deaf
    def gives_way(self, claim):
        return super().gives_way(claim) or self.deaf and isinstance(claim, Cache)

    def doubt(self, claim):
        super().doubt(claim)
        if self.deaf:
            claim.doubted = True

    def delegations(self):
        return [c for c in self.m.caches if c.client is self]

    def may_be_silent(self):
        return not self.deaf and super().may_be_silent()

    def may_be_deaf(self):
        """Whether it has a delegation, and none is on its way."""
        held = self.delegations()
        return held and not self.away and not self.deaf and not any(
            c.to is not None or c.closing for c in held) and (
                not model_waits.may_be_recalled(self))

    def be_deaf(self, run):
        self.say('refuses callbacks, and keeps', *self.delegations())
        self.run, self.deaf, self.path_is_down = run, True, False
        self.until = time.monotonic() + self.dice.choice(SECONDS)
        self.listener.refuse()
        model_waits.doubt_awaited(self.m)

    def renew(self, seconds=RENEW_S):
        if time.monotonic() > self.renewed + seconds:
            r = yield from self.ops(nfs4.renew(self.c.id))
            if r.error == PATH_DOWN:
                self.say('is told that it cannot be called back')
                self.count('told')
                self.path_is_down = True

    def granted(self, what, node, deleg, change):
        """A delegation may take the place of one that was revoked."""
        for c in self.delegations():
            if c.doubted and c.node is node and deleg.stateid and deleg.stateid[1] != c.sid[1]:
                self.loses(c)
        super().granted(what, node, deleg, change)

    def doubtful(self):
        return super().doubtful() or any(c.doubted for c in self.delegations())

    def look(self):
        """The same for delegations that could not be recalled."""
        super().look()
        doubted = [c for c in self.delegations() if c.doubted and not c.closing]
        if self.away or not doubted:
            return
        paths = [x.get('path') for x in self.run.w.server.locks() if
                 x['protocol'] == 'nfs4.0' and x['type'] == 'lease']
        for c in doubted:
            if not any(self.is_at(c.node, path) for path in paths):
                self.say(c, 'was revoked')
                self.count('revoked')
                self.loses(c)
            elif c.owed:
                raise Defect(f'{c} is there, and what conflicts with it was done')

    def is_at(self, node, path):
        """Whether the server may mean a file by a path, which it has none of when the name is gone."""
        top = self.run.w.export
        if path is None or node.gone():
            return path is None and node.gone()
        if node.file is node:
            return path in [f'{top}/{link.path()}' for link in node.links]
        return fnmatch.fnmatch(path, f'{top}/.ditto/streams/{node.file.fileid:016x}-*/'
                                     f'{node.links[0].name}')

    # and again
    def return_all(self):
        """Return all delegations, after which nothing is left to tell."""
        held = self.delegations()
        yield from self.return_these(held)
        r = yield from self.ops(nfs4.renew(self.c.id))
        self.path_is_down = False
        if held and r.error == PATH_DOWN:
            raise Defect(f'{self} has returned all delegations, and hears {r.error}')

    def return_these(self, held):
        for c in held:
            c.closing = True
            error = yield from self.returned(c)
            self.count(error or 'returned')
            self.m.forget(c)

    def count(self, outcome):
        self.m.coverage.steps[self.kind(), 'unheard', outcome] += 1

    def hears_again(self):
        return time.monotonic() > self.until

    def hear(self):
        """Take callbacks, and return what may have been recalled."""
        self.listener.accept(self.listener.port)
        self.deaf = False
        self.say('takes callbacks again')
        yield from self.return_these([c for c in self.delegations() if c.doubted])
