# SPDX-License-Identifier: GPL-2.0-only
"""Objects that the server holds for a client are bounded, reported, and freed again.

client1 goes over its limit; client2, at another address, is not affected.
"""
import contextlib
import os
import struct
import time

import nfs3
import nfs4
import rpc
from checks import eq, wait_for
from client_lists import budget
from files import put
from harness import test
from nfs4 import Channel, Client40, Nfs4, Session, connect
from processes import process_stopped
from rpc import Dec, Enc, RpcError
from server_events import kernel_log
from smbraw import Link, link


def refused(w, client=0):
    for found in w.server.json('client', 'list'):
        if found['address'] == w.clients[client].addr:
            return found.get('refused', 0)
    return 0


def name_of(status):
    return nfs4.STATUS.get(status, status)


def end(*sessions):
    for s in sessions:
        s.nfs.compound(nfs4.destroy_session(s.id)).ok()


def opens(w, s, fh, names, how=nfs4.UNCHECKED):
    """Results of OPENs that create files, with one owner each."""
    return [s.open(fh, name, acc=nfs4.WRITE | (nfs4.WANT_NO if s.minor else 0), own=name.encode(),
                   how=how, attrs={'mode': 0o644})[0] for name in names]


@test(server='ditto', clients=2)
def opens_of_41(w):
    """Over the limit OPEN gets DELAY and creates nothing; closing makes room."""
    w.server.ctl('server', 'set', 'budget-opens', '10')
    with kernel_log() as lines:
        s, other = (Session.make(connect(c)) for c in w.clients)
        fh = s.fh('data')
        got = opens(w, s, fh, [f'a{i}' for i in range(12)])
        eq([name_of(r.status) for r in got], 10 * ['OK'] + 2 * ['DELAY'])
        assert not os.path.exists(w.path('a10')), 'made in vain'
        eq(budget(w)['opens'], (10, 10))
        eq(refused(w) >= 2, True)
        told = [x for x in lines() if f'client {w.clients[0].addr} is refused opens' in x]
        eq(len(told), 1, 'lines of the log')
    eq([r.status for r in opens(w, other, other.fh('data'), [f'b{i}' for i in range(8)])], 8 * [0])
    # one goes, one comes
    first = s.compound(nfs4.putfh(s.fh('data', 'a0')), nfs4.close(got[0].stateid))
    eq(first.status, nfs4.OK)
    eq(name_of(opens(w, s, fh, ['a11'])[0].status), 'OK')
    w.server.ctl('server', 'set', 'budget-opens', '0')
    eq(name_of(opens(w, s, fh, ['a12'])[0].status), 'OK', 'the setting is obeyed at once')
    w.server.ctl('lock', 'client', 'release', s_name(w, 0))
    wait_for('nothing is charged any more', lambda: 'opens' not in budget(w))


def s_name(w, client):
    return next(x['name'] for x in w.server.json('lock', 'client', 'list')
                if w.clients[client].addr in x['name'])


@test(server='ditto', clients=2)
def opens_of_40(w):
    """For 4.0 the error is RESOURCE, for all clients at an address together."""
    w.server.ctl('server', 'set', 'budget-opens', '6')
    one, two = (Client40(connect(w.clients[0])) for _ in range(2))
    one.minor = two.minor = 0
    fh = one.fh('data')
    eq([name_of(r.status) for r in opens(w, one, fh, ['a', 'b', 'c', 'd'])], 4 * ['OK'])
    eq([name_of(r.status) for r in opens(w, two, fh, ['e', 'f', 'g'])], ['OK', 'OK', 'RESOURCE'])
    assert not os.path.exists(w.path('g')), 'made in vain'


@test(server='ditto', clients=2)
def delegations(w):
    """A client with as many delegations as it may have gets opens without them."""
    w.server.ctl('server', 'set', 'budget-opens', '4')
    s = Session.make(connect(w.client), flags=0)
    for i in range(8):
        put(w.path(f'f{i}'))
    fh = s.fh('data')
    got = []
    for i in range(8):
        r, handle = s.open(fh, f'f{i}', own=b'%d' % i)
        eq(r.status, nfs4.OK, f'f{i}')
        got.append(r.deleg.type if hasattr(r.deleg, 'type') else 0)
        s.compound(nfs4.putfh(handle), nfs4.close(r.stateid)).ok()
    eq(budget(w).get('delegations', (0, 4))[0] <= 4, True, str(got))


