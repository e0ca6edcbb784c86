# SPDX-License-Identifier: GPL-2.0-only
"""Client records of NFSv4 by hand: identity, lease time, reclaims."""
import os
import time

import nfs4
import rpc
from checks import eq, one_of, wait_for
from client_lists import clients
from harness import test
from lockers import READ, WRITE, Locker
from nfs4 import Client40, Nfs4, Session
from processes import process_stopped
from servers import service_threads
from volumes import frozen

ALICE = rpc.auth_sys(1000, 1000)
BOB = rpc.auth_sys(1001, 1001)
CB_REVOKED = 0x8 | 0x10 | 0x20 | 0x40
# Least lease time.
LEASE = 5


def connect(w, n=0):
    return nfs4.connect(w.clients[n])


def name_of(status):
    return nfs4.STATUS.get(status, status)


def status(reply, want, what=''):
    eq(name_of(reply.status), name_of(want), what)


def short_lease(w):
    w.server.ctl('server', 'set', 'lease-time-s', str(LEASE))


def lengthen_lease(w):
    w.server.ctl('server', 'set', 'lease-time-s', '90')


def file(w, name='f', data=b'data'):
    path = w.path(name)
    with open(path, 'wb') as f:
        f.write(data)
    os.chmod(path, 0o666)


def open40(c, name='f', acc=nfs4.BOTH, deny=nfs4.DENY_NONE, **kw):
    return nfs4.again_while_delayed(lambda: c.open(c.fh('data'), name, acc, deny, **kw),
                                    lambda r: r[0].status)


open41 = open40


def recorded(w, name):
    """A client of 4.1 that has closed its file: it holds nothing, and is recorded."""
    s = Session.make(connect(w), name=name)
    got, fh = open41(s)
    s.compound(nfs4.putfh(fh), nfs4.close(got.stateid)).ok()
    return s


# SETCLIENTID

@test(server='ditto')
def setclientid_new_and_confirmed_again(w):
    nfs = Nfs4(connect(w))
    a = nfs.compound(nfs4.setclientid(b'me')).ok()[0]
    status(nfs.compound(nfs4.renew(a.clientid)), nfs4.STALE_CLIENTID, 'not confirmed')
    status(nfs.compound(nfs4.setclientid_confirm(a.clientid, b'nonsense')), nfs4.STALE_CLIENTID)
    status(nfs.compound(nfs4.setclientid_confirm(a.clientid + 77, a.confirm)),
           nfs4.STALE_CLIENTID)
    nfs.compound(nfs4.setclientid_confirm(a.clientid, a.confirm)).ok()
    nfs.compound(nfs4.setclientid_confirm(a.clientid, a.confirm)).ok()
    nfs.compound(nfs4.renew(a.clientid)).ok()
    status(nfs.compound(nfs4.renew(0x1234567812345678)), nfs4.STALE_CLIENTID)


@test(server='ditto')
def setclientid_same_incarnation(w):
    """The same verifier changes the callback only: clientid and state stay."""
    file(w)
    c = Client40(connect(w), b'me', b'verifier')
    got, fh = open40(c)
    b = c.compound(nfs4.setclientid(b'me', b'verifier')).ok()[0]
    eq(b.clientid, c.id)
    assert b.confirm != c.confirm
    c.compound(nfs4.renew(c.id)).ok()
    status(c.compound(nfs4.setclientid_confirm(c.id, b'nonsense')), nfs4.STALE_CLIENTID)
    # the old one stays until the new one is confirmed
    c.compound(nfs4.setclientid_confirm(c.id, c.confirm)).ok()
    c.compound(nfs4.setclientid_confirm(c.id, b.confirm)).ok()
    status(c.compound(nfs4.setclientid_confirm(c.id, c.confirm)), nfs4.STALE_CLIENTID)
    c.compound(nfs4.putfh(fh), nfs4.read(got.stateid, 0, 4)).ok()


