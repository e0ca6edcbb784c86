# SPDX-License-Identifier: GPL-2.0-only
"""A client with a directory delegation (RFC 8881 section 18.39)."""
import time

import nfs4
from checks import eq
from nfs4 import putfh
from nfs4_callback import ADDED, DIR_ATTRS, REMOVED, RENAMED
from nfs4_callers import Caller
from nfs4_status import STALE

KINDS = [ADDED, REMOVED, RENAMED, DIR_ATTRS]


class Watcher(Caller):
    """A client with a directory delegation of the share's root, or of a directory below it."""

    def __init__(self, w, *kinds, ask=None, below=(), **kw):
        super().__init__(w, **kw)
        self.root = self.s.fh('data', *below)
        r = self.compound(putfh(self.root), nfs4.get_dir_delegation(*(kinds or KINDS),
                                                                    **(ask or {}))).ok()[-1]
        eq(r.nonfatal, 0, 'granted')
        self.sid, self.granted = r.stateid, r

    def told(self, count):
        """The next changes, from any number of callbacks."""
        got = []
        while len(got) < count:
            call = self.cb.wait(self.conn, 'notify')
            eq((call.stateid, call.fh), (self.sid, self.root))
            got += [c for c in call.changes if c[0] != DIR_ATTRS]
        return got

    def entries(self, count):
        """The same with cookies and neighbours."""
        got = []
        while len(got) < count:
            call = self.cb.wait(self.conn, 'notify')
            got += [e for e in call.entries if e]
        return got

    def listing(self, cookie=0):
        """Names and cookies of the directory's entries."""
        got, eof = [], False
        while not eof:
            r = self.compound(putfh(self.root), nfs4.readdir(cookie)).ok()[-1]
            got += [(e.name, e.cookie) for e in r.entries]
            cookie, eof = got[-1][1] if got else 0, r.eof
        return got

    def gone_when_returned(self):
        """Return the delegation of a removed directory, whose handle is good until then."""
        eq(self.compound(putfh(self.root), nfs4.getattr('numlinks')).ok()[-1].attrs,
           {'numlinks': 0})
        self.give_back(self.sid, self.root)
        eq(self.compound(putfh(self.root)).status, STALE)
        eq(self.flags(), 0, 'nothing was revoked')

    def quiet(self, seconds=0.5):
        """Check that no entry changes; attributes of the directory may still arrive."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.conn.serve(max(end - time.monotonic(), 0.01))
        while not self.cb.calls.empty():
            call = self.cb.take('notify')
            eq([c for c in call.changes if c[0] != DIR_ATTRS], [], 'changes')

    def values(self, *changes):
        """The attributes that come with these changes, the last ones if they are repeated."""
        got = {}
        while set(changes) - set(got):
            call = self.cb.wait(self.conn, 'notify')
            got.update(zip(call.changes, call.attrs))
        return [got[c] for c in changes]
