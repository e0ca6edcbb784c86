# SPDX-License-Identifier: GPL-2.0-only
"""The client's side of NFSv4 callbacks: RFC 7530 section 15, RFC 8881 section 20.

In 4.1 they come over the connection of the session:

    cb = Callbacks()
    conn = cb.on(nfs4.connect(w.client))
    s = nfs4.Session.make(conn)
    call = cb.wait(conn, 'recall')

and in 4.0 to a listener:

    with Listener(w.client, cb) as at:
        c = nfs4.Client40(nfs4.connect(w.client), addr=at.uaddr)
        call = cb.take('recall')
"""
import queue
import socket
import struct
import threading
import time
from types import SimpleNamespace as Result

import rpc
from checks import SLOW, WAIT_LIMIT
from nfs4 import d_bitmap, d_stateid
from nfs4_attr import d_fattr, fattr
from nfs4_status import OK
from rpc import Dec, Enc

OPS = {3: 'getattr', 4: 'recall', 5: 'layoutrecall', 6: 'notify', 7: 'push_deleg',
       8: 'recall_any', 9: 'recallable_obj_avail', 10: 'recall_slot', 11: 'sequence',
       12: 'wants_cancelled', 13: 'notify_lock', 14: 'notify_deviceid', 15: 'offload'}
NUMBERS = {name: number for number, name in OPS.items()}
OP_ILLEGAL = 10044

CHILD_ATTRS, DIR_ATTRS, REMOVED, ADDED, RENAMED, COOKIE_VERF = range(6)   # NOTIFY4_*

SILENT = object()          # as an answer: none


def _getattr(d, r):
    r.fh, r.ask = d.opaque(128), d_bitmap(d)


def _recall(d, r):
    r.stateid, r.truncate, r.fh = d_stateid(d), d.flag(), d.opaque(128)


def _entry(d):
    return d.opaque(255), d_fattr(d)


def _removed(d):
    return _entry(d)[0], d.u64()


def _added(d):
    r = Result(old=None, replaced=[_removed(d) for _ in range(d.u32())])
    r.name, r.attrs = _entry(d)
    r.cookie = [d.u64() for _ in range(d.u32())]
    r.before = [(_entry(d)[0], d.u64()) for _ in range(d.u32())]
    r.last = d.flag()
    return r


def _change(kind, d):
    """One change of a directory, with its attributes, and with all there is of an entry."""
    if kind == ADDED:
        r = _added(d)
        return (kind, r.name), r.attrs, r
    if kind == REMOVED:
        old = _removed(d)
        return (kind, old[0]), {}, Result(old=old)
    if kind == RENAMED:
        old, r = _removed(d), _added(d)
        r.old = old
        return (kind, old[0], r.name), r.attrs, r
    name, attrs = _entry(d)
    return (kind, name), attrs, None


