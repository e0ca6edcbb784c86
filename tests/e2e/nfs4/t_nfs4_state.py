# SPDX-License-Identifier: GPL-2.0-only
"""NFSv4 by hand: stateids, and how states end."""
import functools
import os
import struct

import lockers
import nfs4
import rpc
from checks import eq, wait_for
from client_lists import budget
from files import put
from harness import test
from nfs4 import BOTH, READ, READ_LT, WRITE_LT, putfh, restorefh, savefh
from nfs4_opens import (ANON, BYPASS, CURRENT, TO_END, V40, V41, each, last, lockt, newer,
                        nothing_left, older, opened, read, write)
from volumes import mount, umount

MS_BIND = 4096
ADMIN_STATE_REVOKED = 0x20                                                # SEQ4_STATUS_*

wire = functools.partial(test, server='ditto')


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
    """4.1: the stateid of an operation is current for the next one, and saved with the handle."""
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
    """TEST_STATEID takes as many stateids as fit into a request and its reply."""
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
    """The opens of a removed share are revoked, also when the share returns, until they are freed."""
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
        else:
            last(c.close(fh, sid), nfs4.ADMIN_REVOKED)
            last(c.compound(putfh(fh), nfs4.close(sid, c.seqids[b'owner'])), nfs4.ADMIN_REVOKED,
                 'once more')
        last(read(c, fh, sid), nfs4.BAD_STATEID)
        last(c.close(fh, sid), nfs4.BAD_STATEID)
        sid, fh = opened(c, 'f')
        last(c.close(fh, sid), nfs4.OK)


@wire
def revoked_opens_are_told(w):
    """A client of 4.1 that does not use an open learns that it was revoked, and frees it."""
    put(w.path('f'), b'data', 0o666)
    w.server.ctl('server', 'set', 'lease-time-s', '5')
    c = V41.at(w)

    def revoked():
        return c.compound().ok()[0].flags & ADMIN_STATE_REVOKED

    def by_the_share():
        w.server.delete('data')
        w.server.add('data', w.export)

    def by_hand():
        row, = [r for r in w.server.locks() if r['type'] == 'open']
        w.server.ctl('lock', 'release', str(row['id']))
    for take in (by_the_share, by_hand):
        sid, fh = opened(c, 'f')
        lsid = last(c.lock(fh, WRITE_LT, (0, 1), sid), nfs4.OK).stateid
        eq(revoked(), 0)
        take()
        wait_for('it is told', revoked)
        eq(last(c.compound(nfs4.test_stateid(sid, lsid)), nfs4.OK).statuses,
           [nfs4.ADMIN_REVOKED] * 2)
        last(c.compound(nfs4.free_stateid(sid)), nfs4.OK)
        eq(revoked(), 0)
        # one that asks before it is told
        sid, fh = opened(c, 'f')
        take()
        last(c.compound(nfs4.free_stateid(sid)), nfs4.OK)
        nothing_left(w)
    eq(revoked(), 0)


@wire
def revoked_opens_do_not_add_up(w):
    """In 4.0, too, a client that closes or opens again what was revoked is not at its limit soon."""
    put(w.path('f'), b'data', 0o666)
    w.server.ctl('server', 'set', 'budget-opens', '10')
    c = V40(w)
    for _ in range(20):
        sid, fh = opened(c, 'f')
        last(c.lock(fh, WRITE_LT, (0, 1), sid), nfs4.OK)
        w.server.delete('data')
        w.server.add('data', w.export)
        last(c.close(fh, sid), nfs4.ADMIN_REVOKED)
    for _ in range(20):
        sid, fh = opened(c, 'f')
        last(c.lock(fh, WRITE_LT, (0, 1), sid), nfs4.OK)
        row, = [r for r in w.server.locks() if r['type'] == 'open']
        w.server.ctl('lock', 'release', str(row['id']))
    last(c.close(fh, sid), nfs4.ADMIN_REVOKED)


@wire
def revoked_opens_are_swept(w):
    """In 4.0 the opens of a share that is gone are freed by themselves; those of others stay."""
    put(w.path('f'), b'data', 0o666)
    os.mkdir(w.path('d'))
    put(w.path('d/f'), b'data', 0o666)
    w.server.ctl('server', 'set', 'lease-time-s', '5')
    w.server.add('other', w.path('d'))
    c = V40(w)
    c.root = c.fh('other')
    kept = opened(c, 'f', own=b'other')
    used = budget(w)['opens']
    c.root = c.fh('data')
    sid, fh = opened(c, 'f')
    last(c.lock(fh, WRITE_LT, (0, 1), sid), nfs4.OK)
    w.server.delete('data')
    last(c.close(fh, sid), nfs4.STALE)

    def freed():
        last(c.compound(nfs4.renew(c.id)), nfs4.OK)
        return budget(w)['opens'] == used
    assert not freed()
    wait_for('the open is freed', freed)
    w.server.add('data', w.export)
    last(read(c, fh, sid), nfs4.BAD_STATEID)
    last(read(c, kept[1], kept[0]), nfs4.OK)
    last(c.close(kept[1], kept[0], own=b'other'), nfs4.OK)


@wire(fs='ext4')
def claims_go_with_their_share(w):
    """Removing one of two shares of a file system ends only its claims and mount."""
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
    """The administrator releases an open with all its locks."""
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
