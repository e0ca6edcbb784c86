# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's NFSv4 client on a network that cuts its connections, with everything under way.

DITTO_CUTS is how often each happens to each version; without it each happens once, and what
takes the client long to notice to one version only.
"""
import collections
import os
import socket
import struct
import threading
import time

import nfs3
import servers
from checks import eq, wait_for
from files import get, put
from harness import NFS4_VERSIONS, test
from lockers import WRITE, Locker
from nfs4_holders import counts, held, release_all, slowly
from one_file import ALL
from processes import Child

LONG = os.environ.get('DITTO_CUTS')
CUTS = int(LONG or 1)
# Seconds that a client needs to notice, reconnect and recover.
RECOVERY = 40
# Requests that a client needs for that, each cut; without end is a storm.
REPAIRS = 12
BLOCK = 4096


class Wire:
    """A path from a client to the server that can be cut, in a process of its own.

    Ports below 1024 are used at the server, as the client itself does.
    """

    def __init__(self, client, port):
        self.control, theirs = socket.socketpair()
        self.addr, self.server = client.addr, (client.server_addr, port)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                with client:
                    self._run(theirs)
            finally:
                os._exit(0)
        theirs.close()
        self.port = int(self._ask(b'port'))

    def _ask(self, what):
        self.control.sendall(what)
        return self.control.recv(64)

    def cut(self):
        """Reset all connections on both sides; returns their number."""
        return int(self._ask(b'cut'))

    def hush(self):
        """Drop everything without notice to either side."""
        self._ask(b'hush')

    def speak(self):
        """Deliver late what was held back."""
        self._ask(b'speak')

    def end(self):
        self.control.sendall(b'end')
        os.waitpid(self.pid, 0)
        self.control.close()

    # in its process
    def _run(self, control):
        self.conns, self.quiet, self.next = [], False, 0
        self.listener = socket.create_server((self.addr, 0))
        threading.Thread(target=self._accept, daemon=True).start()
        while True:
            what = control.recv(64)
            if what == b'port':
                control.sendall(b'%d' % self.listener.getsockname()[1])
            elif what == b'cut':
                control.sendall(b'%d' % self._cut())
            elif what in (b'hush', b'speak'):
                self.quiet = what == b'hush'
                control.sendall(b'ok')
            else:
                return

    def _dial(self):
        """Connect, every other time from the port that was used before."""
        self.next += 1
        for i in range(400):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind((self.addr, 600 + (self.next // 2 + i) % 400))
                s.connect(self.server)
                return s
            except OSError:
                s.close()
        return None

    def _accept(self):
        while True:
            a = self.listener.accept()[0]
            b = self._dial()
            if not b:
                a.close()
                continue
            conn = {'ends': (a, b), 'dead': False, 'pumps': []}
            self.conns.append(conn)
            for pair in ((a, b), (b, a)):
                pump = threading.Thread(target=self._pump, args=(conn, *pair), daemon=True)
                conn['pumps'].append(pump)
                pump.start()

    def _pump(self, conn, src, dst):
        src.settimeout(0.02)
        while not conn['dead']:
            if self.quiet:
                time.sleep(0.02)
                continue
            try:
                data = src.recv(1 << 18)
                if not data:
                    break
                view = memoryview(data)
                while view and not conn['dead']:
                    try:
                        view = view[dst.send(view):]
                    except TimeoutError:
                        continue
            except TimeoutError:
                continue
            except OSError:
                break
        if not conn['dead']:
            conn['dead'] = True
            self._close(conn)

    @staticmethod
    def _close(conn):
        for s in conn['ends']:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            s.close()

    def _cut(self):
        conns, self.conns = [c for c in self.conns if not c['dead']], []
        for conn in conns:
            conn['dead'] = True
        for conn in conns:
            for pump in conn['pumps']:
                pump.join()
            self._close(conn)
        return len(conns)


def block(i):
    return struct.pack('>Q', i) * (BLOCK // 8)


def write_on(path, stop, said):
    """Write blocks until the other file exists; logs how many are on disk, returns their number."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    i = 0
    while not os.path.exists(stop):
        eq(os.pwrite(fd, block(i), i * BLOCK), BLOCK)
        i += 1
        if not i % 4:
            os.fsync(fd)
            with open(f'{said}.new', 'w', encoding='ascii') as f:
                f.write(str(i))
            os.rename(f'{said}.new', said)
        # the disk of the guest is small
        time.sleep(0.005)
    os.close(fd)
    return i