@test(server='ditto')
def setclientid_reboot(w):
    """Another verifier removes the old incarnation's state, at the confirmation."""
    file(w)
    c = Client40(connect(w), b'me', b'before..')
    got, fh = open40(c)
    b = c.compound(nfs4.setclientid(b'me', b'after...')).ok()[0]
    assert b.clientid != c.id
    c.compound(nfs4.putfh(fh), nfs4.read(got.stateid, 0, 4)).ok()
    c.compound(nfs4.setclientid_confirm(b.clientid, b.confirm)).ok()
    r = c.compound(nfs4.putfh(fh), nfs4.read(got.stateid, 0, 4))
    one_of(r.status, (nfs4.STALE_STATEID, nfs4.BAD_STATEID, nfs4.EXPIRED))
    r = c.compound(nfs4.renew(c.id))
    one_of(r.status, (nfs4.EXPIRED, nfs4.STALE_CLIENTID))
    eq(len(clients(w)), 1)


@test(server='ditto')
def setclientid_unconfirmed_is_replaced(w):
    nfs = Nfs4(connect(w))
    a = nfs.compound(nfs4.setclientid(b'me', b'one.....')).ok()[0]
    b = nfs.compound(nfs4.setclientid(b'me', b'two.....')).ok()[0]
    status(nfs.compound(nfs4.setclientid_confirm(a.clientid, a.confirm)), nfs4.STALE_CLIENTID)
    nfs.compound(nfs4.setclientid_confirm(b.clientid, b.confirm)).ok()
    eq(len(clients(w)), 1)
    # over a confirmed one, too: the last word counts
    c = nfs.compound(nfs4.setclientid(b'me', b'three...')).ok()[0]
    d = nfs.compound(nfs4.setclientid(b'me', b'four....')).ok()[0]
    status(nfs.compound(nfs4.setclientid_confirm(c.clientid, c.confirm)), nfs4.STALE_CLIENTID)
    nfs.compound(nfs4.setclientid_confirm(d.clientid, d.confirm)).ok()


@test(server='ditto')
def setclientid_principal(w):
    """Another user cannot take or confirm the name of a client with state."""
    file(w)
    c = Client40(connect(w), b'me', cred=ALICE)
    bob = Nfs4(connect(w), cred=BOB)
    status(bob.compound(nfs4.setclientid_confirm(c.id, c.confirm)), nfs4.CLID_INUSE)
    got, fh = open40(c)
    r = bob.compound(nfs4.setclientid(b'me', b'bobs....'))
    status(r, nfs4.CLID_INUSE)
    eq(r[0].user, (b'tcp', f'{w.clients[0].addr}.0.0'.encode()))
    b = bob.compound(nfs4.setclientid(b'bob')).ok()[0]
    status(c.compound(nfs4.setclientid_confirm(b.clientid, b.confirm)), nfs4.CLID_INUSE)
    bob.compound(nfs4.setclientid_confirm(b.clientid, b.confirm)).ok()
    # without state it is free
    c.compound(nfs4.putfh(fh), nfs4.close(got.stateid, c.seqid())).ok()
    r = bob.compound(nfs4.setclientid(b'me', b'bobs....'))
    one_of(r.status, (nfs4.OK, nfs4.CLID_INUSE))


@test(server='ditto')
def garbage40(w):
    nfs = Nfs4(connect(w))
    for op in (nfs4.setclientid(b'me'), nfs4.setclientid_confirm(1, bytes(8)), nfs4.renew(1)):
        for cut in range(4, len(op.args) + 1, 4):
            r = nfs.compound(nfs4.Op(op.number, op.args[:-cut]))
            status(r, nfs4.BADXDR, f'{nfs4.OP_NAMES[op.number]} without {cut} bytes')
    long = rpc.Enc().fixed(bytes(8)).opaque(bytes(1025)).u32(0).opaque(b'').opaque(b'').u32(0)
    status(nfs.compound(nfs4.Op('setclientid', long)), nfs4.BADXDR)
    # addresses that make no sense are no error
    for n, (netid, addr) in enumerate((('', ''), ('tcp', 'x'), ('udp', '1.2.3.4.5.6'),
                                       ('tcp6', '1.2.3.4.5.6'), ('tcp', '9' * 3000),
                                       (b'\0\xff', b'\0'))):
        Client40(nfs.rpc, f'odd{n}'.encode(), netid=netid, addr=addr)


# EXCHANGE_ID

def exchange(nfs, name=b'me', verf=b'verifier', **kw):
    cred = {'cred': kw.pop('cred')} if 'cred' in kw else {}
    return nfs.compound(nfs4.exchange_id(name, verf, **kw), **cred)


