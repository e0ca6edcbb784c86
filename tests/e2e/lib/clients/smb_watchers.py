# SPDX-License-Identifier: GPL-2.0-only
"""SMB clients that watch a directory."""
import struct

import smb2
from checks import eq
from smb2 import DELETE, DIRECTORY_FILE, GENERIC_READ, OPEN
from smb_bodies import ChangeNotify
from smb_cachers import H, R, Cacher, key

ADDED, REMOVED, MODIFIED, OLD_NAME, NEW_NAME, STREAM_ADDED, STREAM_REMOVED, STREAM_CHANGED = \
    range(1, 9)
(FILE_NAME, DIR_NAME, ATTRIBUTES, SIZE, LAST_WRITE, LAST_ACCESS, CREATION, EA, SECURITY,
 STREAM_NAME, STREAM_SIZE, STREAM_WRITE) = (1 << n for n in range(12))
NAMES = FILE_NAME | DIR_NAME
TREE = 1
CLEANUP, ENUM_DIR = 0x10b, 0x10c
ROOM = 4096


class Watcher(Cacher):
    """A session that watches a directory."""

    def directory(self, name, access=GENERIC_READ, **kw):
        return self.create(name, access=access, options=DIRECTORY_FILE, **kw)

    def notify(self, fid, filter=NAMES, tree=True, room=ROOM):
        """Send CHANGE_NOTIFY; returns the message id."""
        return self.send(smb2.CHANGE_NOTIFY, bytes(ChangeNotify(flags=TREE if tree else 0,
                                                                room=room, fid=fid, filter=filter)))

    def watch(self, fid, *args, **kw):
        """The same for a request that waits."""
        number = self.notify(fid, *args, **kw)
        eq(self.answer(number, pending=True)[0], smb2.PENDING)
        return number

    def begin(self, fid, *args, **kw):
        """Start recording changes."""
        number = self.watch(fid, *args, **kw)
        self.cancel(number)
        eq(self.ended(number), 'CANCELLED')

    def ended(self, number):
        status, body = self.answer(number)
        if not status:
            return self.changes(body)
        if status < 0x40000000:
            # no failure, so no ERROR response
            eq((len(body), *struct.unpack_from('<HHI', body)), (9, 9, 72, 0))
        return smb2.NAMES.get(status, hex(status))

    @staticmethod
    def changes(body):
        size, start, length = struct.unpack_from('<HHI', body)
        eq(size, 9)
        at, out = start - 64, []
        while length:
            eq(at % 4, 0)
            following, action, name = struct.unpack_from('<III', body, at)
            out.append((action, body[at + 12:at + 12 + name].decode('utf-16-le')))
            if not following:
                eq(at + 12 + name, start - 64 + length)
                break
            at += following
        return out

    def told(self, fid, count, **kw):
        """Return this many changes, from as many requests as needed."""
        out = []
        while len(out) < count:
            got = self.ended(self.notify(fid, **kw))
            eq(isinstance(got, list), True, got)
            out += got
        return out

    def nothing(self, fid):
        """Check that there is no change."""
        number = self.watch(fid)
        self.cancel(number)
        eq(self.ended(number), 'CANCELLED')

    def remove(self, name):
        fid = self.create(name, access=DELETE, how=OPEN)
        self.delete_on_close(fid)
        self.close(fid)

    def set_basic(self, fid, created=0, accessed=0, written=0, changed=0, attributes=0):
        self.set(fid, 4, struct.pack('<QQQQII', created, accessed, written, changed, attributes,
                                     0))


def lease(s, name, n, state=R | H, epoch=0, **kw):
    return s.open(name, key=key(n), state=state, epoch=epoch, options=DIRECTORY_FILE,
                  access=GENERIC_READ, **kw)


def breaks(s, what, change, flags=R | H):
    """Breaks a directory lease on d completely."""
    breaks.key += 1
    g = lease(s, 'd', breaks.key, flags)
    eq(g.state, flags, what)
    change()
    eq(s.broken(), (key(breaks.key), flags, 0, flags != R, g.epoch + 1), what)
    if flags != R:
        s.ack(key(breaks.key), 0)
    s.close(g.fid)


breaks.key = 100
