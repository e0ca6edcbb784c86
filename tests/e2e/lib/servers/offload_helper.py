# SPDX-License-Identifier: GPL-2.0-only
"""A small helper of the tests' own that answers requests for offloaded data, over netlink."""
import contextlib
import errno
import os
import select
import socket
import struct
import threading

from netlink import NUMBERS as C

STATES = 'resident', 'partial', 'offloaded', 'recalling', 'conflict'
NETLINK_GENERIC, GENL_ID_CTRL = 16, 16
NLM_F_REQUEST, NLM_F_ACK = 1, 4
NLMSG_ERROR = 2
RECORDS = [C[f'DITTO_UPCALL_KIND_RECORD_{what}'] for what in ('PUT', 'REMOVE', 'FORGET')]


def attr(kind, data):
    """An attribute: numbers are given as bytes."""
    size = 4 + len(data)
    return struct.pack('=HH', size, kind) + data + b'\0' * (-size % 4)


def attrs(data):
    """The attributes of a message, the last of each kind."""
    out = {}
    while len(data) >= 4:
        size, kind = struct.unpack_from('=HH', data)
        out[kind & 0x3fff] = data[4:size]
        data = data[(size + 3) & ~3:]
    return out


def u32(n):
    return struct.pack('=I', n)


def u64(n):
    return struct.pack('=Q', n)


def text(s):
    return os.fsencode(s) + b'\0'


class Netlink:
    """A socket of the family in the namespace of the server."""

    def __init__(self, ns):
        with ns:
            self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
            self.socket.bind((0, 0))
        self.seq = 0
        self.lock = threading.Lock()
        self.family = GENL_ID_CTRL
        reply = self.call(3, attr(2, text('ditto')))
        self.family = struct.unpack('=H', reply[1])[0]

    def close(self):
        self.socket.close()

    def send(self, cmd, payload):
        self.seq += 1
        body = struct.pack('=BBH', cmd, 1, 0) + payload
        self.socket.send(struct.pack('=IHHII', 16 + len(body), self.family,
                                     NLM_F_REQUEST | NLM_F_ACK, self.seq, 0) + body)
        return self.seq

    @staticmethod
    def messages(data):
        while len(data) >= 16:
            size, kind, _, seq, _ = struct.unpack_from('=IHHII', data)
            yield kind, seq, data[16:size]
            data = data[(size + 3) & ~3:]

    def call(self, cmd, payload):
        """Send a command and return the attributes of its reply; an error is raised."""
        with self.lock:
            return self._call(cmd, payload)

    def _call(self, cmd, payload):
        seq, reply = self.send(cmd, payload), {}
        while True:
            for kind, got, body in self.messages(self.socket.recv(1 << 17)):
                if got != seq:
                    continue
                if kind != NLMSG_ERROR:
                    reply = attrs(body[4:])
                    continue
                err = -struct.unpack_from('=i', body)[0]
                if err:
                    raise OSError(err, os.strerror(err))
                return reply


class Offload(Netlink):
    """The commands."""

    def get(self, path):
        r = self.call(C['DITTO_CMD_OFFLOAD_GET'], attr(C['DITTO_A_OFFLOAD_PATH'], text(path)))

        def number(name, form='=Q'):
            return struct.unpack(form, r[C[f'DITTO_A_OFFLOAD_{name}']])[0]
        return {'state': STATES[number('STATE', '=I')],
                'size': number('SIZE'), 'change': number('CHANGE'), 'file_id': number('FILE_ID'),
                'generation': number('GENERATION', '=I'), 'resident': number('RESIDENT'),
                'cookie': r.get(C['DITTO_A_OFFLOAD_COOKIE'])}

    def release(self, path, cookie, **other):
        """Release a file as it is now; other replaces what offload-get tells."""
        f = {**self.get(path), **other}
        self.call(C['DITTO_CMD_OFFLOAD_RELEASE'],
                  attr(C['DITTO_A_OFFLOAD_PATH'], text(path)) +
                  attr(C['DITTO_A_OFFLOAD_FILE_ID'], u64(f['file_id'])) +
                  attr(C['DITTO_A_OFFLOAD_GENERATION'], u32(f['generation'])) +
                  attr(C['DITTO_A_OFFLOAD_CHANGE'], u64(f['change'])) +
                  attr(C['DITTO_A_OFFLOAD_SIZE'], u64(f['size'])) +
                  attr(C['DITTO_A_OFFLOAD_COOKIE'], cookie))

    def adopt(self, path, cookie, size, **other):
        """Give an empty file content; other replaces what offload-get tells."""
        f = {**self.get(path), **other}
        self.call(C['DITTO_CMD_OFFLOAD_ADOPT'],
                  attr(C['DITTO_A_OFFLOAD_PATH'], text(path)) +
                  attr(C['DITTO_A_OFFLOAD_FILE_ID'], u64(f['file_id'])) +
                  attr(C['DITTO_A_OFFLOAD_GENERATION'], u32(f['generation'])) +
                  attr(C['DITTO_A_OFFLOAD_SIZE'], u64(size)) +
                  attr(C['DITTO_A_OFFLOAD_COOKIE'], cookie))

    def recall(self, path, decision=0):
        self.call(C['DITTO_CMD_OFFLOAD_RECALL'],
                  attr(C['DITTO_A_OFFLOAD_PATH'], text(path)) +
                  attr(C['DITTO_A_OFFLOAD_DECISION'], u32(decision)))

    def fill(self, recall, fd, fd_offset, offset, length):
        self.call(C['DITTO_CMD_OFFLOAD_FILL'],
                  attr(C['DITTO_A_OFFLOAD_RECALL'], u64(recall)) +
                  attr(C['DITTO_A_OFFLOAD_FD'], u32(fd)) +
                  attr(C['DITTO_A_OFFLOAD_FD_OFFSET'], u64(fd_offset)) +
                  attr(C['DITTO_A_OFFLOAD_OFFSET'], u64(offset)) +
                  attr(C['DITTO_A_OFFLOAD_LENGTH'], u64(length)))


