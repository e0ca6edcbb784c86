# SPDX-License-Identifier: GPL-2.0-only
"""NFSv4 by hand: opens, byte-range locks, their stateids, and what is read and written by them."""
import functools
import os
import struct

import lockers
import nfs4
import rpc
from harness import as_user, eq, get, mount, one_of, pattern, put, test, umount
from nfs4 import (BOTH, DENY_BOTH, DENY_NONE, DENY_READ, DENY_WRITE, EXCLUSIVE, EXCLUSIVE4_1,
                  GUARDED, READ, READ_LT, READW_LT, UNCHECKED, WRITE, WRITE_LT, WRITEW_LT, Client40,
                  Session, getattr, getfh, lookup, putfh, putrootfh, restorefh, savefh)

MS_BIND = 4096

wire = functools.partial(test, server='ditto')

ANON = (0, bytes(12))
BYPASS = (nfs4.U32_MAX, b'\xff' * 12)
CURRENT = (1, bytes(12))
TO_END = nfs4.U64_MAX


def last(reply, status, what=''):
    """The last operation ended with this status; its result. A GETFH behind it does not count."""
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
        """The reply to OPEN; confirmed."""
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
        """By the stateid of an open, as a lock-owner that is new to it."""
        new = self.seqid(own), self.seqid(by), self.owner(by)
        return self.counted(fh, nfs4.lock(kind, *where, sid, new=new, reclaim=reclaim), own, by)

    def relock(self, fh, kind, where, sid, by=b'locker'):
        return self.counted(fh, nfs4.lock(kind, *where, sid, seqid=self.seqid(by)), by)

    def unlock(self, fh, where, sid, by=b'locker', kind=WRITE_LT):
        return self.counted(fh, nfs4.locku(kind, *where, sid, self.seqid(by)), by)


class V41(Session):
    """The same by a session of 4.1."""

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
    """Stateid and handle of what was opened."""
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


# opens

@wire
def opened_and_closed(w):
    """One state for an owner and a file, whatever the number of OPENs."""
    put(w.path('f'), b'0123456789', 0o666)
    for c in each(w):
        sid, fh = opened(c, 'f', READ)
        eq(sid[0] >= 1, True)
        again, fh2 = opened(c, 'f', WRITE)
        eq((again, fh2), (newer(sid), fh))
        other, _ = opened(c, 'f', READ, own=b'somebody else')
        eq(other[1] != sid[1], True, 'owners share a state')
        eq(w.server.claims()['opens'], 2)
        eq(last(read(c, fh, again), nfs4.OK).data, b'0123456789')
        last(c.close(fh, sid), nfs4.OLD_STATEID)
        r = last(c.close(fh, again), nfs4.OK)
        eq(r.stateid, (nfs4.U32_MAX, bytes(12)) if c.minor else newer(again))
        last(read(c, fh, again), nfs4.BAD_STATEID)
        last(c.close(fh, other, own=b'somebody else'), nfs4.OK)
        nothing_left(w)


@wire
def seqids_of_open_owners(w):
    """4.0: a request that comes again is answered again, and not done again."""
    c = V40(w)
    opened(c, how=UNCHECKED)
    number = c.seqid()
    once = [putfh(c.root), nfs4.open(c.owner(), 'g', BOTH, seqid=number, how=GUARDED), getfh()]
    a = c.compound(*once).ok()
    b = c.compound(*once[:2]).ok()
    eq((a[1].stateid, a[1].change.__dict__), (b[1].stateid, b[1].change.__dict__))
    # one that failed fails again, though it would work now
    number = c.seqid()
    once = [putfh(c.root), nfs4.open(c.owner(), 'h', READ, seqid=number)]
    last(c.compound(*once), nfs4.NOENT)
    put(w.path('h'))
    last(c.compound(*once), nfs4.NOENT)
    for wrong in (number - 1, number + 2, 0, nfs4.U32_MAX):
        once = [putfh(c.root), nfs4.open(c.owner(), 'h', READ, seqid=wrong)]
        last(c.compound(*once), nfs4.BAD_SEQID, wrong)
    # another operation is no replay
    last(c.compound(putfh(a[2].fh), nfs4.close(a[1].stateid, number)), nfs4.BAD_SEQID)
    # what makes no sense counts, too
    for bad in ({'acc': 0}, {'acc': 4}, {'acc': 0x101}, {'deny': 4}):
        r = c.try_open('h', bad.get('acc', READ), bad.get('deny', 0))
        last(r, nfs4.INVAL, bad)
    last(c.try_open(b''), nfs4.INVAL)
    last(c.try_open(b'a/b'), nfs4.BADNAME)
    opened(c, 'h')


@wire
def opened_again(w):
    """4.0: a COMPOUND that comes again over another connection is about the same file."""
    put(w.path('g'), b'', 0o666)
    c = V40(w)

    def twice(name, number, how):
        once = [putfh(c.root), nfs4.open(c.owner(), name, BOTH, seqid=number, how=how), getfh(),
                getattr('fileid', 'type')]
        a = c.compound(*once).ok()
        again = nfs4.Nfs4(nfs4.connect(w.client), 0)
        b = again.compound(*once).ok()
        eq([(r[1].stateid, r[2].fh, r[3].attrs) for r in (b,)],
           [(a[1].stateid, a[2].fh, a[3].attrs)])
        eq(a[2].fh != c.root and a[3].attrs['fileid'], os.stat(w.path(name)).st_ino)
        return a[1], a[2].fh
    # not confirmed yet, and then
    r, fh = twice('f', c.seqid(), UNCHECKED)
    sid = c.compound(putfh(fh), nfs4.open_confirm(r.stateid, c.seqid())).ok()[1].stateid
    gsid = twice('g', c.seqid(), None)[0].stateid
    twice('h', c.seqid(), GUARDED)
    # a name that is another file's by now, or nobody's: what was opened is meant
    number = c.seqid()
    once = [putfh(c.root), nfs4.open(c.owner(), 'f', READ, seqid=number), getfh()]
    a = c.compound(*once).ok()
    os.rename(w.path('g'), w.path('f'))
    b = c.compound(*once).ok()
    eq((b[1].stateid, b[2].fh), (a[1].stateid, fh))
    eq(b[1].stateid[1], sid[1])
    # and what was refused leaves the directory
    number = c.seqid()
    once = [putfh(c.root), nfs4.open(c.owner(), 'none', READ, seqid=number)]
    for _ in range(2):
        last(c.compound(*once), nfs4.NOENT)
    eq(gsid[1] != sid[1], True)


