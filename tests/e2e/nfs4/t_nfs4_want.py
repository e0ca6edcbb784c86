# SPDX-License-Identifier: GPL-2.0-only
"""WANT_DELEGATION by hand: delegations without an OPEN."""
import functools
import os
import queue

import nfs3
import nfs4
import rpc
from checks import eq, wait_for
from files import put
from harness import test
from nfs4 import (ANON, BOTH, CLAIM_DELEG_PREV_FH, CLAIM_NULL, CLAIM_PREVIOUS, CURRENT, DELEG_NONE,
                  DELEG_NONE_EXT, DELEG_READ, DELEG_WRITE, DELEG_WRITE_TIMES, DENY_READ,
                  DENY_WRITE, READ, WANT_ANY, WANT_CANCEL, WANT_NO, WANT_READ, WANT_TIMES,
                  WANT_WRITE, WANT_XOR, WRITE, delegreturn, putfh, want_delegation)
from nfs4_callers import DATA, V3, Caller, counts, files
from nfs4_holders import held
from nfs4_raw import last
from nfs4_status import ACCESS, BADXDR, BAD_STATEID, GRACE, INVAL, NO_GRACE, OK, OP_ILLEGAL

wire = functools.partial(test, server='ditto', squash='root-to-admin')

# why_no_delegation4
(CONTENTION, RESOURCE, NOT_SUPP_FTYPE, WRITE_NOT_SUPP_FTYPE, NOT_SUPP_UPGRADE, _, CANCELLED,
 IS_DIR) = range(1, 9)
SIGNAL, PUSH = 0x10000, 0x20000


def want(a, fh, wish, status=OK, **kw):
    """The delegation in the reply, or None."""
    r = a.compound(putfh(fh), want_delegation(wish, **kw))
    eq(r.status, status, 'WANT_DELEGATION')
    return r[-1].deleg if status == OK else None


def refused(a, fh, wish):
    """Why there is no delegation."""
    d = want(a, fh, wish)
    eq(d.type, DELEG_NONE_EXT)
    # no callback is promised
    eq(getattr(d, 'will', False), False)
    return d.why


@wire
def granted_and_recalled(w):
    """Without an open; it serves for reading and writing, and is recalled as others are."""
    files(w, 'r', 'w', 'a')
    for minor in 1, 2:
        a, other = Caller(w, minor=minor), V3(w)
        for name, kind, answer in (('r', WANT_READ, DELEG_READ), ('w', WANT_WRITE, DELEG_WRITE),
                                   ('a', WANT_ANY | PUSH | SIGNAL | BOTH, DELEG_READ)):
            w.server.ctl('server', 'set', 'recall-pause-s', '0')
            fh = a.s.fh('data', name)
            d = want(a, fh, kind)
            eq((d.type, d.recall), (answer, False), name)
            eq(w.server.claims().get('opens', 0), 0)
            eq(len(a.compound(putfh(fh), nfs4.read(d.stateid, 0, 10)).ok()[-1].data), 10)
            if answer == DELEG_WRITE:
                a.compound(putfh(fh), nfs4.write(d.stateid, 0, b'OLD')).ok()
            eq(other.write(name), nfs3.JUKEBOX)
            eq(a.recall().stateid, d.stateid)
            a.give_back(d.stateid, fh)
            other.until(nfs3.OK, name)
            a.give_back(d.stateid, fh, BAD_STATEID)
    eq((held(w), counts(w)['revoked']), (0, 0))


@wire
def is_the_current_stateid(w):
    files(w)
    a = Caller(w)
    fh = a.s.fh('data', 'f')
    r = a.compound(putfh(fh), want_delegation(WANT_READ), nfs4.read(CURRENT, 0, 5),
                   delegreturn(CURRENT)).ok()
    eq(r.of('read').data, DATA[:5])
    eq(held(w), 0)
    # a refusal has none
    last(a.compound(putfh(fh), want_delegation(WANT_CANCEL), delegreturn(CURRENT)), BAD_STATEID)


@wire
def with_times(w):
    files(w)
    a, old = Caller(w, minor=2), Caller(w)
    fh = a.s.fh('data', 'f')
    eq(want(a, fh, WANT_WRITE | WANT_TIMES).type, DELEG_WRITE_TIMES)
    want(old, fh, WANT_WRITE | WANT_TIMES, INVAL)