class Request:
    """A request for data."""

    def __init__(self, a):
        def number(name):
            return struct.unpack('=Q', a[C[f'DITTO_A_UPCALL_{name}']])[0]
        self.id, self.recall = number('ID'), number('RECALL')
        self.offset, self.length = number('OFFSET'), number('LENGTH')
        self.size, self.file_system = number('FILE_SIZE'), number('FILE_SYSTEM')
        self.cookie = a[C['DITTO_A_UPCALL_COOKIE']]
        self.share = os.fsdecode(a[C['DITTO_A_UPCALL_SHARE']].rstrip(b'\0'))


class Helper:
    """Registers as the helper. Its store is a dictionary of contents by cookie.

    how() gets each Request and returns what to do: None to give the data, 'hold' to leave the
    request until go() is called, or an errno and a text to fail with.
    """

    def __init__(self, ns, how=None):
        self.store, self.requests, self.held = {}, [], []
        self.how = how or (lambda request: None)
        self.lock = threading.Lock()
        self.fill = Offload(ns)
        self.nl = Netlink(ns)
        state = self.nl.call(C['DITTO_CMD_HELPER_REGISTER'],
                             attr(C['DITTO_A_STATE_KINDS'], u64((1 << 63) - 1)))
        if not struct.unpack('=Q', state[C['DITTO_A_STATE_EPOCH']])[0]:
            self.nl.call(C['DITTO_CMD_STATE_BEGIN'],
                         attr(C['DITTO_A_STATE_INSTANCE'], state[C['DITTO_A_STATE_INSTANCE']]) +
                         attr(C['DITTO_A_STATE_EPOCH'], u64(1)) +
                         attr(C['DITTO_A_STATE_CLEAN'], b''))
        self.end = os.pipe()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            ready, _, _ = select.select([self.nl.socket, self.end[0]], [], [])
            if self.end[0] in ready:
                return
            data = self.nl.socket.recv(1 << 17)
            for kind, _, body in Netlink.messages(data):
                if kind == self.nl.family and body[0] == C['DITTO_CMD_UPCALL']:
                    with contextlib.suppress(OSError):
                        self._upcall(attrs(body[4:]))

    def _upcall(self, a):
        kind = struct.unpack('=I', a[C['DITTO_A_UPCALL_TYPE']])[0]
        if kind != C['DITTO_UPCALL_KIND_OFFLOAD_FETCH']:
            # Records of clients are as good as on disk; nobody has a name.
            self._answer(struct.unpack('=Q', a[C['DITTO_A_UPCALL_ID']])[0],
                         0 if kind in RECORDS else errno.ENOENT)
            return
        request = Request(a)
        with self.lock:
            self.requests.append((request.cookie, request.offset, request.length))
            what = self.how(request)
            if what == 'hold':
                self.held.append(request)
                return
        self._do(request, what)

    def _answer(self, number, err=0, cause=None):
        payload = attr(C['DITTO_A_UPCALL_ID'], u64(number))
        if err:
            payload += attr(C['DITTO_A_UPCALL_ERROR'], u32(err))
        if cause:
            payload += attr(C['DITTO_A_UPCALL_ERROR_TEXT'], text(cause))
        self.nl.send(C['DITTO_CMD_UPCALL_REPLY'], payload)

    def _do(self, request, what):
        if what:
            self._answer(request.id, *what)
            return
        try:
            self.give(request)
        except OSError as e:
            self._answer(request.id, e.errno)
            raise
        self.done(request)

    def moved(self, request):
        """More has come of the data of a request."""
        self.nl.send(C['DITTO_CMD_UPCALL_PROGRESS'],
                     attr(C['DITTO_A_UPCALL_ID'], u64(request.id)))

    def fail(self, request, err):
        """There is no data for a request."""
        self._answer(request.id, err)

    def done(self, request):
        """All data of a request was given."""
        self._answer(request.id)

    def give(self, request, data=None):
        """Give the data of a request, in two pieces."""
        half = request.offset + request.length // 2
        self.part(request, request.offset, half, data)
        self.part(request, half, request.offset + request.length, data)

    def part(self, request, pos, end, data=None):
        """Give the data from one offset to another."""
        data = self.store[request.cookie] if data is None else data
        part = data[pos:end]
        if not part:
            return
        fd = os.memfd_create('data')
        try:
            os.write(fd, part)
            self.fill.fill(request.recall, fd, 0, pos, len(part))
        finally:
            os.close(fd)

    def go(self, what=None):
        """Do with all requests that are held, and with later ones, what is given."""
        with self.lock:
            held, self.held = self.held, []
            self.how = lambda request: what
        for request in held:
            self._do(request, what)

    def close(self):
        """As if the helper were killed."""
        os.write(self.end[1], b'.')
        self.thread.join()
        self.nl.close()
        self.fill.close()
        for fd in self.end:
            os.close(fd)