@wire
def closed_again(w):
    """4.0: the CLOSE whose reply was lost, until the owner does something else."""
    c = V40(w)
    sid, fh = opened(c, how=UNCHECKED)
    number = c.seqid()
    once = [putfh(fh), nfs4.close(sid, number)]
    a, b = (last(c.compound(*once), nfs4.OK) for _ in range(2))
    eq(a.stateid, b.stateid)
    nothing_left(w)
    last(c.compound(putfh(fh), nfs4.close(sid, number + 5)), nfs4.BAD_SEQID)
    last(read(c, fh, sid), nfs4.BAD_STATEID)
    opened(c, 'f')
    last(c.compound(*once), nfs4.BAD_STATEID)


@wire
def confirmation(w):
    """4.0: an open-owner is confirmed once; before, nothing is done by what it has."""
    c = V40(w)
    put(w.path('f'), b'x', 0o666)
    ask = functools.partial(nfs4.open, c.owner(), 'f', BOTH)
    r = c.compound(putfh(c.root), ask(seqid=7), getfh()).ok()
    sid, fh = r[1].stateid, r[2].fh
    eq(r[1].rflags & nfs4.OPEN_CONFIRM, nfs4.OPEN_CONFIRM)
    last(read(c, fh, sid), nfs4.BAD_STATEID)
    # the same again, then another one: what was before is void
    eq(c.compound(putfh(c.root), ask(seqid=7)).ok()[1].stateid, sid)
    r = c.compound(putfh(c.root), ask(seqid=20)).ok()
    last(c.compound(putfh(fh), nfs4.open_confirm(sid, 21)), nfs4.BAD_STATEID)
    sid = r[1].stateid
    last(c.compound(putfh(fh), nfs4.open_confirm(sid, 23)), nfs4.BAD_SEQID)
    eq(w.server.claims()['opens'], 1)
    once = [putfh(fh), nfs4.open_confirm(sid, 21)]
    eq([last(c.compound(*once), nfs4.OK).stateid for _ in range(2)], [newer(sid)] * 2)
    last(c.compound(putfh(fh), nfs4.open_confirm(newer(sid), 22)), nfs4.BAD_STATEID)
    last(read(c, fh, newer(sid)), nfs4.OK)
    r = c.compound(putfh(c.root), ask(seqid=22)).ok()
    eq(r[1].rflags & nfs4.OPEN_CONFIRM, 0)
    last(c.compound(putfh(fh), nfs4.close(r[1].stateid, 23)), nfs4.OK)
    nothing_left(w)


@wire
def downgrades(w):
    """To what was asked for by some of the OPENs together, and nothing else."""
    put(w.path('f'), b'', 0o666)
    for c in each(w):
        opened(c, 'f', READ, DENY_NONE)
        sid, fh = opened(c, 'f', WRITE, DENY_WRITE)
        for acc, deny in ((READ, DENY_WRITE), (BOTH, DENY_NONE), (BOTH, DENY_BOTH), (READ, DENY_READ),
                          (0, 0), (4, 0), (READ, 4)):
            last(c.downgrade(fh, sid, acc, deny), nfs4.INVAL, (acc, deny))
        # both at once was never asked for in one, but is what there is
        sid = last(c.downgrade(fh, sid, BOTH, DENY_WRITE), nfs4.OK).stateid
        old, sid = sid, last(c.downgrade(fh, sid, READ), nfs4.OK).stateid
        eq(sid, newer(old))
        last(c.downgrade(fh, old, READ), nfs4.OLD_STATEID)
        last(write(c, fh, sid), nfs4.OPENMODE)
        last(c.downgrade(fh, sid, WRITE, DENY_WRITE), nfs4.INVAL)
        # others may write now
        other = V41.at(w)
        last(other.close(*opened(other, 'f', WRITE)[::-1]), nfs4.OK)
        last(c.close(fh, sid), nfs4.OK)


@wire
def no_downgrade_below_locks(w):
    put(w.path('f'), b'', 0o666)
    for c in each(w):
        opened(c, 'f', READ)
        sid, fh = opened(c, 'f', BOTH)
        lsid = last(c.lock(fh, WRITE_LT, (0, 10), sid), nfs4.OK).stateid
        last(c.downgrade(fh, sid, READ), nfs4.LOCKS_HELD)
        lsid = last(c.relock(fh, READ_LT, (0, 10), lsid), nfs4.OK).stateid
        sid = last(c.downgrade(fh, sid, READ), nfs4.OK).stateid
        last(c.relock(fh, WRITE_LT, (0, 10), lsid), nfs4.OPENMODE)
        last(c.close(fh, sid), nfs4.OK)


@wire
def share_reservations(w):
    """Access against denial, both ways, of two owners, of two clients, of two versions."""
    put(w.path('f'), b'', 0o666)
    a = V41.at(w)
    for c, own in ((a, b'second'), (V41.at(w), b'owner'), (V40(w), b'owner')):
        for acc in (READ, WRITE, BOTH):
            for deny in (DENY_NONE, DENY_READ, DENY_WRITE, DENY_BOTH):
                sid, fh = opened(a, 'f', acc, deny)
                for acc2, deny2 in ((READ, DENY_NONE), (WRITE, DENY_NONE), (BOTH, DENY_NONE),
                                    (READ, DENY_READ), (READ, DENY_WRITE), (WRITE, DENY_BOTH)):
                    r = c.try_open('f', acc2, deny2, own=own)
                    if acc & deny2 or acc2 & deny:
                        last(r, nfs4.SHARE_DENIED, (acc, deny, acc2, deny2))
                    else:
                        last(c.close(fh, last(r, nfs4.OK) and r[-2].stateid, own=own), nfs4.OK)
                last(a.close(fh, sid), nfs4.OK)
    nothing_left(w)


@wire
def denied_upgrade(w):
    """What cannot be widened stays as it is."""
    put(w.path('f'), b'', 0o666)
    for c in each(w):
        sid, fh = opened(c, 'f', READ)
        b = V41.at(w)
        bsid, _ = opened(b, 'f', READ, DENY_WRITE)
        last(c.try_open('f', WRITE), nfs4.SHARE_DENIED)
        last(c.try_open('f', READ, DENY_READ), nfs4.SHARE_DENIED)
        last(read(c, fh, sid), nfs4.OK)
        last(write(c, fh, sid), nfs4.OPENMODE)
        last(b.close(fh, bsid), nfs4.OK)
        again, _ = opened(c, 'f', WRITE)
        eq(again, newer(sid))
        last(write(c, fh, again), nfs4.OK)
        last(c.close(fh, again), nfs4.OK)