@test(server='ditto')
def exchange_id_cases(w):
    """The cases of RFC 8881 section 18.35.4, by number."""
    nfs = Nfs4(connect(w), 1)
    update = nfs4.EXCHGID_UPDATE
    # 7: update without a confirmed record
    status(exchange(nfs, flags=update), nfs4.NOENT)
    # 1: new
    a = exchange(nfs).ok()[0]
    eq(a.flags & nfs4.EXCHGID_CONFIRMED, 0)
    status(exchange(nfs, flags=update), nfs4.NOENT)
    # 4: an unconfirmed record is replaced
    b = exchange(nfs).ok()[0]
    assert a.clientid != b.clientid
    status(nfs.compound(nfs4.create_session(a.clientid, a.seqid)), nfs4.STALE_CLIENTID)
    s = Session(nfs.rpc, b.clientid, b.seqid)
    s.patiently(nfs4.reclaim_complete()).ok()
    # 2: it asks again
    c = exchange(nfs).ok()[0]
    eq(c.clientid, b.clientid)
    eq(c.flags & nfs4.EXCHGID_CONFIRMED, nfs4.EXCHGID_CONFIRMED)
    # 6, 8, 9: update
    d = exchange(nfs, flags=update).ok()[0]
    eq((d.clientid, d.flags & nfs4.EXCHGID_CONFIRMED), (b.clientid, nfs4.EXCHGID_CONFIRMED))
    status(exchange(nfs, verf=b'another.', flags=update), nfs4.NOT_SAME)
    status(exchange(nfs, flags=update, cred=ALICE), nfs4.PERM)
    # 5: restart; the old record stays until the new one is confirmed
    e = exchange(nfs, verf=b'another.').ok()[0]
    eq(e.flags & nfs4.EXCHGID_CONFIRMED, 0)
    s.compound(nfs4.putrootfh()).ok()
    t = Session(nfs.rpc, e.clientid, e.seqid)
    status(s.compound(nfs4.putrootfh()), nfs4.BADSESSION)
    t.compound(nfs4.putrootfh()).ok()
    eq(len(clients(w)), 1)


@test(server='ditto')
def exchange_id_collision(w):
    """Case 3: another principal gets the name only of a client without state."""
    file(w)
    nfs = Nfs4(connect(w), 1)
    s = Session.make(nfs.rpc, name=b'me')
    got, fh = open41(s)
    status(exchange(nfs, cred=ALICE), nfs4.CLID_INUSE)
    s.compound(nfs4.putfh(fh), nfs4.close(got.stateid)).ok()
    exchange(nfs, cred=ALICE).ok()
    status(s.compound(nfs4.putrootfh()), nfs4.BADSESSION)


@test(server='ditto')
def exchange_id_refuses(w):
    nfs = Nfs4(connect(w), 1)
    status(exchange(nfs, flags=0x8), nfs4.INVAL)
    status(exchange(nfs, flags=nfs4.EXCHGID_CONFIRMED), nfs4.INVAL)
    status(exchange(nfs, protect=1, must=(42, 43), allow=(4,)), nfs4.INVAL,
           'SP4_MACH_CRED without Kerberos')
    ssv = rpc.Enc().fixed(b'verifier').opaque(b'ssv').u32(0, 2)
    ssv.u32(0, 0, 1).opaque(b'1.2').u32(1).opaque(b'3.4').u32(1, 1, 0)
    status(nfs.compound(nfs4.Op('exchange_id', ssv)), nfs4.ENCR_ALG_UNSUPP)
    status(nfs.compound(nfs4.exchange_id(b'me'), nfs4.putrootfh()), nfs4.NOT_ONLY_OP)


@test(server='ditto')
def exchange_id_asks_for_fences(w):
    """A client of 4.2 may ask that its operations are fenced (RFC 7862 section 14.1)."""
    nfs = Nfs4(connect(w), 2)
    r = exchange(nfs, flags=nfs4.EXCHGID_FENCE_OPS).ok()[0]
    eq(r.flags & nfs4.EXCHGID_FENCE_OPS, 0, 'granted')
    Session(nfs.rpc, r.clientid, r.seqid, 2).patiently(nfs4.reclaim_complete()).ok()
    status(exchange(Nfs4(nfs.rpc, 1), flags=nfs4.EXCHGID_FENCE_OPS), nfs4.INVAL)


