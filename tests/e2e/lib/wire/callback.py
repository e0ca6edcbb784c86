# SPDX-License-Identifier: GPL-2.0-only
"""A small RPC server on a client, for calls that a server makes to it."""
import queue
import socket
import struct
import threading
import time
from types import SimpleNamespace as Result

import daemons
from checks import SLOW, WAIT_LIMIT
from rpc import PROC_UNAVAIL, SUCCESS, Dec, Enc


class Callback:
    """Serves one program over TCP and UDP, registered with rpcbind.

    answer(call) gets version, procedure, arguments (a Dec), transport and the
    caller's address, and returns the results, or None to stay silent. Every
    call is kept; take() returns the next one.
    """

    def __init__(self, ns, prog, versions, answer, protos=('tcp', 'udp')):
        self.ns, self.prog, self.versions, self.answer = ns, prog, versions, answer
        self.calls = queue.Queue()
        self.open, self.sockets = True, []
        self._forget()
        for proto in protos:
            kind = socket.SOCK_STREAM if proto == 'tcp' else socket.SOCK_DGRAM
            with ns:
                sock = socket.socket(socket.AF_INET, kind)
            sock.bind(('', 0))
            if proto == 'tcp':
                sock.listen(64)
            self.sockets.append(sock)
            for vers in versions:
                daemons.setport(ns, prog, vers, proto, sock.getsockname()[1])
            target = self._accept if proto == 'tcp' else self._datagrams
            threading.Thread(target=target, args=(sock,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.open = False
        self._forget()
        for sock in self.sockets:
            sock.close()

    def _forget(self):
        """Unregister a version, which is done for all transports at once."""
        for vers in self.versions:
            daemons.setport(self.ns, self.prog, vers, 'tcp', 0)

    def take(self, seconds=WAIT_LIMIT):
        """Return the next call."""
        try:
            return self.calls.get(timeout=seconds * SLOW)
        except queue.Empty:
            raise AssertionError(f'no call came within {seconds} s') from None

    def none(self, seconds=0.5):
        """Check that no call arrives."""
        try:
            call = self.calls.get(timeout=seconds)
        except queue.Empty:
            return
        raise AssertionError(f'an unexpected call of procedure {call.proc}')

    def _serve(self, message, proto, peer):
        d = Dec(message)
        xid = d.u32()
        if d.u32() != 0:
            return None
        d.u32()
        call = Result(prog=d.u32(), vers=d.u32(), proc=d.u32(), proto=proto, peer=peer,
                      at=time.monotonic())
        for _ in range(2):
            d.u32()
            d.opaque()
        call.args = d
        body, stat = b'', SUCCESS
        if call.proc:
            body = self.answer(call)
            self.calls.put(call)
        if body is None:
            return None
        if body is NotImplemented:
            body, stat = b'', PROC_UNAVAIL
        return Enc().u32(xid, 1, 0, 0, 0, stat).bytes() + body

    def _datagrams(self, sock):
        answered = {}
        while self.open:
            try:
                message, peer = sock.recvfrom(65536)
            except OSError:
                return
            # a retransmission before the answer; an unanswered call counts each time
            key = message[:4], peer
            reply = answered.get(key) or self._serve(message, 'udp', peer)
            if reply:
                answered[key] = reply
                sock.sendto(reply, peer)

    def _accept(self, sock):
        while self.open:
            try:
                conn, peer = sock.accept()
            except OSError:
                return
            threading.Thread(target=self._stream, args=(conn, peer), daemon=True).start()

    def _stream(self, conn, peer):
        with conn, conn.makefile('rb') as f:
            while self.open:
                message, last = b'', 0
                while not last:
                    head = f.read(4)
                    if len(head) < 4:
                        return
                    mark = struct.unpack('>I', head)[0]
                    last = mark & 0x80000000
                    message += f.read(mark & 0x7fffffff)
                reply = self._serve(message, 'tcp', peer)
                if reply:
                    conn.sendall(struct.pack('>I', 0x80000000 | len(reply)) + reply)