@wire
def denial_holds_for_reading_and_writing(w):
    """Also for those who have nothing open."""
    put(w.path('f'), b'0123456789', 0o666)
    for c in each(w):
        other = V41.at(w)
        sid, fh = opened(c, 'f', READ, DENY_WRITE)
        for special in (ANON, BYPASS):
            last(read(other, fh, special), nfs4.OK)
            last(write(other, fh, special), nfs4.LOCKED)
        r = other.compound(putfh(fh), nfs4.setattr(ANON, {'size': 5}))
        last(r, nfs4.LOCKED)
        last(c.close(fh, sid), nfs4.OK)
        sid, fh = opened(c, 'f', WRITE, DENY_BOTH)
        last(read(other, fh, ANON), nfs4.LOCKED)
        last(write(other, fh, ANON), nfs4.LOCKED)
        last(write(c, fh, sid, 0, b'mine'), nfs4.OK)
        last(read(c, fh, sid, 0, 4), nfs4.OK)
        last(c.close(fh, sid), nfs4.OK)
        last(write(other, fh, ANON, 0, b'0123'), nfs4.OK)


@wire
def creation(w):
    """UNCHECKED4 and GUARDED4, with attributes, and what the directory says."""
    os.chmod(w.export, 0o777)
    for c in each(w):
        r = c.try_open('new', how=UNCHECKED, attrs={'mode': 0o640}).ok()
        eq('mode' in r[-2].attrset, True)
        eq((r[-2].change.before != r[-2].change.after, r[-2].change.atomic), (True, True))
        eq(os.stat(w.path('new')).st_mode & 0o7777, 0o640)
        sid, fh = r[-2].stateid, r[-1].fh
        last(write(c, fh, sid, 0, b'data'), nfs4.OK)
        # there already: nothing is set but a size of zero
        r = c.try_open('new', how=UNCHECKED, attrs={'mode': 0o600}).ok()
        eq((r[-2].attrset, r[-2].change.before), ([], r[-2].change.after))
        eq((os.stat(w.path('new')).st_mode & 0o7777, get(w.path('new'))), (0o640, b'data'))
        r = c.try_open('new', how=UNCHECKED, attrs={'size': 0, 'mode': 0o600}).ok()
        eq((r[-2].attrset, get(w.path('new'))), (['size'], b''))
        last(c.close(fh, r[-2].stateid), nfs4.OK)
        last(c.try_open('new', how=GUARDED), nfs4.EXIST)
        r = c.try_open('guarded', how=GUARDED, attrs={'mode': 0o400}).ok()
        # who made it may write, whatever the mode says
        last(write(c, r[-1].fh, r[-2].stateid), nfs4.OK)
        last(c.close(r[-1].fh, r[-2].stateid), nfs4.OK)
        last(c.try_open('none'), nfs4.NOENT)
        for name in ('new', 'guarded'):
            os.unlink(w.path(name))
    nothing_left(w)


@wire
def emptied_only_when_granted(w):
    put(w.path('f'), b'precious', 0o666)
    other = V41.at(w)
    sid, fh = opened(other, 'f', READ, DENY_WRITE)
    for c in each(w):
        last(c.try_open('f', WRITE, how=UNCHECKED, attrs={'size': 0}), nfs4.SHARE_DENIED)
        eq(get(w.path('f')), b'precious')
        # nor by who does not even ask to write
        last(c.try_open('f', READ, how=UNCHECKED, attrs={'size': 0}), nfs4.SHARE_DENIED)
        eq((get(w.path('f')), w.server.claims()['opens']), (b'precious', 1))
    last(other.close(fh, sid), nfs4.OK)


@wire
def exclusive_creation(w):
    os.chmod(w.export, 0o777)
    for c in each(w):
        modes = (EXCLUSIVE, EXCLUSIVE4_1) if c.minor else (EXCLUSIVE,)
        for how in modes:
            kw = {'how': how, 'verf': b'verifier'}
            if how == EXCLUSIVE4_1:
                kw['attrs'] = {'mode': 0o604}
            r = c.try_open('e', **kw).ok()
            eq({'time_access_set', 'time_modify_set'} <= set(r[-2].attrset), True)
            if how == EXCLUSIVE4_1:
                eq(os.stat(w.path('e')).st_mode & 0o7777, 0o604)
                eq('mode' in r[-2].attrset, True)
            # the same once more is the same file, another one is not
            r = c.try_open('e', **kw).ok()
            last(c.try_open('e', **dict(kw, verf=b'anothers')), nfs4.EXIST)
            last(write(c, r[-1].fh, r[-2].stateid), nfs4.OK)
            last(c.try_open('e', **kw), nfs4.EXIST)
            last(c.close(r[-1].fh, r[-2].stateid), nfs4.OK)
            os.unlink(w.path('e'))
    c = V41.at(w)
    r = c.try_open('e', how=EXCLUSIVE4_1, verf=b'verifier',
                   attrs={'mode': 0o600, 'time_modify_set': (1, 0)})
    last(r, nfs4.INVAL)
    eq(os.path.exists(w.path('e')), False)
    last(V40(w).try_open('e', how=EXCLUSIVE4_1), nfs4.BADXDR)


@wire
def kinds_of_files(w):
    os.mkdir(w.path('dir'))
    os.symlink('f', w.path('link'))
    os.mkfifo(w.path('fifo'))
    put(w.path('f'))
    for c in each(w):
        last(c.try_open('dir'), nfs4.ISDIR)
        last(c.try_open('link'), nfs4.SYMLINK)
        last(c.try_open('fifo'), nfs4.WRONG_TYPE if c.minor else nfs4.SYMLINK)
        last(c.try_open('dir', how=UNCHECKED), nfs4.ISDIR)
        last(c.try_open('dir', how=GUARDED), nfs4.EXIST)
        top = c.compound(putrootfh(), nfs4.open(c.owner(b'o'), 'none', READ, seqid=1))
        last(top, nfs4.NOENT)
        top = c.compound(putrootfh(), nfs4.open(c.owner(b'p'), 'none', BOTH, seqid=1,
                                                how=UNCHECKED))
        last(top, nfs4.ROFS)
        fh = c.fh('data', 'f')
        r = c.compound(putfh(fh), nfs4.open(c.owner(b'q'), 'x', READ, seqid=1))
        last(r, nfs4.NOTDIR)
        r = c.compound(nfs4.open(c.owner(b'r'), 'x', READ, seqid=1))
        last(r, nfs4.NOFILEHANDLE)
        for bad in (c.fh('data', 'dir'), c.fh('data', 'link'), c.fh('data', 'fifo')):
            one_of(read(c, bad, ANON).status, (nfs4.ISDIR, nfs4.INVAL, nfs4.SYMLINK,
                                               nfs4.WRONG_TYPE))
            one_of(write(c, bad, ANON).status, (nfs4.ISDIR, nfs4.INVAL, nfs4.SYMLINK,
                                                nfs4.WRONG_TYPE))


