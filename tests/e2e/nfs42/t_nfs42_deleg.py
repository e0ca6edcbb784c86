# SPDX-License-Identifier: GPL-2.0-only
"""Extensions of OPEN and delegations (RFC 9754), by hand and by the kernel's client."""
import functools
import os
import time

import nfs3
import nfs4
import rpc
from checks import eq, wait_for
from files import get
from harness import test
from nfs4 import (ANON, BOTH, BYPASS, CLAIM_DELEG_CUR_FH, CURRENT, DELEG_NONE_EXT, DELEG_READ,
                  DELEG_WRITE, DELEG_WRITE_TIMES, DENY_WRITE, OPEN_NO_STATEID, READ, WANT_NO,
                  WANT_TIMES, WANT_XOR, WRITE, getattr, putfh)
from nfs4_attr import fattr
from nfs4_callers import DATA, V3, Caller, answering, counts, files, set_break_wait
from nfs4_copy import between, clone, copy
from nfs4_holders import Holder, held
from nfs4_ops42 import allocate, deallocate
from nfs4_raw import last
from nfs4_status import BAD_STATEID, DELAY, INVAL, OK
from nfs42_copiers import source

wire = functools.partial(test, server='ditto', squash='root-to-admin')


def opens(w):
    return w.server.claims().get('opens', 0)


# open_arguments

@wire
def open_arguments_tell(w):
    """Clients of 4.2 learn what OPEN supports, from the root over all shares, too."""
    files(w)
    a, old = Caller(w, minor=2), Caller(w)
    for fh in a.s.fh(), a.root, a.s.fh('data', 'f'):
        attrs = a.compound(putfh(fh), getattr('supported_attrs', 'open_arguments')).ok()[-1].attrs
        eq('open_arguments' in attrs['supported_attrs'], True)
        eq(attrs['open_arguments'], [[1, 2, 3], [0, 1, 2, 3], [3, 4, 5, 17, 20, 21],
                                     [0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3]])
        last(a.compound(putfh(fh), nfs4.setattr(ANON, nfs4.bitmap('open_arguments') + bytes(4))),
             INVAL)
    r = old.compound(putfh(old.root), getattr('supported_attrs', 'open_arguments'))
    attrs = r.ok()[-1].attrs
    eq('open_arguments' in attrs['supported_attrs'], False)
    eq('open_arguments' in attrs, False)


# a delegation instead of an open

@wire
def replaces_the_open(w):
    """No open is left, and the delegation serves for reading and writing."""
    files(w, 'r', 'w')
    a = Caller(w, minor=2)
    for name, acc, kind in ('r', READ, DELEG_READ), ('w', BOTH, DELEG_WRITE):
        r, fh = a.open(name, acc | WANT_XOR, own=name.encode())
        eq((r.deleg.type, r.stateid), (kind, ANON), name)
        eq(r.rflags & OPEN_NO_STATEID, OPEN_NO_STATEID)
        eq(opens(w), 0, 'opens')
        got = a.compound(putfh(fh), nfs4.read(r.deleg.stateid, 0, 10)).ok()[-1]
        eq(got.data, DATA[:10])
        a.sid = r.deleg.stateid
    got = a.compound(putfh(fh), nfs4.write(a.sid, 0, b'NEW'), nfs4.read(a.sid, 0, 5)).ok()[-1]
    eq(got.data, b'NEW34')
    eq(held(w), 2)


@wire
def is_the_current_stateid(w):
    """What follows the OPEN in its COMPOUND uses the delegation."""
    files(w)
    a = Caller(w, minor=2)
    r = a.compound(putfh(a.root), nfs4.open(a.s.owner(), 'f', BOTH | WANT_XOR),
                   nfs4.write(CURRENT, 0, b'NEW'), nfs4.read(CURRENT, 0, 5)).ok()
    eq(r.of('open').rflags & OPEN_NO_STATEID, OPEN_NO_STATEID)
    eq(r[-1].data, b'NEW34')


