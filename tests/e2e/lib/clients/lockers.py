# SPDX-License-Identifier: GPL-2.0-only
"""Processes that lock a file, and machines that crash."""
import contextlib
import errno
import fcntl
import os
import pickle
import select
import signal
import socket
import struct
import traceback

import daemons
import harness
from checks import SLOW, WAIT_LIMIT, expect_errno
from files import put
from processes import Child, run
from volumes import MNT_DETACH, MNT_FORCE

READ, WRITE, UNLOCK = fcntl.F_RDLCK, fcntl.F_WRLCK, fcntl.F_UNLCK

# struct flock on 64-bit machines: type, whence, start, length, pid
FLOCK = struct.Struct('hhqqi4x')

# A lock that is granted by a callback comes so soon; clients poll every 30 s.
SOON = 15


class Worker:
    """The operations of a locker, in its own process."""

    def __init__(self, path, flags):
        self.path, self.fd = path, os.open(path, flags, 0o666)

    def _set(self, command, kind, start, length):
        fcntl.fcntl(self.fd, command, FLOCK.pack(kind, os.SEEK_SET, start, length, 0))

    def lock(self, kind, start=0, length=0):
        self._set(fcntl.F_SETLK, kind, start, length)

    def wait(self, kind, start=0, length=0):
        self._set(fcntl.F_SETLKW, kind, start, length)

    def unlock(self, start=0, length=0):
        self._set(fcntl.F_SETLK, UNLOCK, start, length)

    def many(self, kind, ranges):
        for start, length in ranges:
            self._set(fcntl.F_SETLK, kind, start, length)

    def holder(self, kind, start=0, length=0):
        """The conflicting lock: None, or type, start, length, pid."""
        lock = FLOCK.pack(kind, os.SEEK_SET, start, length, 0)
        kind, _, start, length, pid = FLOCK.unpack(fcntl.fcntl(self.fd, fcntl.F_GETLK, lock))
        return None if kind == UNLOCK else (kind, start, length, pid)

    def flock(self, how):
        fcntl.flock(self.fd, how)

    def flock_by_child(self, how):
        """Lock by another process that inherited the open file."""
        Child(lambda: fcntl.flock(self.fd, how)).join()

    def read(self, size, offset=0):
        return os.pread(self.fd, size, offset)

    def write(self, data, offset=0):
        return os.pwrite(self.fd, data, offset)

    def reopen(self):
        """Close another descriptor of the file, which gives up all locks of the process."""
        os.close(os.open(self.path, os.O_RDONLY))

    def count(self, times):
        """Increment the number in the file, each time under a lock."""
        for _ in range(times):
            self.wait(WRITE, 0, 8)
            number = int(os.pread(self.fd, 8, 0) or 0)
            os.pwrite(self.fd, b'%08d' % (number + 1), 0)
            self.unlock(0, 8)


def interrupted(*_):
    raise InterruptedError(errno.EINTR, 'a signal')


def work(channel, ns, path, flags):
    signal.signal(signal.SIGUSR1, interrupted)
    worker = None
    with ns or contextlib.nullcontext(), channel.makefile('rb') as commands:
        while True:
            try:
                if worker is None:
                    worker = Worker(path, flags)
                    out = (True, None)
                else:
                    name, args = pickle.load(commands)
                    if name == 'end':
                        return
                    out = (True, getattr(worker, name)(*args))
            except EOFError:
                return
            except BaseException as e:  # the test gets it, whatever it is
                if not isinstance(e, OSError):
                    traceback.print_exc()
                out = (False, e)
            channel.sendall(pickle.dumps(out))
            if worker is None:
                return


class Locker:
    """A process with a file open.

    start() starts a method of Worker; result() waits for its end and returns the value or
    raises the error. A method of Worker called on it does both.
    """

    def __init__(self, path, ns=None, flags=os.O_RDWR | os.O_CREAT):
        self.channel, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            self.channel.close()
            try:
                work(theirs, ns, path, flags)
            finally:
                os._exit(0)
        theirs.close()
        self.file = self.channel.makefile('rb')
        self.result()

    def start(self, name, *args):
        self.channel.sendall(pickle.dumps((name, args)))
        return self

    def done(self, seconds=0.0):
        return bool(select.select([self.channel], [], [], seconds)[0])

    def result(self, seconds=WAIT_LIMIT):
        if not self.done(seconds * SLOW):
            raise AssertionError(f'a process of the test does not answer within {seconds} s')
        good, value = pickle.load(self.file)
        if not good:
            raise value
        return value

    def waits(self, seconds=0.3):
        """The process is blocked."""
        if self.done(seconds * SLOW):
            raise AssertionError(f'blocked was expected, not {pickle.load(self.file)}')
        return self

    def __getattr__(self, name):
        if not hasattr(Worker, name):
            raise AttributeError(name)
        return lambda *args: self.start(name, *args).result()

    def refused(self, name, *args, why=(errno.EAGAIN, errno.EACCES)):
        with expect_errno(*why):
            getattr(self, name)(*args)

    def signal(self, number=signal.SIGUSR1):
        os.kill(self.pid, number)

    def end(self, number=None):
        """Let the process exit, or kill it."""
        if number:
            os.kill(self.pid, number)
        else:
            self.start('end')
        self.file.close()
        self.channel.close()
        os.waitpid(self.pid, 0)


def first(lockers, seconds=SOON):
    """The locker whose wait ends first."""
    ready = select.select([x.channel for x in lockers], [], [], seconds * SLOW)[0]
    if not ready:
        raise AssertionError(f'nobody gets the lock within {seconds} s')
    return [x for x in lockers if x.channel in ready][0]


def crash(client):
    """Cut the machine off at once: nothing that it still sends arrives."""
    devices = [os.stat(where).st_dev for where in client.mounts]
    run('ip', '-n', client.world.server_ns.name, 'link', 'del', f'veth{client.number}')
    for dev in devices:
        # brings its own /sys, which shows the mounts of the namespace only
        run('ip', 'netns', 'exec', client.name, 'sh', '-c',
            f'echo 1 >/sys/fs/nfs/{os.major(dev)}:{os.minor(dev)}/shutdown')
    # before anything is unmounted, which would end the monitoring in good order
    client.daemons.stop('KILL')


def bury(client):
    """Remove the rest of a crashed machine, whose processes are dead by now."""
    for where in client.mounts[:]:
        client.umount(where, MNT_FORCE | MNT_DETACH)
    client.remove()


def boot(client):
    """Start the machine again with its address, its name and the state on its disk."""
    new = harness.Client(client.world, client.number)
    client.world.clients[client.number - 1] = new
    new.daemons = daemons.Daemons(new, client.daemons.folder, notify=True)
    return new


def pair(w, name='f', proto='tcp', **kw):
    """A process on each of two clients, with the same file open."""
    put(w.path(name), b'0123456789' * 100)
    return [Locker(f'{c.mount(proto=proto)}/{name}', c, **kw) for c in w.clients[:2]]


def another(w, number, name='f', **kw):
    """Start one more process on a client that has mounted."""
    client = w.clients[number - 1]
    return Locker(f'{client.mounts[0]}/{name}', client, **kw)


def end(*lockers):
    for locker in lockers:
        locker.end()