@wire
def claims_by_handle(w):
    """4.1: CLAIM_FH; in 4.0 there is none. Who claims does not make."""
    put(w.path('f'), b'data', 0o666)
    c = V41.at(w)
    fh = c.fh('data', 'f')
    r = c.compound(putfh(fh), nfs4.open(c.owner(), None, BOTH)).ok()
    sid = r[-1].stateid
    eq(last(read(c, fh, sid), nfs4.OK).data, b'data')
    eq(opened(c, 'f', READ)[0], newer(sid))
    for how in (UNCHECKED, GUARDED):
        last(c.compound(putfh(fh), nfs4.open(c.owner(), None, BOTH, how=how)), nfs4.INVAL)
    last(c.compound(putfh(c.root), nfs4.open(c.owner(), None, READ)), nfs4.ISDIR)
    last(c.compound(putfh(c.root), nfs4.open(c.owner(), 'f', READ,
                                             claim=nfs4.CLAIM_DELEGATE_PREV)), nfs4.NOTSUPP)
    last(c.compound(putfh(c.root), nfs4.open(c.owner(), 'f', READ,
                                             claim=nfs4.CLAIM_DELEGATE_CUR, deleg=newer(sid))),
         nfs4.BAD_STATEID)
    last(c.compound(putfh(fh), nfs4.open(c.owner(), None, READ, claim=nfs4.CLAIM_PREVIOUS)),
         nfs4.NO_GRACE)
    old = V40(w)
    last(old.compound(putfh(fh), nfs4.open(old.owner(), None, READ, seqid=1)), nfs4.BADXDR)
    last(old.compound(putfh(fh), nfs4.open(old.owner(), None, READ, seqid=1,
                                           claim=nfs4.CLAIM_PREVIOUS)), nfs4.NO_GRACE)


@wire
def named_attribute_by_handle(w):
    """A named attribute is opened like any file; it keeps what it is."""
    put(w.path('f'), b'data', 0o666)
    c = V41.at(w)
    fh = c.fh('data', 'f')
    attrs = c.compound(putfh(fh), nfs4.openattr(True), nfs4.getfh()).ok()[-1].fh
    r = c.compound(putfh(attrs), nfs4.open(c.owner(), 'a', BOTH, how=UNCHECKED),
                   nfs4.getfh()).ok()
    first, named = r.of('open').stateid, r[-1].fh
    last(write(c, named, first, 0, b'stream'), nfs4.OK)
    last(c.close(named, first), nfs4.OK)
    r = c.compound(putfh(named), nfs4.open(c.owner(), None, BOTH), nfs4.getfh()).ok()
    sid = r.of('open').stateid
    eq((r[-1].fh, r.of('open').deleg.type), (named, nfs4.DELEG_NONE))
    eq(last(read(c, named, sid), nfs4.OK).data, b'stream')
    last(write(c, named, sid, 6, b'ed'), nfs4.OK)
    eq(last(read(c, named, sid), nfs4.OK).data, b'streamed')
    last(read(c, fh, sid), nfs4.BAD_STATEID)
    one_of(c.compound(putfh(attrs), nfs4.open(c.owner(), None, READ)).status,
           (nfs4.ISDIR, nfs4.WRONG_TYPE))
    other = V41.at(w)
    last(other.compound(putfh(named), nfs4.open(other.owner(), None, READ,
                                                nfs4.DENY_WRITE)), nfs4.SHARE_DENIED)
    last(c.close(named, sid), nfs4.OK)
    eq(c.compound(putfh(fh), nfs4.getattr('size')).ok()[-1].attrs['size'], 4)


@wire
def flags_of_the_result(w):
    put(w.path('f'), b'', 0o666)
    for c in each(w):
        r = c.try_open('f').ok()[-2]
        eq(r.rflags & nfs4.OPEN_POSIX, nfs4.OPEN_POSIX)
        eq(bool(r.rflags & nfs4.OPEN_PRESERVE_UNLINKED), bool(c.minor))
        eq(r.rflags & nfs4.OPEN_MAY_NOTIFY_LOCK, 0)


@wire
def unlinked_but_open(w):
    """From any connection, as long as it is open."""
    for c in each(w):
        sid, fh = opened(c, 'gone', how=UNCHECKED)
        last(write(c, fh, sid, 0, b'still here'), nfs4.OK)
        c.compound(putfh(c.root), nfs4.remove('gone')).ok()
        other = V41.at(w)
        eq(last(read(c, fh, sid), nfs4.OK).data, b'still here')
        eq(last(read(other, fh, ANON), nfs4.OK).data, b'still here')
        last(c.close(fh, sid), nfs4.OK)
        last(read(other, fh, ANON), nfs4.STALE)


# stateids

@wire
def bad_stateids(w):
    for name in 'fg':
        put(w.path(name), b'0123456789', 0o666)
    for c in each(w):
        sid, fh = opened(c, 'f')
        sid, _ = opened(c, 'f')
        g = c.fh('data', 'g')
        epoch, = struct.unpack('>I', sid[1][:4])
        stale = (sid[0], struct.pack('>I', epoch - 1) + sid[1][4:])
        cases = [
            (older(sid), nfs4.OLD_STATEID), (newer(sid), nfs4.BAD_STATEID),
            ((0, sid[1]), nfs4.OK if c.minor else nfs4.OLD_STATEID),
            (stale, nfs4.BAD_STATEID if c.minor else nfs4.STALE_STATEID),
            ((sid[0], sid[1][:8] + b'\xfe\xdc\xba\x98'), nfs4.BAD_STATEID),
            ((1, bytes(12)), nfs4.BAD_STATEID), ((7, bytes(12)), nfs4.BAD_STATEID),
            ((7, b'\xff' * 12), nfs4.BAD_STATEID), (ANON, nfs4.OK), (BYPASS, nfs4.OK),
        ]
        for bad, status in cases:
            last(read(c, fh, bad), status, bad)
            last(write(c, fh, bad), status, bad)
        # of another file, and of another client
        last(read(c, g, sid), nfs4.BAD_STATEID)
        last(write(c, g, sid), nfs4.BAD_STATEID)
        last(c.close(g, sid), nfs4.BAD_STATEID)
        thief = V41.at(w)
        last(read(thief, fh, sid), nfs4.BAD_STATEID)
        last(thief.close(fh, sid), nfs4.BAD_STATEID)
        last(thief.lock(fh, READ_LT, (0, 1), sid), nfs4.BAD_STATEID)
        last(c.close(fh, sid), nfs4.OK)


