# SPDX-License-Identifier: GPL-2.0-only
"""Local processes and offloaded files: how an open waits, and what its wait does not hold up."""
import errno
import os
import signal
import subprocess
import sys

import nfs3
import rpc
from checks import eq, expect_errno, wait_for
from fault_points import Point
from files import put
from harness import test
from helper_files import (CAPABILITIES, IO_ERROR, RANGE, SIZE, Reader, blocks, has_record, helper,
                          local, offloaded, settled)
from nfs3 import sattr
from processes import run
from volumes import frozen

WATCH = """
import ctypes
c = ctypes.CDLL(None)
fd = c.inotify_init()
assert c.inotify_add_watch(fd, b'/', 2) >= 0
"""
ALARM = """
import signal, sys
told = []
signal.signal(signal.SIGALRM, lambda *_: told.append(1))
signal.alarm(1)
with open(sys.argv[1], 'rb') as f:
    data = f.read()
sys.stdout.write(f'{len(data)} {len(told)}')
"""

# An open by io_uring(7): requests, of which the last one is the open, whose result is printed.
RING = """
import ctypes, mmap, os, struct, sys
SETUP, ENTER, OPENAT, AT_FDCWD, SQES = 425, 426, 18, -100, 0x10000000
POLL_ADD, POLLIN, LINK, GETEVENTS = 6, 1, 4, 1
c = ctypes.CDLL(None)
params = ctypes.create_string_buffer(120)
fd = c.syscall(SETUP, 2, params)
assert fd >= 0
sq, cq = struct.unpack_from('=8I', params, 40), struct.unpack_from('=8I', params, 80)
ring, sqes = mmap.mmap(fd, 4096), mmap.mmap(fd, 4096, offset=SQES)
path = ctypes.create_string_buffer(os.fsencode(sys.argv[1]))
count = 0
def add(*request):
    global count
    struct.pack_into('=BBHiQQIIQ', sqes, 64 * count, *request)
    struct.pack_into('=I', ring, sq[6] + 4 * count, count)
    count += 1
    struct.pack_into('=I', ring, sq[1], count)
"""
RING_OPEN = 'add(OPENAT, 0, 0, AT_FDCWD, 0, ctypes.addressof(path), 0, 0, 1)\n'
RING_END = """
sys.stdout.write(str(struct.unpack_from('=Qi', ring, cq[5] + 16 * (count - 1))[1]))
"""
RING_AT_ONCE = (RING + RING_OPEN + 'assert c.syscall(ENTER, fd, 1, 1, GETEVENTS, None, 0) == 1\n' +
                RING_END)
# The open begins when there is something to read in a pipe, on the way out of write(2).
RING_LATER = RING + """
pipe = os.pipe()
add(POLL_ADD, LINK, 0, pipe[0], 0, 0, 0, POLLIN, 0)
""" + RING_OPEN + """
assert c.syscall(ENTER, fd, 2, 0, 0, None, 0) == 2
os.write(pipe[1], b'.')
assert c.syscall(ENTER, fd, 0, 2, GETEVENTS, None, 0) == 0
""" + RING_END


