# SPDX-License-Identifier: GPL-2.0-only
"""A release of files that clients only keep open, or cached, and that no application uses."""
import errno
import os

import nfs4
from checks import eq, one_of, wait_for
from fast_store import FastStore
from fault_points import Point
from files import get, put
from harness import test
from helper_files import blocks, has_record, helper, local, pattern
from nfs4 import DELEG_WRITE, WRITE, putfh
from nfs4_callers import Caller
from nfs4_holders import DATA, Holder
from one_file import ALL
from processes import Child

# Seconds that a client may keep a file open; longer than any test.
KEEP = 'closetimeo=3600'
SIZE = 300007
# Why a release is refused while a file is in use.
IN_USE = ('a client has the file open', 'the file is being used by a client',
          'data of the file is still in use')


def attempt(w, h, name):
    """Try to release a file. Returns None, or why it was refused.

    EALREADY: a recall removes the record first, and ends shortly afterwards.
    """
    try:
        h.fill.release(w.path(name), name.encode())
    except OSError as e:
        one_of(e.errno, (errno.ESTALE, errno.EAGAIN, errno.EBUSY, errno.EALREADY), 'the reason')
        return e.errno
    return None


def released(w, h, name):
    """A client that is asked may take long, or write what it has cached, which is a change."""
    wait_for('the release', lambda: attempt(w, h, name) is None)
    eq((blocks(w, name), has_record(w, name)), (0, True), 'blocks, record')


def refused(w, h, name):
    """The file is in use, once all is written."""
    wait_for('an answer', lambda: attempt(w, h, name) not in
             (errno.ESTALE, errno.EAGAIN, errno.EALREADY))
    eq(has_record(w, name), False, 'a record')


def held(w, kind):
    return w.server.claims().get(kind, 0)


@test(smb=True, fs='ext4', offload=True, clients=2)
def closed_later_over_smb(w):
    """SMB clients that close later give their opens up; one with an application does not."""
    os.chmod(w.export, 0o777)
    a, b = [c.mount_smb(opts=KEEP) for c in w.clients]
    w.server.helper_stop('KILL')
    with helper(w) as h:
        h.store[b'f'] = data = pattern('f', SIZE)
        put(w.path('f'), data, 0o666)
        with open(f'{a}/f', 'rb') as f:
            eq(get(f'{b}/f') == data, True, 'content')
            eq(held(w, 'opens'), 2, 'opens')
            refused(w, h, 'f')
            wait_for('only the application has it open', lambda: held(w, 'opens') == 1)
            eq(f.read() == data, True, 'content of the open file')
        wait_for('the file is closed', lambda: not held(w, 'opens'))
        for readers in ([a], [a, b]):
            eq([get(f'{m}/f') == data for m in readers], [True] * len(readers), 'content')
            wait_for('the whole file', lambda: not has_record(w, 'f'))
            eq(held(w, 'opens'), len(readers), 'opens that are only kept')
            released(w, h, 'f')
            eq(held(w, 'opens'), 0, 'opens')
    w.server.helper_start(w.server.conf)


@test(fs='ext4', offload=True)
def delegated(w):
    """A client of NFSv4 returns its delegation, with what it has not written yet."""
    os.chmod(w.export, 0o777)
    with helper(w) as h:
        holder = Holder(w, w.client, '4.2', writes=True)
        data = pattern('new', SIZE)
        os.pwrite(holder.fd, data, 0)
        refused(w, h, holder.name)
        eq(os.pread(holder.fd, SIZE, 0) == data, True, 'content of the open file')
        holder.end()
        wait_for('the file is closed', lambda: not held(w, 'opens'))
        h.store[holder.name.encode()] = data
        released(w, h, holder.name)
        eq(get(holder.path) == data, True, 'content')


@test(fs='ext4', offload=True)
def only_delegated(w):
    """A delegation to write, without an open, is returned."""
    os.chmod(w.export, 0o777)
    with helper(w) as h:
        holder = Holder(w, w.client, '4.2', writes=True)
        h.store[holder.name.encode()] = DATA
        holder.end()
        wait_for('the file is closed', lambda: not held(w, 'opens'))
        eq(held(w, 'leases'), 1, 'delegations')
        released(w, h, holder.name)
        eq(get(holder.path) == DATA, True, 'content')


class Unwritten:
    """Files of which a client has a delegation to write, without an open, and changes.

    Each is a new one: a file whose delegation was recalled is not delegated again soon.
    """

    def __init__(self, w):
        os.chmod(w.export, 0o777)
        self.w, self.caller, self.number, self.name = w, Caller(w), 0, None

    def make(self):
        self.number += 1
        self.name = f'f{self.number}'
        put(self.w.path(self.name), DATA, ALL)

    def delegate(self):
        r, fh = self.caller.open(self.name, WRITE)
        eq(r.deleg.type, DELEG_WRITE, 'delegation')
        self.caller.compound(putfh(fh), nfs4.close(r.stateid)).ok()
        return r.deleg.stateid, fh

    def write_and_return(self, sid, fh, data):
        """What a client does that is asked for its delegation."""
        self.caller.recall()
        self.caller.compound(putfh(fh), nfs4.write(sid, 0, data)).ok()
        self.caller.give_back(sid, fh)


@test(fs='ext4', offload=True)
def unwritten(w):
    """A release is told that the content came too late, and not before it came."""
    data = pattern('new', SIZE)
    with helper(w) as h:
        files = Unwritten(w)

        def answered():
            files.make()
            held_one = files.delegate()
            release = Child(attempt, w, h, files.name)
            files.write_and_return(*held_one, data)
            refusal = release.join()
            # A client that is late is taken for one that uses the file.
            if refusal != errno.EBUSY:
                eq(refusal, errno.EAGAIN, 'the reason')
            return refusal != errno.EBUSY
        wait_for('an answer to a client in time', answered)
        eq(has_record(w, files.name), False, 'a record')
        h.store[files.name.encode()] = data
        released(w, h, files.name)
        eq(local(w.path(files.name)) == data, True, 'content')


@test(fs='ext4', offload=True)
def pushed_with_what_was_unwritten(w):
    """A push takes what a client writes when it is asked for its delegation."""
    point = Point('push-release', Point.prepare(w.base))
    s, files = FastStore(w), Unwritten(w)

    def pushed(data, late):
        """Push a file; its content comes before the upload or after it."""
        files.make()
        point.arm()
        if not late:
            point.go_on()
            held_one = files.delegate()
        push = Child(lambda: s.push(w.path(files.name), check=False))
        if late:
            point.wait()
            held_one = files.delegate()
            point.go_on()
        files.write_and_return(*held_one, data)
        said = push.join()
        # A client that is late is taken for one that uses the file.
        if not any(text in said for text in IN_USE):
            eq(said, '', 'errors')
        return not said
    for late in (False, True):
        data = pattern(f'new{late}', SIZE)
        wait_for('a push with a client in time', lambda late=late, data=data: pushed(data, late))
        path = w.path(files.name)
        eq(s.states(path)['offloaded'], 1, 'files that are offloaded')
        eq(local(path) == data, True, 'content')