@test(server='ditto', clients=2)
def one_server_for_all(w):
    """Owner and scope are the same on all connections, in all versions, after a restart."""
    def told(n, minor):
        r = exchange(Nfs4(connect(w, n), minor)).ok()[0]
        return r.server_owner, r.scope
    before = told(0, 1)
    assert before[0][1] and before[1], before
    eq({told(0, 1), told(0, 2), told(1, 1)}, {before})
    w.server.restart()
    eq(told(1, 2), before)


@test(server='ditto')
def families_side_by_side(w):
    """A 4.0 and a 4.1 client with the same name are two clients."""
    file(w)
    c = Client40(connect(w), b'me')
    s, t = Session.make(connect(w), name=b'me', verf=b'verifier'), None
    got, fh = open40(c)
    t = Session.make(connect(w), name=b'me', verf=b'another.', minor=2)
    status(s.compound(nfs4.putrootfh()), nfs4.BADSESSION, '4.2 is the family of 4.1')
    c.compound(nfs4.putfh(fh), nfs4.read(got.stateid, 0, 4)).ok()
    r = t.compound(nfs4.putfh(fh), nfs4.read(got.stateid, 0, 4))
    eq(r.status, nfs4.BAD_STATEID)
    status(c.compound(nfs4.renew(t.clientid)), nfs4.STALE_CLIENTID)
    status(t.nfs.compound(nfs4.create_session(c.id, 1)), nfs4.STALE_CLIENTID)
    for op in (nfs4.renew(c.id), nfs4.setclientid(b'x'), nfs4.setclientid_confirm(1, bytes(8)),
               nfs4.release_lockowner(t.owner())):
        eq(t.compound(op)[-1].status, nfs4.NOTSUPP)


# leases

@test(server='ditto', timeout=120)
def silent_clients_go(w):
    """Expired clients that are unconfirmed or hold nothing are removed."""
    file(w)
    nfs = Nfs4(connect(w), 1)
    exchange(nfs, name=b'unconfirmed').ok()
    Nfs4(connect(w)).compound(nfs4.setclientid(b'unconfirmed')).ok()
    s, c = Session.make(connect(w)), Client40(connect(w))
    alive = Session.make(connect(w), name=b'alive')
    # What it holds keeps it also where it is late.
    got, fh = open41(alive)
    eq(len(clients(w)), 5)
    short_lease(w)

    def gone():
        alive.compound(nfs4.putrootfh()).ok()
        return len(clients(w)) == 1
    wait_for('they are gone', gone)
    status(s.compound(nfs4.putrootfh()), nfs4.BADSESSION)
    status(s.nfs.compound(nfs4.create_session(s.clientid, 2)), nfs4.STALE_CLIENTID)
    status(c.compound(nfs4.renew(c.id)), nfs4.EXPIRED)
    eq(len(w.server.json('session', 'list')), 1)
    alive.compound(nfs4.putfh(fh), nfs4.close(got.stateid)).ok()


@test(server='ditto', timeout=60)
def no_laundry_without_service(w):
    """Leases do not run without listeners, and begin anew with the next one."""
    short_lease(w)
    s = Session.make(connect(w))
    s.rpc.close()
    for listener in w.server.json('listener', 'list'):
        w.server.ctl('listener', 'del', str(listener['id']))
    time.sleep(2 * LEASE)
    eq(len(clients(w)), 1)
    w.server.listen()
    s.nfs = Nfs4(connect(w), 1)
    s.compound(nfs4.putrootfh()).ok()
    wait_for('it is gone', lambda: not clients(w), 3 * LEASE)


@test(server='ditto', timeout=60)
def failing_requests_renew_nothing(w):
    short_lease(w)
    s = Session.make(connect(w), fore=nfs4.Channel(ops=3))
    root = nfs4.putrootfh()
    end = time.monotonic() + 3 * LEASE
    while time.monotonic() < end:
        r = s.nfs.compound(nfs4.sequence(s.id, 77, 0, 0), root)
        if r.status == nfs4.BADSESSION:
            break
        status(r, nfs4.SEQ_MISORDERED)
        r = s.nfs.compound(nfs4.sequence(s.id, 2, 0, 0), root, root, root)
        if r.status == nfs4.BADSESSION:
            break
        status(r, nfs4.TOO_MANY_OPS)
        time.sleep(0.3)
    status(r, nfs4.BADSESSION)


