# SPDX-License-Identifier: GPL-2.0-only
"""Clients that keep the helper or a file system busy, or find it hanging."""
import concurrent.futures
import contextlib
import functools
import os
import signal
import socket
import sqlite3
import struct
import threading
import time

import bystander
import nfs3
import nfs4
import nlm
import nsm
import rpc
import servers
import smb2
from auth_stat import answer
from checks import eq, one_of, wait_for
from files import get, put
from harness import test
from helper_processes import child_of, status_of, worker
from lsarpc import BIND, lookup_names4
from nlm_lockers import connect, file, machines
from processes import Child, process_stopped, run, stop_process
from smb import SmbClient
from smb_bodies import Create
from smbraw import Dropped, Link, link
from volumes import frozen

# More than there are workers, at 8 of a connection.
LINKS = 16
CALLS = 16
TRANSCEIVE = 0x11c017


def create_body(name):
    """A CREATE with OPEN_IF for reading and writing."""
    name = name.encode('utf-16-le')
    return bytes(Create(access=smb2.GENERIC_READ | smb2.GENERIC_WRITE, share=7, how=3,
                        name_length=len(name))) + name


def besiege(links, name):
    """Send as many CREATEs as the credits of each connection allow, without reading replies."""
    for i, s in enumerate(links):
        for j in range(CALLS):
            with contextlib.suppress(OSError, Dropped):
                s.send(smb2.CREATE, create_body(name.format(f'{i}-{j}')))


def until_then(until):
    time.sleep(max(0, until - time.monotonic()))


def calls_to_a_stuck_helper(client, helper):
    """Other clients work while pipes and logins wait for a hanging helper."""
    def attack(until):
        with client:
            links = [link(client, share='IPC$') for _ in range(LINKS)]
            logins = [Link(client).negotiate() for _ in range(LINKS)]
            with process_stopped(helper.pid):
                besiege(links, 'lsarpc')
                for s in logins:
                    with contextlib.suppress(OSError, Dropped, socket.timeout):
                        s.socket.settimeout(0.01)
                        s.ntlm_first()
                until_then(until)
    return attack


@test(smb=True, clients=2, timeout=300)
def stuck_helper(w):
    with bystander.memory_returns():
        bystander.survives(w.clients[1], calls_to_a_stuck_helper(w.client, w.server.helper),
                           settle=1)


NEW = 8
REPEATED = (nfs4.DELAY, nlm.GRACE)


def outcome(ask):
    """The status of a call, or None if there was no reply."""
    with contextlib.suppress(socket.timeout):
        return ask().status
    return None


@test(server='ditto', locks='raw', clients=2, timeout=180)
def stuck_helper_of_locks(w):
    """New clients wait for a helper that hangs, and nobody else does.

    They are recorded before their first open or lock. More of them ask at once than there are
    threads, and the helper's time is longer than any call of this test may take.
    """
    machines(w)
    fh = file(w, 'nlm')
    put(w.path('f'), b'0123456789', 0o666)
    w.server.ctl('server', 'set', 'upcall-ms', '60000')
    known = nfs4.Session.make(nfs4.connect(w.clients[1]))
    top = known.fh('data')
    first = known.open(top, 'f', nfs4.READ)[0]
    eq(first.status, nfs4.OK)
    goes = nfs4.Session.make(nfs4.connect(w.client))
    got, handle = goes.open(top, 'f')
    goes.compound(nfs4.putfh(handle), nfs4.close(got.stateid)).ok()
    goes.destroy()
    v3 = w.clients[1].nfs()
    v41 = [nfs4.Session.make(nfs4.connect(w.client)) for _ in range(NEW)]
    v40 = [nfs4.Client40(nfs4.connect(w.client)) for _ in range(NEW)]
    hosts = [connect(w.client, fh, caller=f'host{i}') for i in range(NEW)]
    for s in v41 + v40 + hosts:
        s.recorded = True  # the library does not ask for a record of its own
    asks = [functools.partial(lambda s: s.open(top, 'f')[0], s) for s in v41 + v40]
    asks += [functools.partial(n.lock, (i, 1)) for i, n in enumerate(hosts)]
    with process_stopped(w.server.helper.pid):
        with concurrent.futures.ThreadPoolExecutor(len(asks)) as pool:
            answers = [pool.submit(outcome, ask) for ask in asks]
            for _ in range(20):
                eq(known.open(top, 'f', nfs4.READ)[0].status, nfs4.OK)
                eq(v3.lookup(v3.root, 'f').status, nfs3.OK)
            for answer_of in answers:
                one_of(answer_of.result(), REPEATED)
        # one that goes does not wait for the end of its record
        eq(goes.nfs.compound(nfs4.destroy_clientid(goes.clientid)).status, nfs4.OK)
    for ask in asks:
        wait_for('it is recorded', functools.partial(lambda ask: outcome(ask) == nfs4.OK, ask), 30)
    w.server.release_clients()