@test(server='ditto', clients=2)
def slots(w):
    """A client at its memory limit gets fewer slots and then no session; others get all."""
    w.server.ctl('server', 'set', 'budget-user-mib', '1')
    w.server.ctl('server', 'set', 'session-slots', '128')
    many = Channel(requests=128, cached=4096)
    hoarder = Nfs4(connect(w.clients[0]), 1)
    granted, sessions, status = [], [], nfs4.OK
    while status == nfs4.OK and len(granted) < 100:
        x = hoarder.compound(nfs4.exchange_id(os.urandom(12))).ok()[0]
        r = hoarder.compound(nfs4.create_session(x.clientid, x.seqid, fore=many))
        status = r.status
        if status == nfs4.OK:
            granted.append(r[0].fore.requests)
            sessions.append((r[0].sessionid, x.clientid))
    eq(name_of(status), 'DELAY')
    eq(granted[0], 128)
    eq(granted[-1] < 128, True, str(granted))
    used, limit = budget(w)['memory-bytes']
    # the client without a session counts as unconfirmed
    eq((limit, used <= limit + 8192, used > limit * 3 // 4), (1 << 20, True, True), f'{used}')
    s = Session.make(connect(w.clients[1]), fore=many)
    eq(s.fore.requests, 128, 'another machine')
    s.compound(nfs4.putrootfh()).ok()
    # all slots that were granted work, with their replies
    nfs = Nfs4(connect(w.clients[0]), 1)
    for slot in range(granted[0]):
        nfs.compound(nfs4.sequence(sessions[0][0], 1, slot, slot, True), nfs4.putrootfh()).ok()
    eq(budget(w)['memory-bytes'][0], used, 'it was charged before')
    for sid, clientid in sessions:
        hoarder.compound(nfs4.destroy_session(sid)).ok()
        hoarder.compound(nfs4.destroy_clientid(clientid)).ok()
    wait_for('nothing is charged any more', lambda: not set(budget(w)) & {'sessions', 'slots'})


@test(server='ditto', clients=2)
def names_of_clients(w):
    """A machine has few unconfirmed client records, and still confirms and works."""
    w.server.ctl('server', 'set', 'lease-time-s', '10')
    sure = Client40(connect(w.clients[0]))
    n = Nfs4(connect(w.clients[0]), 0)
    status, made = nfs4.OK, 0
    while status == nfs4.OK and made < 1000:
        status = n.compound(nfs4.setclientid(os.urandom(12))).status
        made += status == nfs4.OK
    eq((name_of(status), made), ('DELAY', 256))
    eq(n.compound(nfs4.renew(sure.id)).status, nfs4.OK)
    eq(Nfs4(connect(w.clients[1]), 0).compound(nfs4.setclientid(b'other')).status, nfs4.OK)

    def one_left():
        n.compound(nfs4.renew(sure.id)).ok()
        return budget(w)['clients'][0] == 1
    wait_for('they are forgotten', one_left, 60)
    Client40(connect(w.clients[0]))
    eq(budget(w)['clients'][0], 2)


def conns(w, client, count):
    """Connections that made a NULL call each; None for each that was refused."""
    made = []
    for _ in range(count):
        try:
            c = w.clients[client].connect()
            c.call(nfs4.NFS, 4, 0)
        except (OSError, EOFError, RpcError):
            c = None
        made.append(c)
    return made


def answers(c):
    """Whether a connection still works."""
    try:
        c.call(nfs4.NFS, 4, 0)
    except (OSError, EOFError):
        return False
    return True


def live(made):
    return sum(c is not None for c in made)


@test(server='ditto', clients=2)
def connections(w):
    """The connections of a machine are limited and charged, and few for a stranger."""
    w.server.ctl('server', 'set', 'budget-connections', '32')
    many = conns(w, 0, 40)
    eq(live(many), 32)
    eq(budget(w)['connections'], (32, 32))
    eq(live(conns(w, 1, 4)), 4, 'another machine')
    for c in filter(None, many):
        c.close()
    wait_for('nothing is charged any more', lambda: not budget(w))
    w.server.ctl('server', 'set', 'budget-connections', '0')
    eq(live(conns(w, 0, 40)), 40, 'the setting is obeyed at once')


@test(server='ditto', clients=2)
def places_are_shared(w):
    """At max-connections a machine with few connections gets places of one that has more."""
    w.server.ctl('server', 'set', 'max-connections', '4')
    with kernel_log() as lines:
        many = conns(w, 0, 6)
        eq(live(many), 4)
        eq(live(conns(w, 1, 6)), 2, 'as many as the other one keeps')
        eq([answers(c) for c in many[:4]], [False, False, True, True], 'the oldest have gone')
        told = [x for x in lines() if 'raise that setting' in x]
    addrs = [c.addr for c in w.clients]
    assert any(f'client {addrs[0]}:' in x and 'is refused' in x for x in told), told
    assert any(f'in favor of client {addrs[1]}:' in x for x in told), told


@test(server='ditto', clients=2)
def strangers(w):
    w.server.set('data', allow=[f'{w.clients[1].addr}=rw'])
    many = conns(w, 0, 20)
    eq(live(many), 16)
    eq(budget(w)['connections'], (16, 16))
    s = Session.make(connect(w.clients[1]))
    s.compound(nfs4.putrootfh()).ok()
    for c in filter(None, many):
        c.close()
    wait_for('nothing is charged any more', lambda: not budget(w))


def half_write(w, n, fh):
    """Send half of a long WRITE, and the rest when the server has charged for that."""
    args = Enc().opaque(fh).u64(0).u32(1 << 20, nfs3.UNSTABLE, 1 << 20).bytes() + bytes(1 << 20)
    call = rpc.call_bytes(nfs3.NFS, 3, nfs3.WRITE, args)
    message = struct.pack('>I', 1 << 31 | len(call)) + call
    n.rpc.sock.sendall(message[:1 << 19])
    wait_for('the half is charged', lambda: budget(w).get('memory-bytes', (0, 0))[0] > 300 << 10)
    n.rpc.sock.sendall(message[1 << 19:])
    r = n.rpc.recv()
    eq((r.stat, Dec(r.body).u32()), (rpc.SUCCESS, nfs3.OK))


@test(server='ditto', clients=2)
def levels_follow_answers(w):
    """A connection that was made before the helper answered is charged as the answer says."""
    n = w.client.nfs()
    fh = n.create(n.root, 'large').fh
    n.rpc.close()
    w.server.helper_start()
    with process_stopped(w.server.helper.pid):
        w.server.set('data', allow=['client1.e2e.test=rw'])
        early = nfs3.Nfs3(w.client.connect())
        others = conns(w, 1, 20)
        eq((early.getattr(n.root).status, live(others)), (nfs3.JUKEBOX, 20))
    wait_for('an answer', lambda: early.getattr(n.root).status == nfs3.OK)
    w.server.ctl('server', 'set', 'budget-unproven-kib', '64')
    half_write(w, early, fh)
    half_write(w, nfs3.Nfs3(w.client.connect()), fh)

    def refused_or_closed(c):
        try:
            return nfs3.Nfs3(c).getattr(n.root).status != nfs3.JUKEBOX
        except (OSError, EOFError, RpcError):
            return True
    for c in others:
        wait_for('an answer about strangers', lambda c=c: refused_or_closed(c))
    wait_for('as many as strangers may have', lambda: budget(w, 1)['connections'] == (16, 16))


@test(server='ditto', clients=2)
def level_without_room(w):
    """A connection that finds no room at the level of its calls does not ask again at each call."""
    n = w.client.nfs()
    n.rpc.close()
    w.server.helper_start()
    with process_stopped(w.server.helper.pid):
        w.server.set('data', allow=['client1.e2e.test=rw'])
        early = [nfs3.Nfs3(w.client.connect()) for _ in range(6)]
        eq([c.getattr(n.root).status for c in early], [nfs3.JUKEBOX] * 6)
        w.server.ctl('server', 'set', 'budget-connections', '4')
    for c in early:
        wait_for('an answer', lambda c=c: c.getattr(n.root).status == nfs3.OK)
    before = refused(w)
    for _ in range(200):
        for c in early:
            eq(c.getattr(n.root).status, nfs3.OK)
    added = refused(w) - before
    eq((before > 0, added < 200), (True, True), f'refused {before}, then {added}')


@test(server='ditto', clients=2, timeout=120)
def half_calls(w):
    """Unfinished records are kept up to the machine's limit, then their connections are closed."""
    w.server.ctl('server', 'set', 'budget-user-mib', '2')
    part = struct.pack('>I', 1 << 31 | 1 << 20) + bytes(600 << 10)
    socks = []
    for _ in range(12):
        s = w.clients[0].connect().sock
        try:
            s.sendall(part)
        except OSError:
            pass
        socks.append(s)
    s = Session.make(connect(w.clients[1]))
    s.compound(nfs4.putrootfh()).ok()
    wait_for('some are closed', lambda: budget(w)['connections'][0] < 4)
    used, limit = budget(w)['memory-bytes']
    eq((limit, used <= limit, used > 600 << 10), (2 << 20, True, True), f'{used}')
    for s in socks:
        s.close()
    wait_for('nothing is charged any more', lambda: not budget(w))
    # a large WRITE is charged while it comes
    n = w.client.nfs()
    h = n.create(n.root, 'large').fh
    eq(n.write(h, 0, bytes(1 << 20)).status, 0)
    eq('memory-bytes' in budget(w), False, 'after it came')


@test(smb=True, squash='none', clients=2, timeout=60)
def logins_and_pipes(w):
    """Half logins and pipes are charged while they last."""
    with contextlib.ExitStack() as stack:
        halves = [stack.enter_context(Link(w.clients[0]).negotiate()) for _ in range(5)]
        for s in halves:
            eq(s.ntlm_first(), 'MORE_PROCESSING_REQUIRED')
        eq(budget(w)['logins'], (5, 256))
        eq('questions' in budget(w), False, 'all were answered')
        eq(halves[0].ntlm_second('alice'), 'SUCCESS')
        eq(budget(w)['logins'], (4, 256))
        s = stack.enter_context(link(w.clients[1], share='IPC$'))
        fids = [s.create('lsarpc') for _ in range(3)]
        eq(budget(w, 1)['pipes'], (3, 2048))
        for fid in fids:
            s.close(fid)
        wait_for('no pipe is charged any more', lambda: 'pipes' not in budget(w, 1))
    wait_for('nothing is charged any more', lambda: not budget(w) and not budget(w, 1))


@test(smb=True, squash='none', clients=2, timeout=60)
def strangers_over_smb(w):
    """Strangers have few connections and little memory, and others are not affected."""
    w.server.set('data', allow=[f'{w.clients[1].addr}=rw'])
    with contextlib.ExitStack() as stack:
        many = [stack.enter_context(Link(w.clients[0])) for _ in range(20)]
        wait_for('the oldest are gone', lambda: budget(w)['connections'] == (16, 16))
        eq(budget(w)['memory-bytes'][1] < 8 << 20, True)
        eq(many[0].dropped(), True)
        with link(w.clients[1]) as s:
            eq(s.echo(), 'SUCCESS')
    wait_for('nothing is charged any more', lambda: not budget(w))


@test(server='ditto')
def replies_go_when_memory_is_short(w):
    """A kept reply answers a repeated call until the kernel reclaims its memory."""
    n = w.client.nfs()

    def mkdir(name, xid):
        return n.mkdir(n.root, name, xid=xid).status
    eq([mkdir(f'd{i}', 0x1000 + i) for i in range(200)], 200 * [nfs3.OK])
    eq([mkdir(f'd{i}', 0x1000 + i) for i in (0, 100, 199)], 3 * [nfs3.OK], 'retransmitted')
    put('/proc/sys/vm/drop_caches', b'2')
    eq([mkdir(f'd{i}', 0x1000 + i) for i in (0, 100, 199)], 3 * [nfs3.EXIST], 'forgotten')
    eq(mkdir('e', 0x2000), nfs3.OK)
    eq(mkdir('e', 0x2000), nfs3.OK, 'kept again')


@test(server='ditto', clients=2, timeout=120)
def courtesy_clients_make_room(w):
    """When a machine has too many clients, the courtesy clients silent longest are removed."""
    def new():
        return Client40(conn, confirm=False)

    def confirmed(c):
        return c.compound(nfs4.setclientid_confirm(c.id, c.confirm)).status

    def renewed(c):
        return name_of(c.compound(nfs4.renew(c.id)).status)

    w.server.ctl('server', 'set', 'budget-user-mib', '1')
    for i in range(2):
        put(w.path(f'f{i}'))
    conn = connect(w.clients[0])
    stranger = Client40(connect(w.clients[1]))
    fh, had = stranger.fh('data'), []
    stranger.open(fh, 'f0')
    while True:
        c = new()
        if confirmed(c) == nfs4.DELAY:
            break
        eq(c.open(fh, 'f0')[0].status, nfs4.OK)
        had.append(c)
        assert len(had) < 1000
    oldest, kept, rest = had[0], had[1], had[2:]
    # without a courtesy client there is no room
    eq([confirmed(c), confirmed(c)], 2 * [nfs4.DELAY])
    eq([renewed(x) for x in (oldest, rest[0], rest[-1])], 3 * ['OK'])

    def all_courtesy():
        eq(renewed(kept), 'OK')
        time.sleep(0.5)
        clients = w.server.json('lock', 'client', 'list')
        return sum(x.get('courtesy', 0) for x in clients) >= len(rest)
    # the others renew again, later than the first
    time.sleep(2)
    w.server.ctl('server', 'set', 'lease-time-s', '5')
    for x in rest:
        eq(renewed(x), 'OK')
    wait_for('all others are courtesy clients', all_courtesy, 40)
    wait_for('one is let in', lambda: confirmed(new()) == nfs4.OK, 20)
    eq((renewed(oldest), renewed(kept)), ('EXPIRED', 'OK'))
    eq([renewed(stranger)], ['OK'], 'of another machine')
    alive = [renewed(x) for x in rest]
    assert alive.count('OK') >= len(rest) - 8, str(alive)
