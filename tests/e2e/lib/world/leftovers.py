# SPDX-License-Identifier: GPL-2.0-only
"""What a test leaves is found, and taken down by force."""
import contextlib
import os
import select
import shutil
import signal
import subprocess
import time

from files import get
from namespaces import NETNS, UTSNS
from volumes import BASE, MNT_DETACH, MNT_FORCE, umount

# Folders of daemons that stay for all tests of a run, each with a file 'pids'.
KEEP = '/run/e2e-keep'
# Where dittoctl notes the file systems that ditto-guard watches.
GUARDED_LIST = '/var/lib/ditto/offload-filesystems'


def under_base():
    with open('/proc/self/mounts', encoding='utf-8', errors='replace') as f:
        return [line.split()[1] for line in f if line.split()[1].startswith(BASE + '/')]


def kept():
    """The processes that stay for other tests."""
    out = set()
    for folder in os.listdir(KEEP) if os.path.isdir(KEEP) else ():
        with contextlib.suppress(OSError), open(f'{KEEP}/{folder}/pids', encoding='ascii') as f:
            out |= {int(pid) for pid in f.read().split()}
    return out


def reap(pids, seconds):
    """Wait for children that were killed, which may be in a call that takes its time."""
    end = time.monotonic() + seconds
    for pid in pids:
        with contextlib.suppress(OSError):
            fd = os.pidfd_open(pid)
            select.select([fd], [], [], max(end - time.monotonic(), 0))
            os.close(fd)
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def kill_children():
    """End the processes that the test started; the runner inherits them as a subreaper.

    Returns True if there were any.
    """
    me, stay = str(os.getpid()), kept()
    for tries in range(50):
        pids = []
        if not stay:
            try:
                os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return tries > 0
        for pid in filter(str.isdigit, os.listdir('/proc')):
            with contextlib.suppress(OSError), open(f'/proc/{pid}/stat', 'rb') as f:
                if f.read().rsplit(b')', 1)[1].split()[1].decode() == me \
                        and int(pid) not in stay:
                    pids.append(int(pid))
        if not pids:
            return tries > 0
        for pid in pids:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        reap(pids, 0.1)
    return True


def clean_up(server_class, passed):
    """Remove everything, whatever state a test ended in."""
    mounted = under_base()
    for where in reversed(mounted):
        if os.path.basename(where).startswith('c'):
            with contextlib.suppress(OSError):
                umount(where, MNT_FORCE | MNT_DETACH)
    left = kill_children()
    if not passed:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            server_class.reset()
    for folder in (NETNS, UTSNS):
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            with contextlib.suppress(OSError):
                umount(f'{folder}/{name}', MNT_DETACH)
            os.unlink(f'{folder}/{name}')
    for where in reversed(under_base()) if mounted or left or not passed else ():
        with contextlib.suppress(OSError):
            umount(where, MNT_DETACH)
    for name in os.listdir(BASE):
        shutil.rmtree(f'{BASE}/{name}', ignore_errors=True)
    # Those in the list for ditto-guard were the test's.
    with contextlib.suppress(FileNotFoundError):
        os.unlink(GUARDED_LIST)


def logs():
    """Output of the daemons of a test."""
    out, mounted = '', under_base()
    for folder, folders, names in os.walk(BASE):
        folders[:] = [name for name in folders if f'{folder}/{name}' not in mounted]
        for name in names:
            if name.endswith('.log'):
                out += f'{name}:\n{get(os.path.join(folder, name)).decode(errors="replace")}'
    return out