@wire
def of_another_kind(w):
    put(w.path('f'), b'', 0o666)
    for c in each(w):
        sid, fh = opened(c, 'f')
        lsid = last(c.lock(fh, WRITE_LT, (0, 1), sid), nfs4.OK).stateid
        last(c.unlock(fh, (0, 1), sid), nfs4.BAD_STATEID)
        last(c.relock(fh, WRITE_LT, (0, 1), sid), nfs4.BAD_STATEID)
        for r in (c.close(fh, lsid), c.downgrade(fh, lsid, READ)):
            last(r, nfs4.BAD_STATEID)
        last(c.compound(putfh(fh), nfs4.delegreturn(sid)), nfs4.BAD_STATEID)
        last(c.close(fh, sid), nfs4.OK)


@wire
def current_stateid(w):
    """4.1: what an operation returned is the next one's, and goes with the handle."""
    put(w.path('f'), b'0123456789', 0o666)
    put(w.path('g'), b'', 0o666)
    c = V41.at(w)
    r = c.compound(putfh(c.root), nfs4.open(c.owner(), 'f', BOTH), nfs4.read(CURRENT, 0, 4),
                   nfs4.write(CURRENT, 0, b'9876'), nfs4.close(CURRENT))
    eq(r.ok()[3].data, b'0123')
    nothing_left(w)
    last(c.compound(putfh(c.root), nfs4.open(c.owner(), 'f', BOTH), nfs4.close(CURRENT),
                    nfs4.read(CURRENT, 0, 1)), nfs4.BAD_STATEID)
    last(c.compound(putfh(c.root), nfs4.read(CURRENT, 0, 1)), nfs4.ISDIR)
    fh = c.fh('data', 'f')
    last(c.compound(putfh(fh), nfs4.read(CURRENT, 0, 1)), nfs4.BAD_STATEID)
    # another handle has none
    last(c.compound(putfh(c.root), nfs4.open(c.owner(), 'f', BOTH), putfh(fh),
                    nfs4.read(CURRENT, 0, 1)), nfs4.BAD_STATEID)
    # saved and restored
    r = c.compound(putfh(c.root), nfs4.open(c.owner(), 'f', BOTH), savefh(), putfh(c.root),
                   nfs4.open(c.owner(), 'g', BOTH), restorefh(), nfs4.read(CURRENT, 0, 2))
    eq(r.ok()[-1].data, b'98')
    r = c.compound(putfh(fh), nfs4.open(c.owner(b'x'), None, BOTH),
                   nfs4.lock(WRITE_LT, 0, 1, CURRENT, new=(0, 0, c.owner(b'l'))),
                   nfs4.lock(WRITE_LT, 1, 1, CURRENT), nfs4.locku(WRITE_LT, 0, TO_END, CURRENT),
                   nfs4.free_stateid(CURRENT))
    r.ok()
    last(V40(w).compound(putfh(fh), nfs4.read(CURRENT, 0, 1)), nfs4.BAD_STATEID)


@wire
def freed_and_tested(w):
    put(w.path('f'), b'', 0o666)
    c = V41.at(w)
    sid, fh = opened(c, 'f')
    lsid = last(c.lock(fh, WRITE_LT, (0, 1), sid), nfs4.OK).stateid
    bad = (1, sid[1][:8] + b'\xfe\xdc\xba\x98')

    def tested(*sids):
        return last(c.compound(nfs4.test_stateid(*sids)), nfs4.OK).statuses

    eq(tested(sid, lsid, newer(sid), bad, ANON, BYPASS, CURRENT, (0, sid[1])),
       [nfs4.OK, nfs4.OK] + [nfs4.BAD_STATEID] * 5 + [nfs4.OK])
    eq(tested(), [])
    for held in (sid, lsid):
        last(c.compound(nfs4.free_stateid(held)), nfs4.LOCKS_HELD)
    for what in (bad, ANON, BYPASS):
        last(c.compound(nfs4.free_stateid(what)), nfs4.BAD_STATEID)
    lsid = last(c.unlock(fh, (0, 1), lsid), nfs4.OK).stateid
    last(c.compound(nfs4.free_stateid(older(lsid))), nfs4.OLD_STATEID)
    c.compound(nfs4.free_stateid(lsid)).ok()
    eq(tested(lsid), [nfs4.BAD_STATEID])
    last(c.compound(nfs4.free_stateid(lsid)), nfs4.BAD_STATEID)
    last(c.close(fh, sid), nfs4.OK)
    last(V41.at(w).compound(nfs4.test_stateid(lsid)), nfs4.OK)
    last(V40(w).compound(nfs4.test_stateid(sid)), nfs4.OP_ILLEGAL)


@wire
def tested_by_the_thousand(w):
    """As many as a request has are tested, if all results may be told."""
    put(w.path('f'), b'', 0o666)
    c = V41.at(w)
    sid, _ = opened(c, 'f')
    many = [nfs4.ANON] * 40000 + [sid]
    eq(last(c.compound(nfs4.test_stateid(*many)), nfs4.OK).statuses,
       [nfs4.BAD_STATEID] * 40000 + [nfs4.OK])
    last(c.compound(nfs4.test_stateid(*many), cache=True), nfs4.REP_TOO_BIG_TO_CACHE)
    last(c.compound(nfs4.Op('test_stateid', rpc.Enc().u32(2 ** 28 + 1).fixed(
        nfs4.stateid(sid)))), nfs4.BADXDR)
    small = V41.at(w, fore=nfs4.Channel(response=4096))
    last(small.compound(nfs4.test_stateid(*[sid] * 2000)), nfs4.REP_TOO_BIG)
    last(small.compound(nfs4.test_stateid(*[nfs4.ANON] * 900)), nfs4.OK)


