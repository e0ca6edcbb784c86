# SPDX-License-Identifier: GPL-2.0-only
"""NFSv4 by hand: READ and WRITE by stateids."""
import functools
import os

import nfs4
import rpc
from checks import eq
from files import get, pattern, put
from harness import test
from nfs4 import BOTH, READ, READ_LT, UNCHECKED, WRITE, getattr, putfh
from nfs4_opens import ANON, TO_END, V40, V41, each, last, opened, read, write

wire = functools.partial(test, server='ditto')


@wire
def at_the_ends(w):
    """READ and WRITE of nothing, beyond the end of the file, and beyond all offsets."""
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
    """An open keeps its access when the mode changes, and only for its own user; COMMIT needs no access."""
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
    # What a WRITE accepted is committed, also if the user may neither read nor write any more.
    os.chmod(w.path('f'), 0o666)
    for c in (V40(w, cred=others), V41.at(w, cred=others)):
        sid, fh = opened(c, 'f', BOTH)
        for bits in (0o644, 0o600):
            os.chmod(w.path('f'), bits)
            last(write(c, fh, sid, stable=nfs4.UNSTABLE), nfs4.OK)
            last(c.compound(putfh(fh), nfs4.commit()), nfs4.OK)
        last(c.close(fh, sid), nfs4.OK)
        os.chmod(w.path('f'), 0o666)


@wire(ro=True)
def read_only(w):
    put(w.path('f'), b'data', 0o666)
    for c in each(w):
        last(c.try_open('f', WRITE), nfs4.ROFS)
        last(c.try_open('g', BOTH, how=UNCHECKED), nfs4.ROFS)
        sid, fh = opened(c, 'f', READ, how=UNCHECKED)
        last(read(c, fh, sid), nfs4.OK)
        last(write(c, fh, ANON), nfs4.ROFS)
    # What a WRITE accepted before is committed.
    for c in each(w):
        w.server.set('data', ro=False)
        sid, fh = opened(c, 'f')
        last(write(c, fh, sid, stable=nfs4.UNSTABLE), nfs4.OK)
        w.server.set('data', ro=True)
        last(write(c, fh, sid, stable=nfs4.UNSTABLE), nfs4.ROFS)
        last(c.compound(putfh(fh), nfs4.commit()), nfs4.OK)
