# SPDX-License-Identifier: GPL-2.0-only
"""Delegations of the previous instance of a client: RFC 7530 and RFC 8881 section 10.2.1."""
import functools

import nfs3
import nfs4
import smb2
from checks import eq, wait_for
from harness import test
from nfs4 import (BOTH, CLAIM_DELEGATE_PREV, CLAIM_DELEG_PREV_FH, DELEG_READ, DELEG_WRITE, READ,
                  WANT_NO, WANT_READ, delegpurge, putfh, want_delegation)
from nfs4_callers import DATA, V3, Caller, Caller40, counts, files, lease
from nfs4_holders import await_held, held
from nfs4_status import NO_GRACE, OK, RECLAIM_BAD
from rpc import auth_sys

wire = functools.partial(test, server='ditto', squash='root-to-admin')

NAME = b'restarting'


def start(w, minor):
    """An instance of the client, or the next one."""
    return Caller40(w, name=NAME) if minor == 0 else Caller(w, minor=minor, name=NAME)


def side(a):
    """The side that opens: of 4.0 the client, else the session."""
    return a.c if isinstance(a, Caller40) else a.s


def ask(a, name, acc=READ, fh=None):
    """The reply to an OPEN that claims the delegation by the file's name, or by its handle."""
    if fh:
        r = a.compound(putfh(fh), nfs4.open(side(a).owner(b'prev'), None, acc,
                                            claim=CLAIM_DELEG_PREV_FH))
        return r[-1]
    return side(a).open(a.root, name, acc, own=b'prev', claim=CLAIM_DELEGATE_PREV)[0]


def claim(a, name, kind=DELEG_READ, **kw):
    """The stateid of a delegation that is claimed."""
    r = ask(a, name, **kw)
    eq(r.status, OK, 'OPEN of what the previous instance had')
    eq(r.deleg.type, kind)
    return r.deleg.stateid


def end(a):
    if isinstance(a, Caller40):
        a.end()


@wire
def claimed(w):
    """By name and by handle; what is claimed is recalled like any delegation."""
    for minor in 0, 1, 2:
        for by_handle in (False, True) if minor else (False,):
            name = f'f{minor}{by_handle:d}'
            files(w, name)
            a, other = start(w, minor), V3(w)
            old, fh = a.delegated(name, BOTH)
            b = start(w, minor)
            eq(counts(w)['revoked'], 0)
            sid = claim(b, name, DELEG_WRITE, fh=fh if by_handle else None)
            assert sid[1] != old[1]
            eq(ask(b, name).status, RECLAIM_BAD)
            eq(other.write(name), nfs3.JUKEBOX)
            call = b.recall()
            eq((call.stateid, call.fh), (sid, fh))
            b.give_back(sid, fh)
            eq(other.write(name), nfs3.OK)
            end(a)
            end(b)


@wire
def without_opening(w):
    """WANT_DELEGATION claims it, whatever type was asked for."""
    files(w)
    a = start(w, 1)
    _, fh = a.delegated('f', BOTH)
    b = start(w, 1)
    ask_for = (putfh(fh), want_delegation(WANT_READ, CLAIM_DELEG_PREV_FH))
    got = b.compound(*ask_for).ok()[-1].deleg
    eq(got.type, DELEG_WRITE)
    b.give_back(got.stateid, fh)
    eq(b.compound(*ask_for).status, RECLAIM_BAD)


@wire
def opens_go(w):
    """Only delegations are kept: a share reservation ends with its instance."""
    files(w)
    for minor in 0, 1:
        a = start(w, minor)
        eq(side(a).open(a.root, 'f', READ, nfs4.DENY_WRITE, own=b'denies')[0].status, OK)
        b, other = start(w, minor), V3(w)
        eq(other.write(), nfs3.OK)
        end(a)
        end(b)


@wire(clients=2, smb=True, squash='none')
def gives_way(w):
    """Whoever needs the file gets it at once, nobody is called back, and the claim is refused."""
    def by_v3(name):
        eq(V3(w).write(name), nfs3.OK)

    def by_smb(name):
        s = smb2.Smb2(w.clients[1])
        s.close(s.create(name, access=smb2.GENERIC_WRITE, how=smb2.OPEN))

    def by_process(name):
        with open(w.path(name), 'r+b') as f:
            f.write(b'NEW')

    def by_41(name):
        b = Caller(w, w.clients[1])
        eq(b.s.open(b.root, name, BOTH | WANT_NO)[0].status, OK)

    for minor in 0, 1:
        for number, taken in enumerate((by_v3, by_smb, by_process, by_41)):
            name = f'f{minor}{number}'
            files(w, name)
            a = start(w, minor)
            a.delegated(name, BOTH)
            b = start(w, minor)
            taken(name)
            eq(ask(b, name).status, RECLAIM_BAD)
            end(a)
            end(b)
    eq(counts(w)['recalled'], 0)