def records(w):
    """Kinds and keys of what the helper has on disk."""
    with contextlib.closing(sqlite3.connect(f'{w.base}/state/state.db')) as db:
        return set(db.execute('SELECT kind, key FROM record'))


@test(server='ditto', locks='raw', timeout=120)
def stuck_helper_of_names(w):
    """What is given up and asked for again while the helper hangs is recorded in the end."""
    put(w.path('f'), b'0123456789', 0o666)
    monitor = nsm.Nsm(w.client.connect(port=w.server.port))
    wait_for('the records of locks', lambda: monitor.stat('server').state & 1)
    w.server.ctl('server', 'set', 'upcall-ms', '60000')
    old = nfs4.Session.make(nfs4.connect(w.client), name=b'again')
    top = old.fh('data')
    got, handle = old.open(top, 'f')
    old.compound(nfs4.putfh(handle), nfs4.close(got.stateid)).ok()
    eq(monitor.mon('again').status, nsm.SUCC)
    before = records(w)
    eq(len(before), 2)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with process_stopped(w.server.helper.pid):
            old.destroy()
            eq(old.nfs.compound(nfs4.destroy_clientid(old.clientid)).status, nfs4.OK)
            new = nfs4.Session.make(nfs4.connect(w.client), name=b'again')
            new.recorded = True  # the library does not ask for a record of its own
            eq(new.open(top, 'f')[0].status, nfs4.DELAY)
            monitor.unmon('again')
            answer_of = pool.submit(monitor.mon, 'again')
        eq(answer_of.result().status, nsm.SUCC)
    wait_for('it is recorded', lambda: new.open(top, 'f')[0].status == nfs4.OK, 30)
    eq(records(w), before)
    monitor.unmon_all()
    w.server.release_clients()


def calls_to_a_frozen_share(client, where):
    """Other shares work while CREATEs wait for a frozen file system."""
    def attack(until):
        with client:
            links = [link(client, share='frozen') for _ in range(LINKS)]
            with frozen(where):
                besiege(links, 'f{}')
                until_then(until)
    return attack


@test(smb=True, clients=2, timeout=300)
def frozen_file_system(w):
    where = w.served_volume('frozen')
    with bystander.memory_returns():
        bystander.survives(w.clients[1], calls_to_a_frozen_share(w.client, where),
                           settle=1)
    # All that waited was done, or its connection was gone.
    with link(w.client, share='frozen') as s:
        s.create('afterwards')


