# SPDX-License-Identifier: GPL-2.0-only
"""Faults at each step of a push and of a recall: a file has its old or its new data, never zeros.

At a fault point everything stands still (fault_points.py). Then something happens, and all goes
on. A few pairs of points and faults are in make check; DITTO_FAULTS_ALL=1 takes all.
"""
import contextlib
import errno
import hashlib
import json
import os
import random
import signal
import threading

import nfs3
from checks import eq, one_of, wait_for
from fault_points import PUSH, RECALL, Point, stopped
from files import MIB, get, put
from harness import test
from helper_files import settled
from processes import Child
from stores import Store

# What a client or a local process may be told while the data does not come.
LOST = (errno.EIO, errno.EREMOTEIO, errno.ENOSPC, errno.ESTALE, errno.EINTR)
EVERYTHING = bool(os.environ.get('DITTO_FAULTS_ALL'))
# One range of 8 MiB, or two.
SIZE = (9 if EVERYTHING else 2) * MIB + 12345


# A file that becomes part of a pack.
SMALL = 54321


def content(seed, size):
    return random.Random(seed).randbytes(size)


def read(path):
    """The checksum of a file, or the error."""
    try:
        return hashlib.sha256(get(path)).hexdigest()
    except OSError as e:
        return e.errno


def spawn_reader(path):
    """A process that reads the file that has this name now, whatever it is called later."""
    fd = os.open(path, os.O_PATH)
    try:
        return Child(read, f'/proc/self/fd/{fd}')
    finally:
        os.close(fd)


class Case:
    """A file that is pushed or recalled, and what is done to it meanwhile."""

    def __init__(self, w, s, mount, number, size):
        self.w, self.s, self.mount = w, s, mount
        self.name = f'f{number}'
        self.path = w.path(self.name)
        self.size = size
        self.good = [content(number, size)]
        self.background = []
        self.push = None
        self.gone = False
        put(self.path, self.good[0], 0o666)

    def also(self, change):
        """The content may have this change from now on."""
        self.good += [change(data) for data in self.good]

    def spawn(self, fn):
        """Something that may have to wait until all goes on."""
        self.background.append(Child(fn))

    def judge(self, result):
        """What a reader got is right, or an error. Returns True if it got data."""
        if isinstance(result, int):
            one_of(result, LOST + ((errno.ENOENT,) if self.gone else ()), 'error of a reader')
            return False
        one_of(result, [hashlib.sha256(d).hexdigest() for d in self.good], 'content')
        return True

    def other(self):
        """A client without a cache: the kernel's does not rename what it is reading."""
        return self.w.client.nfs(timeout=60)

    def settle(self):
        for child in self.background:
            with contextlib.suppress(OSError):
                child.join()
        self.background = []

    def check(self):
        """After the fault is mended, all is right everywhere."""
        self.s.mode('ok')
        if self.gone:
            eq(os.path.exists(self.path), False, 'removed')
            return
        for path in (f'{self.mount}/{self.name}', self.path):
            wait_for(f'{path} can be read', lambda path=path: self.judge(read(path)), 60)


def kill_store(case, _):
    case.s.kill_process()


def kill_dittod(case, point):
    server = case.w.server
    server.helper.kill()
    # A request of it may wait behind the one that has stopped.
    point.go_on()
    server.helper_stop('KILL')
    server.helper_start(server.conf)
    wait_for('the store is ready', lambda: case.s.status().get('ready'))


def unload(case, point):
    """Unload and load the modules. A request of a process keeps them until it is done."""
    if point.name in OF_REQUEST:
        try:
            case.w.server.unload()
            raise ValueError('the module goes under a request')
        except AssertionError as e:
            assert 'Module ditto is in use' in str(e), e
        point.go_on()
        if case.push:
            case.push.wait()
    thread = threading.Thread(target=case.w.server.restart)
    thread.start()
    # A program that has stopped has to go on to end; the kernel goes on by itself when it is
    # unloaded, for which dittod has to end, a request of which may wait behind the stopped one.
    if point.where == 'kernel':
        thread.join(10)
    point.go_on()
    thread.join()
    wait_for('the store is ready', lambda: case.s.status().get('ready'))


def fail(number):
    def fault(_, point):
        if point.where == 'kernel':
            point.fail(number)
    return fault


def mode(words):
    def fault(case, _):
        case.s.mode(words)
    return fault


def two_writers(case, _):
    """A client and a local process write, each its own place."""
    def write(path, place, text):
        with open(path, 'r+b', buffering=0) as f:
            f.seek(place)
            f.write(text)
    for path, place, text in ((f'{case.mount}/{case.name}', 100, b'by a client'),
                              (case.path, case.size - 50, b'by a process')):
        case.also(lambda data, place=place, text=text:
                  data[:place] + text + data[place + len(text):])
        case.spawn(lambda path=path, place=place, text=text: write(path, place, text))


def rename(case, _):
    new = f'{case.name}.new'
    n = case.other()
    eq(settled(n.rename, n.root, case.name, n.root, new).status, nfs3.OK, 'RENAME')
    case.name, case.path = new, case.w.path(new)


def unlink(case, _):
    case.gone = True
    n = case.other()
    eq(settled(n.remove, n.root, case.name).status, nfs3.OK, 'REMOVE')


