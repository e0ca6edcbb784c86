# SPDX-License-Identifier: GPL-2.0-only
"""A server whose files are used by versions 4.1 and 4.2 of NFS."""

import contextlib
import time

import guest
import nfs4

MIB = 1 << 20


class Server(guest.Server):
    """A server with a client of version 4.1 that keeps the file open."""

    # A listing of this version has neither "." nor "..".
    listed = guest.LISTED
    wire = session = stateid = None

    def find_files(self):
        with guest.namespace(self.net):
            self.wire = nfs4.Conn(contextlib.nullcontext(), "127.0.0.1", 2049, timeout=30)
        # knfsd serves the folder as its root (fsid=0).
        path = [*([] if self.kind == "knfsd" else ["bench"]), *self.folder]
        self.session = nfs4.Session.make(self.wire)
        self.handles["root"] = self.session.fh(*path)
        for name in guest.NAMES:
            self.handles[name] = self.session.fh(*path, name)
        for _ in range(300):
            got, _ = self.session.open(self.handles["root"], b"file", nfs4.BOTH | nfs4.WANT_NO)
            if got.status != nfs4.GRACE:
                break
            time.sleep(0.1)
        if got.status:
            raise RuntimeError(f"{self.label}: OPEN: {nfs4.STATUS.get(got.status, got.status)}")
        self.stateid = (0, got.stateid[1])

    def load(self, op, handle, count, outstanding, **more):
        """Run in a session of its own, so that every slot begins with 1."""
        c = self.session
        minor = 2 if op == "readplus4" else 1
        r = c.nfs.compound(nfs4.create_session(
            c.clientid, self.next_session(), 0,
            nfs4.Channel(2 * MIB, 2 * MIB, 4096, 16, outstanding)),
            minor=minor).ok()[0]
        if r.fore.requests < outstanding:
            raise RuntimeError(f"{self.label}: {r.fore.requests} slots only")
        try:
            return super().load(op, handle, count, outstanding, session=r.sessionid.hex(),
                                clientid=c.clientid, stateid=nfs4.stateid(self.stateid).hex(),
                                **more)
        finally:
            c.nfs.compound(nfs4.destroy_session(r.sessionid), minor=minor).ok()

    def next_session(self):
        """csa_sequence: the first one was used for the client's first session."""
        self.sessions = getattr(self, "sessions", self.session.exchange.seqid) + 1
        return self.sessions

    def mount_options(self):
        return "vers=4.1"

    def mount(self, where):
        self.share = "/" if self.kind == "knfsd" else self.share
        super().mount(where)