class NfsSiege:
    """WRITEs of one byte each to one file, by NFSv3 and 4.1, whose replies are not awaited."""
    CONNECTIONS, V3_CALLS, SLOTS = 4, 16, 8

    def __init__(self, client, where):
        n = client.nfs(path=where)
        self.fh = n.lookup(n.root, 'f').fh
        n.rpc.close()
        self.v3 = [client.nfs(path=where) for _ in range(self.CONNECTIONS)]
        self.v4 = [nfs4.Session.make(nfs4.connect(client)) for _ in range(self.CONNECTIONS)]
        self.fh4 = self.v4[0].fh('frozen', 'f')
        for s in self.v3 + self.v4:
            s.rpc.sock.settimeout(100)

    def all_v3(self):
        """Each connection with the place of each of its WRITEs."""
        return [(s, c * self.V3_CALLS + i) for c, s in enumerate(self.v3)
                for i in range(self.V3_CALLS)]

    def all_v4(self):
        """Each session with its slots and the place of the WRITE of each."""
        first = self.CONNECTIONS * self.V3_CALLS
        return [(s, i, first + c * self.SLOTS + i) for c, s in enumerate(self.v4)
                for i in range(self.SLOTS)]

    def write4(self, place):
        return nfs4.putfh(self.fh4), nfs4.write(nfs4.ANON, place, b'x', nfs4.UNSTABLE)

    def begin(self):
        for s, place in self.all_v3():
            args = rpc.Enc().opaque(self.fh).u64(place).u32(1, nfs3.UNSTABLE).opaque(b'x').bytes()
            s.rpc.send(rpc.call_bytes(nfs3.NFS, 3, nfs3.WRITE, args, xid=place))
        for s, slot, place in self.all_v4():
            args = nfs4.compound_bytes((s.sequence(slot), *self.write4(place)), 1)
            s.rpc.send(rpc.call_bytes(nfs4.NFS, 4, nfs4.COMPOUND, args, xid=place))

    def end(self):
        """Read all replies, and send again what was refused; returns how many were, by version."""
        refused3, refused4 = [], []
        for s, _ in self.all_v3():
            reply = s.rpc.recv()
            status, = struct.unpack_from('>I', reply.body)
            one_of(status, (nfs3.OK, nfs3.JUKEBOX))
            if status:
                refused3.append((s, reply.xid))
        for s, *_ in self.all_v4():
            reply = s.rpc.recv()
            r = nfs4.read_reply(reply.body, (nfs4.sequence(s.id, 0, 0, 0), *self.write4(0)))
            one_of(r.status, (nfs4.OK, nfs4.DELAY))
            if r.status:
                refused4.append((s, reply.xid))
        for s, place in refused3:
            wait_for('NFSv3', lambda s=s, place=place:
                     s.write(self.fh, place, b'x', nfs3.UNSTABLE).status == nfs3.OK)
        for s, place in refused4:
            s.patiently(*self.write4(place)).ok()
        return len(refused3), len(refused4)


def nfs_calls_to_a_frozen_share(client, where):
    """Other shares work while more WRITEs than there are threads are for a frozen file system."""
    def attack(until):
        with client:
            siege = NfsSiege(client, where)
            with frozen(where):
                siege.begin()
                until_then(until)
            refused = siege.end()
        assert all(refused), f'refused: {refused} of NFSv3 and 4.1'
        eq(get(f'{where}/f'), b'x' * (siege.CONNECTIONS * (siege.V3_CALLS + siege.SLOTS)))
    return attack


@test(server='ditto', clients=2, timeout=300)
def frozen_file_system_nfs(w):
    where = w.served_volume('frozen')
    put(f'{where}/f', b'', 0o666)
    threads = len(servers.service_threads())
    with bystander.memory_returns():
        bystander.survives(w.clients[1], nfs_calls_to_a_frozen_share(w.client, where),
                           smb=False, settle=3)
    wait_for('the threads that were started end',
             lambda: len(servers.service_threads()) == threads, 60)


@test(smb=True, timeout=120)
def left_while_frozen(w):
    """Calls of closed connections that wait for a frozen file system end."""
    where = w.served_volume('frozen')
    links = [link(w.client, share='frozen') for _ in range(LINKS)]
    with frozen(where):
        besiege(links, 'f{}')
        time.sleep(1)
        for s in links:
            s.end()
        time.sleep(1)
    wait_for('all connections are gone', lambda: not w.server.json('session', 'list'))


