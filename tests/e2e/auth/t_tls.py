# SPDX-License-Identifier: GPL-2.0-only
"""NFS over TLS (RFC 9289) with the kernel's client; dittod is the agent of both sides."""
import errno
import json
import os
import resource
import signal
import socket
import struct
import time

import nfs4
import rpc
import servers
from checks import eq, expect_errno, wait_for
from client_lists import budget
from files import get, pattern, put
from harness import test
from helper_processes import worker
from netlink import NUMBERS
from processes import run
from raw_helper import Helper
from server_events import kernel_log
from tls_clients import (ACCESS, GETATTR, MOUNT, NFS, STARTTLS, WRITE, Agent, Certificates, asking,
                         mount, probe, starttls, tls)

BADCRED, BADVERF, TOOWEAK = 1, 3, 5


def sessions(ns):
    """TLS sessions that the kernel encrypts, of a namespace."""
    out = ns.run('cat', '/proc/net/tls_stat')
    return {k: int(v) for k, v in (line.split() for line in out.splitlines())}['TlsCurrRxSw']


def refused(w, vers, xprtsec):
    """A mount fails, or what is mounted cannot be read."""
    client = w.client
    with expect_errno(errno.EACCES, errno.EPERM, errno.EIO, errno.ECONNRESET, errno.ETIMEDOUT,
                      errno.ECONNREFUSED):
        where = mount(w, client, vers, xprtsec)
        try:
            os.listdir(where)
        finally:
            client.umount(where)


@test(server='ditto', timeout=180)
def kinds_of_connections(w):
    """Each share takes the connections that its xprtsec names, in all versions."""
    certs = Certificates(w)
    w.server.helper_start(certs.section('server'))
    agent = Agent(w.client, certs.section('client'))
    data = pattern(3, 3 << 20)
    for accepted, works, fails in ((['tls', 'mtls'], ['tls', 'mtls'], ['none']),
                                   (['mtls'], ['mtls'], ['none', 'tls']),
                                   (['none'], ['none'], ['tls', 'mtls'])):
        w.server.set('data', xprtsec=accepted)
        for vers in '3', '4.0', '4.2':
            for xprtsec in works:
                where = mount(w, w.client, vers, xprtsec)
                put(f'{where}/f', data)
                eq(get(w.path('f')), data, f'{vers} {xprtsec}')
                assert xprtsec == 'none' or sessions(w.server_ns) > 0, 'no TLS'
                w.client.umount(where)
            for xprtsec in fails:
                refused(w, vers, xprtsec)
    agent.stop()


@test(server='ditto', timeout=120)
def certificates(w):
    """A certificate of another root is refused, and so is a server with another name."""
    certs = Certificates(w)
    w.server.helper_start(certs.section('server'))
    agent = Agent(w.client, certs.section('foreign'))
    refused(w, '4.2', 'mtls')
    where = mount(w, w.client, '4.2', 'tls')
    put(f'{where}/f', b'anonymous')
    w.client.umount(where)
    agent.stop()


@test(server='ditto', timeout=60)
def without_tls(w):
    """A call in plaintext is AUTH_TOOWEAK in version 3; MOUNT is answered."""
    w.server.set('data', xprtsec=['tls', 'mtls'])
    n = w.client.nfs()
    reply = n.raw(ACCESS, rpc.Enc().opaque(n.root).u32(1).bytes())
    eq((reply.stat, reply.why), (rpc.AUTH_ERROR, TOOWEAK))
    eq(rpc.Dec(n.raw(GETATTR, rpc.Enc().opaque(n.root).bytes()).body).u32(), errno.EACCES)