@test(server='ditto', timeout=90)
def courtesy(w):
    """A silent client keeps its state without a conflict and can use it again."""
    file(w)
    short_lease(w)
    c, s = Client40(connect(w)), Session.make(connect(w))
    (a, afh), (b, bfh) = open40(c), open41(s)

    def courtesy_count():
        return sum(x.get('courtesy', 0) for x in clients(w))
    wait_for('both are courtesy clients', lambda: courtesy_count() == 2, 3 * LEASE)
    c.compound(nfs4.renew(c.id)).ok()
    s.compound(nfs4.putrootfh()).ok()
    eq(courtesy_count(), 0)
    c.compound(nfs4.putfh(afh), nfs4.read(a.stateid, 0, 4)).ok()
    s.compound(nfs4.putfh(bfh), nfs4.read(b.stateid, 0, 4)).ok()
    c.compound(nfs4.putfh(afh), nfs4.close(a.stateid, c.seqid())).ok()
    s.compound(nfs4.putfh(bfh), nfs4.close(b.stateid)).ok()


@test(server='ditto', clients=2, timeout=180)
def courtesy_ends_with_a_conflict(w):
    """A conflict removes all state of the silent client, and of no other."""
    file(w)
    file(w, 'g')
    file(w, 'h')
    for make, deny in ((Client40, open40), (Session.make, open41)):
        dead, live = make(connect(w)), Session.make(connect(w, 1))
        lengthen_lease(w)
        # What it holds keeps it also where it is late.
        open41(live, 'h')
        a, afh = deny(dead, deny=nfs4.DENY_BOTH)
        b, bfh = deny(dead, 'g')

        def is_courtesy():
            live.compound(nfs4.putrootfh()).ok()
            return any(x.get('courtesy') for x in clients(w))
        eq(open41(live)[0].status, nfs4.SHARE_DENIED)
        short_lease(w)
        wait_for('it is a courtesy client', is_courtesy)

        def opened():
            r, fh = open41(live)
            if r.status != nfs4.OK:
                one_of(r.status, (nfs4.DELAY, nfs4.SHARE_DENIED))
            return fh
        wait_for('it gives way', opened)
        r = dead.compound(nfs4.putfh(bfh), nfs4.read(b.stateid, 0, 4))
        one_of(r.status, (nfs4.EXPIRED, nfs4.BADSESSION, nfs4.BAD_STATEID))
        live.nfs.compound(nfs4.sequence(live.id, live.slots[0] + 1, 0, 0)).ok()
        wait_for('it is gone', lambda: len(clients(w)) == 1)
        w.server.release_clients()


@test(server='ditto', timeout=150)
def courtesy_ends_with_a_local_wait(w):
    """A silent client gives way to a process of the server that waited before it was silent."""
    file(w)
    w.server.ctl('server', 'set', 'lease-time-s', str(3 * LEASE))
    for make in (Client40, Session.make):
        dead = make(connect(w))
        a, fh = open41(dead)
        seqids = [dead.seqid(), dead.seqid(b'locker')] if make is Client40 else [0, 0]
        dead.compound(nfs4.putfh(fh), nfs4.lock(nfs4.WRITE_LT, 0, 10, a.stateid, new=(
            *seqids, dead.owner(b'locker')))).ok()
        p, other = Locker(w.path('f')), Locker(w.path('f'))
        p.start('wait', READ, 5, 10).waits()
        other.start('wait', WRITE, 5, 1).waits()
        # within its lease it keeps what it has
        dead.compound(*[nfs4.renew(dead.id)] if make is Client40 else [nfs4.putrootfh()]).ok()
        p.waits()
        p.result(60)
        wait_for('it is gone', lambda: clients(w) == [], 60)
        p.unlock()
        other.result()
        p.end()
        other.end()


