# SPDX-License-Identifier: GPL-2.0-only
"""NFSv4.2: copies from servers that do not answer, delay for ever, or talk nonsense."""
import contextlib
import itertools
import os
import socket
import struct
import subprocess
import threading

import nfs4
import rpc
from harness import eq, get, ip, one_of, pattern, put, run, test, wait_for
from nfs4 import BOTH, putfh
from nfs4_callers import Caller
from nfs4_copy import between, copy, netaddr, offload_cancel
from nfs4_opens import last
from t_budget import budget
from t_nfs42_ssc import MIB, listeners_end, notified, second


class Source:
    """A source of copies on the machine of the client, at several addresses.

    answer(request) returns the reply, or None for none. If it returns the request, that is passed
    on to the server at the address relay, whose replies change() may change.
    """

    ADDRS = [f'192.168.1.{number}' for number in range(20, 26)]

    def __init__(self, w, answer, relay=None, change=lambda reply: reply, addrs=ADDRS):
        self.w, self.answer, self.relay, self.change = w, answer, relay, change
        self.asked = self.unanswered = 0
        self.unused = iter(addrs)
        ip(w.client, *(f'addr add {addr}/24 dev eth0' for addr in self.ADDRS))
        with w.client:
            self.socket = socket.create_server(('', 2049))
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        ip(self.w.client, *(f'addr del {addr}/24 dev eth0' for addr in self.ADDRS))

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                conn = self.socket.accept()[0]
                threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    @staticmethod
    def _message(conn):
        """The next message, whose record mark names the only fragment."""
        head = conn.recv(4, socket.MSG_WAITALL)
        size = struct.unpack('>I', head)[0] & 0x7fffffff if len(head) == 4 else 0
        body = conn.recv(size, socket.MSG_WAITALL)
        return body if size and len(body) == size else None

    @staticmethod
    def _send(conn, body):
        conn.sendall(struct.pack('>I', len(body) | 1 << 31) + body)

    def _back(self, far, conn):
        with contextlib.suppress(OSError):
            while body := self._message(far):
                self._send(conn, self.change(body))

    def _serve(self, conn):
        far = None
        with contextlib.suppress(OSError), conn:
            if self.relay:
                far = rpc.Rpc(self.w.client, self.relay, 2049).sock
                far.settimeout(None)
                threading.Thread(target=self._back, args=(far, conn), daemon=True).start()
            while body := self._message(conn):
                got = self.answer(body)
                if got is body:
                    self._send(far, body)
                    continue
                self.asked += 1
                if got:
                    self._send(conn, got)
                else:
                    self.unanswered += 1
        if far:
            far.close()


def first_op(request):
    """Number of the first operation, if it is a COMPOUND."""
    d = rpc.Dec(request)
    d.fixed(20)
    proc = d.u32()
    for _ in range(2):
        d.u32()
        d.opaque()
    if proc != nfs4.COMPOUND:
        return None
    d.opaque()
    d.u32()
    d.u32()
    return d.u32()


def delayed(request):
    """NFS4ERR_DELAY for the first operation of a COMPOUND."""
    op = first_op(request)
    reply = rpc.Enc().fixed(request[:4]).u32(1, 0, 0, 0, 0)
    if op is not None:
        reply.u32(nfs4.DELAY).opaque(b'').u32(1, op, nfs4.DELAY)
    return reply.bytes()


class Asker(Caller):
    """A client that copies from hung sources to the share."""

    def __init__(self, w, source):
        w.server.set('data', copy_from_servers=True)
        os.chmod(w.export, 0o777)
        put(w.path('to'), b'', 0o666)
        super().__init__(w, minor=2)
        self.w, self.source = w, source
        opening, self.to = self.open('to', BOTH | nfs4.WANT_NO)
        self.dst = opening.stateid

    def ask(self, addr, status=nfs4.OK, fh=b'a file over there', sid=(1, b'copy-notify.')):
        return last(between(self, fh, self.to, copy(sid, self.dst, sync=False,
                                                    servers=[netaddr(addr)])), status)

    def hang(self, addr=None, **kw):
        """Begin a copy whose source does not go on; returns its stateid."""
        before = self.source.asked
        r = self.ask(addr or next(self.source.unused), **kw)
        wait_for('the source to be asked', lambda: self.source.asked > before)
        return r.callback[0]

    def cancelled(self, sid):
        return nfs4.again_while_delayed(
            lambda: self.compound(putfh(self.to), offload_cancel(sid)), lambda r: r.status)

    def cancel(self, sid):
        last(self.cancelled(sid), nfs4.OK)
        self.none_is_left()

    def jobs(self):
        return self.w.server.json('job', 'list')

    def none_is_left(self):
        wait_for('no copy is left', lambda: not self.jobs())