@test(server='ditto', timeout=120)
def connections_in_the_log(w):
    """The log has one line about a connection that is refused, with its kind."""
    certs = Certificates(w)
    w.server.helper_start(certs.section('server'))
    n = w.client.nfs()
    for takes, connect, kind in ((['tls', 'mtls'], w.client.connect, 'without TLS'),
                                 (['mtls'], lambda: tls(w.client, certs), 'without a certificate'),
                                 (['none', 'tls'], lambda: tls(w.client, certs, 'client'),
                                  'with a certificate'),
                                 (['none'], lambda: tls(w.client, certs), 'with TLS')):
        w.server.set('data', xprtsec=takes)
        for proc, args in ((ACCESS, rpc.Enc().opaque(n.root).u32(1)),
                           (GETATTR, rpc.Enc().opaque(n.root))):
            conn = connect()

            def refused_once(conn=conn, proc=proc, args=args):
                with kernel_log() as lines:
                    conn.call(NFS, 3, proc, args.bytes(), cred=rpc.ROOT)
                    return [line for line in lines() if '(see xprtsec)' in line]

            # of many lines in five seconds, also of the tests before, the kernel leaves some out
            said = wait_for('a line in the log', refused_once)
            conn.close()
            eq([f'data is refused to {w.client.addr}:' in line and
                f'it takes no connection {kind} (see xprtsec)' in line for line in said], [True],
               f'{takes} {proc}: {said}')


def closed(conn):
    """The connection is dead: nothing comes, and no call is answered."""
    try:
        conn.recv()
    except (EOFError, OSError):
        conn.close()
        return
    raise AssertionError('a reply on a connection that must be closed')


def access(n):
    return rpc.call_bytes(NFS, 3, ACCESS, rpc.Enc().opaque(n.root).u32(1).bytes())


@test(server='ditto', timeout=60)
def probes(w):
    """A request for TLS in the wrong way is refused, and the connection goes on (RFC 9289
    section 4.1); UDP has none.
    """
    conn = w.client.connect()
    for message, why in ((asking(cred=b'abcd'), BADCRED), (asking(proc=GETATTR, vers=3), BADCRED),
                         (asking(verf=(0, b'abcd')), BADVERF), (asking(verf=rpc.ROOT), BADVERF)):
        conn.send(message)
        reply = conn.recv()
        eq((reply.stat, reply.why), (rpc.AUTH_ERROR, why))
    eq(conn.call(NFS, 3, 0).stat, rpc.SUCCESS)
    for prog, vers in ((NFS, 3), (NFS, 4), (MOUNT, 3)):
        other = w.client.connect()
        other.send(asking(vers, prog))
        reply = other.recv()
        eq((reply.stat, reply.verf), (rpc.SUCCESS, STARTTLS))
        other.close()
    udp = w.client.connect('udp')
    udp.send(asking(3, MOUNT))
    reply = udp.recv()
    eq((reply.stat, reply.verf), (rpc.SUCCESS, rpc.NOBODY_CLAIMED))
    eq(udp.call(MOUNT, 3, 0).stat, rpc.SUCCESS)


