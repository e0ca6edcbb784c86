# SPDX-License-Identifier: GPL-2.0-only
"""ONC RPC (RFC 5531) over TCP: single calls, and many at a time."""

import itertools
import select
import socket
import struct
import time

from xdr import Malformed, Unpack
import results

SUCCESS, PROG_UNAVAIL, PROG_MISMATCH, PROC_UNAVAIL, GARBAGE_ARGS, SYSTEM_ERR = range(6)
# Status of a call that was refused before it was accepted.
RPC_MISMATCH, AUTH_ERROR = 100, 101
VERSION = 3
HEADER_FIXED = 24

_xids = itertools.count(0x10000)


def auth_sys(uid=0, gid=0, gids=(), machine=b"fuzz"):
    """Body of an AUTH_SYS credential, with flavour and length."""
    body = struct.pack(">II", 0, len(machine)) + machine + bytes(-len(machine) % 4)
    body += struct.pack(">III", uid, gid, len(gids)) + b"".join(struct.pack(">I", g) for g in gids)
    return struct.pack(">II", 1, len(body)) + body


AUTH_ROOT = auth_sys()
AUTH_NONE = bytes(8)


def message(prog, proc, args, cred=AUTH_ROOT, vers=VERSION, xid=None):
    """A call without the record mark."""
    xid = next(_xids) & 0xffffffff if xid is None else xid
    return struct.pack(">IIIIII", xid, 0, 2, prog, vers, proc) + cred + bytes(8) + args


def record(data):
    """One fragment, the last one of its record."""
    return struct.pack(">I", 0x80000000 | len(data)) + data


class Reply:
    """A reply: .accept is its accept_stat, .auth why it was denied, .body the results."""

    __slots__ = ("xid", "accept", "auth", "body")

    def __init__(self, data):
        u = Unpack(data)
        self.xid = u.u32()
        self.auth = None
        if u.u32() != 1:
            raise Malformed("not a reply")
        if u.boolean():
            self._denied(u)
            return
        u.u32()
        u.opaque(400)
        self.accept = u.u32()
        if self.accept > SYSTEM_ERR:
            raise Malformed(f"accept_stat {self.accept}")
        if self.accept == PROG_MISMATCH:
            u.skip(8)
        if self.accept != SUCCESS:
            u.end()
        self.body = u

    def _denied(self, u):
        reason = u.u32()
        self.body = u
        if reason == 0:
            self.accept = RPC_MISMATCH
            u.skip(8)
        elif reason == 1:
            self.accept = AUTH_ERROR
            self.auth = u.u32()
            if not 1 <= self.auth <= 14:
                raise Malformed(f"auth_stat {self.auth}")
        else:
            raise Malformed(f"reject_stat {reason}")
        u.end()


class Closed(Exception):
    """The server closed the connection."""


class Connection:
    """A TCP connection to a server."""

    def __init__(self, address, port, timeout=20):
        self.timeout = timeout
        self.sock = socket.create_connection((address, port), timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = bytearray()

    def close(self):
        """Close it."""
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.close()

    def records(self):
        """Take all complete records that were received."""
        found, pos, data = [], 0, self.input
        while len(data) - pos >= 4:
            mark = int.from_bytes(data[pos:pos + 4], "big")
            size = mark & 0x7fffffff
            if not mark & 0x80000000 or size > (2 << 20):
                raise Malformed(f"record mark {mark:#x}")
            if len(data) - pos - 4 < size:
                break
            found.append(bytes(data[pos + 4:pos + 4 + size]))
            pos += 4 + size
        del data[:pos]
        return found

    def exchange(self, stream, wanted):
        """Send stream while reading; returns records, at least wanted unless Closed ends it.

        Returns (records, state): state is "done", "closed" or "timeout".
        """
        sock, found = self.sock, []
        view, sent = memoryview(stream), 0
        deadline = time.monotonic() + self.timeout
        sock.setblocking(False)
        try:
            while sent < len(stream) or len(found) < wanted:
                left = deadline - time.monotonic()
                if left <= 0:
                    return found, "timeout"
                want_write = [sock] if sent < len(stream) else []
                readable, writable, _ = select.select([sock], want_write, [], left)
                if writable:
                    sent += sock.send(view[sent:])
                if readable:
                    data = sock.recv(1 << 20)
                    if not data:
                        return found, "closed"
                    self.input += data
                    found += self.records()
                    deadline = time.monotonic() + self.timeout
        except (ConnectionError, BrokenPipeError):
            return found, "closed"
        finally:
            sock.setblocking(True)
            sock.settimeout(self.timeout)
        return found, "done"

    def call(self, prog, proc, args=b"", cred=AUTH_ROOT, vers=VERSION):
        """One call; returns its Reply. Closed or TimeoutError if there is none."""
        data = message(prog, proc, args, cred, vers)
        found, state = self.exchange(record(data), 1)
        if not found:
            raise TimeoutError("no reply") if state == "timeout" else Closed()
        reply = Reply(found[0])
        if found[0][:4] != data[:4]:
            raise Malformed("xid of another call")
        return reply

    def results(self, prog, proc, args=b"", cred=AUTH_ROOT):
        """One call that must succeed; returns its results after the status."""
        reply = self.call(prog, proc, args, cred)
        if reply.accept != SUCCESS:
            raise Malformed(f"accept_stat {reply.accept}")
        name, statuses, _check = results.PROCEDURES[prog, proc]
        if statuses is not None:
            status = reply.body.u32()
            if status:
                raise OSError(status, f"{name} answered {status}")
        return reply.body


def opaque(data):
    """Opaque data of variable length."""
    return struct.pack(">I", len(data)) + data + bytes(-len(data) % 4)


def mount(address, port, path, timeout=20):
    """Handle of the root of a share, from MOUNT."""
    with Connection(address, port, timeout) as conn:
        return conn.results(results.MOUNT, 1, opaque(path.encode())).opaque(results.FH_MAX)


def lookup(conn, fh, name):
    """Handle of a name in a directory."""
    body = conn.results(results.NFS, 3, opaque(fh) + opaque(name.encode()))
    return body.opaque(results.FH_MAX)