@wire
def refusals(w):
    """Other objects, conflicts, and a second delegation; a request recalls nothing."""
    files(w, 'w', 'd', 'd2', 'n', 'h')
    os.symlink('w', w.path('link'))
    os.mkfifo(w.path('fifo'))
    os.mkdir(w.path('dir'))
    a, b = Caller(w), Caller(w)
    for path in (), ('data',), ('data', 'dir'):
        fh = a.s.fh(*path)
        for kind in WANT_READ, WANT_WRITE, WANT_ANY:
            eq(refused(a, fh, kind), IS_DIR, path)
    for name in 'link', 'fifo':
        fh = a.s.fh('data', name)
        eq([refused(a, fh, kind) for kind in (WANT_READ, WANT_WRITE, WANT_ANY)],
           [NOT_SUPP_FTYPE, WRITE_NOT_SUPP_FTYPE, NOT_SUPP_FTYPE], name)
    for path in (), ('data', 'link'), ('data', 'w'):
        eq(refused(a, a.s.fh(*path), WANT_CANCEL), CANCELLED)
    # open for writing, or denied to readers, elsewhere
    b.open('w', WRITE | WANT_NO, own=b'w')
    b.open('d', READ | WANT_NO, deny=DENY_READ, own=b'd')
    b.open('d2', READ | WANT_NO, deny=DENY_WRITE, own=b'd2')
    for name, kinds in ('w', (WANT_READ, WANT_WRITE)), ('d', (WANT_READ,)), ('d2', (WANT_WRITE,)):
        for kind in kinds:
            eq(refused(a, a.s.fh('data', name), kind | SIGNAL | PUSH), CONTENTION, name)
    eq(want(a, a.s.fh('data', 'd2'), WANT_READ).type, DELEG_READ)
    # delegated elsewhere, or here
    fh = a.s.fh('data', 'h')
    eq(want(b, fh, WANT_WRITE).type, DELEG_WRITE)
    eq(refused(a, fh, WANT_READ), CONTENTION)
    fh = a.s.fh('data', 'n')
    eq(want(a, fh, WANT_READ).type, DELEG_READ)
    eq(refused(a, fh, WANT_WRITE), NOT_SUPP_UPGRADE)
    a.cb.none(a.conn)
    b.cb.none(b.conn)


@wire
def malformed(w):
    """Wishes and claims that are none; and before 4.1 there is no such operation."""
    files(w)
    a = Caller(w, minor=2)
    fh = a.s.fh('data', 'f')
    for kind in 0, WANT_NO, READ, PUSH, 0x600, WANT_READ | WANT_XOR, WANT_READ | 4, 1 << 31:
        want(a, fh, kind, INVAL)
    want(a, fh, WANT_READ, NO_GRACE, claim=CLAIM_DELEG_PREV_FH)
    for claim in CLAIM_NULL, 2, 3, 5, 7, 0xffffffff:
        want(a, fh, WANT_READ, BADXDR, claim=claim)
    op = want_delegation(WANT_READ, CLAIM_PREVIOUS, DELEG_READ)
    for cut in range(0, len(op.args), 4):
        last(a.compound(putfh(fh), nfs4.Op('want_delegation', op.args[:cut])), BADXDR)
    for kind in DELEG_NONE, DELEG_NONE_EXT, 4, 6, 0xffffffff:
        want(a, fh, WANT_READ, INVAL, claim=CLAIM_PREVIOUS, kind=kind)
    want(a, fh, WANT_READ, NO_GRACE, claim=CLAIM_PREVIOUS, kind=DELEG_READ)
    last(a.compound(want_delegation(WANT_READ)), nfs4.NOFILEHANDLE)
    old = nfs4.Nfs4(nfs4.connect(w.client), 0)
    last(old.compound(putfh(fh), op), OP_ILLEGAL)
    eq(held(w), 0)


@wire
def permission(w):
    """What OPEN would check: a delegation needs the permission to read, and to write."""
    files(w)
    put(w.path('secret'), DATA, 0o600)
    put(w.path('fixed'), DATA, 0o444)
    a = Caller(w)
    a.s.nfs.cred = rpc.auth_sys(1000, 1000)
    secret, fixed = (a.s.fh('data', name) for name in ('secret', 'fixed'))
    for kind in WANT_READ, WANT_WRITE, WANT_ANY:
        want(a, secret, kind, ACCESS)
    want(a, fixed, WANT_WRITE, ACCESS)
    eq(want(a, fixed, WANT_ANY).type, DELEG_READ)
    eq(held(w), 1)


@wire
def limits(w):
    """They count as those of OPEN do, and need a way for callbacks."""
    files(w, 'f', 'g')
    a = Caller(w)
    w.server.ctl('server', 'set', 'delegations-per-client', '1')
    eq(want(a, a.s.fh('data', 'f'), WANT_READ).type, DELEG_READ)
    eq(refused(a, a.s.fh('data', 'g'), WANT_READ), RESOURCE)
    mute = nfs4.Session.make(nfs4.connect(w.client))
    eq(refused(mute, mute.fh('data', 'g'), WANT_READ), RESOURCE)
    early = nfs4.Session.make(nfs4.connect(w.client), reclaimed=False)
    want(early, early.fh('data', 'g'), WANT_READ, GRACE)