@wire
def opened_again_at_the_recall(w):
    """The holder opens by its delegation before it returns it, and keeps the file."""
    files(w)
    a, other = Caller(w, minor=2), V3(w)
    r, fh = a.open('f', BOTH | WANT_XOR)
    sid = r.deleg.stateid
    eq(other.write(), nfs3.JUKEBOX)
    eq(a.recall().stateid, sid)
    got = a.compound(putfh(fh), nfs4.open(a.s.owner(), None, BOTH | WANT_XOR,
                                          claim=CLAIM_DELEG_CUR_FH, deleg=sid)).ok()[-1]
    eq((got.rflags & OPEN_NO_STATEID, opens(w)), (0, 1))
    a.give_back(sid, fh)
    other.until(nfs3.OK)
    a.compound(putfh(fh), nfs4.write(got.stateid, 3, b'MINE')).ok()
    eq(get(w.path('f'))[:7], b'NEWMINE')
    os.unlink(w.path('f'))
    eq(a.compound(putfh(fh), nfs4.read(got.stateid, 0, 7)).ok()[-1].data, b'NEWMINE')


@wire
def keeps_the_open(w):
    """Without a delegation, with a reservation, and where the owner has an open already."""
    files(w, 'n', 'd', 'o', 'c')
    a, b = Caller(w, minor=2), Caller(w, minor=2)
    r, _ = a.open('n', READ | WANT_NO | WANT_XOR)
    eq((r.deleg.type, r.rflags & OPEN_NO_STATEID, opens(w)), (DELEG_NONE_EXT, 0, 1))
    r, _ = a.open('d', READ | WANT_XOR, deny=DENY_WRITE)
    eq((r.deleg.type, r.rflags & OPEN_NO_STATEID, opens(w)), (DELEG_READ, 0, 2))
    a.open('o', READ | WANT_NO)
    r, fh = a.open('o', READ | WANT_XOR)
    eq((r.deleg.type, r.rflags & OPEN_NO_STATEID, opens(w)), (DELEG_READ, 0, 3))
    a.compound(putfh(fh), nfs4.close(r.stateid)).ok()
    b.open('c', BOTH | WANT_NO)
    r, _ = a.open('c', BOTH | WANT_XOR)
    eq((r.rflags & OPEN_NO_STATEID, opens(w)), (0, 4))


@wire
def not_in_41(w):
    files(w)
    for minor in (0, 1):
        a = nfs4.Client40(nfs4.connect(w.client)) if not minor else Caller(w, minor=minor)
        root = a.fh('data') if not minor else a.root
        opened = a.open(root, 'f', READ | WANT_XOR) if not minor else \
            a.s.open(root, 'f', READ | WANT_XOR)
        eq(opened[0].status, INVAL, minor)


@test(server='ditto')
def kernel_saves_the_close(w):
    """The kernel's client opens, reads, writes and closes without an open at the server."""
    os.chmod(w.export, 0o777)
    h = Holder(w, w.client, '4.2', writes=True, name='f')
    eq(opens(w), 0, 'opens')
    closes = w.server.calls('nfs4').get('close', 0)
    os.pwrite(h.fd, b'NEW', 0)
    os.fsync(h.fd)
    h.end()
    for _ in range(5):
        with open(h.path, 'r+b') as f:
            eq(f.read(5), b'NEW34')
    eq(w.server.calls('nfs4').get('close', 0), closes, 'CLOSEs')
    eq((opens(w), held(w)), (0, 1))


@test(server='ditto')
def kernel_opens_again(w):
    """After a recall the kernel's client has an open, and its file."""
    os.chmod(w.export, 0o777)
    h, other = Holder(w, w.client, '4.2', writes=True, name='f'), V3(w)
    os.pwrite(h.fd, b'A' * 8, 0)
    os.fsync(h.fd)
    other.until(nfs3.OK)
    wait_for('an open', lambda: opens(w) == 1)
    eq(get(w.path('f'))[:10], b'NEWAAAAA89')
    os.pwrite(h.fd, b'B', 4)
    os.fsync(h.fd)
    # the client may write all of its page again, so that only its own byte is certain
    eq(get(w.path('f'))[4:5], b'B')
    h.end()
    wait_for('no open', lambda: not opens(w))


@test(server='ditto')
def kernel_keeps_what_it_removes(w):
    """A file that the client removes, though it has no open of it, can be read on."""
    os.chmod(w.export, 0o777)
    h = Holder(w, w.client, '4.2', writes=True, name='f')
    eq(opens(w), 0)
    os.unlink(h.path)
    eq([n for n in os.listdir(w.export) if n.startswith('.nfs')], [])
    os.pwrite(h.fd, b'NEW', 0)
    os.fsync(h.fd)
    eq(os.pread(h.fd, 5, 0), b'NEW34')
    h.end()


# times that the holder of a write delegation keeps

HOUR = 3600


def now():
    return time.time_ns() // 10 ** 9