def _notify(d, r):
    r.stateid, r.fh, r.changes, r.attrs = d_stateid(d), d.opaque(128), [], []
    r.entries = []
    for _ in range(d.u32()):
        words = [d.u32() for _ in range(d.u32())]
        values = Dec(d.opaque())
        for kind in range(32 * len(words)):
            if words[kind // 32] >> kind % 32 & 1:
                change, attrs, entry = _change(kind, values)
                r.changes.append(change)
                r.attrs.append(attrs)
                r.entries.append(entry)
        values.end()


def _recall_any(d, r):
    r.keep, r.types = d.u32(), [d.u32() for _ in range(d.u32())]


def _recall_slot(d, r):
    r.target = d.u32()


def _notify_lock(d, r):
    r.fh, r.owner = d.opaque(128), (d.u64(), d.opaque(1024))


def _offload(d, r):
    r.fh, r.stateid, r.status = d.opaque(128), d_stateid(d), d.u32()
    if r.status == OK:
        r.ids = [d_stateid(d) for _ in range(d.u32())]
        r.count, r.committed, r.verf = d.u64(), d.u32(), d.fixed(8)
    else:
        r.count = d.u64()


def _sequence(d, r):
    r.session, r.seqid, r.slot, r.highest = d.fixed(16), d.u32(), d.u32(), d.u32()
    r.cache = d.flag()
    r.after = [(d.fixed(16), [(d.u32(), d.u32()) for _ in range(d.u32())])
               for _ in range(d.u32())]


READERS = {'getattr': _getattr, 'recall': _recall, 'notify': _notify, 'sequence': _sequence,
           'recall_any': _recall_any,
           'recallable_obj_avail': _recall_any, 'recall_slot': _recall_slot,
           'notify_lock': _notify_lock, 'offload': _offload}


class Callbacks:
    """The callback service of a client: it keeps each call and answers it.

    answers: by name of the operation, the answer: a status, bytes of a result behind NFS4_OK,
    SILENT, or a function of the call that returns one of these.
    """

    def __init__(self, **answers):
        self.answers, self.calls, self.nulls = answers, queue.Queue(), 0
        self.slots, self.highest = {}, 15
        self.lock = threading.Lock()

    def on(self, conn):
        conn.on_call = self.called
        return conn

    def called(self, _xid, prog, vers, proc, d):
        """The body of the reply, from accept_stat on."""
        if vers != 1:
            return Enc().u32(rpc.PROG_MISMATCH, 1, 1).bytes()
        if proc == 0:
            self.nulls += 1
            return None if self._say('null', None) is SILENT else Enc().u32(rpc.SUCCESS).bytes()
        with self.lock:
            out = self._compound(prog, d)
        return None if out is None else Enc().u32(rpc.SUCCESS).bytes() + out

    def _say(self, name, call):
        say = self.answers.get(name, OK)
        return say(call) if callable(say) else say

    def _compound(self, prog, d):
        d.opaque(1024)
        minor, ident, count = d.u32(), d.u32(), d.u32()
        out, done, status = b'', 0, OK
        for _ in range(count):
            number = d.u32()
            call = Result(op=OPS.get(number), minor=minor, ident=ident, prog=prog,
                          at=time.monotonic())
            if call.op not in READERS:
                out += struct.pack('>II', OP_ILLEGAL, OP_ILLEGAL)
                done, status = done + 1, OP_ILLEGAL
                break
            READERS[call.op](d, call)
            status, body = self._one(call)
            if status is SILENT:
                # it never came, as far as the server can tell
                if minor:
                    self.slots[self.sequence.session, self.sequence.slot] = self.sequence.seqid - 1
                return None
            out += struct.pack('>II', number, status) + body
            done += 1
            if status != OK:
                break
        return struct.pack('>III', status, 0, done) + out

    def _one(self, call):
        if call.op == 'sequence':
            self.sequence = call
        else:
            call.sequence = getattr(self, 'sequence', None)
            self.calls.put(call)
        say = self._say(call.op, call)
        if say is SILENT or isinstance(say, int) and say != OK:
            return say, b''
        if isinstance(say, bytes):
            return OK, say
        if call.op == 'sequence':
            last = self.slots.get((call.session, call.slot), 0)
            # the same again is one whose answer got lost, with its connection maybe
            if call.seqid not in (last, last + 1):
                raise AssertionError(f'callback slot {call.slot}: {call.seqid} after {last}')
            self.slots[call.session, call.slot] = call.seqid
            return OK, Enc().fixed(call.session).u32(call.seqid, call.slot, self.highest,
                                                     self.highest).bytes()
        return OK, b''

    def take(self, op, seconds=WAIT_LIMIT):
        """Return the next call, which must be of this operation."""
        try:
            call = self.calls.get(timeout=seconds * SLOW)
        except queue.Empty:
            raise AssertionError(f'no CB_{op.upper()} came within {seconds} s') from None
        if call.op != op:
            raise AssertionError(f'CB_{call.op.upper()} came, and not CB_{op.upper()}')
        return call

    def wait(self, conn, op, seconds=WAIT_LIMIT):
        """The same for calls over a connection of a session, which this thread serves."""
        end = time.monotonic() + seconds * SLOW
        while self.calls.empty() and time.monotonic() < end:
            conn.serve(max(end - time.monotonic(), 0.01))
        return self.take(op, 0.01)

    def none(self, conn=None, seconds=0.5):
        """Check that no call arrives."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if conn:
                conn.serve(max(end - time.monotonic(), 0.01))
            else:
                time.sleep(0.05)
        if not self.calls.empty():
            raise AssertionError(f'an unexpected CB_{self.calls.get().op.upper()}')


def modified(change, size):
    """The result of a CB_GETATTR."""
    return fattr({'change': change, 'size': size})


class Listener:
    """An RPC server for callbacks of 4.0 on a client."""

    def __init__(self, client, callbacks):
        self.client, self.callbacks, self.conns = client, callbacks, []
        self.accept()
        self.uaddr = f'{client.addr}.{self.port >> 8}.{self.port & 255}'

    def accept(self, port=0):
        """Take connections, by default at any port."""
        with self.client:
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((self.client.addr, port))
        self.sock.listen(8)
        self.port, self.open = self.sock.getsockname()[1], True
        threading.Thread(target=self._accept, args=(self.sock,), daemon=True).start()

    def refuse(self):
        """Close all connections, and refuse others."""
        self.open = False
        self.drop()
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.open:
            self.refuse()

    def drop(self):
        """Close all present connections."""
        conns, self.conns = self.conns, []
        for conn in conns:
            try:
                conn.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            conn.close()

    def _accept(self, sock):
        while True:
            try:
                conn, _ = sock.accept()
            except OSError:
                return
            self.conns.append(conn)
            threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    @staticmethod
    def _exactly(conn, count):
        data = b''
        while len(data) < count:
            got = conn.recv(count - len(data))
            if not got:
                raise ConnectionError
            data += got
        return data

    def _serve(self, conn):
        try:
            while True:
                mark, = struct.unpack('>I', self._exactly(conn, 4))
                d = Dec(self._exactly(conn, mark & 0x7fffffff))
                xid, _, _, prog, vers, proc = (d.u32() for _ in range(6))
                for _ in range(2):
                    d.u32()
                    d.opaque(400)
                body = self.callbacks.called(xid, prog, vers, proc, d)
                if body is not None:
                    reply = Enc().u32(xid, 1, 0, rpc.AUTH_NONE, 0).bytes() + body
                    conn.sendall(struct.pack('>I', len(reply) | 0x80000000) + reply)
        except (ConnectionError, OSError):
            pass