@wire
def revoked_with_the_share(w):
    """A share that is gone, and comes again: what was open is not."""
    put(w.path('f'), b'data', 0o666)
    for c in each(w):
        sid, fh = opened(c, 'f')
        last(c.lock(fh, WRITE_LT, (0, 1), sid), nfs4.OK)
        w.server.delete('data')
        last(read(c, fh, sid), nfs4.STALE)
        nothing_left(w)
        w.server.add('data', w.export)
        last(read(c, fh, sid), nfs4.ADMIN_REVOKED)
        if c.minor:
            eq(last(c.compound(nfs4.test_stateid(sid)), nfs4.OK).statuses, [nfs4.ADMIN_REVOKED])
            last(c.compound(nfs4.free_stateid(sid)), nfs4.OK)
            last(read(c, fh, sid), nfs4.BAD_STATEID)
        sid, fh = opened(c, 'f')
        last(c.close(fh, sid), nfs4.OK)


@wire(fs='ext4')
def claims_go_with_their_share(w):
    """Of two shares of one file system one goes, with what was claimed through it; its mount, too."""
    os.mkdir(w.path('d'))
    put(w.path('d/f'), b'data', 0o666)
    bound = f'{w.base}/bound'
    os.mkdir(bound)
    for minor in (0, 1):
        mount(w.path('d'), bound, '', MS_BIND)
        w.server.add('other', bound)
        a, b = (V41.at(w) if minor else V40(w) for _ in range(2))
        a.root, b.root = a.fh('other'), b.fh('data', 'd')
        asid, afh = opened(a, 'f')
        bsid, bfh = opened(b, 'f')
        last(a.lock(afh, WRITE_LT, (0, 10), asid), nfs4.OK)
        lsid = last(b.lock(bfh, WRITE_LT, (20, 10), bsid), nfs4.OK).stateid
        last(b.relock(bfh, WRITE_LT, (5, 1), lsid), nfs4.DENIED)
        w.server.delete('other')
        umount(bound)
        claims = w.server.claims()
        eq((claims.get('opens', 0), claims.get('ranges', 0)), (1, 1))
        lsid = last(b.relock(bfh, WRITE_LT, (0, 10), lsid), nfs4.OK).stateid
        last(lockt(b, bfh, WRITE_LT, (20, 10)), nfs4.DENIED)
        s = lockers.Locker(w.path('d/f'))
        s.refused('lock', lockers.WRITE, 25, 1)
        last(b.close(bfh, bsid), nfs4.OK)
        s.lock(lockers.WRITE, 25, 1)
        s.end()
        nothing_left(w)


@wire
def open_is_released(w):
    """The administrator takes an open, and all that was locked by it."""
    put(w.path('f'), b'data', 0o666)
    for c in each(w):
        sid, fh = opened(c, 'f')
        for i in range(100):
            last(c.lock(fh, WRITE_LT, (2 * i, 1), sid, by=b'locker %d' % i), nfs4.OK)
        row, = [r for r in w.server.locks() if r['type'] == 'open']
        w.server.ctl('lock', 'release', str(row['id']))
        nothing_left(w)
        last(read(c, fh, sid), nfs4.ADMIN_REVOKED)
        c.close(fh, sid)
        sid, fh = opened(c, 'f')
        last(c.lock(fh, WRITE_LT, (0, TO_END), sid, by=b'last'), nfs4.OK)
        last(c.close(fh, sid), nfs4.OK)


# locks

@wire
def locks_of_two(w):
    put(w.path('f'), b'', 0o666)
    for a in each(w):
        for b in each(w):
            asid, fh = opened(a, 'f')
            bsid, _ = opened(b, 'f')
            lsid = last(a.lock(fh, WRITE_LT, (10, 10), asid), nfs4.OK).stateid
            for kind in (READ_LT, WRITE_LT, READW_LT, WRITEW_LT):
                for r in (b.lock(fh, kind, (0, 11), bsid), lockt(b, fh, kind, (19, TO_END))):
                    d = last(r, nfs4.DENIED).denied
                    eq((d.offset, d.length, d.kind, d.owner), (10, 10, WRITE_LT, b'locker'))
                    eq(d.clientid, a.id if isinstance(a, V40) else a.clientid)
                last(lockt(b, fh, kind, (0, 10)), nfs4.OK)
            last(lockt(a, fh, WRITE_LT, (10, 10), b'locker'), nfs4.OK)
            # shared now, and so it is for both
            lsid = last(a.relock(fh, READ_LT, (10, 10), lsid), nfs4.OK).stateid
            bl = last(b.lock(fh, READ_LT, (0, TO_END), bsid), nfs4.OK).stateid
            last(a.relock(fh, WRITE_LT, (15, 1), lsid), nfs4.DENIED)
            bl = last(b.unlock(fh, (15, 1), bl), nfs4.OK).stateid
            lsid = last(a.relock(fh, WRITE_LT, (15, 1), lsid), nfs4.OK).stateid
            last(b.relock(fh, READ_LT, (15, 1), bl), nfs4.DENIED)
            last(a.close(fh, asid), nfs4.OK)
            last(b.relock(fh, WRITE_LT, (0, TO_END), bl), nfs4.OK)
            last(b.close(fh, bsid), nfs4.OK)
            nothing_left(w)


@wire
def bytes_of_locks(w):
    put(w.path('f'), b'', 0o666)
    for c in each(w):
        sid, fh = opened(c, 'f')
        for where in ((0, 0), (5, 0), (TO_END, 2), (3, TO_END - 1)):
            last(lockt(c, fh, READ_LT, where), nfs4.INVAL, where)
        lsid = last(c.lock(fh, WRITE_LT, (TO_END - 9, TO_END), sid), nfs4.OK).stateid
        d = last(lockt(c, fh, READ_LT, (TO_END, 1)), nfs4.DENIED).denied
        eq((d.offset, d.length), (TO_END - 9, TO_END))
        last(lockt(c, fh, READ_LT, (0, TO_END - 9)), nfs4.OK)
        last(c.unlock(fh, (0, 0), lsid), nfs4.INVAL)
        lsid = last(c.unlock(fh, (0, TO_END), lsid), nfs4.OK).stateid
        last(lockt(c, fh, WRITE_LT, (0, TO_END)), nfs4.OK)
        last(c.close(fh, sid), nfs4.OK)