def kept(a, name='f', acc=BOTH, **kw):
    """A delegation with the times: its stateid and the handle."""
    r, fh = a.open(name, acc | WANT_TIMES, **kw)
    eq((r.deleg.type, r.deleg.recall), (DELEG_WRITE_TIMES, False), 'delegation')
    return r.deleg.stateid, fh


def set_times(a, fh, sid, status=OK, **times):
    attrs = {f'time_deleg_{name}': time for name, time in times.items()}
    return last(a.compound(putfh(fh), nfs4.setattr(sid, attrs)), status)[-1]


def times_of(a, fh):
    attrs = a.compound(putfh(fh), getattr('time_access', 'time_modify')).ok()[-1].attrs
    return attrs['time_access'], attrs['time_modify']


def aged(w, *names):
    """Files of root that were used an hour ago."""
    files(w, *names)
    for name in names:
        os.utime(w.path(name), (now() - HOUR,) * 2)


@wire
def times_only_if_wanted(w):
    """With a write delegation of 4.2 if asked for; a read delegation has none."""
    files(w, 'a', 'b', 'c')
    a = Caller(w, minor=2)
    eq(a.open('a', BOTH)[0].deleg.type, DELEG_WRITE)
    eq(a.open('b', READ | WANT_TIMES)[0].deleg.type, DELEG_READ)
    eq(a.open('c', BOTH | WANT_TIMES)[0].deleg.type, DELEG_WRITE_TIMES)
    old = Caller(w)
    eq(old.s.open(old.root, 'a', READ | WANT_TIMES)[0].status, INVAL)


@wire
def times_stay_here(w):
    """With delegated-times off a write delegation has no times, and clients know."""
    files(w, 'f')
    w.server.set('data', delegated_times=False)
    a = Caller(w, minor=2)
    attrs = a.compound(putfh(a.root), getattr('supported_attrs', 'open_arguments')).ok()[-1].attrs
    eq([n for n in attrs['supported_attrs'] if n.startswith('time_deleg')], [])
    eq(attrs['open_arguments'][2], [3, 4, 5, 17, 21])
    eq(a.open('f', BOTH | WANT_TIMES)[0].deleg.type, DELEG_WRITE)


@wire
def times_are_stored(w):
    """SETATTR by the holder stores the times as the holder gives them."""
    aged(w, 'f')
    a = Caller(w, minor=2)
    sid, fh = kept(a)
    accessed, modified = (now() - 20, 5000), (now() - 10, 7000)
    eq(set(set_times(a, fh, sid, access=accessed, modify=modified).attrset),
       {'time_deleg_access', 'time_deleg_modify'})
    a.give_back(sid, fh)
    eq(times_of(a, fh), (accessed, modified))


@wire
def times_of_a_stranger_are_vetted(w):
    """Who does not own the file sets none before the grant, and none after now."""
    aged(w, 'f')
    a = Caller(w, minor=2)
    a.s.nfs.cred = rpc.auth_sys(1000, 1000)
    sid, fh = kept(a)
    before = times_of(a, fh)
    eq(set_times(a, fh, sid, access=(1000, 0), modify=(1000, 0)).status, OK)
    eq(times_of(a, fh), before)
    set_times(a, fh, sid, modify=(now() + HOUR, 0))
    modified = times_of(a, fh)[1][0]
    eq(before[1][0] < modified <= now(), True, 'not in the future')
    a.give_back(sid, fh)


@wire
def times_need_the_delegation(w):
    """No other stateid sets them, no other file has them, and they are not read."""
    aged(w, 'f', 'g', 'h')
    a, b = Caller(w, minor=2), Caller(w, minor=2)
    sid, fh = kept(a)
    other = a.s.fh('data', 'g')
    plain = a.open('h', BOTH, own=b'h')[0]
    stranger = a.open('g', BOTH | WANT_NO, own=b'g')[0]
    for s, f in ((ANON, fh), (BYPASS, fh), (sid, other), (stranger.stateid, other),
                 (plain.deleg.stateid, a.s.fh('data', 'h'))):
        set_times(a, f, s, BAD_STATEID, modify=(now(), 0))
    last(b.compound(putfh(fh), nfs4.setattr(sid, {'time_deleg_modify': (now(), 0)})), BAD_STATEID)
    set_times(a, fh, sid, INVAL, modify=(now(), 10 ** 9))
    for name in 'time_deleg_access', 'time_deleg_modify':
        last(a.compound(putfh(fh), getattr(name)), INVAL)
        last(a.compound(putfh(fh), nfs4.verify({name: (1, 0)})), INVAL)
        r = a.s.open(a.root, 'new', WRITE, how=nfs4.UNCHECKED, attrs={name: (1, 0)}, own=b'new')[0]
        eq(r.status, INVAL)
    a.give_back(sid, fh)
    set_times(a, fh, sid, BAD_STATEID, modify=(now(), 0))