@test(smb=True, clients=2, timeout=120)
def half_logins(w):
    """A login succeeds while other clients begin logins between its two halves."""
    with Link(w.clients[1]).negotiate() as victim:
        eq(victim.ntlm_first(), 'MORE_PROCESSING_REQUIRED')
        with contextlib.ExitStack() as stack:
            for _ in range(20):
                s = stack.enter_context(Link(w.client).negotiate())
                for _ in range(60):
                    s.session = 0
                    if s.ntlm_first() != 'MORE_PROCESSING_REQUIRED':
                        break
            eq(victim.ntlm_second('alice'), 'SUCCESS')
    bystander.survives_long(w.clients[1], lambda until: logins_begin(w.client, until))


def logins_begin(client, until):
    """Logins of which only the first half is sent, on one connection after the other."""
    while time.monotonic() < until:
        with Link(client).negotiate() as s:
            for _ in range(60):
                s.session = 0
                if s.ntlm_first() != 'MORE_PROCESSING_REQUIRED' or time.monotonic() > until:
                    break


def status_of_answer(answer):
    return struct.unpack_from('<I', answer, len(answer) - 4)[0]


@test(smb=True, clients=2, timeout=180)
def names_nobody_has(w):
    """Logins and pipes work while other clients look up unknown names without end."""
    w.server.ctl('server', 'set', 'upcall-ms', '30000')
    question = lookup_names4([f'nobody-{i:03}' for i in range(200)])
    wait_end, together_end = os.pipe()

    def together():
        """Return once all have closed the pipe: an attacker's own login may fail later."""
        os.close(together_end)
        os.read(wait_end, 1)

    def ask(client, seconds, ready=lambda: None):
        with client, link(client, share='IPC$') as s:
            fid = s.create('lsarpc')
            s.ioctl(fid, TRANSCEIVE, BIND)
            ready()
            end, n = time.monotonic() + seconds, 0
            while time.monotonic() < end:
                s.ioctl(fid, TRANSCEIVE, question)
                n += 1
            return n

    askers = [Child(ask, w.client, 6, together) for _ in range(8)]
    together()
    try:
        for _ in range(5):
            with link(w.clients[1], share='IPC$') as s:
                fid = s.create('lsarpc')
                s.ioctl(fid, TRANSCEIVE, BIND)
                s.ioctl(fid, TRANSCEIVE, lookup_names4(['root']))
    finally:
        asked = [child.join() for child in askers]
    assert all(asked), asked
    bystander.survives_long(w.clients[1], lambda until: ask(w.client, until - time.monotonic()))


@test(smb=True)
def nobody_learns_names(w):
    """A session without a name cannot look up accounts (MS-LSAT section 3.1.4.5: ACCESS_DENIED)."""
    with Link(w.client).negotiate() as s:
        if s.anonymous() != 'SUCCESS' or s.connect_tree('IPC$') != 'SUCCESS':
            return
        fid = s.create('lsarpc')
        s.ioctl(fid, TRANSCEIVE, BIND)
        eq(status_of_answer(s.ioctl(fid, TRANSCEIVE, lookup_names4(['root']))), 0xc0000022)


def login_worker(w):
    return worker(w, 'login')


def pipe_worker(w):
    return worker(w, 'pipe')


def host_worker(w):
    return worker(w, 'host')


def can_do_little(w, pid):
    """The process runs as another user, without privileges."""
    have = status_of(pid)
    for name in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'):
        eq(int(have[name][0], 16), 0, name)
    assert all(int(uid) for uid in have['Uid'] + have['Gid']), have
    eq(have['NoNewPrivs'], ['1'])
    with open('/proc/net/netlink', encoding='ascii') as f:
        eq([line for line in f if line.split()[2] == str(pid)], [])