@test(server='ditto', timeout=90)
def courtesy_ends_with_the_name(w):
    """Somebody else gets the name of a silent client when that is gone, and not before."""
    file(w)
    short_lease(w)
    c, s = Client40(connect(w), b'me'), Session.make(connect(w), name=b'me')
    assert open40(c)[1] and open41(s)[1]
    alice, nfs = Nfs4(connect(w), cred=ALICE), Nfs4(connect(w), 1)

    def name40():
        a = alice.compound(nfs4.setclientid(b'me', b'alices..')).ok()[0]
        return alice.compound(nfs4.setclientid_confirm(a.clientid, a.confirm))

    def name41():
        return exchange(nfs, cred=ALICE)

    def silent(*protocols):
        wait_for('courtesy clients', lambda: sorted(
            x['protocol'] for x in clients(w) if x.get('courtesy')) == [*protocols], 3 * LEASE)
    silent('nfs4.0', 'nfs4.1')
    s.compound(nfs4.putrootfh()).ok()
    status(name41(), nfs4.CLID_INUSE, 'it came back')
    status(name40(), nfs4.DELAY, 'it may come back')
    wait_for('the name', lambda: name40().status == nfs4.OK)
    status(c.compound(nfs4.renew(c.id)), nfs4.EXPIRED)
    silent('nfs4.1')
    status(name41(), nfs4.DELAY, 'it may come back')
    wait_for('the name', lambda: name41().status == nfs4.OK)
    status(s.compound(nfs4.putrootfh()), nfs4.BADSESSION)


@test(server='ditto', locks='raw', timeout=90)
def gone_or_renewed(w):
    """A silent client without state that is to go is told to retry, not that it renewed."""
    file(w)
    short_lease(w)
    s = recorded(w, b'recorded')
    # While its record is being removed it is neither there nor gone.
    with process_stopped(w.server.helper.pid):
        wait_for('it is a courtesy client', lambda: any(
            x.get('courtesy') for x in clients(w)), 3 * LEASE)
        r = s.compound(nfs4.putrootfh())
    if r.status == nfs4.OK:
        # It came first, or the removal failed for want of an answer.
        assert open41(s)[1]
        w.server.release_clients()
        return
    status(r, nfs4.DELAY)
    wait_for('it is gone', lambda: not clients(w))
    status(s.compound(nfs4.putrootfh()), nfs4.BADSESSION)


# reclaim

def owner_open(s, name, claim=None, **kw):
    """OPEN by CLAIM_PREVIOUS with a handle, or by name."""
    if claim == nfs4.CLAIM_PREVIOUS:
        return s.patiently(nfs4.putfh(name), nfs4.open(s.owner(), None, nfs4.BOTH, claim=claim,
                                                       deleg=0, **kw))
    return s.patiently(nfs4.putfh(s.fh('data')),
                       nfs4.open(s.owner(), name, nfs4.BOTH, **kw))


PREVIOUS = nfs4.CLAIM_PREVIOUS


@test(server='ditto', locks='raw', timeout=120)
def reclaim_after_restart(w):
    """A known client may reclaim until RECLAIM_COMPLETE or the end of grace."""
    file(w)
    s = Session.make(connect(w), name=b'me', verf=b'verifier')
    other = Session.make(connect(w), name=b'other', verf=b'verifier')
    fh = open41(s)[1]
    open41(other)
    w.server.lengthen_grace()
    w.server.restart()
    wait_for('grace', lambda: w.server.grace()['active'])
    s = Session.make(connect(w), name=b'me', verf=b'verifier', reclaimed=False)
    stranger = Session.make(connect(w), name=b'stranger', verf=b'verifier', reclaimed=False)
    thief = Session.make(connect(w), name=b'other', verf=b'stolen..', cred=ALICE,
                         reclaimed=False)
    status(owner_open(s, 'f'), nfs4.GRACE, 'a new open in grace')
    status(owner_open(stranger, fh, PREVIOUS), nfs4.RECLAIM_BAD)
    status(owner_open(thief, fh, PREVIOUS), nfs4.RECLAIM_BAD, 'another principal')
    owner_open(s, fh, PREVIOUS).ok()
    s.compound(nfs4.putfh(fh), nfs4.reclaim_complete(one_fs=True)).ok()
    owner_open(s, fh, PREVIOUS).ok()
    s.patiently(nfs4.reclaim_complete()).ok()
    status(s.compound(nfs4.reclaim_complete()), nfs4.COMPLETE_ALREADY)
    eq(w.server.grace()['active'], 1, 'one is missing')
    status(owner_open(s, fh, PREVIOUS), nfs4.NO_GRACE, 'done, though grace goes on')
    status(owner_open(s, 'f'), nfs4.GRACE, 'a new open in grace, though done')
    status(owner_open(stranger, 'f'), nfs4.GRACE)
    # the last one ends it
    other = Session.make(connect(w), name=b'other', verf=b'verifier')
    wait_for('grace ends early', lambda: not w.server.grace()['active'])
    owner_open(s, 'f').ok()
    status(owner_open(stranger, 'f'), nfs4.GRACE, 'before RECLAIM_COMPLETE')
    stranger.patiently(nfs4.reclaim_complete()).ok()
    owner_open(stranger, 'f').ok()
    status(owner_open(stranger, fh, PREVIOUS), nfs4.NO_GRACE)
    w.server.release_clients()


