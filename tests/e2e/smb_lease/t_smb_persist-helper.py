# SPDX-License-Identifier: GPL-2.0-only
"""Persistent opens of SMB while the helper, which keeps their records, is away."""
import contextlib
import os
import select
import sqlite3
import struct
import time

import smb2
from checks import eq, wait_for
from files import put
from harness import test
from processes import process_stopped
from smb2 import AT_ONCE, EXCLUSIVE, refused
from smb_bodies import Close
from smb_contexts import TIMEOUT_MS, app, durable_v2
from smb_durable import waiting
from smb_info import SET_REPARSE, symlink_data
from smb_lasting import PERSISTENT, available, before_echo, client, gone, opens, records

MANY = 300              # more than there are workers


@test(smb=True, squash='none', timeout=240)
def reparse_points_without_a_helper(w):
    """Requests of others do not wait until reparse points are recorded."""
    available(w)
    # the file system of both shares is the same
    os.mkdir(w.path('other'))
    os.chmod(w.path('other'), 0o777)
    w.server.serve('other', w.path('other'), squash='none')
    s, other = client(w), client(w, 2, share='other')
    fids = []
    for n in range(MANY):
        put(w.path(f'r{n}'), b'', 0o666)
        os.chmod(w.path(f'r{n}'), 0o666)
        durable = struct.pack('<IIQQQ', TIMEOUT_MS, PERSISTENT, 0, 1, n)
        fids.append(s.make(f'r{n}', (b'DH2Q', durable)).fid)
    eq(records(w), MANY)
    with process_stopped(w.server.helper.pid):
        numbers = [s.send(smb2.IOCTL, smb2.ioctl_body(fid, SET_REPARSE, symlink_data('target')))
                   for fid in fids]
        other.close(other.make('new').fid)
        eq(select.select([s.socket], [], [], 0)[0], [], 'answers that came first')
    for number, fid in zip(numbers, fids):
        eq(smb2.NAMES[s.answer(number)[0]], 'SUCCESS')
        s.close(fid)
    for session in s, other:
        session.end()
    gone(w)
    w.server.delete('other')


@test(smb=True, squash='none', timeout=90)
def closed_without_a_helper(w):
    """A record closed without the helper is removed when the helper is back."""
    available(w)
    s = client(w)
    g, h = s.lasting(state=0), s.lasting(number=2, state=0)
    w.server.helper_stop('KILL')
    s.close(g.fid)
    s.close(h.fid)
    eq(records(w), 2)
    w.server.helper_start(w.server.conf)
    s.end()
    gone(w)


@test(smb=True, squash='none', timeout=90)
def lock_is_sent_again_without_a_helper(w):
    """A LOCK that comes again and cannot be recorded releases nothing of what came first."""
    def again():
        return s.sequenced_lock(g.fid, 0, 5, EXCLUSIVE | AT_ONCE, 1, 5)

    available(w)
    s, other = client(w), client(w, 2)
    g, h = s.lasting(state=0), other.make('f')
    eq(again(), 'SUCCESS')
    w.server.helper_stop('KILL')
    # it is recorded already, until something else changes
    eq(again(), 'SUCCESS')
    refused('INSUFFICIENT_RESOURCES', s.lock, g.fid, 10, 5)
    eq(again(), 'INSUFFICIENT_RESOURCES')
    refused('LOCK_NOT_GRANTED', other.lock, h.fid, 0, 5)
    w.server.helper_start(w.server.conf)
    wait_for('it can be recorded', lambda: again() == 'SUCCESS')
    s.unlock(g.fid, 0, 5)
    other.lock(h.fid, 0, 5)
    s.close(g.fid)
    s.end()
    other.end()
    gone(w)


@test(smb=True, squash='none', timeout=90)
def ends_without_a_record(w):
    """The server ends right after a change of a name of an open that could not be recorded."""
    available(w)
    s = client(w)
    w.server.helper_stop()
    eq(s.make('f', durable_v2(1, flags=PERSISTENT)).durable, None)
    os.link(w.path('f'), w.path('link'))
    w.server.restart()
    # longer than it takes until records are tried again
    time.sleep(1.5)
    s.end()
    w.server.helper_start(w.server.conf)
    gone(w)


def may_have(s, *args, **kw):
    """A persistent open of f that excludes all others, or None if the file is in use."""
    try:
        return s.lasting('f', *args, state=0, share=0, **kw)
    except smb2.Status as e:
        eq(e.name, 'SHARING_VIOLATION')
        return None


@test(smb=True, squash='none', timeout=120)
def expires_without_a_helper(w):
    """Nobody gets what an expired open holds before its record is gone."""
    def over():
        opened, = w.server.json('open', 'list')
        return opened['session'] == 0 and not opened.get('waits_s')

    available(w)
    s, other = client(w), client(w, 2)
    g = may_have(s, ms=1000)
    w.server.helper_stop('KILL')
    s.end()
    wait_for('its time is over', over)
    refused('SHARING_VIOLATION', other.make, 'f')
    eq((records(w), opens(w)), (1, [('f', 'persistent')]))
    w.server.helper_start(w.server.conf)
    h = wait_for('another gets it', lambda: may_have(other, 2))
    eq(records(w), 1)
    other.end()
    w.server.restart()
    wait_for('it waits', lambda: waiting(w) == ['f'])
    s = client(w)
    refused('OBJECT_NAME_NOT_FOUND', s.back, g.fid, lease=0)
    other = client(w, 2)
    other.close(other.back(h.fid, number=2, lease=0).fid)
    other.end()
    s.end()
    gone(w)