@wire
def stranger_without_news(w):
    """A stranger that reports the time at the grant does not undo the time of its WRITE."""
    aged(w, 'f')
    a = Caller(w, minor=2)
    a.s.nfs.cred = rpc.auth_sys(1000, 1000)
    sid, fh = kept(a)
    granted = times_of(a, fh)[1]
    a.compound(putfh(fh), nfs4.write(sid, 0, b'NEW')).ok()
    written = times_of(a, fh)[1]
    eq(written > granted, True, 'WRITE')
    set_times(a, fh, sid, modify=granted)
    a.give_back(sid, fh)
    eq(times_of(a, fh)[1], written)


CHANGES = {'copy': lambda sid: copy(ANON, sid, 0, 0, 10),
           'clone': lambda sid: clone(ANON, sid),
           'allocate': lambda sid: allocate(sid, 0, 1000),
           'deallocate': lambda sid: deallocate(sid, 0, 50)}


def changed(a, sid, fh, how):
    """Let the server change the file; returns the times of modification before and after."""
    granted = times_of(a, fh)[1]
    last(between(a, a.s.fh('data', 'from'), fh, CHANGES[how](sid)), OK)
    served = times_of(a, fh)[1]
    eq(served > granted, True, how)
    return granted, served


def reports_after(w, *ways):
    """What a holder reports after each of some changes, as the owner and as a stranger."""
    between_both = now() - HOUR // 2, 0
    aged(w, 'from')
    for uid in 0, 1000:
        a = Caller(w, minor=2)
        a.s.nfs.cred = rpc.auth_sys(uid, uid)
        for how in ways:
            for report in None, (1000, 0), between_both:
                name = f'{how}-{uid}-{report and report[0]}'
                aged(w, name)
                sid, fh = kept(a, name, own=name.encode())
                granted, served = changed(a, sid, fh, how)
                set_times(a, fh, sid, modify=report or granted)
                a.give_back(sid, fh)
                eq(times_of(a, fh)[1], served if uid or not report else report, name)


@wire(timeout=60)
def times_after_a_change_by_the_server(w):
    """The time at the grant is no report after a COPY; the owner may set any other."""
    reports_after(w, 'copy', 'allocate', 'deallocate')


@wire(fs='xfs', timeout=60)
def times_after_a_clone(w):
    reports_after(w, 'clone')


@wire
def times_after_a_copy_by_an_open(w):
    """A COPY counts for the delegation also if it uses the stateid of the open."""
    aged(w, 'f', 'from')
    a = Caller(w, minor=2)
    r, fh = a.open('f', BOTH | WANT_TIMES)
    granted, served = changed(a, r.stateid, fh, 'copy')
    set_times(a, fh, r.deleg.stateid, modify=granted)
    eq(times_of(a, fh)[1], served)


@wire
def times_after_a_copy_in_the_background(w):
    source(w)
    os.utime(w.path('to'), (now() - HOUR,) * 2)
    a = Caller(w, minor=2)
    sid, fh = kept(a, 'to')
    granted = times_of(a, fh)[1]
    r = last(between(a, a.s.fh('data', 'from'), fh, copy(ANON, sid, sync=False)), OK)[-1]
    eq(len(r.callback), 1, 'goes on')
    eq(a.cb.wait(a.conn, 'offload', 20).status, OK)
    served = times_of(a, fh)[1]
    set_times(a, fh, sid, modify=granted)
    a.give_back(sid, fh)
    eq(times_of(a, fh)[1], served)
    eq(served > granted, True)


@wire
def times_set_on_the_wire(w):
    """Since a SETATTR of time_modify the holder's time is the one that it set."""
    aged(w, 'f', 'g', 'from')
    a = Caller(w, minor=2)
    modified = now() - HOUR // 2, 0
    for name in 'f', 'g':
        sid, fh = kept(a, name, own=name.encode())
        granted, _ = changed(a, sid, fh, 'copy')
        a.compound(putfh(fh), nfs4.setattr(sid, {'time_modify_set': modified})).ok()
        eq(times_of(a, fh)[1], modified)
        if name == 'f':
            set_times(a, fh, sid, modify=granted)
            eq(times_of(a, fh)[1], granted)
        else:
            known, served = changed(a, sid, fh, 'deallocate')
            eq(known, modified)
            set_times(a, fh, sid, modify=modified)
            eq(times_of(a, fh)[1], served)
        a.give_back(sid, fh)


