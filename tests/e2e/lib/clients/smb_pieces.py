# SPDX-License-Identifier: GPL-2.0-only
"""SMB clients whose WRITE requests arrive in pieces."""
import os
import random
import socket
import struct

import smb2
from checks import eq
from smb2 import Smb2
from smb_bodies import Write

CREDIT = 65536


class Writer(Smb2):
    """A session that sends WRITE requests in pieces."""

    def ready(self, name):
        """Open a file, with credits for the longest request."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        fid = self.create(name)
        for _ in range(2):
            self.query(fid, 5)
        return fid

    def request(self, fid, data, offset=0, pad=0, length=None, flags=0, following=0):
        """A WRITE with its frame; returns (message id, bytes)."""
        charge = max(1, -(-len(data) // CREDIT))
        number, self.next_id = self.next_id, self.next_id + charge
        body = bytes(Write(data_at=112 + pad, length=len(data) if length is None else length,
                           offset=offset, fid=fid)) + bytes(pad) + data
        out = self.header(smb2.WRITE, number, charge=charge, flags=flags,
                          following=following) + body
        return number, struct.pack('>I', len(out)) + out

    def pieces(self, frame, sizes):
        """Send the bytes in pieces of these sizes, in turn."""
        at = turn = 0
        while at < len(frame):
            size = sizes[turn % len(sizes)]
            self.socket.sendall(frame[at:at + size])
            at, turn = at + size, turn + 1

    def wrote(self, number, count):
        status, out = self.answer(number)
        eq((status, struct.unpack_from('<I', out, 4)[0] if not status else None), (0, count))


def noise(seed, count):
    return random.Random(seed).randbytes(count)


def writer(w, **kw):
    os.chmod(w.export, 0o777)
    # what is signed is read whole before it is taken
    w.server.ctl('server', 'set', 'require-ntlm-signing', 'off')
    s = Writer(w.client, **kw)
    return s, s.ready('f')
