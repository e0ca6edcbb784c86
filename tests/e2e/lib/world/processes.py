# SPDX-License-Identifier: GPL-2.0-only
"""Programs, processes of other users, and processes that stop."""
import contextlib
import glob
import os
import pickle
import select
import signal
import subprocess
import traceback

from checks import SLOW, wait_for


def run(*args, check=True, ns=None, quiet=False, **kw):
    """Run a program and return its output; an unexpected failure raises an error with it."""
    if 'input' not in kw:
        kw['stdin'] = subprocess.DEVNULL
    kw.setdefault('timeout', 60 * SLOW)
    with ns or contextlib.nullcontext():
        p = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           check=False, **kw)
    if check and p.returncode:
        raise AssertionError(f'{" ".join(args)}: exit {p.returncode}\n{p.stdout}')
    if not check and not quiet:
        return p
    return p.stdout


def has_stopped(path, program=None):
    """Whether a process or thread has stopped, by its folder; of one program, if that is named."""
    with contextlib.suppress(OSError), \
            open(f'{path}/stat', encoding='ascii', errors='replace') as f:
        name, rest = f.read().split('(', 1)[1].rsplit(')', 1)
        return program in (None, name) and rest.split()[0] == 'T'
    return False


def sleepers(name='', pid='[0-9]*'):
    """The processes that sleep and that no signal ends, by id or a part of their name."""
    found = []
    for path in glob.glob(f'/proc/{pid}/stat'):
        with contextlib.suppress(OSError), open(path, encoding='ascii', errors='replace') as f:
            comm, rest = f.read().split('(', 1)[1].rsplit(')', 1)
            if name in comm and rest.split()[0] == 'D':
                found.append(path)
    return found


def all_stopped(pid):
    """Whether all threads of a process have stopped."""
    tasks = f'/proc/{pid}/task'
    try:
        return all(has_stopped(f'{tasks}/{task}') for task in os.listdir(tasks))
    except FileNotFoundError as e:
        raise ProcessLookupError(f'process {pid} is gone') from e


def stop_process(pid):
    """Stop a process. It goes on for some time after the signal is sent."""
    os.kill(pid, signal.SIGSTOP)
    wait_for('the process stops', lambda: all_stopped(pid))


@contextlib.contextmanager
def process_stopped(pid):
    """A process does not run during the block."""
    try:
        stop_process(pid)
        yield
    finally:
        # Who waited for it may have killed it.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


class Child:
    """A function in a forked process; join() returns its value or raises its error."""

    def __init__(self, fn, *args):
        r, w = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(r)
            code = 0
            try:
                out = (True, fn(*args))
            except BaseException as e:  # the parent gets it, whatever it is
                out, code = (False, (e, traceback.format_exc())), 1
            try:
                blob = pickle.dumps(out)
            except Exception:
                blob = pickle.dumps((False, (AssertionError(repr(out[1])), '')))
            with os.fdopen(w, 'wb') as f:
                f.write(blob)
            os._exit(code)
        os.close(w)
        self.fd = r

    def has_ended(self):
        """Whether the function has returned or raised, or the process was killed."""
        return bool(select.select([self.fd], [], [], 0)[0])

    def join(self):
        with os.fdopen(self.fd, 'rb') as f:
            blob = f.read()
        os.waitpid(self.pid, 0)
        if not blob:
            raise AssertionError('a process of the test was killed')
        good, value = pickle.loads(blob)
        if good:
            return value
        error, trace = value
        if not isinstance(error, OSError):
            print(trace)
        raise error

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def parallel(*functions):
    """Run all functions at once, each in its own process."""
    return [c.join() for c in [Child(f) for f in functions]]


def as_user(uid, fn, gid=None, groups=()):
    """Call a function as another user."""
    def change():
        os.setgroups(list(groups))
        os.setresgid(*[uid if gid is None else gid] * 3)
        os.setresuid(uid, uid, uid)
        os.umask(0o022)
        return fn()
    return Child(change).join()