@test(server='ditto', timeout=120)
def injected(w):
    """Clear text before a handshake is no part of the TLS session behind it."""
    certs = Certificates(w)
    w.server.helper_start(certs.section('server'))
    n = w.client.nfs()
    w.server.set('data', xprtsec=['tls', 'mtls'])
    conn = tls(w.client, certs)
    conn.send(access(n))
    eq(conn.recv().stat, rpc.SUCCESS)
    # A second handshake within.
    conn.send(asking())
    eq(conn.recv().stat, rpc.SUCCESS)
    closed(conn)

    def behind(data):
        """Data that follows the question at once."""
        message = asking()
        conn = w.client.connect()
        conn.sock.sendall(struct.pack('>I', 1 << 31 | len(message)) + message + data)
        return conn

    call = access(n)
    record = struct.pack('>I', 1 << 31 | len(call)) + call
    args = rpc.Enc().opaque(n.root).u64(0).u32(100_000, 0).opaque(bytes(100_000)).bytes()
    call = rpc.call_bytes(NFS, 3, WRITE, args)
    long = struct.pack('>I', 1 << 31 | len(call)) + call
    for _ in range(8):
        # A whole call is refused, or it is not TLS, and ends the handshake.
        conn = behind(record)
        for _ in range(2):
            try:
                reply = conn.recv()
            except (EOFError, OSError, rpc.Bad):
                break
            assert reply.verf == STARTTLS or reply.why == TOOWEAK, (reply.stat, reply.why)
        conn.close(abort=True)
        # Its rest would come by TLS.
        for sent, part in (record, 2), (record, 40), (long, 20_000):
            conn = behind(sent[:part])
            try:
                eq(conn.recv().verf, STARTTLS)
                starttls(conn, certs)
                conn.sock.sendall(sent[part:])
            except (EOFError, OSError):
                conn.close()
                continue
            closed(conn)
    # Clear text in place of a handshake.
    conn = probe(w.client)
    eq(conn.recv().verf, STARTTLS)
    conn.send(access(n))
    try:
        conn.recv()
        raise AssertionError('a reply')
    except (EOFError, OSError, rpc.Bad):
        conn.close()
    conn = tls(w.client, certs)
    conn.send(access(n))
    eq(conn.recv().stat, rpc.SUCCESS)


@test(server='ditto', timeout=120)
def ends_during_handshakes(w):
    """Connections and listeners go while handshakes are in progress."""
    certs = Certificates(w)
    w.server.helper_start(certs.section('server'))
    for _ in range(6):
        probe(w.client).close(abort=True)
    wait_for('none is left', lambda: 'handshakes' not in budget(w, 0), seconds=30)
    silent = [probe(w.client) for _ in range(6)]
    for conn in silent:
        eq(conn.recv().verf, STARTTLS)
    wait_for('handshakes are counted', lambda: 'handshakes' in budget(w, 0))
    for listener in w.server.json('listener', 'list'):
        w.server.ctl('listener', 'del', str(listener['id']))
    w.server.listen()
    for conn in silent:
        closed(conn)
    wait_for('none is left', lambda: 'handshakes' not in budget(w, 0), seconds=30)
    n = w.client.nfs()
    conn = tls(w.client, certs)
    conn.send(access(n))
    eq(conn.recv().stat, rpc.SUCCESS)


@test(server='ditto', timeout=120)
def modules_go_during_handshakes(w):
    """The modules are unloaded while handshakes are in progress, which wait for silent clients."""
    certs = Certificates(w)
    w.server.helper_start(certs.section('server'))
    silent = [probe(w.client) for _ in range(6)]
    for conn in silent:
        eq(conn.recv().verf, STARTTLS)
    wait_for('handshakes are counted', lambda: 'handshakes' in budget(w, 0))
    w.server.restart()
    for conn in silent:
        closed(conn)


@test(server='ditto', clients=2, timeout=120)
def stalled_handshakes(w):
    """Clients that begin handshakes and stay silent cost their own budget only."""
    certs = Certificates(w)
    w.server.helper_start(certs.section('server'))
    silent = [probe(w.clients[1]) for _ in range(100)]
    wait_for('handshakes are counted', lambda: 'handshakes' in budget(w, 1))
    used, limit = budget(w, 1)['handshakes']
    assert 0 < used <= limit < 64, (used, limit)
    agent = Agent(w.clients[0], certs.section())
    where = mount(w, w.clients[0], '4.2', 'tls')
    put(f'{where}/f', b'in time')
    w.clients[0].umount(where)
    wait_for('the kernel has given them up', lambda: 'handshakes' not in budget(w, 1), seconds=30)
    for conn in silent:
        conn.close(abort=True)
    agent.stop()


def connections(w):
    """TLS and proved name of each connection, by the client's port."""
    return {int(c['address'].rsplit(':', 1)[1]): (c['security'], c.get('name'))
            for c in w.server.json('connection', 'list') if c['protocol'] == 'nfs'}