@wire
def locks_and_modes(w):
    put(w.path('f'), b'', 0o666)
    os.mkdir(w.path('d'))
    for c in each(w):
        sid, fh = opened(c, 'f', READ)
        last(c.lock(fh, WRITE_LT, (0, 1), sid), nfs4.OPENMODE)
        lsid = last(c.lock(fh, READ_LT, (0, 1), sid), nfs4.OK).stateid
        last(c.relock(fh, WRITEW_LT, (0, 1), lsid), nfs4.OPENMODE)
        last(c.close(fh, sid), nfs4.OK)
        sid, fh = opened(c, 'f', WRITE)
        last(c.lock(fh, READ_LT, (0, 1), sid), nfs4.OPENMODE)
        last(c.lock(fh, WRITE_LT, (0, 1), sid), nfs4.OK)
        for reclaim in (READ_LT, WRITE_LT):
            r = c.lock(fh, WRITE_LT, (0, 1), sid, by=b'reclaimer', reclaim=True)
            last(r, nfs4.NO_GRACE, reclaim)
        d = c.fh('data', 'd')
        last(c.compound(putfh(d), nfs4.lockt(READ_LT, 0, 1, c.owner())), nfs4.ISDIR)
        bad = nfs4.lockt(9, 0, 1, c.owner())
        last(c.compound(putfh(fh), bad), nfs4.BADXDR)
        last(c.close(fh, sid), nfs4.OK)


@wire
def seqids_of_lock_owners(w):
    """4.0: each of the two owners of a LOCK counts, and what was done is answered again."""
    put(w.path('f'), b'', 0o666)
    c = V40(w)
    sid, fh = opened(c, 'f')
    number, mine = c.seqid(), c.seqid(b'locker')
    once = [putfh(fh), nfs4.lock(WRITE_LT, 0, 5, sid, new=(number, mine, c.owner(b'locker')))]
    got = [last(c.compound(*once), nfs4.OK).stateid for _ in range(2)]
    eq(got[0], got[1])
    lsid = got[0]
    for wrong in (mine, mine + 2):
        last(c.compound(putfh(fh), nfs4.lock(WRITE_LT, 5, 5, lsid, seqid=wrong)), nfs4.BAD_SEQID)
    once = [putfh(fh), nfs4.lock(WRITE_LT, 5, 5, lsid, seqid=c.seqid(b'locker'))]
    got = [last(c.compound(*once), nfs4.OK).stateid for _ in range(2)]
    eq(got, [newer(lsid)] * 2)
    # what was refused is refused again, and counts
    other = V41.at(w)
    osid, _ = opened(other, 'f')
    last(other.lock(fh, WRITE_LT, (100, 5), osid), nfs4.OK)
    once = [putfh(fh), nfs4.lock(WRITE_LT, 100, 5, got[0], seqid=c.seqid(b'locker'))]
    d = [last(c.compound(*once), nfs4.DENIED).denied for _ in range(2)]
    eq(d[0].__dict__, d[1].__dict__)
    last(other.close(fh, osid), nfs4.OK)
    last(c.compound(*once), nfs4.DENIED)
    once = [putfh(fh), nfs4.locku(WRITE_LT, 0, TO_END, got[0], c.seqid(b'locker'))]
    got = [last(c.compound(*once), nfs4.OK).stateid for _ in range(2)]
    eq(got[0], got[1])
    last(c.relock(fh, WRITE_LT, (0, 1), got[0]), nfs4.OK)
    # of another client's open, and with a number that is none
    thief = V40(w)
    last(thief.lock(fh, WRITE_LT, (0, 1), sid), nfs4.BAD_STATEID)
    new = c.seqid(), 77, c.owner(b'locker')
    last(c.compound(putfh(fh), nfs4.lock(WRITE_LT, 0, 1, sid, new=new)), nfs4.BAD_SEQID)
    c.seqids[b'owner'] -= 1
    opened(c, 'f')


@wire
def lock_owners_released(w):
    put(w.path('f'), b'', 0o666)
    c = V40(w)
    sid, fh = opened(c, 'f')
    lsid = last(c.lock(fh, WRITE_LT, (0, 5), sid), nfs4.OK).stateid
    release = nfs4.release_lockowner(c.owner(b'locker'))
    last(c.compound(release), nfs4.LOCKS_HELD)
    lsid = last(c.unlock(fh, (0, 5), lsid), nfs4.OK).stateid
    c.compound(release).ok()
    last(c.unlock(fh, (0, 5), lsid), nfs4.BAD_STATEID)
    c.compound(nfs4.release_lockowner(c.owner(b'nobody'))).ok()
    # as if it had never been
    c.seqids[b'locker'] = 1000
    last(c.lock(fh, WRITE_LT, (0, 5), sid), nfs4.OK)
    last(c.close(fh, sid), nfs4.OK)
    nothing_left(w)
    last(c.compound(nfs4.release_lockowner(nfs4.owner(c.id ^ 1 << 40, b'x'))),
         nfs4.STALE_CLIENTID)
    last(V41.at(w).compound(release), nfs4.NOTSUPP)


@wire
def locks_go_with_the_open(w):
    put(w.path('f'), b'', 0o666)
    for c in each(w):
        sid, fh = opened(c, 'f')
        one = last(c.lock(fh, WRITE_LT, (0, 5), sid), nfs4.OK).stateid
        last(c.lock(fh, WRITE_LT, (5, 5), sid, by=b'second'), nfs4.OK)
        last(c.close(fh, sid), nfs4.OK)
        nothing_left(w)
        last(c.unlock(fh, (0, 5), one), nfs4.BAD_STATEID)
        last(read(c, fh, one), nfs4.BAD_STATEID)


@wire
def many_states(w):
    """An owner with many files, a file with many owners."""
    for i in range(300):
        put(w.path(f'f{i}'), b'', 0o666)
    for c in (V40(w), V41.at(w)):
        files = [opened(c, f'f{i}') for i in range(300)]
        eq(len({sid[1] for sid, _ in files}), 300)
        sid, fh = files[0]
        for i in range(200):
            last(c.lock(fh, WRITE_LT, (i * 2, 1), sid, by=b'locker %d' % i), nfs4.OK)
        eq(w.server.claims()['ranges'], 200)
        last(lockt(c, fh, READ_LT, (399, 1)), nfs4.OK)
        eq(last(lockt(c, fh, READ_LT, (398, 1)), nfs4.DENIED).denied.owner, b'locker 199')
        for sid, fh in files:
            last(c.close(fh, sid), nfs4.OK)
        nothing_left(w)