def is_confined(w, pid, files, name):
    """The process opens only these files, no process, no core; its system calls are filtered."""
    # It confines itself after it has started. Not every guest kernel has seccomp.
    if 'Seccomp' in status_of('self'):
        wait_for('its filter', lambda: status_of(pid)['Seccomp'] == ['2'])
    else:
        wait_for('the line in the log',
                 lambda: f'has no seccomp: the {name}' in w.server.helper_log())
    for fd in os.listdir(f'/proc/{pid}/fd'):
        what = os.readlink(f'/proc/{pid}/fd/{fd}')
        assert what.startswith(('/dev/null', 'socket:', *files)), what
    with open(f'/proc/{pid}/limits', encoding='ascii') as f:
        limits = {line[:25].strip(): line[26:].split()[0] for line in f}
    eq((limits['Max processes'], limits['Max core file size']), ('0', '0'))


@test(smb=True, squash='none', timeout=60)
def login_worker_hangs(w):
    """A login whose worker waits for a directory is answered before the kernel gives up."""
    wait_for('the worker of logins', lambda: login_worker(w))
    pid = login_worker(w)
    with process_stopped(pid):
        with Link(w.client).negotiate() as s:
            eq(s.login(), 'NO_LOGON_SERVERS')
        wait_for('the line that says why', lambda: (
            'a login is not answered in time: the name service does not answer'
            in w.server.helper_log()))

    def works():
        with Link(w.client).negotiate() as s:
            return s.login() == 'SUCCESS'
    wait_for('logins work again', works, 40)


# PRIORITY_NICE of the helper.
LOW = 10


def priority(pid):
    """The nice value of a process (proc(5))."""
    with open(f'/proc/{pid}/stat', encoding='ascii') as f:
        return int(f.read().rpartition(')')[2].split()[16])


@test(smb=True)
def worker_can_do_little(w):
    """The workers, which read data of clients and name servers, are confined."""
    for find in login_worker, pipe_worker, host_worker:
        wait_for('the worker', lambda find=find: find(w))
    is_confined(w, login_worker(w), ('/memfd:', f'{w.base}/state/replay'), 'login worker')
    is_confined(w, pipe_worker(w), (), 'pipe worker')
    is_confined(w, host_worker(w), ('anon_inode:',), 'host worker')
    for pid in (child_of(w.server.helper.pid), login_worker(w), pipe_worker(w), host_worker(w)):
        can_do_little(w, pid)
    for pid in (login_worker(w), pipe_worker(w), host_worker(w)):
        eq(priority(pid), max(LOW, os.nice(0)), 'they yield the CPU to clients that are served')
    eq(priority(w.server.helper.pid), os.nice(0))


@test(smb=True, timeout=60)
def worker_dies(w):
    """When the login worker dies, running logins fail and the next works; sessions go on."""
    with link(w.client, share='IPC$') as before, Link(w.client).negotiate() as half:
        eq(half.ntlm_first(), 'MORE_PROCESSING_REQUIRED')
        for times in range(1, 4):
            wait_for('the worker', lambda: login_worker(w))
            dead = login_worker(w)
            os.kill(dead, signal.SIGSEGV)
            # until then it may process a login, and only a login starts the next worker
            wait_for('the line in the log', lambda: w.server.helper_log().count(
                'the login worker has ended: ') == times)

            def goes_on():
                with Link(w.client).negotiate() as s:
                    return s.login() == 'SUCCESS'
            wait_for('logins', goes_on, 20)
            assert login_worker(w) not in (dead, None)
        # nothing is known of the password
        eq(half.ntlm_second('alice'), 'NO_LOGON_SERVERS')
        fid = before.create('lsarpc')
        before.ioctl(fid, TRANSCEIVE, BIND)
        eq(status_of_answer(before.ioctl(fid, TRANSCEIVE, lookup_names4(['root']))), 0)
    assert w.server.helper.poll() is None
    eq(SmbClient(w.client).do('ls').count('blocks of size'), 1)


