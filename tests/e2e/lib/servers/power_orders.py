# SPDX-License-Identifier: GPL-2.0-only
"""Orders of administrators during which the power is cut, for tests/e2e/powercut.

Each begins with files in the share, gives an order that stops at a point, or has ended (DONE), and
says what must be there after the next start.
"""
import contextlib
import json
import os
import random
import signal

import servers
from checks import eq, wait_for
from fault_points import stopped
from files import MIB, get, put
from leftovers import GUARDED_LIST

DONE = 'done'
NOTES = '/var/lib/ditto/offload-heads'


def content(name, size=2 * MIB):
    return random.Random(name).randbytes(size)


def tool(world, *words):
    """Run dittoctl offload, which has to succeed. Returns its JSON."""
    out = world.server.ctl('--json', 'offload', *words, timeout=200).splitlines()
    return json.loads(out[-1]) if out else None


def push(world, *names):
    tool(world, 'push', *map(world.path, names))


def is_good(path, *contents):
    eq(get(path) in contents, True, f'{path}: content')


def is_gone_or_good(path, *contents):
    with contextlib.suppress(FileNotFoundError):
        is_good(path, *contents)


class Order:
    """An order, with @points where it may stop. What is garbage after the next start is deleted."""

    points = ()
    words = ()
    collects = True

    def prepare(self, world):
        """What is on disk before."""

    def begin(self, world):
        """Give the order, in the background."""
        return world.server_ns.spawn(servers.tool('dittoctl'), 'offload', *self.words)

    def reach(self, point):
        """Wait for it to stop at the point."""
        point.wait()

    def check(self, world, mount, point):
        """Look at what is left."""

    def check_all(self, world, mount, point):
        """The same, and all that the store should have."""
        if self.collects:
            tool(world, 'gc', '--grace', '0', '--force')
        self.check(world, mount, point)
        eq(tool(world, 'scrub')['bad'], [], 'bad')


class Collect(Order):
    """gc with a removed file and one that was written anew, neither of which is on disk."""

    points = 'gc-condemned', 'gc-delete', 'gc-deleted', DONE
    words = 'gc', '--grace', '0', '--force'

    def prepare(self, world):
        for name in 'kept', 'gone', 'changed':
            put(world.path(name), content(name), 0o666)
        push(world, 'kept', 'gone', 'changed')
        tool(world, 'gc')

    def begin(self, world):
        # The cut of the record is durable, and all that came before on ext4.
        put(world.path('changed'), content('new'), 0o666)
        os.unlink(world.path('gone'))
        return super().begin(world)

    def check(self, world, mount, point):
        for folder in mount, world.export:
            is_good(f'{folder}/kept', content('kept'))
            is_gone_or_good(f'{folder}/gone', content('gone'))
            # open() with O_TRUNC may have come alone.
            is_good(f'{folder}/changed', content('changed'), content('new'), b'')


class Register(Order):
    """The first push to a store."""

    points = 'registered',

    def prepare(self, world):
        put(world.path('f'), content('f'), 0o666)
        self.words = 'push', world.path('f')

    def check(self, world, mount, point):
        is_good(f'{mount}/f', content('f'))
        known, = tool(world, 'filesystem', 'list')
        eq(get(GUARDED_LIST).decode().split()[0], known['id'], 'what the guard watches')


class Recall(Order):
    """A file that was brought back needs no store."""

    points = DONE,

    def prepare(self, world):
        put(world.path('f'), content('f'), 0o666)
        push(world, 'f')
        self.words = 'recall', world.path('f')

    def check(self, world, mount, point):
        eq('trusted.ditto.offload' in os.listxattr(world.path('f')), False, 'a record')
        is_good(world.path('f'), content('f'))