def python(text, *args):
    """A process with a program of its own, which does not inherit the helper's sockets."""
    return subprocess.Popen([sys.executable, '-c', text, *args], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def held(h, path):
    """A process that waits for a file."""
    reader = Reader(path)
    wait_for('the request', lambda: h.held)
    return reader


def waits(process):
    """Whether a process waits so that only its end can wake it."""
    with open(f'/proc/{process.pid}/stat', encoding='ascii', errors='replace') as f:
        return f.read().rsplit(')', 1)[1].split()[0] == 'D'


def recalls(w):
    """The statistics of recalls."""
    return next(row for row in w.server.json('stats', 'offload') if row['op'] == 'recall')


def pending(process):
    """Whether SIGALRM has been sent, and was not handled yet."""
    with open(f'/proc/{process.pid}/status', encoding='ascii', errors='replace') as f:
        shared = [line for line in f if line.startswith('ShdPnd')]
    return int(shared[0].split()[1], 16) >> (signal.SIGALRM - 1) & 1

# Scanners that are asked before each open (fanotify(7)), and read what they are given. The order among
# marks of a class is that of addresses, so there are many.
SCANNERS = """
import ctypes, os, select, struct, sys
c = ctypes.CDLL(None, use_errno=True)
CONTENT, MARK_ADD, MARK_FILESYSTEM, OPENS, ALLOW = 4, 1, 0x100, 0x10000 | 0x40000, 1
groups = [c.fanotify_init(CONTENT, os.O_RDONLY) for _ in range(16)]
for fd in groups:
    assert fd >= 0 and not c.fanotify_mark(fd, MARK_ADD | MARK_FILESYSTEM,
                                           ctypes.c_uint64(OPENS), -100,
                                           sys.argv[1].encode()), ctypes.get_errno()
print('ready', flush=True)
while True:
    for fd in select.select(groups, [], [])[0]:
        file = struct.unpack_from('=IBBHQii', os.read(fd, 24))[5]
        if os.path.basename(os.readlink(f'/proc/self/fd/{file}')) == 'f':
            print(os.pread(file, 8, 8).hex(), flush=True)
        os.write(fd, struct.pack('=iI', file, ALLOW))
        os.close(file)
"""


@test(offload=True)
def watches_end_meanwhile(w):
    """While an open waits, other processes can end that have watches of any file."""
    with helper(w, lambda request: 'hold') as h:
        data = offloaded(w, h, 'f')
        reader = held(h, w.path('f'))
        other = python(WATCH)
        wait_for('the end of a process with a watch', lambda: other.poll() is not None)
        eq((other.returncode, other.stdout.read()), (0, ''), 'the process')
        eq(reader.process.poll(), None, 'the reader waits')
        h.go()
        eq(reader.join() == data, True, 'data')


@test(offload=True, fs='ext4')
def freeze_meanwhile(w):
    """A file system can be frozen while an open waits that is to empty a file."""
    with helper(w, lambda request: 'hold') as h:
        offloaded(w, h, 'f')
        with subprocess.Popen(['sh', '-c', 'echo new >"$0"', w.path('f')]) as writer:
            wait_for('the request', lambda: h.held)
            with frozen(w.path('')):
                eq(writer.poll(), None, 'the writer waits')
            h.go()
        eq(writer.returncode, 0, 'the writer')
        eq(local(w.path('f')), b'new\n', 'data')


@test(offload=True)
def killed(w):
    """A process that waits can be killed; the file still comes back."""
    with helper(w, lambda request: 'hold') as h:
        data = offloaded(w, h, 'f')
        reader = held(h, w.path('f'))
        reader.process.kill()
        reader.join()
        eq(reader.process.returncode, -signal.SIGKILL, 'the process was killed')
        h.go()
        eq(local(w.path('f')) == data, True, 'data for another one')


@test(offload=True)
def signal_meanwhile(w):
    """A signal with a handler does not make an open fail that waits."""
    with helper(w, lambda request: 'hold') as h:
        offloaded(w, h, 'f')
        process = python(ALARM, w.path('f'))
        wait_for('the request', lambda: h.held)
        wait_for('the signal', lambda: pending(process))
        h.go()
        eq(process.communicate()[0], f'{SIZE} 1', 'bytes read, signals handled')


@test(offload=True)
def executed(w):
    """A program whose data is elsewhere is brought back to be executed."""
    with helper(w) as h:
        text = b'#!/bin/sh\nexit 7\n'
        offloaded(w, h, 'script', text)
        os.chmod(w.path('script'), 0o755)
        # Not by this process, whose threads stand still while it executes something.
        done = subprocess.run(['sh', '-c', '"$0"', w.path('script')], check=False)
        eq(done.returncode, 7, 'its result')
        eq(len(h.requests), 1, 'requests')


@test(offload=True)
def no_system_call(w):
    """An open that is not a system call of its own is told to be tried again."""
    for name, program in (('f', RING_AT_ONCE), ('g', RING_LATER)):
        with helper(w, lambda request: 'hold') as h:
            offloaded(w, h, name)
            ring = python(program, w.path(name))
            eq(ring.communicate()[0], str(-errno.EAGAIN), 'while the data is elsewhere')
            h.go()
            wait_for('the file', lambda name=name: not has_record(w, name))
            ring = python(program, w.path(name))
            eq(int(ring.communicate()[0]) > 0, True, 'when it is here')


@test(offload=True)
def one_range_fails(w):
    """An open fails if one range does not come, though another one comes later."""
    with helper(w, lambda request: 'hold') as h:
        offloaded(w, h, 'f')
        reader = Reader(w.path('f'))
        wait_for('two requests', lambda: len(h.held) == 2)
        h.fail(h.held[0], errno.EIO)
        wait_for('the failure', lambda: recalls(w)['errors'] == 1)
        h.give(h.held[1])
        h.done(h.held[1])
        eq(reader.join(), IO_ERROR, 'the reader')


@test(fs='ext4', offload=True)
def open_beside_zeros(w):
    """An open that comes while a client makes a hole gets the data once the hole is there."""
    with helper(w) as h:
        data = offloaded(w, h, 'f')
        m = w.client.mount(vers='4.2')
        point = Point('commit-record', None)
        try:
            with subprocess.Popen(['fallocate', '-p', '-o', '0', '-l', str(RANGE),
                                   f'{m}/f']) as hole:
                point.wait()
                reader = Reader(w.path('f'))
                wait_for('the reader waits', lambda: waits(reader.process))
                eq(h.requests, [], 'requests')
                point.go_on()
            eq(hole.returncode, 0, 'the hole')
            eq(reader.join() == bytes(RANGE) + data[RANGE:], True, 'data')
        finally:
            point.go_on()


@test(offload=True)
def cut_and_refused(w):
    """A change of the size that is made though the rest of the call is refused is recorded."""
    with helper(w) as h:
        offloaded(w, h, 'f')
        os.chmod(w.path('f'), 0o666)
        n = w.client.nfs()
        fh = n.lookup(n.root, 'f').fh
        user = n.as_user(rpc.auth_sys(1001, 1001))
        r = settled(user.setattr, fh, sattr(size=0, mtime=(1, 0)))
        eq(r.status, nfs3.PERM, 'size and time of another one\'s file')
        eq(os.stat(w.path('f')).st_size, 0, 'size')
        eq(user.setattr(fh, sattr(size=SIZE)).status, nfs3.OK, 'the size of before')
        eq(settled(n.read, fh, 0, 4096).data, bytes(4096), 'READ')
        eq(local(w.path('f')) == bytes(SIZE), True, 'data for a local process')
        eq(h.requests, [], 'requests')


@test(offload=True, fs='ext4')
def capabilities(w):
    """A file with capabilities, which it would lose, keeps its data here."""
    with helper(w) as h:
        put(w.path('f'), b'program' * 100000)
        os.setxattr(w.path('f'), 'security.capability', CAPABILITIES)
        with expect_errno(errno.EOPNOTSUPP):
            h.fill.release(w.path('f'), b'c')
        eq(os.getxattr(w.path('f'), 'security.capability'), CAPABILITIES, 'capabilities')
        eq(blocks(w, 'f') >= 700000, True, 'blocks')


def scanned(w, use):
    """What scanners have read of a file while it was used."""
    with python(SCANNERS, w.path('')) as process:
        try:
            eq(process.stdout.readline(), 'ready\n', 'the scanners')
            use()
        finally:
            process.kill()
        # They have answered, so all is written.
        return set(process.stdout.read().split())


@test(offload=True)
def scanners(w):
    """Programs that are asked before opens are asked when the data is here, and read it."""
    with helper(w) as h:
        data = offloaded(w, h, 'f')
        read = scanned(w, lambda: eq(local(w.path('f')) == data, True, 'data'))
        eq(read, {data[8:16].hex()}, 'read before an open')
        os.unlink(w.path('f'))
        data = b'#!/bin/sh\nexit 7\n'
        offloaded(w, h, 'f', data)
        os.chmod(w.path('f'), 0o755)
        read = scanned(w, lambda: subprocess.run(['sh', '-c', '"$0"', w.path('f')], check=False))
        eq(read, {data[8:16].hex()}, 'read before an execution')


@test(offload=True, fs='btrfs')
def read_only_snapshot(w):
    """A file of a read-only snapshot is an error that is told once, and asks for no data."""
    run('btrfs', 'subvolume', 'create', w.path('sub'))
    with helper(w) as h:
        data = offloaded(w, h, 'sub/kept')
        run('btrfs', 'subvolume', 'snapshot', '-r', w.path('sub'), w.path('old'))
        run('btrfs', 'subvolume', 'snapshot', w.path('sub'), w.path('new'))
        n = w.client.nfs()

        def handle(folder):
            return n.lookup(n.lookup(n.root, folder).fh, 'kept').fh
        for at in 0, 0, RANGE:
            eq(n.read(handle('old'), at, 4096).status, nfs3.IO, 'READ')
        eq(local(w.path('old/kept')), IO_ERROR, 'a local process')
        eq(h.requests, [], 'requests')
        told = [line for line in run('dmesg').splitlines() if '(kept): its data' in line]
        eq(len(told), 1, 'times that it was told')
        assert 'share data: inode ' in told[0] and 'read-only snapshot' in told[0], told
        eq(settled(n.read, handle('new'), 0, 4096).data == data[:4096], True, 'a writable one')
        eq(local(w.path('sub/kept')) == data, True, 'the file itself')


def immutable(w):
    """An offloaded file that became immutable is read as any other, and is not released again."""
    def described():
        st = os.stat(w.path('f'))
        return st.st_size, st.st_mode, st.st_mtime_ns, st.st_ctime_ns
    with helper(w) as h:
        data = offloaded(w, h, 'f')
    # chattr(1) opens the file: that waits for its data, or fails while nothing serves it.
    path, options = w.server.shares['data']
    w.server.delete('data')
    for listener in w.server.listeners():
        w.server.call('LISTENER_DEL', ('LISTENER_ID', listener))
    w.server.unload()
    run('chattr', '+i', w.path('f'))
    before = described()
    w.server.load()
    w.server.key()
    w.server.serve('data', path, **options)
    w.server.listen()
    with helper(w) as h:
        h.store[b'store\nf'] = data
        n = w.client.nfs()
        fh = n.lookup(n.root, 'f').fh
        eq(settled(n.read, fh, RANGE, 4096).data == data[RANGE:RANGE + 4096], True, 'READ')
        eq(local(w.path('f')) == data, True, 'data for a local process')
        eq(has_record(w, 'f'), False, 'the record')
        eq(described(), before, 'attributes')
        with expect_errno(errno.EPERM):
            open(w.path('f'), 'ab').close()
        for flag in 'i', 'a':
            run('chattr', '-ia', w.path('f'))
            run('chattr', f'+{flag}', w.path('f'))
            with expect_errno(errno.EPERM):
                h.fill.release(w.path('f'), b'store\nf')
            eq((has_record(w, 'f'), blocks(w, 'f') >= SIZE), (False, True), 'record and blocks')
        run('chattr', '-ia', w.path('f'))


@test(offload=True, fs='ext4')
def immutable_on_ext4(w):
    """On ext4, an offloaded file that became immutable is read as any other."""
    immutable(w)


@test(offload=True, fs='xfs')
def immutable_on_xfs(w):
    """The same on XFS."""
    immutable(w)


@test(offload=True, fs='btrfs')
def immutable_on_btrfs(w):
    """The same on btrfs."""
    immutable(w)