@wire
def stays_beside_readers(w):
    """Reading does not conflict with a read delegation."""
    files(w)
    a, other = start(w, 1), V3(w)
    _, fh = a.delegated()
    b = start(w, 1)
    eq(other.n.read(other.fh(), 0, 10).data, DATA[:10])
    b.give_back(claim(b, 'f'), fh)


@wire
def replaced(w):
    """A delegation of the new instance takes the place of the old one's."""
    files(w)
    a = start(w, 1)
    a.delegated()
    b = start(w, 1)
    sid, fh = b.delegated('f', BOTH)
    eq(ask(b, 'f').status, RECLAIM_BAD)
    b.give_back(sid, fh)
    await_held(w, 0)


@wire
def purged(w):
    """DELEGPURGE gives up what was not claimed. Then there is no more, as without a restart."""
    for minor in 0, 1, 2:
        files(w, 'f', 'g')
        a = start(w, minor)
        eq(a.compound(delegpurge(side(a).id if minor == 0 else 0)).status, OK)
        eq(ask(a, 'f').status, NO_GRACE)
        a.delegated('f')
        _, fh = a.delegated('g')
        b = start(w, minor)
        sid = claim(b, 'g')
        eq(held(w), 2)
        eq(b.compound(delegpurge(side(b).id if minor == 0 else 0)).status, OK)
        eq(held(w), 1)
        eq(ask(b, 'f').status, NO_GRACE)
        b.give_back(sid, fh)
        end(a)
        end(b)


@wire
def again_and_again(w):
    """An instance that restarts passes on what it did not claim; nothing accumulates."""
    names = [f'f{i}' for i in range(3)]
    files(w, *names)
    for minor in 0, 1:
        a = start(w, minor)
        for name in names:
            _, fh = a.delegated(name)
        for _ in range(10):
            end(a)
            a = start(w, minor)
            eq(held(w), len(names))
        a.give_back(claim(a, names[-1]), fh)
        w.server.ctl('server', 'set', 'delegations-per-client', '1')
        end(a)
        a = start(w, minor)
        eq(held(w), 1)
        w.server.ctl('server', 'set', 'delegations-per-client', '100')
        eq(a.compound(delegpurge(side(a).id if minor == 0 else 0)).status, OK)
        end(a)


@wire
def ends_with_the_lease_time(w):
    """What is not claimed for a lease time goes, although the client lives."""
    lease(w, 5)
    files(w)
    a = start(w, 1)
    a.delegated()
    b = start(w, 1)
    eq(held(w), 1)

    def gone():
        b.compound().ok()
        return not held(w)
    wait_for('the end of the delegation', gone)
    eq(ask(b, 'f').status, NO_GRACE)


@wire
def of_the_same_principal(w):
    """Who takes over the name of a silent client does not get its delegations."""
    lease(w, 5)
    files(w)
    a = start(w, 1)
    a.delegated()

    def taken():
        r = nfs4.Nfs4(nfs4.connect(w.client), 1, auth_sys(4711, 4711)).compound(
            nfs4.exchange_id(NAME, b'anothers'))
        return r[0] if r.status == OK else None
    r = wait_for('the name', taken)
    s = nfs4.Session(nfs4.connect(w.client), r.clientid, r.seqid, 1, auth_sys(4711, 4711))
    s.patiently(nfs4.reclaim_complete())
    eq(held(w), 0)
    eq(s.open(s.fh('data'), 'f', READ, claim=CLAIM_DELEGATE_PREV)[0].status, NO_GRACE)


@wire
def destroyed(w):
    """What is kept does not keep a client from ending itself."""
    files(w)
    a = start(w, 1)
    a.delegated()
    conn = nfs4.connect(w.client)
    s = nfs4.Session.make(conn, NAME)
    eq(held(w), 1)
    eq(s.destroy().status, OK)
    eq(s.nfs.compound(nfs4.destroy_clientid(s.clientid)).status, OK)
    eq(held(w), 0)
