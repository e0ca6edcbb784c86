# SPDX-License-Identifier: GPL-2.0-only
"""SMB clients that request oplocks and leases."""
import struct
import time

from impacket.smb3structs import SMB2_DIALECT_30

import nfs3
import smb2
from checks import eq
from one_file import setup
from processes import Child
from smb2 import GENERIC_READ, GENERIC_WRITE, OPEN_IF, SHARE_ALL, Smb2
from smb_bodies import Create, LeaseAck, OplockAck

NONE, II, OPLOCK_EXCLUSIVE, BATCH, LEASE = 0, 1, 8, 9, 255
R, H, W = 1, 2, 4
BREAKING, HAS_PARENT = 2, 4
ACK_REQUIRED = 1
NOBODY = 2**64 - 1          # message id of what nobody asked for
BREAK_S = 35


class Granted:
    """The response of CREATE."""

    def __init__(self, out):
        self.level = out[2]
        self.fid = out[64:80]
        self.state = self.flags = self.epoch = None
        at, length = struct.unpack_from('<II', out, 80)
        at -= 64
        while length:
            following, name, name_len, data, size = struct.unpack_from('<IHH2xHI', out, at)
            if out[at + name:at + name + name_len] == b'RqLs':
                self.key, self.state, self.flags = struct.unpack_from('<16sII', out, at + data)
                if size == 52:
                    self.parent, self.epoch = struct.unpack_from('<16sH', out, at + data + 32)
            if not following:
                break
            at += following


class Cacher(Smb2):
    """A session that requests oplocks and leases."""

    def ask(self, name, level=NONE, key=None, state=0, epoch=None, parent=None, access=None,
            share=SHARE_ALL, how=OPEN_IF, options=0):
        """The body of a CREATE; a v2 lease has an epoch."""
        name = name.encode('utf-16-le')
        context = b''
        if key is not None:
            level = LEASE
            flags = HAS_PARENT if parent else 0
            data = struct.pack('<16sIIQ', key, state, flags, 0)
            if epoch is not None:
                data += struct.pack('<16sHH', parent or bytes(16), epoch, 0)
            context = struct.pack('<IHHHHI4s4x', 0, 16, 4, 0, 24, len(data), b'RqLs') + data
        pad = -(120 + len(name)) % 8
        at = 120 + len(name) + pad if context else 0
        if access is None:
            access = GENERIC_READ | GENERIC_WRITE
        body = Create(oplock=level, access=access, share=share, how=how, options=options,
                      name_length=len(name), contexts_at=at, contexts_length=len(context))
        return bytes(body) + (name + bytes(pad) + context or b'\0')

    def open(self, name, **kw):
        return Granted(self.call(smb2.CREATE, self.ask(name, **kw)))

    def opening(self, name, **kw):
        """Send an open that must wait; returns the message id after STATUS_PENDING."""
        number = self.send(smb2.CREATE, self.ask(name, **kw))
        eq(self.answer(number, pending=True)[0], smb2.PENDING)
        return number

    def opened(self, number):
        status, out = self.answer(number)
        if status:
            raise smb2.Status(smb2.CREATE, status)
        return Granted(out)

    def broken(self):
        """A lease break: (key, from, to, acknowledgment wanted, epoch)."""
        out = self.answer(NOBODY)[1]
        size, epoch, flags, key, before, after = struct.unpack_from('<HHI16sII', out)
        eq(size, 44)
        # In the clear it is of no session (MS-SMB2 section 3.3.4.7), else of the transform header's.
        eq(struct.unpack_from('<Q', self.frame, 40)[0],
           self.session if getattr(self, 'was_sealed', False) else 0)
        return key, before, after, bool(flags & ACK_REQUIRED), epoch

    def oplock_broken(self):
        """An oplock break: (FileId, level)."""
        out = self.answer(NOBODY)[1]
        size, level, fid = struct.unpack_from('<HB5x16s', out)
        eq(size, 24)
        return fid, level

    def ack(self, key, state):
        body = bytes(LeaseAck(key=key, state=state))
        out = self.call(smb2.OPLOCK_BREAK, body)
        eq(struct.unpack_from('<H6x16sI', out), (36, key, state))

    def oplock_ack(self, fid, level):
        out = self.call(smb2.OPLOCK_BREAK, bytes(OplockAck(level=level, fid=fid)))
        eq(struct.unpack_from('<HB5x16s', out), (24, level, fid))

    def quiet(self):
        """Check that no break arrives."""
        eq(NOBODY in self.answers, False, 'a break')
        eq(self.silent(), True, 'silence')


def key(n):
    return bytes([n]) * 16


def two(w, dialect=SMB2_DIALECT_30):
    """Two SMB clients and one NFS client, with one file."""
    _, n, fh = setup(w)
    return Cacher(w.client, dialect=dialect), Cacher(w.clients[-1], dialect=dialect), n, fh


def later(n, call, *args):
    """Repeat an NFS call while the answer is JUKEBOX: its result, by a process."""
    def work():
        while True:
            r = getattr(n, call)(*args)
            if r.status != nfs3.JUKEBOX:
                return r.status
            time.sleep(0.05)
    return Child(work)