@wire
def long_owners(w):
    put(w.path('f'), b'', 0o666)
    for c in each(w):
        long = bytes(range(256)) * 4
        sid, fh = opened(c, 'f', own=long)
        by = long[::-1]
        last(c.lock(fh, WRITE_LT, (0, 1), sid, own=long, by=by), nfs4.OK)
        eq(last(lockt(c, fh, READ_LT, (0, 1), b''), nfs4.DENIED).denied.owner, by)
        last(c.try_open('f', own=long + b'x'), nfs4.BADXDR)
        last(c.close(fh, sid, own=long), nfs4.OK)


# reading and writing

@wire
def at_the_ends(w):
    """Nothing, beyond the end, beyond everything."""
    put(w.path('f'), b'0123456789', 0o666)
    for c in each(w):
        sid, fh = opened(c, 'f')
        for pos, count, data, eof in ((0, 10, b'0123456789', True), (0, 9, b'012345678', False),
                                      (5, 100, b'56789', True), (10, 1, b'', True),
                                      (1 << 40, 10, b'', True), (TO_END, 10, b'', True),
                                      (0, 0, b'', False)):
            r = last(read(c, fh, sid, pos, count), nfs4.OK)
            eq((r.data, r.eof), (data, eof), (pos, count))
        r = last(write(c, fh, sid, 5, b''), nfs4.OK)
        eq((r.count, get(w.path('f'))), (0, b'0123456789'))
        for pos in ((1 << 63) - 1, 1 << 63, TO_END):
            last(write(c, fh, sid, pos, b'xx'), nfs4.FBIG, pos)
        last(c.compound(putfh(fh), nfs4.commit(0, 0)), nfs4.OK)
        last(c.compound(putfh(fh), nfs4.commit(TO_END, 10)), nfs4.INVAL)
        last(c.close(fh, sid), nfs4.OK)


@wire
def stability(w):
    put(w.path('f'), b'', 0o666)
    for c in each(w):
        sid, fh = opened(c, 'f')
        verfs = set()
        for stable in (nfs4.UNSTABLE, nfs4.DATA_SYNC, nfs4.FILE_SYNC):
            r = last(write(c, fh, sid, 0, b'data', stable=stable), nfs4.OK)
            eq((r.count, r.committed >= stable), (4, True))
            verfs.add(r.verf)
        verfs.add(last(c.compound(putfh(fh), nfs4.commit()), nfs4.OK).verf)
        eq(len(verfs), 1)
        last(write(c, fh, sid, 0, b'x', stable=3), nfs4.BADXDR)
        last(c.close(fh, sid), nfs4.OK)


@wire
def several_reads_in_one(w):
    data = pattern(3, 300000)
    put(w.path('f'), data, 0o666)
    for c in each(w):
        sid, fh = opened(c, 'f')
        r = c.compound(putfh(fh), nfs4.read(sid, 0, 100001), nfs4.read(sid, 7, 70001),
                       getattr('size'), nfs4.read(sid, 299990, 20), nfs4.write(ANON, 0, data[:5]),
                       nfs4.read(sid, 1, 2), nfs4.read(sid, 3, 50000)).ok()
        got = [x.data for x in r if hasattr(x, 'data')]
        eq(got, [data[:100001], data[7:70008], data[299990:], data[1:3], data[3:50003]])
        r = c.compound(putfh(fh), nfs4.read(sid, 5, 65537), getattr('size', 'change')).ok()
        eq((r[-2].data, r[-1].attrs['size']), (data[5:65542], 300000))
        last(c.close(fh, sid), nfs4.OK)


@wire
def modes_of_opens(w):
    put(w.path('f'), b'0123456789', 0o666)
    for c in each(w):
        sid, fh = opened(c, 'f', READ)
        last(write(c, fh, sid), nfs4.OPENMODE)
        last(c.compound(putfh(fh), nfs4.setattr(sid, {'size': 3})), nfs4.OPENMODE)
        lsid = last(c.lock(fh, READ_LT, (0, 1), sid), nfs4.OK).stateid
        last(read(c, fh, lsid), nfs4.OK)
        last(write(c, fh, lsid), nfs4.OPENMODE)
        last(c.close(fh, sid), nfs4.OK)
        # who writes may read
        sid, fh = opened(c, 'f', WRITE)
        last(read(c, fh, sid), nfs4.OK)
        last(c.close(fh, sid), nfs4.OK)


@wire
def the_mode_is_asked_once(w):
    """Who opened it goes on when the mode changes; by his stateid nobody else does."""
    put(w.path('f'), b'secret', 0o644)
    os.chown(w.path('f'), 1000, 1000)
    mine, others = rpc.auth_sys(1000, 1000), rpc.auth_sys(2000, 2000)
    c = V41.at(w, cred=others)
    last(c.try_open('f', WRITE), nfs4.ACCESS)
    sid, fh = opened(c, 'f', READ)
    os.chmod(w.path('f'), 0o600)
    eq(last(read(c, fh, sid), nfs4.OK).data, b'secret')
    last(c.try_open('f', READ), nfs4.ACCESS)
    last(c.nfs.compound(c.sequence(), putfh(fh), nfs4.read(sid, 0, 9), cred=rpc.auth_sys(3000, 3000)),
         nfs4.ACCESS)
    last(read(c, fh, ANON), nfs4.ACCESS)
    # who may only run it may read it
    os.chmod(w.path('f'), 0o711)
    eq(last(read(c, fh, opened(c, 'f', READ, own=b'runner')[0]), nfs4.OK).data, b'secret')
    last(c.try_open('f', BOTH), nfs4.ACCESS)
    c = V41.at(w, cred=mine)
    sid, fh = opened(c, 'f', BOTH)
    os.chmod(w.path('f'), 0o400)
    last(write(c, fh, sid), nfs4.OK)
    last(c.try_open('f', BOTH), nfs4.ACCESS)


@wire(ro=True)
def read_only(w):
    put(w.path('f'), b'data', 0o666)
    for c in each(w):
        last(c.try_open('f', WRITE), nfs4.ROFS)
        last(c.try_open('g', BOTH, how=UNCHECKED), nfs4.ROFS)
        sid, fh = opened(c, 'f', READ, how=UNCHECKED)
        last(read(c, fh, sid), nfs4.OK)
        last(write(c, fh, ANON), nfs4.ROFS)
