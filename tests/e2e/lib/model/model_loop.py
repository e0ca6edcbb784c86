# SPDX-License-Identifier: GPL-2.0-only
"""A loop that runs many generators in one thread, each until it waits for a future.

    def read():
        reply = yield future        # others run until the reply is there
        yield pause(0.1)
    loop.run(read())

Other threads change what the generators see only under the loop's lock, which it gives away
while it waits.
"""
import select
import socket
import threading
import time

from checks import SLOW


class Defect(AssertionError):
    """The server did what the model excludes."""


class Future:
    """A value that a generator waits for; at: when it has waited long enough."""

    def __init__(self, at=None):
        self.done, self.value, self.error, self.at = False, None, None, at

    def set(self, value, error=None):
        self.done, self.value, self.error = True, value, error

    def ready(self):
        return self.done or self.at is not None and time.monotonic() >= self.at


def pause(seconds):
    return Future(time.monotonic() + seconds)


class Task:
    """A generator that was started, and what it waits for."""

    def __init__(self, generator):
        self.generator, self.done, self.value = generator, False, None
        self.waits = Future(0)
        self.go()

    def go(self):
        future = self.waits
        try:
            if future.error:
                self.waits = self.generator.throw(future.error)
            else:
                self.waits = self.generator.send(future.value)
        except StopIteration as e:
            self.done, self.value = True, e.value


class Loop:
    """The generators that run, and sockets with the functions that read from them."""

    def __init__(self):
        self.tasks, self.lock = [], threading.RLock()
        self.woken, self.waker = socket.socketpair()
        self.readers = {self.woken: lambda: self.woken.recv(4096)}
        self.lock.acquire()

    def close(self):
        self.lock.release()
        self.woken.close()
        self.waker.close()

    def spawn(self, generator):
        task = Task(generator)
        if not task.done:
            self.tasks.append(task)
        return task

    def shared(self, func):
        """The function, as another thread may call it."""
        def locked(*args):
            with self.lock:
                out = func(*args)
            self.waker.send(b'\0')
            return out
        return locked

    def in_thread(self, call, *args, **kw):
        """The result of a call that blocks, as a future."""
        future = Future()
        done = self.shared(future.set)

        def work():
            try:
                done(call(*args, **kw))
            except Exception as e:  # the generator gets it, whatever it is
                done(None, e)
        threading.Thread(target=work, daemon=True).start()
        return future

    def _resume(self):
        """Run the generators that can go on: True if there are any."""
        ready = [t for t in self.tasks if t.waits.ready()]
        for task in ready:
            task.go()
        self.tasks = [t for t in self.tasks if not t.done]
        return bool(ready)

    def _read(self, end):
        """Read from the sockets that have something until then: True if there are any."""
        limits = [end] + [t.waits.at for t in self.tasks if t.waits.at]
        sockets = list(self.readers)
        self.lock.release()
        try:
            ready = select.select(sockets, [], [], max(0, min(limits) - time.monotonic()))[0]
        finally:
            self.lock.acquire()
        for one in ready:
            if one in self.readers:
                self.readers[one]()
        return bool(ready)

    def pump(self, seconds=0.0):
        """Run all that can go on, and for at most so long wait for something that can."""
        end = time.monotonic() + seconds
        while True:
            ran = self._resume()
            if ran:
                end = 0
            if not self._read(end) and not ran and time.monotonic() >= end:
                return

    def until(self, what, condition, seconds=60):
        end = time.monotonic() + seconds * SLOW
        while not condition():
            if time.monotonic() > end:
                raise Defect(f'{what}: not within {seconds * SLOW} s')
            self.pump(0.05)

    def run(self, generator):
        """Run a generator to its end; returns its value."""
        task = self.spawn(generator)
        self.until('a request is answered', lambda: task.done)
        return task.value