@test(smb=True, squash='none', timeout=120)
def one_record_stays(w):
    """A record that cannot be removed holds up no other one, and goes as soon as it can."""
    def over():
        return all(o['session'] == 0 and not o.get('waits_s')
                   for o in w.server.json('open', 'list'))

    def database(text):
        with contextlib.closing(sqlite3.connect(f'{w.base}/state/state.db', timeout=30)) as db:
            db.execute(text)
            db.commit()

    available(w)
    s = client(w)
    lost = {s.lasting(f'l{n}', n, state=0, ms=1000).fid[:8]: f'l{n}' for n in range(1, 5)}
    # the first of all that are tried
    first = min(lost, key=lambda fid: int.from_bytes(fid, 'little'))
    w.server.helper_stop('KILL')
    s.end()
    wait_for('their time is over', over)
    eq(records(w), 4)
    database(f"CREATE TRIGGER stays BEFORE DELETE ON record WHEN OLD.key = x'{first.hex()}' "
             "BEGIN SELECT RAISE(ABORT, 'it stays'); END")
    w.server.helper_start(w.server.conf)
    wait_for('the others go', lambda: opens(w) == [(lost[first], 'persistent')])
    eq(records(w), 1)
    # nor does it keep other opens from being closed
    s = client(w, 2)
    s.close(s.lasting(number=5, state=0).fid)
    eq(opens(w), [(lost[first], 'persistent')])
    s.end()
    database('DROP TRIGGER stays')
    gone(w)


@test(smb=True, squash='none', timeout=120)
def ends_without_a_helper(w):
    """Nobody gets what a closed open holds before its record is gone."""
    def close_by_number(*_):
        opened, = w.server.json('open', 'list')
        w.server.ctl('open', 'close', str(opened['id']))

    available(w)
    other = client(w, 2)
    for end in (lambda s, g: s.close(g.fid), lambda s, g: eq(s.disconnect_tree(), 'SUCCESS'),
                close_by_number):
        s = client(w)
        g = may_have(s)
        w.server.helper_stop('KILL')
        end(s, g)
        refused('SHARING_VIOLATION', other.make, 'f')
        eq((records(w), opens(w)), (1, [('f', 'persistent')]))
        w.server.helper_start(w.server.conf)
        h = wait_for('another gets it', lambda: may_have(other, 2))
        eq(records(w), 1)
        other.close(h.fid)
        s.end()
        s = client(w)
        refused('OBJECT_NAME_NOT_FOUND', s.back, g.fid, lease=0)
        s.end()
    other.end()
    gone(w)


@test(smb=True, squash='none', timeout=120)
def taken_over_without_a_helper(w):
    """An application that takes its files over waits for the helper, and its connection does not.

    So does CLOSE of an open that is persistent although its share has the option no more.
    """
    w.server.ctl('server', 'set', 'upcall-ms', '60000')
    os.chmod(w.export, 0o777)
    for on in (True, False):
        available(w, False)
        new = client(w, 2)
        w.server.set('data', continuously_available=True)
        old = client(w)
        fids = []
        for n in (1, 2):
            g = old.make(f'a{n}', durable_v2(n, TIMEOUT_MS, PERSISTENT), app(n), share=0)
            eq((g.durable, g.kind), (b'DH2Q', PERSISTENT))
            fids.append(g.fid)
        # a tree whose access was checked before, and opens that outlive their share's option
        w.server.set('data', continuously_available=on)
        old.close(old.make('g').fid)
        with process_stopped(w.server.helper.pid):
            taken = before_echo(new, smb2.CREATE, new.body_of('a1', app(1), share=0))
            closed = before_echo(old, smb2.CLOSE, bytes(Close(fid=fids[1])))
            eq(records(w), 2)
        eq((new.answer(taken, 60)[0], old.answer(closed, 60)[0]), (0, 0))
        wait_for('the records go', lambda: records(w) == 0)
        for s in (new, old):
            s.end()
    gone(w)


@test(smb=True, squash='none', timeout=90)
def waited_for_and_recorded(w):
    """A lock that waited, and a deletion, are on disk before the reply."""
    available(w)
    s, other = client(w), client(w, 2)
    g = s.lasting(state=0)
    h = other.make('f')
    other.lock(h.fid, 0, 5)
    number = s.wait_lock(g.fid, 0, 5)
    other.unlock(h.fid, 0, 5)
    eq(s.answer(number)[0], smb2.OK)
    other.close(h.fid)
    s.delete_on_close(g.fid)
    # it waits though there is neither a helper nor a listener
    w.server.helper_stop('KILL')
    other.end()
    s.end()
    eq(records(w), 1)
    w.server.ctl('listener', 'del', str(w.server.json('listener', 'list')[-1]['id']))
    w.server.helper_start(w.server.conf)
    w.server.listen()
    s = client(w)
    again = s.back(g.fid, lease=0)
    s.unlock(again.fid, 0, 5)
    s.close(again.fid)
    eq(os.path.exists(w.path('f')), False)
    s.end()
    gone(w)