FAULTS = {'kill-store': kill_store, 'kill-dittod': kill_dittod, 'unload': unload,
          'eio': fail(errno.EIO), 'enospc': fail(errno.ENOSPC),
          'down': mode('down'), 'slow': mode('slow 0.3'), '500': mode('500'),
          'wrong': mode('wrong'), 'short': mode('short'),
          'two-writers': two_writers, 'rename': rename, 'unlink': unlink}
OF_STORE = ('down', 'slow', '500', 'wrong', 'short')
# Where a request of dittoctl or of dittod stands in the kernel.
OF_REQUEST = ('release-record', 'release-recorded', 'release-freed',
              'fill-owned', 'fill-write', 'fill-written')
# Where the store is still needed.
BEFORE_STORE = ('push-chunk', 'push-chunk-sent', 'push-manifest', 'push-pack', 'fetch-ask')


def applies(point, fault):
    if fault in OF_STORE:
        return point in BEFORE_STORE
    if fault in ('eio', 'enospc'):
        return {**PUSH, **RECALL}[point] == 'kernel'
    return True


def push(case, point, fault):
    """A push stops at the point."""
    case.push = case.s.spawn_push(case.path)
    point.wait()
    FAULTS[fault](case, point)
    point.go_on()
    case.push.communicate()
    case.settle()


def recall(case, point, fault):
    """A recall for a client and a local process stops at the point."""
    point.go_on()
    # The file may be in use for a moment after it was written.
    wait_for('the push', lambda: case.s.states(case.path)['offloaded'] or
             case.s.push(case.path, check=False) and False)
    point.arm()
    readers = [spawn_reader(path) for path in (f'{case.mount}/{case.name}', case.path)]
    point.wait()
    FAULTS[fault](case, point)
    point.go_on()
    case.settle()
    for reader in readers:
        case.judge(reader.join())


def run(w, cases):
    """Each case has a file of its own."""
    folder = f'{w.base}/faults'
    os.makedirs(folder)
    file = Point.prepare(folder)
    w.server.helper_stop()
    s = Store(w, packing='on', timeout=3)
    w.server.ctl('server', 'set', 'offload-recall-ms', '5000')
    mount = w.client.mount(vers='3')
    for number, (name, fault) in enumerate(cases):
        print(f'{name}: {fault}', flush=True)
        s.mode('ok')
        size = SMALL if name.startswith('push-pack') else SIZE
        case, point = Case(w, s, mount, number, size), Point(name, file)
        try:
            (push if name in PUSH else recall)(case, point, fault)
        finally:
            point.go_on()
        if fault == 'unload':
            w.server.ctl('server', 'set', 'offload-recall-ms', '5000')
        case.check()
        if fault in OF_STORE:
            # Nothing is sent to a store for some seconds after it has failed.
            probe = put(w.path('probe'), str(number), 0o644)
            wait_for('the store is asked again', lambda path=probe: s.push(path, check=False) == ''
                     or s.states(path)['offloaded'], 60)
            os.unlink(probe)
        if not case.gone:
            os.unlink(case.path)


def pairs(points):
    """All points with all faults that make sense there."""
    return [(p, f) for p in points for f in FAULTS if applies(p, f)]


def several(w, points, sample):
    """A sample of what may happen, or all."""
    run(w, pairs(points) if EVERYTHING else sample)


@test(smb=True, fs='ext4', offload=True, timeout=5400 if EVERYTHING else 180)
def during_a_push(w):
    """A push ends, or the file stays whole."""
    several(w, PUSH, [('push-release', 'two-writers'), ('push-pack-sent', 'kill-store'),
                      ('release-recorded', 'eio'), ('release-record', 'rename')])


@test(smb=True, fs='ext4', offload=True, timeout=5400 if EVERYTHING else 180)
def during_a_recall(w):
    """Readers get the data or an error, and later the data."""
    several(w, RECALL, [('fill-written', 'kill-dittod'), ('commit-record', 'two-writers'),
                        ('commit-recorded', 'unload'), ('fill-write', 'rename'),
                        ('fill-written', 'unlink')])


@test(smb=True, fs='ext4', offload=True, timeout=180)
def uploaded_twice(w):
    """The content of a file whose release is repeated was not in the store before."""
    os.makedirs(f'{w.base}/faults')
    file = Point.prepare(f'{w.base}/faults')
    s = Store(w)
    data = content('twice', SIZE)
    path = put(w.path('f'), data, 0o644)
    point, kernel = Point('push-release', file), Point('release-record', file)
    kernel.fail(errno.EAGAIN)
    push = s.spawn_push('--json', path)
    point.wait()
    # It goes on, but stops here again.
    sent = len(s.requests())
    for pid in stopped('dittoctl'):
        os.kill(pid, signal.SIGCONT)
    wait_for('the second upload', lambda: len(s.requests()) > sent)
    point.wait()
    kernel.go_on()
    point.go_on()
    done = json.loads(push.communicate()[0])
    eq((done['done'], done['failed'], done['bytes']), (1, 0, SIZE), 'files and bytes')
    eq(done['deduplicated'], 0, 'bytes that were in the store before')
    eq(done['requests'], len(s.requests(part='chunks/') + s.requests(part='manifests/')),
       'requests')
    assert SIZE < done['uploaded'] < SIZE + MIB, done
    eq(get(path) == data, True, 'content')
