# SPDX-License-Identifier: GPL-2.0-only
"""Fault points of offloaded data, in the kernel and in the programs.

Documentation/offload-kernel.md says how they are armed.
"""
import contextlib
import os
import signal

from checks import wait_for
from files import put
from processes import has_stopped

KERNEL = '/sys/kernel/debug/ditto/offload-fault'

# Points that a push comes to, and those of a recall; where each of them is.
PUSH = {'push-chunk': 'ditto-offload', 'push-chunk-sent': 'ditto-offload',
        'push-manifest': 'ditto-offload', 'push-manifest-sent': 'ditto-offload',
        'push-pack': 'ditto-offload', 'push-pack-sent': 'ditto-offload',
        'push-release': 'dittoctl', 'release-record': 'kernel', 'release-recorded': 'kernel',
        'release-freed': 'kernel'}
RECALL = {'fetch-ask': 'dittod', 'fetch-send': 'ditto-offload', 'fetch-fill': 'dittod',
          'fill-owned': 'kernel', 'fill-write': 'kernel', 'fill-written': 'kernel',
          'fetch-filled': 'dittod', 'fetch-answer': 'dittod', 'commit-data': 'kernel',
          'commit-record': 'kernel', 'commit-recorded': 'kernel'}
# Points of other orders of administrators.
ORDERS = {**dict.fromkeys(('gc-condemned', 'gc-delete', 'gc-deleted', 'registered',
                           'snapshot-tree', 'snapshot-tree-sent', 'snapshot-noted',
                           'snapshot-delete', 'snapshot-rename', 'snapshot-expose',
                           'snapshot-removed', 'undelete-sent', 'forget-deleted', 'forget-index',
                           'repack-recalled'), 'dittoctl'),
          **dict.fromkeys(('snapshot-head', 'snapshot-head-sent', 'owner-written', 'rekey-sent'),
                          'ditto-offload'),
          'owner-known': 'dittod'}
# A recall whose data does not come at once comes to these, too.
FLUSH = 'flush-data', 'flush-done'
# A recall that makes a file whole comes to the first one; a release of such a file to the others.
STORED = 'stored-written'
AGAIN = 'release-record', 'stored-replaced', 'release-recorded', 'release-freed'


def stopped(program):
    """The processes of a program that have stopped."""
    return [int(pid) for pid in filter(str.isdigit, os.listdir('/proc'))
            if has_stopped(f'/proc/{pid}', program)]


class Point:
    """A place where operations stop, from the creation of the object until go_on()."""

    def __init__(self, name, file):
        self.name, self.file = name, file
        self.where = {**PUSH, **RECALL, **ORDERS}.get(name, 'kernel')
        self.arm()

    @staticmethod
    def prepare(folder):
        """The file that names points of programs, for those that are started from now on."""
        os.environ['DITTO_FAULTS'] = put(f'{folder}/fault', b'', 0o644)
        return os.environ['DITTO_FAULTS']

    def arm(self):
        if self.where == 'kernel':
            self.order(f'{self.name} stop')
        else:
            put(self.file, self.name)

    @staticmethod
    def order(text):
        with open(KERNEL, 'wb', buffering=0) as f:
            f.write(text.encode())

    def fail(self, number):
        """From now on, operations fail at the point, which is in the kernel."""
        self.order(f'{self.name} {number}')

    def reached(self):
        if self.where != 'kernel':
            return stopped(self.where)
        with open(KERNEL, encoding='ascii') as f:
            words = f.read().split()
        return words[0] == self.name and int(words[1])

    def wait(self):
        wait_for(f'something stops at {self.name}', self.reached)

    def go_on(self):
        """Nothing stops here any more."""
        if self.where == 'kernel':
            # The module may have been unloaded, which disarms it.
            with contextlib.suppress(FileNotFoundError):
                self.order('off')
            return
        put(self.file)
        for pid in stopped(self.where):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
