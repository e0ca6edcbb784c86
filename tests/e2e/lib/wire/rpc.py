# SPDX-License-Identifier: GPL-2.0-only
"""ONC RPC over TCP and UDP by hand (RFC 5531), with XDR (RFC 4506).

It can send what no well-behaved client sends: any program, any credential,
arguments that end early, records in odd fragments, the same call twice.
"""
import errno
import itertools
import socket
import struct

AUTH_NONE, AUTH_SYS, AUTH_SHORT, AUTH_DH, AUTH_GSS = 0, 1, 2, 3, 6

# accept_stat, RFC 5531 section 9
SUCCESS, PROG_UNAVAIL, PROG_MISMATCH, PROC_UNAVAIL, GARBAGE_ARGS, SYSTEM_ERR = range(6)
# reject_stat, with numbers of its own here so that they cannot be mistaken
RPC_MISMATCH, AUTH_ERROR = 100, 101

_xid = itertools.count(0x1000)

# source ports that only root may use; 445 is a server's in some namespaces
_reserved = itertools.cycle(port for port in range(1020, 200, -1) if port != 445)


class Bad(Exception):
    """The reply cannot be decoded."""


class RpcError(Exception):
    """The call was not accepted."""

    def __init__(self, reply):
        super().__init__(f'RPC status {reply.stat}')
        self.reply = reply


class Enc:
    """Builds XDR."""

    def __init__(self):
        self.parts = []

    def u32(self, *values):
        self.parts.append(struct.pack(f'>{len(values)}I', *values))
        return self

    def u64(self, *values):
        self.parts.append(struct.pack(f'>{len(values)}Q', *values))
        return self

    def fixed(self, data):
        self.parts.append(data + bytes(-len(data) % 4))
        return self

    def opaque(self, data):
        if isinstance(data, str):
            data = data.encode()
        return self.u32(len(data)).fixed(data)

    def bytes(self):
        return b''.join(self.parts)


class Dec:
    """Takes XDR apart."""

    def __init__(self, data):
        self.data, self.pos = data, 0

    def take(self, n):
        if self.pos + n > len(self.data):
            raise Bad(f'reply ends at {len(self.data)}, {n} bytes wanted at {self.pos}')
        out = self.data[self.pos:self.pos + n]
        self.pos += n
        return out

    def u32(self):
        return struct.unpack('>I', self.take(4))[0]

    def u64(self):
        return struct.unpack('>Q', self.take(8))[0]

    def flag(self):
        v = self.u32()
        if v > 1:
            raise Bad(f'boolean {v}')
        return bool(v)

    def fixed(self, n):
        out = self.take(n)
        pad = self.take(-n % 4)
        if any(pad):
            raise Bad('padding is not zero')
        return out

    def opaque(self, limit=1 << 20):
        n = self.u32()
        if n > limit:
            raise Bad(f'{n} bytes where {limit} are allowed')
        return self.fixed(n)

    def end(self):
        if self.pos != len(self.data):
            raise Bad(f'{len(self.data) - self.pos} bytes behind the reply')


def auth_sys(uid, gid, gids=(), machine=b'e2e'):
    return AUTH_SYS, Enc().u32(0).opaque(machine).u32(uid, gid, len(gids), *gids).bytes()


ROOT = auth_sys(0, 0)
NOBODY_CLAIMED = (AUTH_NONE, b'')


class Reply:
    """stat is one of the names above; low and high with a mismatch; why with AUTH_ERROR; verf
    is the verifier of a call that was accepted.
    """

    def __init__(self, data):
        d = Dec(data)
        self.xid = d.u32()
        if d.u32() != 1:
            raise Bad('not a reply')
        self.low = self.high = self.why = self.verf = None
        if d.u32():
            if d.u32():
                self.stat, self.why = AUTH_ERROR, d.u32()
            else:
                self.stat, self.low, self.high = RPC_MISMATCH, d.u32(), d.u32()
        else:
            self.verf = d.u32(), d.opaque(400)
            self.stat = d.u32()
            if self.stat == PROG_MISMATCH:
                self.low, self.high = d.u32(), d.u32()
        self.body = data[d.pos:]


def call_bytes(prog, vers, proc, args=b'', cred=ROOT, xid=None, rpcvers=2,
               verf=NOBODY_CLAIMED):
    if xid is None:
        xid = next(_xid)
    e = Enc().u32(xid, 0, rpcvers, prog, vers, proc)
    e.u32(cred[0]).opaque(cred[1]).u32(verf[0]).opaque(verf[1])
    return e.bytes() + args


class Rpc:
    """A connection. The socket belongs to the namespace that it was created in.

    Its port is a reserved one, as a kernel's is, or src_port; with 0 it is a port that any
    user may have. src is one of several addresses of the namespace.
    """

    def __init__(self, ns, addr, port, proto='tcp', src_port=None, timeout=30, src=''):
        self.proto, self.peer, self.src = proto, (addr, port), src
        with ns:
            if src_port is None:
                self._connect_reserved(timeout)
            else:
                self._connect(src_port, timeout)
        if proto == 'tcp':
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _connect(self, src_port, timeout):
        family = socket.AF_INET6 if ':' in self.peer[0] else socket.AF_INET
        kind = socket.SOCK_STREAM if self.proto == 'tcp' else socket.SOCK_DGRAM
        self.sock = socket.socket(family, kind)
        try:
            self.sock.settimeout(timeout)
            if src_port:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                self.sock.bind((self.src, src_port))
            self.sock.connect(self.peer)
        except BaseException:
            self.sock.close()
            raise

    def port(self):
        """The source port, to connect from again."""
        return self.sock.getsockname()[1]

    def _connect_reserved(self, timeout):
        """Use the next free port, because a closed connection keeps its port for a while."""
        for _ in range(800):
            try:
                self._connect(next(_reserved), timeout)
                return
            except OSError as e:
                if e.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL):
                    raise
        raise AssertionError('no reserved port is free')

    def close(self, abort=False):
        if abort:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.sock.close()

    def send(self, message, fragment=None):
        if self.proto == 'udp':
            self.sock.send(message)
            return
        pieces = [message]
        if fragment:
            pieces = [message[i:i + fragment] for i in range(0, len(message), fragment)]
        out = b''
        for i, piece in enumerate(pieces):
            last = 0x80000000 if i == len(pieces) - 1 else 0
            out += struct.pack('>I', last | len(piece)) + piece
        self.sock.sendall(out)

    def _exactly(self, n):
        out = bytearray()
        while len(out) < n:
            got = self.sock.recv(n - len(out))
            if not got:
                raise EOFError('connection closed by the server')
            out += got
        return bytes(out)

    def recv(self):
        if self.proto == 'udp':
            return Reply(self.sock.recv(65536))
        out, last = b'', 0
        while not last:
            mark = struct.unpack('>I', self._exactly(4))[0]
            last = mark & 0x80000000
            out += self._exactly(mark & 0x7fffffff)
        return Reply(out)

    def call(self, prog, vers, proc, args=b'', cred=ROOT, xid=None, rpcvers=2, fragment=None):
        message = call_bytes(prog, vers, proc, args, cred, xid, rpcvers)
        want = struct.unpack('>I', message[:4])[0]
        self.send(message, fragment)
        while True:
            reply = self.recv()
            if reply.xid == want:
                return reply