@wire(clients=2)
def others_are_not_told_the_time_before_a_copy(w):
    """An answer to CB_GETATTR with the time at the grant does not undo the time of a COPY."""
    set_break_wait(w, 9000)                          # a machine may be slow now and then
    aged(w, 'f', 'from')
    a, b = Caller(w, minor=2), Caller(w, w.clients[1], minor=2)
    sid, fh = kept(a)
    change = a.compound(putfh(fh), getattr('change')).ok()[-1].attrs['change']
    granted, served = changed(a, sid, fh, 'copy')
    a.cb.answers['getattr'] = lambda _: fattr({
        'change': change, 'size': len(DATA), 'time_deleg_access': granted,
        'time_deleg_modify': granted})
    with answering(a):
        attrs = b.s.patiently(putfh(fh), getattr('time_modify')).ok()[-1].attrs
    a.cb.take('getattr')
    eq(attrs['time_modify'], served)
    a.give_back(sid, fh)


@wire(clients=2)
def others_are_told_the_times(w):
    """CB_GETATTR asks for the times as well, and they count for everybody."""
    set_break_wait(w, 9000)                          # a machine may be slow now and then
    aged(w, 'f')
    modified = now() - 10, 7000
    a, b = Caller(w, minor=2), Caller(w, w.clients[1], minor=2)
    sid, fh = kept(a)
    a.change = a.compound(putfh(fh), getattr('change')).ok()[-1].attrs['change']
    plain = {'change': a.change + 1, 'size': 4711}
    timed = {**plain, 'time_deleg_access': modified, 'time_deleg_modify': modified}

    def ask():
        names = 'size', 'change', 'time_access', 'time_modify'
        attrs = b.s.patiently(putfh(fh), getattr(*names)).ok()[-1].attrs
        eq(attrs['size'], 4711)
        return attrs

    with answering(a):
        a.cb.answers['getattr'] = lambda _: fattr(timed)
        told = ask()
        eq((told['time_access'], told['time_modify']), (modified, modified))
        eq(told['change'] > a.change, True, 'change')
        eq(set(a.cb.take('getattr').ask), {'change', 'size', 'time_deleg_access',
                                           'time_deleg_modify'})
        # a client may leave them out
        a.cb.answers['getattr'] = lambda _: fattr(plain)
        eq(ask()['time_modify'] > modified, True, 'time_modify')
    eq(counts(w)['recalled'], 0)
    a.give_back(sid, fh)


@wire(clients=2)
def damaged_answers(w):
    """An answer to CB_GETATTR that is no such thing is none."""
    aged(w, 'f')
    a, b = Caller(w, minor=2), Caller(w, w.clients[1], minor=2)
    _, fh = kept(a)
    good = {'change': 1, 'size': 4711, 'time_deleg_access': (1, 2), 'time_deleg_modify': (3, 4)}
    for bad in (fattr(good)[:-4], fattr(good) + bytes(4),
                fattr({**good, 'time_deleg_modify': (3, 10 ** 9)}),
                fattr({**good, 'mode': 0o777}), fattr({'time_deleg_modify': (3, 4)}),
                nfs4.bitmap('change', 'size') + b'\xff\xff\xff\xf0', b''):
        a.cb.answers['getattr'] = lambda _, bad=bad: bad
        with answering(a):
            r = b.s.compound(putfh(fh), getattr('size', 'time_modify'))
            eq(r.status in (OK, DELAY), True, r)
            eq(r.status == DELAY or r[-1].attrs['size'] == len(DATA), True, r)


@test(server='ditto')
def kernel_keeps_times(w):
    """Times that the kernel's client sets under a delegation are the file's in the end."""
    os.chmod(w.export, 0o777)
    h = Holder(w, w.client, '4.2', writes=True, name='f')
    os.utime(h.fd, ns=(10 ** 18, 11 * 10 ** 17))
    h.end()
    eq(os.stat(h.path).st_mtime_ns, 11 * 10 ** 17)
    w.client.umount(h.where)
    st = os.stat(w.path('f'))
    eq((st.st_atime_ns, st.st_mtime_ns), (10 ** 18, 11 * 10 ** 17))