class Undelete(Order):
    """Garbage that was taken from the list."""

    points = 'undelete-sent', DONE
    words = 'undelete', 'main'
    collects = False

    def prepare(self, world):
        put(world.path('f'), content('f'), 0o666)
        push(world, 'f')
        os.unlink(world.path('f'))
        eq(tool(world, 'gc')['condemned'], 2, 'condemned')

    def check(self, world, mount, point):
        eq(tool(world, 'gc', '--list'), [], 'condemned')


class Snapshots(Order):
    """Snapshots of a tree with an offloaded file, one in a pack, and one that is here."""

    tree = {'d/large': content('large'), 'd/small': content('small', 5000),
            'here': content('here', 70000)}

    def prepare(self, world):
        os.makedirs(world.path('d'))
        for name, data in self.tree.items():
            put(world.path(name), data, 0o666)
        push(world, 'd')
        tool(world, 'snapshot', 'create', 'data', 'one')

    def is_restored(self, world, mount, snapshot):
        os.makedirs(world.path(snapshot))
        tool(world, 'snapshot', 'restore', f'data/{snapshot}', '--to', world.path(snapshot), '.')
        for name, data in self.tree.items():
            is_good(f'{mount}/{snapshot}/{name}', data)

    def check(self, world, mount, point):
        """What is listed is whole, and another can be made."""
        names = [row['name'] for row in tool(world, 'snapshot', 'list')]
        for name in names:
            self.is_restored(world, mount, name)
        tool(world, 'snapshot', 'create', 'data', 'three')
        self.is_restored(world, mount, 'three')
        return names


class Create(Snapshots):
    """A second snapshot, with a new file."""

    points = ('snapshot-tree', 'snapshot-tree-sent', 'registered', 'snapshot-head',
              'snapshot-head-sent', DONE)
    words = 'snapshot', 'create', 'data', 'two'

    def reach(self, point):
        point.wait()
        if not point.name.startswith('snapshot-head'):
            return
        # The registration comes there first; before the head is sent, there is a note of it.
        with open(NOTES, encoding='ascii') as f:
            before = len(f.read())
        for pid in stopped(point.where):
            os.kill(pid, signal.SIGCONT)
        wait_for('the note of the head', lambda: os.path.getsize(NOTES) > before)
        point.wait()

    def check(self, world, mount, point):
        names = super().check(world, mount, point)
        eq('one' in names, True, 'the first snapshot')
        if point == DONE:
            eq('two' in names, True, 'the second one')


class Delete(Snapshots):
    """One of two snapshots is deleted."""

    points = 'snapshot-delete', DONE
    words = 'snapshot', 'delete', 'data/one'

    def prepare(self, world):
        super().prepare(world)
        tool(world, 'snapshot', 'create', 'data', 'two')

    def check(self, world, mount, point):
        names = super().check(world, mount, point)
        eq('two' in names, True, 'the other snapshot')
        eq('one' in names, point != DONE, 'the one that is deleted')


class Restore(Snapshots):
    """A tree that is lost comes back from a snapshot."""

    points = 'adopt-record', 'adopt-recorded', 'adopt-sized', 'snapshot-rename', DONE
    words = 'snapshot', 'restore', 'data/one', '.'
    again = 'snapshot', 'restore', 'data/one', '--replace', '.'

    def prepare(self, world):
        super().prepare(world)
        for name in self.tree:
            os.unlink(world.path(name))
        os.rmdir(world.path('d'))

    def check(self, world, mount, point):
        look = is_good if point == DONE else is_gone_or_good
        for name, data in self.tree.items():
            # A client would remember what is not there.
            look(world.path(name), data)
        tool(world, *self.again)
        for name, data in self.tree.items():
            is_good(f'{mount}/{name}', data)
        super().check(world, mount, point)


class Adopt(Restore):
    """The same by adopt."""

    points = 'adopt-recorded', 'snapshot-rename', DONE
    words = again = 'adopt', 'main'


ORDERS = {'gc': Collect, 'register': Register, 'recall': Recall, 'undelete': Undelete,
          'create': Create, 'delete': Delete, 'restore': Restore, 'adopt': Adopt}