@test(server='ditto', timeout=120)
def hung_sources(w):
    """A copy from a source that does not mount ends when the client, or the server, wants it."""
    # a source that could not be mounted is not tried again for a while
    for answer, addrs in ((delayed, Source.ADDRS[:3]), (lambda request: None, Source.ADDRS[3:])):
        with Source(w, answer, addrs=addrs) as hung:
            c = Asker(w, hung)
            c.cancel(c.hang())
            addr = next(hung.unused)
            c.hang(addr)
            job, = c.jobs()
            eq((job['share'], job.get('path'), job['done']), (addr, None, 0))
            eq(f'{addr}/?' in w.server.ctl('job', 'list'), True)
            w.server.ctl('job', 'cancel', str(job['id']))
            c.none_is_left()
            # the share waits for the copies of its files
            c.hang()
            w.server.delete('data')
            c.none_is_left()
            w.server.add('data', w.export)


def nonsense(request):
    """Replies that are none, for other requests, cut off, and full of errors."""
    xid = request[:4]
    kinds = (bytes(4), b'\xff' * 64, xid, xid + bytes(3), xid + rpc.Enc().u32(1, 1, 0).bytes(),
             xid + rpc.Enc().u32(1, 0, 0, 0, 5).bytes(),
             xid + rpc.Enc().u32(1, 0, 0, 0xffffffff).bytes(),
             xid + rpc.Enc().u32(1, 0, 0, 0, 0).bytes() + b'\xff' * 400,
             xid + rpc.Enc().u32(1, 0, 0, 0, 0, 0, 0, 0xffffffff).bytes(), bytes([*request]))
    return kinds[xid[3] % len(kinds)]


@test(server='ditto', timeout=120)
def nonsense_is_no_source(w):
    """Whatever a source sends, the copy ends when the client wants it."""
    with Source(w, nonsense) as mad:
        c = Asker(w, mad)
        for _ in range(3):
            before = mad.asked
            sid = c.ask(next(mad.unused)).callback[0]
            wait_for('the source to be asked', lambda: mad.asked > before)
            # it may be over, and known to be
            one_of(c.cancelled(sid).status, (nfs4.OK, nfs4.BAD_STATEID))
            c.none_is_left()


@test(server='ditto', timeout=120)
def ends_with_a_hung_source(w):
    """The service and the modules end while sources do not answer."""
    with Source(w, delayed) as hung:
        c = Asker(w, hung)
        c.hang()
        listeners_end(w.server)
        c.none_is_left()
        w.server.listen()
        c = Asker(w, hung)
        c.hang()
        c.hang()
        w.server.restart()


def silent(request):
    """Answers NULL only."""
    return delayed(request) if first_op(request) is None else None


@test(server='ditto', timeout=120)
def mount_of_another(w):
    """Copies and shares end while the mount of a dead server holds up the kernel's NFS client."""
    def held():
        return int(get('/sys/module/ditto_nfs/refcnt'))

    with Source(w, silent) as dead:
        c = Asker(w, dead)
        os.mkdir(f'{w.base}/foreign')
        addrs = itertools.cycle(dead.ADDRS[1:])
        with w.client:
            foreign = subprocess.Popen(['mount', '-i', '-t', 'nfs', '-o',
                                        f'vers=4.2,addr={dead.ADDRS[0]}', f'{dead.ADDRS[0]}:/',
                                        f'{w.base}/foreign'], stdin=subprocess.DEVNULL)
        try:
            wait_for('the foreign mount to ask', lambda: dead.unanswered)

            def left():
                """Cancel a copy, and tell whether it got as far as to wait for that mount."""
                cancel = offload_cancel(c.hang(next(addrs)))
                one_of(c.compound(putfh(c.to), cancel).status, (nfs4.OK, nfs4.DELAY))
                c.none_is_left()
                return held()
            wait_for('a copy that leaves its thread', left)
            # the next one waits for that thread, and not for ever either
            c.ask(next(addrs))
            w.server.delete('data')
            c.none_is_left()
            listeners_end(w.server)
            eq((foreign.poll(), held()), (None, 1))
            eq('in use' in run('rmmod', 'ditto_nfs', check=False).stdout, True)
        finally:
            foreign.kill()
            foreign.wait()
        wait_for('the thread to end', lambda: not held())
        w.server.restart()


@test(server='ditto', timeout=120)
def source_is_given_up(w):
    """A source has half a minute to mount, and to answer a read."""
    with Source(w, delayed) as hung:
        c = Asker(w, hung)
        sid = c.hang()
        call = c.cb.wait(c.conn, 'offload', 60)
        eq((call.stateid, call.status, call.count), (sid, nfs4.OFFLOAD_DENIED, 0))
        eq(c.jobs(), [])


def reads_are_delayed(request):
    """Everything passes but READ, which is at the end with its stateid, offset and count."""
    ops = [struct.pack('>I', nfs4.OPS[name]) for name in ('read', 'read_plus')]
    return delayed(request) if request[-32:-28] in ops else request