class Hopeful(Caller):
    """A client of which it counts only when it is told of room, and when it is recalled."""

    def __init__(self, w, **kw):
        super().__init__(w, **kw)
        self.cb.calls = NotAny()

    def promised(self, fh, wish=WANT_READ | SIGNAL):
        d = want(self, fh, wish)
        eq((d.type, d.why, d.will), (DELEG_NONE_EXT, RESOURCE, True))

    def told(self):
        call = self.cb.wait(self.conn, 'recallable_obj_avail')
        eq(call.types, [0b111])
        return call.keep


class NotAny(queue.Queue):
    """Calls without CB_RECALL_ANY, which comes at the limit, but not each time."""

    def put(self, call, *args, **kw):
        if call.op != 'recall_any':
            super().put(call, *args, **kw)


@wire
def told_of_room(w):
    """A client that met a limit, and asked for it, is told once when it may have delegations."""
    files(w, 'f', 'g', 'h')
    w.server.ctl('server', 'set', 'delegations-per-client', '1', 'recall-pause-s', '0')
    a = Hopeful(w)
    f, g, h = (a.s.fh('data', name) for name in 'fgh')
    for ask in (lambda: a.promised(g), lambda: a.promised(g, WANT_ANY | SIGNAL | PUSH)):
        held_one = want(a, f, WANT_READ)
        ask()
        a.give_back(held_one.stateid, f)
        eq(a.told(), 1)
        a.give_back(want(a, g, WANT_READ).stateid, g)
    # by OPEN, and by GET_DIR_DELEGATION
    held_one = want(a, f, WANT_READ)
    d = a.open('g', READ | WANT_READ | SIGNAL)[0].deleg
    eq((d.type, d.why, d.will), (DELEG_NONE_EXT, RESOURCE, True))
    a.give_back(held_one.stateid, f)
    eq(a.told(), 1)
    held_one = want(a, f, WANT_READ)
    r = a.compound(putfh(a.root), nfs4.get_dir_delegation(signal=True)).ok()[-1]
    eq((r.nonfatal, r.will), (1, True))
    a.give_back(held_one.stateid, f)
    eq(a.told(), 1)
    # not one that takes it back, did not ask, or was refused for another reason
    held_one = want(a, f, WANT_READ)
    a.promised(g)
    eq(want(a, h, WANT_CANCEL).why, CANCELLED)
    eq(refused(a, g, WANT_READ), RESOURCE)
    eq(want(a, f, WANT_WRITE | SIGNAL).why, NOT_SUPP_UPGRADE)
    a.give_back(held_one.stateid, f)
    held_one = want(a, f, WANT_READ)
    eq(V3(w).write('f'), nfs3.JUKEBOX)
    eq(a.recall().stateid, held_one.stateid)
    a.give_back(held_one.stateid, f)
    # the limit of all
    w.server.ctl('server', 'set', 'delegations-per-client', '10', 'max-delegations', '1')
    b = Hopeful(w, minor=2)
    held_one = want(a, g, WANT_READ)
    b.promised(h)
    a.give_back(held_one.stateid, g)
    eq(b.told(), 1)
    eq(want(b, h, WANT_READ).type, DELEG_READ)


@test(locks='raw', squash='root-to-admin', timeout=60)
def reclaimed(w):
    """After a restart of the server a client reclaims a delegation for which it has no open."""
    files(w)
    a = Caller(w, name=b'wanter', verf=b'thesame!')
    fh = a.s.fh('data', 'f')
    sid = want(a, fh, WANT_WRITE).stateid
    w.server.restart()
    conn = a.cb.on(nfs4.connect(w.client))
    s = nfs4.Session.make(conn, name=b'wanter', verf=b'thesame!', reclaimed=False)
    eq(s.compound(putfh(fh), nfs4.read(sid, 0, 4)).status, BAD_STATEID)
    r = s.patiently(putfh(fh), want_delegation(WANT_WRITE, CLAIM_PREVIOUS, DELEG_WRITE)).ok()[-1]
    eq(r.deleg.type, DELEG_WRITE)
    s.patiently(nfs4.reclaim_complete()).ok()
    eq(s.compound(putfh(fh), nfs4.write(r.deleg.stateid, 0, b'NEW')).status, OK)
    eq(s.compound(putfh(fh), delegreturn(r.deleg.stateid)).status, OK)
    wait_for('the end of the grace period', lambda: s.compound(
        putfh(fh), nfs4.write(ANON, 0, b'END')).status == OK)
    eq(s.destroy().status, OK)
    eq(s.nfs.compound(nfs4.destroy_clientid(s.clientid)).status, OK)
