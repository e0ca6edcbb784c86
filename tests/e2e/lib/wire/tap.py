# SPDX-License-Identifier: GPL-2.0-only
"""The traffic of a client, and whether SMB signs or encrypts twice under one nonce.

Packets are read from the client's interface, reassembled to TCP streams, and parsed to the
headers of SMB2 (MS-SMB2 sections 2.2.1 and 2.2.41). Nothing is decrypted: a nonce of AES-GMAC
is the MessageId and the direction (section 3.1.4.1), one of AES-GCM and AES-CCM is in the
transform header.
"""
import os
import select
import socket
import struct

from processes import Child

PORT = 445
ALL_PACKETS = 3
ROOM = 256 << 20                # of the socket
AHEAD_MAX = 64 << 20            # of a stream with a gap
SO_RCVBUFFORCE, SOL_PACKET, PACKET_STATISTICS = 33, 263, 6
SESSION_SETUP, NEGOTIATE, CANCEL = 1, 0, 12
RESPONSE, SIGNED = 1, 8
PENDING = 0x103
SIGNING_CONTEXT, GMAC = 8, 2


class Stream:
    """One direction of a TCP connection, in order."""

    def __init__(self, start):
        self.next, self.data, self.ahead, self.held, self.lost = start, bytearray(), {}, 0, False

    def take(self, seq, payload):
        """Frames that are complete."""
        offset = (seq - self.next + 2 ** 31) % 2 ** 32 - 2 ** 31
        if offset > 0:
            if seq not in self.ahead:
                self.ahead[seq] = payload
                self.held += len(payload)
                self.lost = self.held > AHEAD_MAX
            return
        if len(payload) + offset <= 0:
            return
        self.data += payload[-offset:]
        self.next = (self.next + len(payload) + offset) % 2 ** 32
        if self.next in self.ahead:
            late = self.ahead.pop(self.next)
            self.held -= len(late)
            self.take(self.next, late)

    def frames(self):
        while len(self.data) >= 4:
            size, = struct.unpack_from('>I', self.data)
            if len(self.data) < 4 + size:
                return
            yield bytes(self.data[4:4 + size])
            del self.data[:4 + size]


class Nonces:
    """The nonces that were used, by session and key."""

    def __init__(self):
        self.algorithm, self.homes, self.channels, self.seen = {}, {}, set(), {}
        self.signed = self.gmac = self.sealed = self.interim = 0
        self.twice, self.signed_interim = [], []

    def frame(self, conn, answer, data):
        """@conn: identifies the connection; @answer: the frame is from the server."""
        if data[:4] == b'\xfdSMB':
            session, = struct.unpack_from('<Q', data, 44)
            self.sealed += answer
            self._use((session, 'encryption', answer, data[20:36]), data[4:20], answer)
            return
        while data[:4] == b'\xfeSMB' and len(data) >= 64:
            following, = struct.unpack_from('<I', data, 20)
            self._message(conn, answer, data[:following] if following else data)
            if not following:
                return
            data = data[following:]

    def _message(self, conn, answer, data):
        status, command = struct.unpack_from('<IH', data, 8)
        flags, = struct.unpack_from('<I', data, 16)
        number, = struct.unpack_from('<Q', data, 24)
        session, = struct.unpack_from('<Q', data, 40)
        if answer and command == NEGOTIATE and not status:
            self.algorithm[conn] = self._signing(data)
        gmac = self.algorithm.get(conn) == GMAC
        if answer and command == SESSION_SETUP and not status:
            self.homes.setdefault(session, conn)
            self.channels.add((session, conn))
        if answer and status == PENDING:
            self.interim += 1
            if flags & SIGNED:
                self.signed_interim.append((session, number))
        if not flags & SIGNED:
            return
        self.signed += answer
        self.gmac += answer and gmac
        key = conn
        # The key of the session signs what leads to a channel with a key of its own (3.3.4.1.1),
        # by the algorithm of the session's first connection: others than AES-GMAC have no nonce.
        home = self.homes.get(session, conn)
        if answer and (session, conn) not in self.channels and self.algorithm.get(home) == GMAC:
            key = home
        self._use((session, key, answer, command == CANCEL, number), data[48:64], answer)

    def _use(self, nonce, signature, answer):
        """The client's signatures are its own affair: it binds under the session's key, with
        MessageIds that key may have had (3.2.4.1.1)."""
        before = self.seen.setdefault(nonce, signature)
        if before != signature and answer:
            self.twice.append(nonce)

    @staticmethod
    def _signing(data):
        at, = struct.unpack_from('<I', data, 64 + 60)
        dialect, count = struct.unpack_from('<HH', data, 64 + 4)
        for _ in range(count if dialect == 0x311 else 0):
            kind, length = struct.unpack_from('<HH', data, at)
            if kind == SIGNING_CONTEXT:
                return struct.unpack_from('<H', data, at + 10)[0]
            at += 8 + length + -length % 8
        return 0


class Wire:
    """Ethernet packets with IPv4, and the streams in them."""

    def __init__(self):
        self.streams, self.epochs, self.nonces, self.lost = {}, {}, Nonces(), 0

    def packet(self, data):
        if data[12:14] != b'\x08\x00' or data[23] != socket.IPPROTO_TCP:
            return
        size = 4 * (data[14] & 15)
        end = 14 + struct.unpack_from('>H', data, 16)[0]
        tcp = 14 + size
        source, target, seq = struct.unpack_from('>HHI', data, tcp)
        if PORT not in (source, target):
            return
        answer = source == PORT
        ends = (data[26:30], source, data[30:34], target)
        if data[tcp + 13] & 2:      # SYN
            conn = ends if not answer else ends[2:] + ends[:2]
            self.epochs[conn] = self.epochs.get(conn, 0) + (not answer)
            self.streams[ends] = Stream((seq + 1) % 2 ** 32)
            return
        stream = self.streams.get(ends)
        payload = data[tcp + 4 * (data[tcp + 12] >> 4):end]
        if not stream or stream.lost or not payload:
            return
        stream.take(seq, payload)
        self.lost += stream.lost
        conn = ends if not answer else ends[2:] + ends[:2]
        for frame in stream.frames():
            self.nonces.frame((conn, self.epochs[conn]), answer, frame)


class Tap:
    """Listens on a client's interface until end()."""

    def __init__(self, client):
        with client:
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
            self.socket.bind(('eth0', ALL_PACKETS))
        reader, self.stop = os.pipe()
        self.child = Child(self._listen, reader)
        os.close(reader)

    def _listen(self, stop):
        os.close(self.stop)
        wire, over = Wire(), False
        while True:
            ready, _, _ = select.select([self.socket] + ([] if over else [stop]), [], [],
                                        0.5 if over else None)
            if self.socket in ready:
                wire.packet(self.socket.recv(1 << 17))
            elif not ready:
                break
            over = over or stop in ready
        _, drops = struct.unpack('II', self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        wire.nonces.lost = wire.lost + drops
        return wire.nonces

    def end(self):
        """The Nonces that were recorded; .lost is the number of packets missed."""
        os.close(self.stop)
        self.socket.close()
        return self.child.join()