@test(server='ditto', locks='raw', timeout=120)
def reclaim_after_chmod(w):
    """The owner of a file reclaims every mode it had it open for, whatever the file's mode is."""
    file(w)
    os.chown(w.path('f'), 1000, 1000)
    os.chmod(w.path('f'), 0o600)

    def start(minor, **kw):
        if not minor:
            return Client40(connect(w), b'me 0', b'verifier', cred=ALICE)
        return Session.make(connect(w), b'me 1', b'verifier', cred=ALICE, **kw)
    handles = [open40(start(minor))[1] for minor in (0, 1)]
    os.chmod(w.path('f'), 0)
    w.server.lengthen_grace()
    w.server.restart()
    wait_for('grace', lambda: w.server.grace()['active'])
    for minor, fh in enumerate(handles):
        c = start(minor, reclaimed=False)

        def previous(acc):
            return nfs4.again_while_delayed(
                lambda: c.compound(nfs4.putfh(fh), nfs4.open(
                    c.owner(), None, acc, claim=PREVIOUS, seqid=0 if minor else c.seqid())),
                lambda r: r.status)
        sids = [previous(acc).ok()[-1].stateid for acc in (nfs4.WRITE, nfs4.READ)]
        eq(sids[0][1], sids[1][1], 'one open')
        c.compound(nfs4.putfh(fh), nfs4.write(sids[1], 0, b'more')).ok()
        eq(c.compound(nfs4.putfh(fh), nfs4.read(sids[1], 0, 4)).ok()[-1].data, b'more')
    w.server.end_grace()
    w.server.release_clients()


@test(server='ditto', locks='raw', timeout=120)
def reclaim_of_40(w):
    """A known 4.0 client may reclaim until the end of grace."""
    file(w)
    c = Client40(connect(w), b'me', b'verifier')
    got, fh = open40(c)
    w.server.lengthen_grace()
    w.server.restart()
    wait_for('grace', lambda: w.server.grace()['active'])
    c = Client40(connect(w), b'me', b'verifier')
    eq(c.compound(nfs4.putfh(fh), nfs4.read(got.stateid, 0, 4)).status, nfs4.STALE_STATEID)
    stranger = Client40(connect(w), b'stranger')

    def previous(c):
        return nfs4.again_while_delayed(
            lambda: c.compound(nfs4.putfh(fh), nfs4.open(c.owner(), None, nfs4.BOTH,
                                                         claim=PREVIOUS, seqid=c.seqid())),
            lambda r: r.status)
    status(previous(stranger), nfs4.RECLAIM_BAD)
    eq(open40(stranger)[0].status, nfs4.GRACE)
    previous(c).ok()
    w.server.end_grace()
    status(previous(c), nfs4.NO_GRACE)
    assert open40(stranger)[1]
    w.server.release_clients()


@test(server='ditto', locks='raw', timeout=90)
def clients_that_left_are_not_waited_for(w):
    """Destroyed and expired clients have no record, so there is no grace."""
    file(w)
    short_lease(w)
    s = recorded(w, b'tidy')
    s.destroy().ok()
    s.nfs.compound(nfs4.destroy_clientid(s.clientid)).ok()
    recorded(w, b'silent')
    Session.make(connect(w), name=b'never had anything')
    wait_for('the silent one expires', lambda: not clients(w), 3 * LEASE)
    w.server.restart()
    eq((w.server.grace()['active'], w.server.grace()['known']), (0, 0))


