# SPDX-License-Identifier: GPL-2.0-only
"""Clients of persistent and resilient opens, and what the server has of these."""
import contextlib
import os
import sqlite3
import struct

import smb2
import smb_durable
import smbraw
from checks import eq, wait_for
from files import put
from smb2 import EMPTY_BODY
from smb_bodies import Ioctl
from smb_cachers import key
from smb_contexts import TIMEOUT_MS, Answer, durable_v2, guid, lease_v2
from smb_durable import RWH, Channel, Durable

PERSISTENT = 2
PERSISTENT_CAP = 0x10
RESILIENCY = 0x001401d4
OPEN_RECORD = 2
CAPS = smbraw.ENCRYPTION_CAP | smbraw.CHANNEL_CAP | smbraw.LARGE_MTU_CAP | PERSISTENT_CAP


class Client(Channel):
    """A client with persistent opens, and always the same ClientGuid."""

    body_of = Durable.body

    def make(self, name, *parts, flags=0, **kw):
        return Answer(self.call(smb2.CREATE, self.body_of(name, *parts, **kw), flags=flags))

    def lasting(self, name='f', number=1, state=RWH, ms=TIMEOUT_MS, lease=None, **kw):
        """Make a persistent open, with a lease if a state is given."""
        parts = [lease_v2(key(lease or number), state)] if state else []
        g = self.make(name, *parts, durable_v2(number, ms, PERSISTENT), **kw)
        eq((g.durable, g.kind), (b'DH2Q', PERSISTENT))
        return g

    def back(self, fid, name='f', number=1, lease=1, flags=PERSISTENT, **kw):
        parts = [lease_v2(key(lease), 0)] if lease else []
        return self.make(name, *parts, reconnect(fid, number, flags), **kw)

    def sequenced_lock(self, fid, first, length, how, bucket, number):
        return self.status(smb2.LOCK, struct.pack('<HHI16sQQII', 48, 1, bucket << 4 | number, fid,
                                                  first, length, how, 0))

    def resilient(self, fid, ms=0, size=8):
        body = bytes(Ioctl(code=RESILIENCY, fid=fid, input_length=size, output_at=120))
        return self.status(smb2.IOCTL, body + struct.pack('<II', ms, 0)[:size])


def reconnect(fid, number, flags):
    return b'DH2C', struct.pack('<16s16sI', fid, guid(number), flags)


def client(w, number=1, user='alice', share='data', on=None, caps=CAPS):
    c = Client(on or w.client, bytes([0x60 + number]) * 16).negotiate(caps=caps)
    eq(c.login(user), 'SUCCESS')
    c.sign = True
    eq(c.connect_tree(share), 'SUCCESS')
    return c


def second_share(w):
    """Add "other", a second share with persistent opens."""
    path = f'{w.base}/other'
    os.mkdir(path)
    os.chmod(path, 0o777)
    w.server.serve('other', path, squash='none', continuously_available=True)


def available(w, on=True):
    os.chmod(w.export, 0o777)
    put(w.path('f'), b'0123456789', 0o666)
    os.chmod(w.path('f'), 0o666)
    w.server.set('data', continuously_available=on)
    # The helper records each open, and may be slow.
    w.server.ctl('server', 'set', 'upcall-ms', '30000')


def opens(w):
    """(path, kind of persistence) of all opens."""
    return sorted((o['path'], o['durability']) for o in w.server.json('open', 'list'))


def records(w):
    """The number of opens that the helper has on disk."""
    with contextlib.closing(sqlite3.connect(f'{w.base}/state/state.db')) as db:
        rows = db.execute('SELECT count(*) FROM record WHERE kind = ?', (OPEN_RECORD,))
        return rows.fetchone()[0]


def recorded(w, name):
    """The number of opens that the helper has on disk with this name."""
    with contextlib.closing(sqlite3.connect(f'{w.base}/state/state.db')) as db:
        rows = db.execute('SELECT count(*) FROM record WHERE kind = ? AND instr(data, ?)',
                          (OPEN_RECORD, bytes([len(name)]) + name.encode()))
        return rows.fetchone()[0]


def recorded_data(w):
    """What the helper has on disk of each open."""
    with contextlib.closing(sqlite3.connect(f'{w.base}/state/state.db')) as db:
        return db.execute('SELECT data FROM record WHERE kind = ? ORDER BY key',
                          (OPEN_RECORD,)).fetchall()


@contextlib.contextmanager
def unwritable(w):
    """The helper cannot write its records until this ends."""
    with contextlib.closing(sqlite3.connect(f'{w.base}/state/state.db',
                                            isolation_level=None)) as db:
        db.execute('BEGIN IMMEDIATE')
        yield
        db.execute('ROLLBACK')


def gone(w):
    """Check that nothing is held or recorded."""
    smb_durable.gone(w)
    wait_for('records go', lambda: records(w) == 0)


def before_echo(s, command, body):
    """Send a request and ECHO to one worker, which must get to the latter; returns the id."""
    with s.together():
        number = s.send(command, body)
        echo = s.send(smb2.ECHO, EMPTY_BODY)
    eq(s.answer(echo)[0], 0)
    return number
