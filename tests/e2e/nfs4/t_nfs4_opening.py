# SPDX-License-Identifier: GPL-2.0-only
"""NFSv4 by hand: OPEN, OPEN_CONFIRM, OPEN_DOWNGRADE and CLOSE."""
import errno
import functools
import itertools
import os
import time

import nfs4
from checks import eq, expect_errno, one_of, wait_for
from files import get, put
from harness import test
from nfs4 import (BOTH, DENY_BOTH, DENY_NONE, DENY_READ, DENY_WRITE, EXCLUSIVE, EXCLUSIVE4_1,
                  GUARDED, READ, READ_LT, UNCHECKED, WRITE, WRITE_LT, getattr, getfh, putfh,
                  putrootfh)
from nfs4_opens import ANON, BYPASS, V40, V41, each, last, newer, nothing_left, opened, read, write

wire = functools.partial(test, server='ditto')


@wire
def opened_and_closed(w):
    """An owner has one state for a file, whatever the number of OPENs."""
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
    """4.0: a repeated request is replayed and not executed again."""
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
    """4.0: a COMPOUND repeated over another connection applies to the same file."""
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
    """4.0: a CLOSE whose reply was lost is replayed until the owner's next request."""
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
    """4.0: an open-owner is confirmed once, and its state is not usable before."""
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
    """A downgrade leaves access and deny bits of a combination of the OPENs."""
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
    """Access and denials conflict between owners, clients and versions."""
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
    """An open whose upgrade is refused does not change."""
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
    """A denial also refuses I/O of clients without an open."""
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
    """UNCHECKED4 and GUARDED4, with attributes, and change information of the directory."""
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


def change_is_told(w):
    os.chmod(w.export, 0o777)
    put(w.path('there'), b'', 0o666)
    for c in each(w):
        def now():
            return c.compound(putfh(c.root), getattr('change')).ok()[-1].attrs['change']
        for name, how, moves in (('there', None, False), ('there', UNCHECKED, False),
                                 ('new', UNCHECKED, True), ('new', None, False)):
            before = now()
            r = c.try_open(name, how=how).ok()
            change = r[-2].change
            eq((change.atomic, change.before, change.after), (True, before, now()), name)
            eq(change.before != change.after, moves, name)
            last(c.close(r[-1].fh, r[-2].stateid), nfs4.OK)
        os.unlink(w.path('new'))


@wire
def change_of_the_directory(w):
    """OPEN tells the directory's change attribute, which it moves only if it creates the file."""
    change_is_told(w)


@wire(fs='ext4')
def change_on_ext4(w):
    change_is_told(w)


@wire(fs='xfs')
def change_on_xfs(w):
    change_is_told(w)


@wire(fs='btrfs')
def change_on_btrfs(w):
    change_is_told(w)


@wire(fs='overlay')
def change_on_overlay(w):
    change_is_told(w)


@wire
def creation_without_room(w):
    """What does not fit beside a new file is left out of attrset, and the file stays."""
    # inodes of this size keep extended attributes in blocks of their own
    full = w.volume(f'{w.base}/full', 'ext4', '32m', options=('-I', '128', '-m', '0'))
    os.chmod(full.where, 0o777)
    w.server.add('full', full.where)
    clients = list(each(w))
    fd = os.open(f'{full.where}/all', os.O_WRONLY | os.O_CREAT | os.O_DSYNC)
    with expect_errno(errno.ENOSPC):
        while True:
            os.write(fd, bytes(1 << 20))
    os.close(fd)
    with expect_errno(errno.ENOSPC):
        for i in itertools.count():
            put(f'{full.where}/{i}')
            os.setxattr(f'{full.where}/{i}', 'user.x', b'%d' % i)
    for c in clients:
        c.root = c.fh('full')
        r = c.try_open('new', how=GUARDED, attrs={'mode': 0o640, 'hidden': 1}).ok()
        eq(r[-2].attrset, ['mode'])
        last(c.close(r[-1].fh, r[-2].stateid), nfs4.OK)
        os.unlink(f'{full.where}/new')
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
    """CLAIM_FH opens and does not create; 4.0 does not have it."""
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
                                             claim=nfs4.CLAIM_DELEGATE_PREV)), nfs4.NO_GRACE)
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
    """A named attribute is opened by its handle and remains one."""
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
def named_attribute_of_a_removed_file(w):
    """One that a removed file gets stays while that is open, whatever changes of the file."""
    put(w.path('f'), b'data', 0o666)
    c = V41.at(w)
    r, fh = c.open(c.fh('data'), 'f', BOTH)
    eq(r.status, nfs4.OK)

    def make(name):
        attrs = c.compound(putfh(fh), nfs4.openattr(True), nfs4.getfh()).ok()[-1].fh
        made = c.compound(putfh(attrs), nfs4.open(c.owner(), name, BOTH, how=UNCHECKED),
                          nfs4.getfh()).ok()
        return made[-1].fh, made.of('open').stateid

    def there(name):
        return c.compound(putfh(fh), nfs4.openattr(), nfs4.lookup(name)).status
    last(c.close(*make('before')), nfs4.OK)
    os.unlink(w.path('f'))
    wait_for('it goes', lambda: there('before') == nfs4.NOENT)
    after = make('after')
    c.compound(putfh(fh), nfs4.setattr(ANON, {'mode': 0o600})).ok()
    # time for the worker
    time.sleep(0.5)
    eq(there('after'), nfs4.OK)
    last(c.close(*after), nfs4.OK)
    eq(there('after'), nfs4.OK, 'after its own last close')
    other = V41.at(w)
    again = other.compound(putfh(fh), nfs4.open(other.owner(), None, BOTH)).ok()[-1].stateid
    last(c.close(fh, r.stateid), nfs4.OK)
    eq(there('after'), nfs4.OK, 'after another close of the file')
    last(other.close(fh, again), nfs4.OK)
    eq(os.listdir(w.path('.ditto/streams')), [], 'after the last one')


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
    """An unlinked file stays usable from any connection while it is open."""
    for c in each(w):
        sid, fh = opened(c, 'gone', how=UNCHECKED)
        last(write(c, fh, sid, 0, b'still here'), nfs4.OK)
        c.compound(putfh(c.root), nfs4.remove('gone')).ok()
        other = V41.at(w)
        eq(last(read(c, fh, sid), nfs4.OK).data, b'still here')
        eq(last(read(other, fh, ANON), nfs4.OK).data, b'still here')
        last(c.close(fh, sid), nfs4.OK)
        last(read(other, fh, ANON), nfs4.STALE)