def admitted(conn, n):
    """Whether a call is executed, on a connection with a certificate or without."""
    conn.send(access(n))
    reply = conn.recv()
    return reply.stat == rpc.SUCCESS and rpc.Dec(reply.body).u32() == 0


def answered(client, certs, n, name, good):
    """A connection with TLS that the server has answered on, as said."""
    conn = tls(client, certs, name)
    eq(admitted(conn, n), good, f'access with the certificate {name}')
    return conn


@test(server='ditto', timeout=120)
def names_of_certificates(w):
    """Rules name clients by their certificates, with the names that the configuration gives."""
    certs = Certificates(w)
    w.server.helper_start(certs.section('server'))
    n = w.client.nfs()
    w.server.set('data', xprtsec=['mtls'], allow=['cert:BUILD-*=rw'])
    # No rule has the address, so it may hold two handshakes: a reply says that one has ended.
    build, nameless, unknown = conns = [
        answered(w.client, certs, n, name, name == 'build') for name in ('build', 'client', None)]
    eq([admitted(c, n) for c in (*conns, n.rpc)], [True, False, False, False])
    shown = connections(w)
    eq([shown[c.port()] for c in (build, nameless, unknown, n.rpc)],
       [('mtls', 'build-7.example'), ('mtls', None), ('tls', None), ('none', None)])
    assert 'build-7.example' in w.server.ctl('connection', 'list')
    agent = Agent(w.client, certs.section('build'))
    where = mount(w, w.client, '4.2', 'mtls')
    put(f'{where}/f', b'built')
    eq(get(w.path('f')), b'built')
    w.client.umount(where)
    agent.stop()
    w.server.reload(certs.section('server') +
                    'client_map = dns:build-*.example = worker\n'
                    'client_map = dns:* = none\n')
    # Names are given by handshakes.
    assert admitted(build, n)
    renamed = tls(w.client, certs, 'build')
    eq([admitted(renamed, n), connections(w)[renamed.port()]], [False, ('mtls', 'worker')])
    w.server.set('data', allow=['cert:worker=rw'])
    eq([admitted(c, n) for c in (renamed, build)], [True, False])
    refused_by(w, certs, 'client', 'no client-map of [tls] admits its certificate')


@test(server='ditto', timeout=60)
def lost_names(w):
    """A handshake fails if the kernel cannot keep the client's name."""
    certs = Certificates(w)
    w.server.helper_start(certs.section('server'))
    n = w.client.nfs()
    agent = Helper(w)
    for cookie in range(1, 129):
        answer = agent.call(NUMBERS['DITTO_CMD_CONNECTION_PROVE'], 1,
                            agent.attribute(NUMBERS['DITTO_A_CONNECTION_COOKIE'],
                                            struct.pack('=Q', cookie)) +
                            agent.attribute(NUMBERS['DITTO_A_CONNECTION_NAME'], b'other\0'))
        eq(struct.unpack_from('=i', answer, 16)[0], 0)
    refused_by(w, certs, 'build', 'the kernel does not take the name')
    # Without a name there is nothing to lose.
    assert admitted(tls(w.client, certs, 'client'), n)


def is_refused(w, certs, name):
    """A handshake with this certificate fails."""
    try:
        conn = tls(w.client, certs, name)
        conn.send(rpc.call_bytes(NFS, 3, 0))
        conn.recv()
    except (EOFError, OSError):
        return True
    return False


def refused_by(w, certs, name, reason):
    """A handshake with this certificate fails, and the log says why."""
    if not is_refused(w, certs, name):
        raise AssertionError(f'the certificate {name} is accepted')
    wait_for(f'the log says: {reason}', lambda: reason in w.server.helper_log())


def tls_problem(w):
    """What dittoctl status says about the files of [tls]."""
    said = json.loads(w.server.ctl('status', '--json', check=False).stdout)
    return ''.join(p['problem'] for p in said['problems'] if p['subject'] == 'tls')