@contextlib.contextmanager
def relayed(w, **kw):
    """A source that passes requests on to a second server, and what to copy from its file."""
    with second(w, first_is_destination=True) as other:
        put(f'{other.export}/f', pattern(5, MIB), 0o666)
        far = nfs4.Session.make(nfs4.Conn(w.client, other.addr, 2049, 'tcp'), minor=2)
        opening, fh = far.open(far.fh('second'), 'f')
        sid = notified(far, fh, opening.stateid).stateid
        with Source(w, relay=other.addr, **kw) as source:
            yield source, {'addr': source.ADDRS[0], 'fh': fh, 'sid': sid}


@test(server='ditto', timeout=120)
def hung_reads(w):
    """A read that the source delays is given up with the copy."""
    with relayed(w, answer=reads_are_delayed) as (hung, file):
        c = Asker(w, hung)
        for _ in range(2):
            c.cancel(c.hang(**file))
        # it is the same source, which answers now
        hung.answer = lambda request: request
        c.ask(**file)
        eq(c.cb.wait(c.conn, 'offload', 60).status, nfs4.OK)
        eq(get(w.path('to')) == pattern(5, MIB), True)


def mounts_of(w, addr):
    """How many mounts of a server the kernel's NFS client has."""
    with w.server.ns:
        lines = get('/proc/thread-self/net/nfsfs/volumes').decode().splitlines()
    return sum(line.split()[:2] == ['v4', socket.inet_aton(addr).hex()] for line in lines)


@test(server='ditto', timeout=120)
def one_mount_of_a_source(w):
    """A source is mounted once, though copies are interrupted and the service ends meanwhile."""
    with relayed(w, answer=lambda request: request) as (source, file):
        def copied():
            c.ask(**file)
            eq(c.cb.wait(c.conn, 'offload', 60).status, nfs4.OK)
        # a mount may be left that this module knows nothing of
        before = mounts_of(w, file['addr'])
        c = Asker(w, source)
        copied()
        mounts = mounts_of(w, file['addr'])
        one_of(mounts - before, (0, 1))
        for _ in range(3):
            source.answer = reads_are_delayed
            c.cancel(c.hang(**file))
            source.answer = lambda request: request
            copied()
            listeners_end(w.server)
            w.server.listen()
            c = Asker(w, source)
        copied()
        eq(mounts_of(w, file['addr']), mounts)


class Layouts:
    """Has a server offer layouts: it says that it supports fs_layout_types (RFC 8881 section
    5.12.1), and gives that when the client asks for it."""

    FILES, BIT = 1, 1 << (62 - 32)

    def __init__(self):
        self.asked, self.offered = {}, 0

    def answer(self, request):
        """Note what a GETATTR at the end asks for."""
        op, count, *words = struct.unpack('>5I', request[-20:])
        if (op, count) == (nfs4.OPS['getattr'], 3):
            self.asked[request[:4]] = words
        return request

    def change(self, reply):
        words = self.asked.get(reply[:4], (0, 0, 0))
        # the header, an empty tag, SEQUENCE, PUTFH, and the beginning of GETATTR
        at = 4 * (6 + 3) + (4 * 2 + 16 + 4 * 5) + 4 * 2 + 4 * 2
        if not words[0] & 1 and not words[1] & self.BIT or len(reply) <= at:
            return reply
        d = rpc.Dec(reply[at:])
        words, attrs = [d.u32() for _ in range(d.u32())], d.opaque()
        if words[0] & 1:
            # supported_attrs comes first
            supported = struct.unpack_from('>I', attrs, 8)[0] | self.BIT
            attrs = attrs[:8] + struct.pack('>I', supported) + attrs[12:]
        else:
            # attributes of the third word have four bytes each
            tail = len(attrs) - 4 * words[2].bit_count()
            attrs = attrs[:tail] + struct.pack('>II', 1, self.FILES) + attrs[tail:]
            words[1] |= self.BIT
            self.offered += 1
        return reply[:at] + rpc.Enc().u32(len(words), *words).opaque(attrs).bytes()


@test(server='ditto', timeout=120)
def layouts_are_refused(w):
    """A source that could name other machines to read from is not read from."""
    layouts = Layouts()
    with relayed(w, answer=layouts.answer, change=layouts.change) as (source, file):
        c = Asker(w, source)
        c.ask(**file)
        eq(c.cb.wait(c.conn, 'offload', 60).status, nfs4.OFFLOAD_DENIED)
        eq((layouts.offered > 0, get(w.path('to'))), (True, b''))


@test(server='ditto', timeout=120)
def threads_are_counted(w):
    """A client has a limited number of copies from other servers."""
    with Source(w, delayed) as hung:
        c = Asker(w, hung)
        addr = next(hung.unused)
        for number in range(16):
            c.ask(addr, fh=b'file %d' % number)
        c.ask(addr, nfs4.OFFLOAD_DENIED)
        eq(budget(w)['job-threads'], (16, 16))
        w.server.delete('data')
        c.none_is_left()
        wait_for('nothing is charged', lambda: 'job-threads' not in budget(w))