@test(smb=True, clients=2, timeout=60)
def worker_hangs(w):
    """Pipes and files of others work while the login worker hangs."""
    wait_for('the worker of logins', lambda: login_worker(w))
    pid = login_worker(w)
    with contextlib.ExitStack() as stack:
        s = stack.enter_context(link(w.clients[1], share='IPC$'))
        logins = [stack.enter_context(Link(w.client).negotiate()) for _ in range(8)]
        with process_stopped(pid):
            for waits in logins:
                waits.ntlm_begin()
            fid = s.create('lsarpc')
            s.ioctl(fid, TRANSCEIVE, BIND)
            eq(status_of_answer(s.ioctl(fid, TRANSCEIVE, lookup_names4(['root']))), 0)
    with Link(w.client).negotiate() as s:
        eq(s.login(), 'SUCCESS')


def bound_pipe(s):
    fid = s.create('lsarpc')
    s.ioctl(fid, TRANSCEIVE, BIND)
    return fid


@test(smb=True, timeout=60)
def pipe_worker_dies(w):
    """When the pipe worker dies, its pipes are disconnected and new ones work; logins go on."""
    with link(w.client, share='IPC$') as s:
        for times in range(1, 4):
            fid = bound_pipe(s)
            eq(status_of_answer(s.ioctl(fid, TRANSCEIVE, lookup_names4(['root']))), 0)
            wait_for('the worker', lambda: pipe_worker(w))
            dead = pipe_worker(w)
            os.kill(dead, signal.SIGSEGV)
            wait_for('the line in the log', lambda: w.server.helper_log().count(
                'the pipe worker has ended') == times)
            smb2.refused('PIPE_DISCONNECTED', s.ioctl, fid, TRANSCEIVE,
                         lookup_names4(['root']))
            s.close(fid)

            def goes_on():
                fid = s.create('lsarpc')
                try:
                    s.ioctl(fid, TRANSCEIVE, BIND)
                except smb2.Status:
                    return False
                finally:
                    s.close(fid)
                return True
            wait_for('pipes', goes_on, 20)
            assert pipe_worker(w) != dead
    with Link(w.client).negotiate() as s:
        eq(s.login(), 'SUCCESS')
    assert w.server.helper.poll() is None
    eq(w.server.helper_log().count('the login worker has ended'), 0)


@test(smb=True, clients=2, timeout=60)
def pipe_worker_is_killed_in_a_call(w):
    """A call without an answer fails when the pipe worker is killed."""
    with link(w.client, share='IPC$') as s:
        fid = bound_pipe(s)
        pid = pipe_worker(w)
        stop_process(pid)
        call = Child(smb2.refused, 'PIPE_DISCONNECTED', s.ioctl, fid, TRANSCEIVE,
                     lookup_names4(['root']))
        time.sleep(1)
        os.kill(pid, signal.SIGKILL)
        call.join()


@test(smb=True, clients=2, timeout=60)
def pipe_worker_hangs(w):
    """Logins and files of others work while the pipe worker hangs."""
    with contextlib.ExitStack() as stack:
        links = [stack.enter_context(link(w.client, share='IPC$')) for _ in range(8)]
        pipes = [s.create('lsarpc') for s in links]
        pid = pipe_worker(w)
        with process_stopped(pid):
            for s, fid in zip(links, pipes):
                s.send(smb2.IOCTL, smb2.ioctl_body(fid, TRANSCEIVE, BIND))
            with Link(w.clients[1]).negotiate() as other:
                eq(other.login(), 'SUCCESS')
            eq(SmbClient(w.clients[1]).do('ls').count('blocks of size'), 1)
    with link(w.client, share='IPC$') as s:
        eq(status_of_answer(s.ioctl(bound_pipe(s), TRANSCEIVE, lookup_names4(['root']))), 0)