@test(server='ditto', timeout=60)
def reasons_in_the_log(w):
    """The log says what is wrong with a certificate."""
    certs = Certificates(w)
    w.server.helper_start(certs.section('server'))
    refused_by(w, certs, 'foreign', 'is from an unknown issuer (CN=other)')
    # One line a second is written.
    time.sleep(1.1)
    refused_by(w, certs, 'expired', 'has expired on')


@test(server='ditto', timeout=60)
def new_certificate(w):
    """A certificate is replaced while the server runs, and so are its connections' not."""
    certs = Certificates(w)
    conf = certs.section('server')
    w.server.helper_start(conf)

    def serial(conn):
        return conn.sock.getpeercert()['serialNumber']
    before = tls(w.client, certs)
    certs.renew()
    same = tls(w.client, certs)
    eq(serial(same), serial(before))
    w.server.reload(conf)
    wait_for('the new certificate', lambda: serial(tls(w.client, certs)) != serial(before))
    eq(before.call(NFS, 3, 0).stat, rpc.SUCCESS)
    # One that cannot be used replaces nothing.
    now = serial(tls(w.client, certs))
    put(certs.pem('server'), b'nonsense')
    w.server.reload(conf)
    wait_for('the status tells', lambda: tls_problem(w))
    assert 'stay as they were read before' in tls_problem(w), tls_problem(w)
    eq(w.server.ctl('status', check=False).returncode, 3)
    eq(serial(tls(w.client, certs)), now)
    # A worker that is started now has those of before, too.
    old = worker(w, 'tls')
    os.kill(old, signal.SIGKILL)
    # It is started for the next handshake, if not for the one that finds that the old one is gone.
    wait_for('another worker', lambda: not is_refused(w, certs, None))
    assert worker(w, 'tls') not in (None, old)
    eq(serial(tls(w.client, certs)), now)
    assert 'stay as they were read before' in tls_problem(w), tls_problem(w)
    # Nor does one that is not there; the next one that is good ends that.
    os.unlink(certs.pem('server'))
    w.server.reload(conf)
    wait_for('the status tells', lambda: 'No such file' in tls_problem(w))
    eq(serial(tls(w.client, certs)), now)
    certs.renew()
    w.server.reload(conf)
    wait_for('nothing is wrong', lambda: not tls_problem(w))
    wait_for('the new certificate', lambda: serial(tls(w.client, certs)) != now)


@test(server='ditto', timeout=60)
def revoked_certificates(w):
    """A client whose certificate is in the list is refused, and others are not."""
    certs = Certificates(w)
    conf = certs.section('server')
    w.server.helper_start(conf)
    before = tls(w.client, certs, 'client')
    eq(before.call(NFS, 3, 0).stat, rpc.SUCCESS)
    revoked = f'{conf}crl = {certs.revoke("client")}\n'
    w.server.reload(revoked)
    refused_by(w, certs, 'client', '(CN=client), or one that leads to its root, was revoked')
    for name in ('build', None):
        eq(tls(w.client, certs, name).call(NFS, 3, 0).stat, rpc.SUCCESS)
    # A connection that was there goes on.
    eq(before.call(NFS, 3, 0).stat, rpc.SUCCESS)
    eq(tls_problem(w), '')
    # A list that cannot be used does not admit it again.
    for content in (b'', b'nonsense', None):
        if content is None:
            os.unlink(f'{certs.dir}/crl.pem')
        else:
            put(f'{certs.dir}/crl.pem', content)
        w.server.reload(revoked)
        wait_for('the status tells', lambda: 'crl' in tls_problem(w))
        checked = run(servers.tool('dittod'), '-c', f'{w.base}/ditto.conf', '--check-config',
                      check=False)
        eq(checked.returncode, 1)
        assert 'crl' in checked.stdout, checked.stdout
        eq(is_refused(w, certs, 'client'), True)
        eq(tls(w.client, certs, 'build').call(NFS, 3, 0).stat, rpc.SUCCESS)
    # Without the setting nothing is revoked.
    w.server.reload(conf)
    wait_for('nothing is wrong', lambda: not tls_problem(w))
    wait_for('the client is admitted', lambda: not is_refused(w, certs, 'client'))


