# SPDX-License-Identifier: GPL-2.0-only
"""Resilient opens of SMB, over lost connections."""
import os

import nfs3
import smb2
import smbraw
from checks import eq, wait_for
from harness import test
from smb2 import AT_ONCE, EXCLUSIVE, GENERIC_READ, refused
from smb_cachers import H, R, key
from smb_contexts import LONGEST_MS, lease_v2
from smb_durable import away
from smb_lasting import CAPS, available, client, gone, opens


@test(smb=True, squash='none', timeout=90)
def survives_a_disconnect(w):
    """A resilient open without an oplock survives a disconnect (MS-SMB2 section 3.3.5.15.9)."""
    available(w, False)
    s = client(w)
    g = s.make('f', share=smb2.SHARE_READ)
    eq(opens(w), [('f', 'none')])
    eq(s.resilient(g.fid, size=4), 'INVALID_PARAMETER')
    eq(s.resilient(g.fid, 300001), 'INVALID_PARAMETER')
    eq(s.resilient(bytes(16)), 'FILE_CLOSED')
    eq(s.resilient(g.fid), 'SUCCESS')
    eq(s.resilient(g.fid, 15000), 'SUCCESS')
    eq(opens(w), [('f', 'resilient')])
    # 3.3.5.14: a request that comes again is not done again
    for bucket, number, want in ((1, 1, 'SUCCESS'), (1, 1, 'SUCCESS'),
                                 (1, 2, 'LOCK_NOT_GRANTED'), (0, 1, 'LOCK_NOT_GRANTED'),
                                 (65, 1, 'LOCK_NOT_GRANTED'), (64, 15, 'LOCK_NOT_GRANTED')):
        eq(s.sequenced_lock(g.fid, 0, 5, EXCLUSIVE | AT_ONCE, bucket, number), want,
           f'{bucket} {number}')
    eq(s.sequenced_lock(g.fid, 20, 5, EXCLUSIVE | AT_ONCE, 64, 15), 'SUCCESS')
    away(w, s)
    other = client(w, 2)
    refused('SHARING_VIOLATION', other.make, 'f')
    h = other.make('f', access=GENERIC_READ)
    refused('FILE_LOCK_CONFLICT', other.read, h.fid, 1)
    refused('ACCESS_DENIED', client(w, user='bob').make, 'f', (b'DHnC', g.fid))
    s = client(w)
    again = s.make('f', (b'DHnC', g.fid))
    eq(again.fid[:8], g.fid[:8])
    eq(s.sequenced_lock(again.fid, 20, 5, EXCLUSIVE | AT_ONCE, 64, 15), 'SUCCESS')
    s.unlock(again.fid, 0, 5)
    away(w, s)
    # it does not outlive its time, nor the server
    wait_for('its time is over', lambda: len(opens(w)) == 1, seconds=30)
    wait_for('its ranges go', lambda: 'ranges' not in w.server.claims())
    s = client(w)
    refused('OBJECT_NAME_NOT_FOUND', s.make, 'f', (b'DHnC', g.fid))
    g = s.make('f')
    eq(s.resilient(g.fid), 'SUCCESS')
    s.end()
    other.end()
    w.server.restart()
    gone(w)


@test(smb=True, squash='none')
def begun_while_a_lock_waits(w):
    """A lock that waits while its open becomes resilient is not done twice, either."""
    available(w, False)
    s = client(w, caps=CAPS & ~smbraw.CHANNEL_CAP)
    g, h = s.make('f'), s.make('f')
    s.lock(h.fid, 0, 5)
    number = s.wait_lock(g.fid, 0, 5, sequence=1 << 4 | 3)
    eq(s.resilient(g.fid, 15000), 'SUCCESS')
    s.unlock(h.fid, 0, 5)
    eq(s.answer(number)[0], 0)
    eq(s.sequenced_lock(g.fid, 0, 5, EXCLUSIVE | AT_ONCE, 1, 3), 'SUCCESS')
    eq(s.sequenced_lock(g.fid, 0, 5, EXCLUSIVE | AT_ONCE, 1, 4), 'LOCK_NOT_GRANTED')
    s.end()


@test(smb=True, squash='none')
def file_goes(w):
    """A resilient open with a lease comes back although its file was removed meanwhile."""
    available(w, False)
    n = w.client.nfs()
    for name in ('f:s', 'f'):
        s = client(w)
        g = s.make(name, lease_v2(key(1), R | H))
        s.write(g.fid, b'kept')
        eq(s.resilient(g.fid, LONGEST_MS), 'SUCCESS')
        away(w, s)
        s = client(w)
        refused('INVALID_PARAMETER', s.make, 'g', lease_v2(key(1), 0), (b'DHnC', g.fid))
        wait_for('the removal', lambda: n.remove(n.root, 'f').status == nfs3.OK)
        again = s.make(name, lease_v2(key(1), 0), (b'DHnC', g.fid))
        eq(again.fid[:8], g.fid[:8])
        eq(s.read(again.fid, 4), b'kept')
        s.close(again.fid)
        s.end()
        gone(w)
        available(w, False)


@test(smb=True, squash='none')
def file_is_renamed(w):
    """A resilient open with a lease comes back by the name that it had when it became resilient."""
    available(w, False)
    os.mkdir(w.path('d'))
    os.chmod(w.path('d'), 0o777)
    for name in ('d\\f', 'd\\f:s'):
        s = client(w)
        g = s.make(name, lease_v2(key(1), R | H))
        eq(s.resilient(g.fid, LONGEST_MS), 'SUCCESS')
        away(w, s)
        os.rename(w.path('d', 'f'), w.path('d', 'moved'))
        s = client(w)
        again = None
        for known in (name, name.upper(), name.replace('f', 'moved')):
            refused('INVALID_PARAMETER', s.make, 'd\\g', lease_v2(key(1), 0), (b'DHnC', g.fid))
            again = s.make(known, lease_v2(key(1), 0), (b'DHnC', g.fid))
            eq(again.fid[:8], g.fid[:8])
            away(w, s)
            s = client(w)
        again = s.make(name, lease_v2(key(1), 0), (b'DHnC', g.fid))
        s.close(again.fid)
        s.end()
        gone(w)
