# SPDX-License-Identifier: GPL-2.0-only
"""NFSv4 by hand: byte-range locks and their owners."""
import functools
import os

import nfs4
import nlm
from checks import eq
from files import put
from harness import test
from nfs4 import READ, READW_LT, READ_LT, WRITE, WRITEW_LT, WRITE_LT, putfh
from nfs4_opens import TO_END, V40, V41, each, last, lockt, newer, nothing_left, opened, read
from nlm_lockers import machines, status

wire = functools.partial(test, server='ditto')


@wire
def locks_of_two(w):
    put(w.path('f'), b'', 0o666)
    for a in each(w):
        for b in each(w):
            asid, fh = opened(a, 'f')
            bsid, _ = opened(b, 'f')
            lsid = last(a.lock(fh, WRITE_LT, (10, 10), asid), nfs4.OK).stateid
            aliases = set()
            for kind in (READ_LT, WRITE_LT, READW_LT, WRITEW_LT):
                for r in (b.lock(fh, kind, (0, 11), bsid), lockt(b, fh, kind, (19, TO_END))):
                    d = last(r, nfs4.DENIED).denied
                    eq((d.offset, d.length, d.kind, d.owner), (10, 10, WRITE_LT, b'locker'))
                    # of another client one does not learn the clientid
                    eq(d.clientid == (a.id if isinstance(a, V40) else a.clientid), a is b)
                    aliases.add(d.clientid)
                last(lockt(b, fh, kind, (0, 10)), nfs4.OK)
            eq(len(aliases), 1, 'one client')
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


@wire(locks='raw')
def owners_of_nlm_are_short(w):
    """Linux makes EIO of a reply whose owner is longer than it has room for."""
    n = machines(w)[0]
    status(n.lock((0, 10), oh=b'o' * 40), nlm.OK)
    for c in each(w):
        d = last(lockt(c, c.fh('data', 'f'), WRITE_LT, (5, 1)), nfs4.DENIED).denied
        eq((d.offset, d.length, d.clientid), (0, 10, 0))
        eq(len(d.owner) <= 16, True, d.owner)
    status(n.unlock((0, 10), oh=b'o' * 40), nlm.OK)
    w.server.release_clients()


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
    """4.0: LOCK counts the seqids of both owners, and repetitions are replayed."""
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
def lock_owners_released_whole(w):
    """A lock-owner that has a lock of any file keeps all its stateids (RFC 7530 section 16.37.4)."""
    for name in 'fgh':
        put(w.path(name), b'', 0o666)
    c = V40(w)
    opens = [opened(c, name) for name in 'fgh']
    locks = [last(c.lock(fh, WRITE_LT, (0, 5), sid), nfs4.OK).stateid for sid, fh in opens]
    for i in (0, 2):
        locks[i] = last(c.unlock(opens[i][1], (0, 5), locks[i]), nfs4.OK).stateid
    release = nfs4.release_lockowner(c.owner(b'locker'))
    last(c.compound(release), nfs4.LOCKS_HELD)
    for i in (0, 2):
        locks[i] = last(c.relock(opens[i][1], WRITE_LT, (5, 5), locks[i]), nfs4.OK).stateid
    for (_, fh), sid in zip(opens, locks):
        last(c.unlock(fh, (0, 10), sid), nfs4.OK)
    c.compound(release).ok()
    for (_, fh), sid in zip(opens, locks):
        last(c.unlock(fh, (0, 5), newer(sid)), nfs4.BAD_STATEID)


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
    """One owner with locks on many files, and one file with many owners."""
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