class Work:
    """A mount with a writer, a process that holds a lock, and delegated files."""

    def __init__(self, w, vers):
        self.w, self.vers, self.number = w, vers, 0
        c = w.client
        self.wire = Wire(c, w.server.port)
        own = c.server_addr, w.server.port
        try:
            c.server_addr, w.server.port = c.addr, self.wire.port
            self.where = c.mount(vers=vers, opts='timeo=30,retrans=1')
        finally:
            c.server_addr, w.server.port = own
        self.said, self.stop = f'{w.base}/said', f'{w.base}/stop'
        for path in (self.said, self.stop):
            if os.path.exists(path):
                os.unlink(path)
        self.locker = Locker(f'{self.where}/locked', c)
        self.locker.lock(WRITE, 0, 10)
        self.other = Locker(w.path('locked'))
        self.writer = Child(write_on, f'{self.where}/written', self.stop, self.said)
        self.fd = None
        self.await_progress()

    def progress(self):
        return int(get(self.said) or 0) if os.path.exists(self.said) else 0

    def await_progress(self):
        before = self.progress()
        wait_for('what is written goes on', lambda: self.progress() > before + 4, RECOVERY)

    def delegate(self):
        """Use a new file each time, because a recalled one gets no delegation for a while."""
        self.number += 1
        self.name = f'd{self.number}'
        put(self.w.path(self.name), b'before', ALL)
        before = held(self.w)

        def granted():
            fd = os.open(f'{self.where}/{self.name}', os.O_RDONLY)
            if held(self.w) > before:
                self.fd = fd
                return True
            os.close(fd)
            return False
        wait_for('a delegation', granted, RECOVERY)
        eq(os.pread(self.fd, 16, 0), b'before')

    def check(self, what):
        """Data, the lock, and the callback channel still work."""
        self.await_progress()
        self.other.refused('lock', WRITE, 5, 1)
        self.locker.lock(WRITE, 20, 1)
        self.locker.unlock(20, 1)
        n = self.w.clients[1].nfs()
        fh = n.lookup(n.root, self.name).fh
        eq(slowly(n.write, fh, 0, b'after!'), nfs3.OK)
        after = counts(self.w)
        eq(after['revoked'], 0, f'{what}, {self.vers}: delegations revoked')
        wait_for('the client reads what is new', lambda: os.pread(self.fd, 16, 0) == b'after!')
        os.close(self.fd)
        self.fd = None

    def end(self):
        put(self.stop)
        count = self.writer.join()
        data = get(f'{self.where}/written')
        eq(len(data), count * BLOCK)
        for i in range(count):
            if data[i * BLOCK:(i + 1) * BLOCK] != block(i):
                raise AssertionError(f'block {i} of {count} is not what was written')
        eq(get(self.w.path('written')) == data, True, 'what the server has')
        self.locker.unlock()
        self.other.lock(WRITE)
        self.locker.end()
        self.other.end()
        self.w.client.umount(self.where)
        self.wire.end()
        for name in ('written', 'locked'):
            os.unlink(self.w.path(name))


def repairs(w):
    """The number of requests by which clients recover lost state."""
    calls = collections.Counter(w.server.calls('nfs4'))
    return sum(calls[op] for op in ('exchange_id', 'create_session', 'setclientid',
                                    'setclientid_confirm', 'destroy_session', 'test_stateid',
                                    'bind_conn_to_session', 'reclaim_complete'))


def each_version(w, cut, what, versions=NFS4_VERSIONS):
    os.chmod(w.export, 0o777)
    w.server.ctl('server', 'set', 'lease-time-s', '30')
    for vers in versions:
        work = Work(w, vers)
        for _ in range(CUTS):
            work.delegate()
            before = repairs(w)
            cut(work)
            work.check(what)
            done = repairs(w) - before
            assert done <= REPAIRS, f'{done} requests to repair what a cut broke, with {vers}'
        work.end()
        release_all(w)


@test(server='ditto', clients=2, timeout=90 + 90 * CUTS)
def reset(w):
    """Connections are reset while requests are under way; the port changes every other time."""
    def cut(work):
        assert work.wire.cut(), 'there was no connection'
    each_version(w, cut, 'reset')


@test(server='ditto', clients=2, timeout=90 + 120 * CUTS)
def silence(w):
    """After a silence longer than the client's time-out, late and repeated requests do no harm."""
    def cut(work):
        work.wire.hush()
        time.sleep(8)
        work.wire.speak()
    each_version(w, cut, 'silence', NFS4_VERSIONS if LONG else ('4.2',))


@test(server='ditto', locks='raw', clients=2, timeout=120 + 180 * CUTS)
def restarted(w):
    """The server is reloaded, and the client reclaims its state, delegations included."""
    def cut(work):
        w.server.restart()
        # those that were reclaimed before a way back is known are recalled at once
        wait_for('the grace ends', lambda: not w.server.grace()['active'], servers.GRACE + 10)
    each_version(w, cut, 'restart', NFS4_VERSIONS if LONG else ('4.1',))