def dns_record(kind, data):
    """A resource record for a question (RFC 1035 sections 4.1.3 and 4.1.4)."""
    return struct.pack('>HHHIH', 0xc00c, kind, 1, 60, len(data)) + data


def dns_answer(question, short=False):
    """Answers for 10.200.0.2 and one.friends.test; stays silent about all other names."""
    name = b'\3one\7friends\4test\0'
    known = {b'\0012\0010\003200\00210\7in-addr\4arpa\0': dns_record(12, name),
             name: dns_record(1, socket.inet_aton('10.200.0.2'))}
    asked = question[12:question.index(0, 12) + 1]
    if asked not in known:
        return None
    # TC: the answer does not fit, ask by TCP (RFC 1035 4.1.1)
    flags, count = (0x8600, 0) if short else (0x8400, 1)
    return (question[:2] + struct.pack('>HHHHH', flags, 1, count, 0, 0) +
            question[12:12 + len(asked) + 4] + (b'' if short else known[asked]))


def answer_tcp(tcp):
    while True:
        with tcp.accept()[0] as conn, conn.makefile('rb') as f, contextlib.suppress(OSError):
            while size := f.read(2):
                text = dns_answer(f.read(struct.unpack('>H', size)[0]))
                conn.sendall(struct.pack('>H', len(text)) + text)


def name_server(udp, tcp, short):
    """A name server; with @short all answers are too long for a datagram."""
    threading.Thread(target=answer_tcp, args=(tcp,), daemon=True).start()
    while True:
        question, peer = udp.recvfrom(512)
        text = dns_answer(question, short)
        if text:
            udp.sendto(text, peer)


def read_text(path):
    with open(path, encoding='ascii') as f:
        return f.read()


@contextlib.contextmanager
def names_by_dns(w, short=False):
    """Make the server use the name server above."""
    files = {'/etc/resolv.conf': 'nameserver 127.0.0.1\n', '/etc/nsswitch.conf':
             read_text('/etc/nsswitch.conf').replace('hosts: files', 'hosts: files dns')}
    old = {path: read_text(path) if os.path.exists(path) else '' for path in files}
    with w.server.ns:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(('127.0.0.1', 53))
        tcp = socket.create_server(('127.0.0.1', 53))
    child = Child(name_server, udp, tcp, short)
    try:
        for path, text in files.items():
            put(path, text)
        yield
    finally:
        for path, text in old.items():
            put(path, text)
        os.kill(child.pid, signal.SIGKILL)
        os.waitpid(child.pid, 0)
        udp.close()
        tcp.close()


# Networks whose name servers do not answer, in greater number than the helper's threads.
SILENT = 40


@test(server='ditto', clients=2, timeout=120)
def name_servers_that_hang(w):
    """Other hosts and accounts are looked up beside questions that nobody answers."""
    put(w.path('f'))
    n = w.client.nfs()
    fh = n.lookup(n.root, 'f').fh
    bad, good = w.clients
    routes = [(bad, f'10.0.{i}.2') for i in range(SILENT)] + [(good, '10.200.0.2')]
    for client, addr in routes:
        run('ip', '-n', client.name, 'addr', 'add', f'{addr}/32', 'dev', 'eth0')
        run('ip', '-n', w.server.ns.name, 'route', 'add', f'{addr}/32', 'via', client.addr)
    with names_by_dns(w):
        w.server.helper_start()
        w.server.set('data', allow=['*.friends.test=rw'], manage_gids=True)
        crowd = [nfs3.Nfs3(bad.connect(src=addr)) for _, addr in routes[:-1]]
        friend = nfs3.Nfs3(good.connect(src='10.200.0.2'))

        def ask_all():
            for one in crowd:
                answer(one, fh)
        ask_all()
        wait_for('the friend', lambda: answer(friend, fh) == nfs3.OK, 10)
        many = friend.as_user(rpc.auth_sys(1000, 1000, []))
        wait_for('groups', lambda: answer(many, fh) == nfs3.OK, 10)
        for one in crowd:
            assert answer(one, fh) in (nfs3.JUKEBOX, nfs3.ACCES)
        assert w.server.helper.poll() is None