@test(server='ditto', timeout=60)
def helper_with_a_size_limit(w):
    """A limit of the size of files does not end dittod: what cannot be written is told."""
    certs = Certificates(w)
    conf = certs.section('server')
    w.server.helper_start(conf)
    put(certs.pem('root'), get(certs.pem('root')) * 500)

    def limit(size):
        resource.prlimit(w.server.helper.pid, resource.RLIMIT_FSIZE, (size, size))
    limit(65536)
    w.server.reload(conf)
    wait_for('the status tells', lambda: os.strerror(errno.EFBIG) in tls_problem(w))
    limit(resource.RLIM_INFINITY)
    w.server.reload(conf)
    wait_for('nothing is wrong', lambda: not tls_problem(w))
    eq(tls(w.client, certs, 'build').call(NFS, 3, 0).stat, rpc.SUCCESS)


def opened(client):
    """Open the file for reading: what reads it once more, and returns the status."""
    got, fh = nfs4.again_while_delayed(lambda: client.open(client.fh('data'), 'f'),
                                       lambda r: r[0].status)
    return lambda: client.compound(nfs4.putfh(fh), nfs4.read(got.stateid, 0, 4)).status


def restarted40(conn, verf):
    """Status of a restart of the client."""
    nfs = nfs4.Nfs4(conn)
    r = nfs.compound(nfs4.setclientid(b'me', verf))
    if r.status != nfs4.OK:
        return r.status
    return nfs.compound(nfs4.setclientid_confirm(r[0].clientid, r[0].confirm)).status


def restarted41(conn, verf):
    nfs = nfs4.Nfs4(conn, 1)
    r = nfs.compound(nfs4.exchange_id(b'me', verf))
    if r.status != nfs4.OK or r[0].flags & nfs4.EXCHGID_CONFIRMED:
        return r.status
    return nfs.compound(nfs4.create_session(r[0].clientid, r[0].seqid)).status


def confirmed40(clear, conn):
    """A client that is made over one connection and confirmed over another."""
    c = nfs4.Client40(clear, b'me', b'before..', confirm=False)
    c.nfs = nfs4.Nfs4(conn)
    c.compound, c.fh = c.nfs.compound, c.nfs.fh
    c.compound(nfs4.setclientid_confirm(c.id, c.confirm)).ok()
    return c


def confirmed41(clear, conn):
    r = nfs4.Nfs4(clear, 1).compound(nfs4.exchange_id(b'me', b'before..')).ok()[0]
    s = nfs4.Session(conn, r.clientid, r.seqid)
    s.compound(nfs4.reclaim_complete()).ok()
    return s


@test(server='ditto', timeout=60)
def confirmed_by_a_machine(w):
    """A client that a machine confirms with its certificate is restarted with it alone."""
    certs = Certificates(w)
    w.server.helper_start(certs.section('server'))
    put(w.path('f'), b'data')
    clear, conn = w.client.connect(), tls(w.client, certs, 'client')
    for make, restarted in (confirmed40, restarted40), (confirmed41, restarted41):
        read = opened(make(clear, conn))
        eq([restarted(clear, b'after...'), read()], [nfs4.CLID_INUSE, nfs4.OK])
        eq(restarted(conn, b'after...'), nfs4.OK)
    clear.close()
    conn.close()


