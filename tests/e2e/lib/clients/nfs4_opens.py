# SPDX-License-Identifier: GPL-2.0-only
"""Clients of NFSv4 that open and lock files by hand."""
import nfs4
from checks import eq
from nfs4 import BOTH, DENY_NONE, WRITE_LT, Client40, Session, getfh, putfh

ANON = (0, bytes(12))
BYPASS = (nfs4.U32_MAX, b'\xff' * 12)
CURRENT = (1, bytes(12))
TO_END = nfs4.U64_MAX


def last(reply, status, what=''):
    """Check the status of the last operation, GETFH not counted; returns its result."""
    if reply.status != status:
        raise AssertionError(f'{what} {nfs4.STATUS.get(reply.status, reply.status)}, expected '
                             f'{nfs4.STATUS[status]}: {reply!r}')
    if reply and reply[-1].op == nfs4.OPS['getfh'] and len(reply) > 1:
        return reply[-2]
    return reply[-1] if reply else None


# RFC 7530 section 9.1.7: with these the seqid of an owner stays.
STAYS = (nfs4.STALE_CLIENTID, nfs4.STALE_STATEID, nfs4.BAD_STATEID, nfs4.BAD_SEQID, nfs4.BADXDR,
         nfs4.RESOURCE, nfs4.NOFILEHANDLE)


class V40(Client40):
    """A client of 4.0 that opens and locks."""

    minor = 0

    def __init__(self, w, client=None, **kw):
        super().__init__(nfs4.connect(client or w.client), **kw)
        self.root = self.fh('data')

    def counted(self, fh, op, *owners):
        """An operation with the next seqid of owners."""
        r = self.compound(putfh(fh), op, getfh())
        if r.status in STAYS:
            for own in owners:
                self.seqids[own] -= 1
        return r

    def try_open(self, name, acc=BOTH, deny=DENY_NONE, own=b'owner', **kw):
        """The reply to OPEN, which is confirmed."""
        r = self.counted(self.root, nfs4.open(self.owner(own), name, acc, deny,
                                              seqid=self.seqid(own), **kw), own)
        if not r.status and r[1].rflags & nfs4.OPEN_CONFIRM:
            c = self.counted(r[2].fh, nfs4.open_confirm(r[1].stateid, self.seqid(own)), own)
            r[1].stateid = c.ok()[1].stateid
        return r

    def close(self, fh, sid, own=b'owner'):
        return self.counted(fh, nfs4.close(sid, self.seqid(own)), own)

    def downgrade(self, fh, sid, acc, deny=DENY_NONE, own=b'owner'):
        return self.counted(fh, nfs4.open_downgrade(sid, acc, deny, self.seqid(own)), own)

    def lock(self, fh, kind, where, sid, own=b'owner', by=b'locker', reclaim=False):
        """Lock by the stateid of an open, as a new lock-owner."""
        new = self.seqid(own), self.seqid(by), self.owner(by)
        return self.counted(fh, nfs4.lock(kind, *where, sid, new=new, reclaim=reclaim), own, by)

    def relock(self, fh, kind, where, sid, by=b'locker'):
        return self.counted(fh, nfs4.lock(kind, *where, sid, seqid=self.seqid(by)), by)

    def unlock(self, fh, where, sid, by=b'locker', kind=WRITE_LT):
        return self.counted(fh, nfs4.locku(kind, *where, sid, self.seqid(by)), by)


class V41(Session):
    """The same with a session of 4.1."""

    @classmethod
    def at(cls, w, client=None, **kw):
        s = cls.make(nfs4.connect(client or w.client), **kw)
        s.root = s.fh('data')
        return s

    def try_open(self, name, acc=BOTH, deny=DENY_NONE, own=b'owner', **kw):
        return self.compound(putfh(self.root), nfs4.open(self.owner(own), name, acc, deny, **kw),
                             getfh())

    def close(self, fh, sid, own=b'owner'):
        return self.compound(putfh(fh), nfs4.close(sid), getfh())

    def downgrade(self, fh, sid, acc, deny=DENY_NONE, own=b'owner'):
        return self.compound(putfh(fh), nfs4.open_downgrade(sid, acc, deny), getfh())

    def lock(self, fh, kind, where, sid, own=b'owner', by=b'locker', reclaim=False):
        return self.compound(putfh(fh), nfs4.lock(kind, *where, sid,
                                                  new=(0, 0, self.owner(by)), reclaim=reclaim))

    def relock(self, fh, kind, where, sid, by=b'locker'):
        return self.compound(putfh(fh), nfs4.lock(kind, *where, sid), getfh())

    def unlock(self, fh, where, sid, by=b'locker', kind=WRITE_LT):
        return self.compound(putfh(fh), nfs4.locku(kind, *where, sid), getfh())


def each(w):
    """A client of each version."""
    yield V40(w)
    yield V41.at(w)
    yield V41.at(w, minor=2)


def opened(c, name='f', *args, **kw):
    """Open a file; returns stateid and handle."""
    r = c.try_open(name, *args, **kw).ok()
    return r[-2].stateid, r[-1].fh


def read(c, fh, sid, pos=0, count=100):
    return c.compound(putfh(fh), nfs4.read(sid, pos, count))


def write(c, fh, sid, pos=0, data=b'x', **kw):
    return c.compound(putfh(fh), nfs4.write(sid, pos, data, **kw))


def lockt(c, fh, kind, where, by=b'other'):
    return c.compound(putfh(fh), nfs4.lockt(kind, *where, c.owner(by)))


def nothing_left(w):
    claims = w.server.claims()
    eq((claims.get('opens', 0), claims.get('ranges', 0)), (0, 0), 'claims that are left')


def older(sid):
    return sid[0] - 1, sid[1]


def newer(sid):
    return sid[0] + 1, sid[1]