@test(server='ditto', timeout=60)
def names_over_tcp(w):
    """The confined worker may query name servers by TCP, too."""
    put(w.path('f'))
    n = w.client.nfs()
    fh = n.lookup(n.root, 'f').fh
    run('ip', '-n', w.client.name, 'addr', 'add', '10.200.0.2/32', 'dev', 'eth0')
    run('ip', '-n', w.server.ns.name, 'route', 'add', '10.200.0.2/32', 'via', w.client.addr)
    w.server.helper_start()
    with names_by_dns(w, short=True):
        w.server.set('data', allow=['*.friends.test=rw'])
        friend = nfs3.Nfs3(w.client.connect(src='10.200.0.2'))
        wait_for('the friend', lambda: answer(friend, fh) == nfs3.OK, 20)


@test(server='ditto', timeout=120)
def host_worker_dies(w):
    """Names are unknown only while there is no host worker; other look-ups go on."""
    put(w.path('f'))
    n = w.client.nfs()
    fh = n.lookup(n.root, 'f').fh
    run('ip', '-n', w.client.name, 'addr', 'add', '10.200.0.2/32', 'dev', 'eth0')
    run('ip', '-n', w.server.ns.name, 'route', 'add', '10.200.0.2/32', 'via', w.client.addr)
    # the worker finds that other servers are asked, when it is confined already
    w.server.helper_start()
    wait_for('the worker', lambda: host_worker(w))
    with names_by_dns(w):
        w.server.set('data', allow=['*.friends.test=rw'], manage_gids=True)
        friend = nfs3.Nfs3(w.client.connect(src='10.200.0.2'))

        def segfault(pid):
            os.kill(pid, signal.SIGSEGV)

        def asked():
            """Send a question; it starts a worker again that died soon after its start."""
            w.server.ctl('cache', 'flush')
            answer(friend, fh)
            return host_worker(w)

        for end in (segfault, stop_process, segfault):
            end(wait_for('the worker', asked))
            # rules that change are asked for anew
            w.server.set('data', allow=['*.enemies.test=ro', '*.friends.test=rw'])
            assert answer(friend, fh) in (nfs3.JUKEBOX, nfs3.OK)
            w.server.set('data', allow=['*.friends.test=rw'])
            wait_for('the friend', lambda: answer(friend, fh) == nfs3.OK, 30)
            assert w.server.helper.poll() is None
        wait_for('the line in the log', lambda: 'the host worker' in w.server.helper_log())


@test(smb=True, timeout=60)
def spawner_dies(w):
    """Without the spawner no worker can be started, so dittod ends and systemd restarts it."""
    helper = w.server.helper
    os.kill(child_of(helper.pid), signal.SIGKILL)
    eq(helper.wait(20) > 0, True, 'dittod failed')
    assert 'must be started again' in w.server.helper_log()
    w.server.helper_start(w.server.conf)
    with Link(w.client).negotiate() as s:
        eq(s.login(), 'SUCCESS')


@test(smb=True, timeout=60)
def privileges_of_the_unit(w):
    """The privileges of the systemd unit suffice, also for files of an earlier run."""
    unit = os.path.join(os.path.dirname(__file__), '../../../userspace/systemd/dittod.service.in')
    with open(unit, encoding='ascii') as f:
        caps, = [line.split('=')[1].split() for line in f
                 if line.startswith('CapabilityBoundingSet=')]
    bounding = ','.join(['-all'] + ['+' + c.removeprefix('CAP_').lower() for c in caps])
    for _ in range(3):
        w.server.helper_stop()
        w.server.helper_start(w.server.conf, ('setpriv', '--bounding-set', bounding,
                                              '--inh-caps', '-all'))
        with Link(w.client).negotiate() as s:
            eq(s.login(), 'SUCCESS')