@test(server='ditto', timeout=120)
def clients_of_nfs4(w):
    """A client's state is not ended by a restart without its TLS, or with another certificate."""
    certs = Certificates(w)
    w.server.helper_start(certs.section('server'))
    put(w.path('f'), b'data')
    for make, restarted in ((nfs4.Client40, restarted40), (nfs4.Session.make, restarted41)):
        for name in None, 'client', 'build':
            conn = tls(w.client, certs, name)
            read = opened(make(conn, b'me', b'before..'))
            others = {None: (), 'client': (None, 'build'), 'build': (None, 'client')}[name]
            for other in [w.client.connect()] + [tls(w.client, certs, o) for o in others]:
                # A mount without TLS beside it has the same verifier.
                for verf, status in (b'after...', nfs4.CLID_INUSE), (b'before..', nfs4.OK):
                    eq([restarted(other, verf), read()], [status, nfs4.OK])
                other.close()
            again = tls(w.client, certs, name)
            eq(restarted(again, b'after...'), nfs4.OK)
            assert read() != nfs4.OK, 'the state is still there'
            again.close()
            conn.close()
            w.server.release_clients()


@test(server='ditto', timeout=60)
def confirmed_too_late(w):
    """A client that got state between SETCLIENTID and its confirmation keeps it."""
    certs = Certificates(w)
    w.server.helper_start(certs.section('server'))
    put(w.path('f'), b'data')
    client = nfs4.Client40(tls(w.client, certs), b'me', b'before..')
    clear = nfs4.Nfs4(w.client.connect())
    r = clear.compound(nfs4.setclientid(b'me', b'after...')).ok()[0]
    read = opened(client)
    status = clear.compound(nfs4.setclientid_confirm(r.clientid, r.confirm)).status
    eq([status, read()], [nfs4.CLID_INUSE, nfs4.OK])


@test(server='ditto', timeout=60)
def replies_of_slots(w):
    """A reply that a slot keeps of a call through TLS is not told without TLS or to another
    flavour."""
    certs = Certificates(w)
    w.server.helper_start(certs.section('server'))
    s = nfs4.Session.make(tls(w.client, certs), reclaimed=False)
    ops = nfs4.sequence(s.id, 1, 0, 0, True), nfs4.putrootfh(), nfs4.getfh()

    def status(conn, cred=rpc.ROOT):
        return nfs4.Nfs4(conn, 1, cred).compound(*ops).status
    eq(status(s.rpc), nfs4.OK)
    clear, other = nfs4.connect(w.client), tls(w.client, certs)
    eq([status(clear), status(other, rpc.NOBODY_CLAIMED), status(other)],
       [nfs4.SEQ_FALSE_RETRY, nfs4.SEQ_FALSE_RETRY, nfs4.OK])


class Rival:
    """Another program that listens for handshakes, as tlshd does."""

    def __init__(self, ns):
        with ns:
            self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.sock.bind((0, 0))
        name = b'handshake\0'
        body = struct.pack('=BBHHH', 3, 1, 0, 4 + len(name), 2) + name + bytes(-len(name) % 4)
        # the controller's GETFAMILY; in its answer the number of a group is before its name
        self.sock.send(struct.pack('=IHHII', 16 + len(body), 16, 1, 1, 0) + body)
        answer = self.sock.recv(65536)
        group = struct.unpack_from('=I', answer, answer.index(b'tlshd\0') - 8)[0]
        self.sock.setsockopt(270, 1, group)     # SOL_NETLINK, NETLINK_ADD_MEMBERSHIP

    def stop(self):
        self.sock.close()


@test(server='ditto', timeout=60)
def beside_another_agent(w):
    """dittod leaves handshakes to a program that listens already, and says so."""
    certs = Certificates(w)
    rival = Rival(w.server_ns)
    conf = certs.section('server', agent='auto')
    w.server.helper_start(conf)
    wait_for('the log tells', lambda: f'process {os.getpid()}, does TLS handshakes' in
             w.server.helper_log())
    assert 'TLS handshakes are done by dittod' not in w.server.helper_log()
    rival.stop()
    w.server.reload(conf)
    wait_for('dittod takes over', lambda: 'TLS handshakes are done by dittod' in
             w.server.helper_log())
    eq(tls(w.client, certs).call(NFS, 3, 0).stat, rpc.SUCCESS)