@test(server='ditto', locks='raw', timeout=90)
def helper_is_away(w):
    """Without the helper new clients get no state; existing state stays."""
    file(w)
    s = Session.make(connect(w), name=b'known')
    got, fh = open41(s)
    w.server.helper_stop()
    s.compound(nfs4.putfh(fh), nfs4.read(got.stateid, 0, 4)).ok()
    assert open41(s)[1]
    new = Session.make(connect(w), name=b'new')
    eq(open41(new)[0].status, nfs4.DELAY)
    w.server.helper_start()
    wait_for('it may', lambda: open41(new)[1])
    w.server.release_clients()


# many

@test(server='ditto', timeout=120)
def five_hundred_then_gone(w):
    """The memory of 500 vanished clients is freed when it is needed."""
    short_lease(w)
    conn = connect(w)
    for n in range(500):
        file(w, f'f{n}')
        if n % 2:
            c = Client40(conn, f'old{n}'.encode())
        else:
            c = Session.make(conn, name=f'new{n}'.encode())
        got, fh = open40(c, f'f{n}')
        assert fh, got
        r = c.compound(nfs4.putfh(fh), nfs4.lock(nfs4.WRITE_LT, 0, 10, got.stateid, new=(
            c.seqid() if n % 2 else 0, 0, c.owner(b'l'))))
        r.ok()
        if n % 50 == 49:
            print(n + 1, len(clients(w)))
    assert len(clients(w)) > 400
    wait_for('all in courtesy', lambda: all(x.get('courtesy') for x in clients(w)), 4 * LEASE)
    eq(len(clients(w)), 500)
    eq(w.server.json('server', 'show')['opens'], 500)

    def gone():
        with open('/proc/sys/vm/drop_caches', 'w', encoding='ascii') as f:
            f.write('2')
        return not clients(w)
    wait_for('they go when memory is short', gone, 30)

    def left():
        show = w.server.json('server', 'show')
        return show['opens'], show['ranges'], w.server.json('session', 'list')
    wait_for('and all that they had', lambda: left() == (0, 0, []))


# requests that outlive their client

def create_outlives(w, end):
    """The reply to an OPEN that creates a file, and whose client is gone before it goes on."""
    s = Session.make(connect(w), name=b'me')
    root = s.fh('data')
    status(owner_open(s, 'absent'), nfs4.NOENT)
    ops = (s.sequence(), nfs4.putfh(root),
           nfs4.open(s.owner(), 'new', nfs4.BOTH, how=nfs4.UNCHECKED, attrs={'mode': 0o644}))
    with frozen(w.export):
        s.rpc.send(rpc.call_bytes(nfs4.NFS, 4, nfs4.COMPOUND, nfs4.compound_bytes(ops, 1)))
        wait_for('a request that is held up', lambda: 'D' in service_threads())
        end(s)
    return nfs4.read_reply(s.rpc.recv().body, ops)


@test(server='ditto', fs='ext4')
def a_request_outlives_a_restart(w):
    """An OPEN that creates its file for a client that restarted meanwhile gets no state."""
    def restart(_):
        Session.make(connect(w), name=b'me')
        eq(len(clients(w)), 1)
    status(create_outlives(w, restart), nfs4.DEADSESSION)
    eq(os.listdir(w.path()), [], 'the file of the OPEN that failed')
    eq(w.server.json('server', 'show')['opens'], 0)


@test(server='ditto', fs='ext4')
def a_request_outlives_its_client(w):
    """The same for a client that destroyed its clientid."""
    def leave(s):
        nfs = Nfs4(connect(w), 1)
        nfs.compound(nfs4.sequence(s.id, 1, 1, 1)).ok()
        nfs.compound(nfs4.destroy_session(s.id)).ok()
        nfs.compound(nfs4.destroy_clientid(s.clientid)).ok()
        eq(clients(w), [])
    status(create_outlives(w, leave), nfs4.DEADSESSION)
    eq(w.server.json('server', 'show')['opens'], 0)
