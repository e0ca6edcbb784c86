# SPDX-License-Identifier: GPL-2.0-only
"""Orders of administrators during which the power is cut, for tests/e2e/powercut.

Each begins with files in the share, gives an order that stops at a point, or has ended (DONE), and
says what must be there after the next start.
"""
import contextlib
import json
import os
import random
import re
import signal

import servers
import stores
import volumes
from checks import eq, wait_for
from fault_points import stopped
from files import MIB, get, put
from leftovers import GUARDED_LIST

DONE = 'done'
# What outlives the guest: a folder, the objects below, and the object that says whose they are.
RESULTS = os.environ.get('DITTO_RESULTS', '')
OBJECTS = f'{RESULTS}/objects'
OWNER = f'{OBJECTS}/%2Fbucket%2Fditto-owner'
# Objects with this word in their names are not deleted.
RETAINED = f'{OBJECTS}.retained'
TREE = '.snapshots'
NOTES = '/var/lib/ditto/offload-heads'


def content(name, size=2 * MIB):
    return random.Random(name).randbytes(size)


def tool(world, *words):
    """Run dittoctl offload, which has to succeed. Returns its JSON."""
    out = world.server.ctl('--json', 'offload', *words, timeout=200).splitlines()
    return json.loads(out[-1]) if out else None


def tries(world, *words):
    """Run dittoctl offload, which may fail. Returns its status."""
    return world.server.ctl('--json', 'offload', *words, check=False, timeout=200).returncode


def push(world, *names):
    tool(world, 'push', *map(world.path, names))


def is_good(path, *contents):
    eq(get(path) in contents, True, f'{path}: content')


def is_gone_or_good(path, *contents):
    with contextlib.suppress(FileNotFoundError):
        is_good(path, *contents)


class Order:
    """An order, with @points where it may stop. What is garbage after the next start is deleted.

    It ends with @status. @keys: lines of the file with the keys of the store afterwards.
    """

    points = ()
    words = ()
    status = 0
    keys = stores.KEY
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
        put(f'{RESULTS}/before', '\n'.join(os.listdir(OBJECTS)))

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

    def check_all(self, world, mount, point):
        """What is gone is in the history, also if the run has not come to its end."""
        gone = set(get(f'{RESULTS}/before').decode().split('\n')) - set(os.listdir(OBJECTS))
        known = [row['object'].replace('/', '%2F') for row in tool(world, 'gc', '--history')]
        eq(gone - {f'%2Fbucket%2F{name}' for name in known}, set(), 'objects without a history')
        eq(bool(gone), point in ('gc-deleted', DONE), 'objects are gone')
        super().check_all(world, mount, point)


class Retain(Collect):
    """The same in a bucket that keeps its manifests for a time."""

    points = 'gc-delete', 'gc-deleted', DONE
    status = 1

    def prepare(self, world):
        super().prepare(world)
        put(RETAINED, 'manifests')

    def check_all(self, world, mount, point):
        before = set(os.listdir(OBJECTS))
        for _ in range(2):
            eq(tries(world, *self.words), 1, 'status of gc')
            self.check(world, mount, point)
        eq(before - set(os.listdir(OBJECTS)), set(), 'objects are gone')
        eq(tool(world, 'scrub')['bad'], [], 'bad')
        os.unlink(RETAINED)
        Order.check_all(self, world, mount, point)
        eq(before - set(os.listdir(OBJECTS)) != set(), True, 'objects are gone later')


class Register(Order):
    """The first push to a store."""

    points = 'owner-written', 'owner-known', 'registered'

    def prepare(self, world):
        put(world.path('f'), content('f'), 0o666)
        self.words = 'push', world.path('f')

    def check(self, world, mount, point):
        is_good(f'{mount}/f', content('f'))
        if point != 'registered':
            push(world, 'f')
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


class Forget(Order):
    """A file system that is gone for good."""

    points = 'forget-deleted', 'forget-index', DONE

    def prepare(self, world):
        put(world.path('f'), content('f'), 0o666)
        push(world, 'f')
        disk = volumes.Volume(f'{world.base}/lost', 'ext4', '32m')
        world.server.serve('lost', disk.where, offload=True)
        path = put(f'{disk.where}/g', content('g'), 0o666)
        tool(world, 'push', path)
        tool(world, 'gc')
        lost = {row['path']: row['id'] for row in tool(world, 'filesystem', 'list')}[disk.where]
        world.server.delete('lost')
        disk.umount()
        put(f'{RESULTS}/lost', lost)
        self.words = 'filesystem', 'forget', lost

    def check_all(self, world, mount, point):
        lost = get(f'{RESULTS}/lost').decode()
        status = tries(world, 'gc', '--grace', '0', '--force')
        if point == 'forget-deleted':
            eq(status, 1, 'gc while the index knows it')
        is_good(f'{mount}/f', content('f'))
        # It has been forgotten if it was done.
        eq(tries(world, 'filesystem', 'forget', lost), point == DONE, 'status when it is repeated')
        eq(lost in get(GUARDED_LIST).decode(), False, 'what the guard watches')
        eq(lost in [row['id'] for row in tool(world, 'filesystem', 'list')], False, 'registered')
        super().check_all(world, mount, point)

    def check(self, world, mount, point):
        is_good(world.path('f'), content('f'))


class Take(Order):
    """A prefix that another server had."""

    points = 'owner-written', DONE
    words = 'take', 'main'

    @staticmethod
    def change_owner(*changes):
        text = get(OWNER).decode()
        for line, value in changes:
            text = re.sub(f'(?m)^{line}: .*', f'{line}: {value}', text)
        put(OWNER, text)

    def prepare(self, world):
        put(world.path('f'), content('f'), 0o666)
        push(world, 'f')
        self.change_owner(('server', '0' * 32))

    def check(self, world, mount, point):
        for path in f'{mount}/f', world.path('f'):
            is_good(path, content('f'))

    def check_all(self, world, mount, point):
        eq(tool(world, *self.words)['taken'], False, 'it is this server\'s by now')
        super().check_all(world, mount, point)
        put(world.path('g'), content('g'), 0o666)
        push(world, 'g')
        is_good(world.path('g'), content('g'))


class TakeNew(Take):
    """A new bucket, and the old one again."""

    points = 'owner-written', 'owner-known', DONE
    words = 'take', '--new-bucket', 'main'

    def prepare(self, world):
        super().prepare(world)
        put(f'{RESULTS}/owner', get(OWNER))
        self.change_owner(('store', '5' * 32))

    def check_all(self, world, mount, point):
        tool(world, *self.words)
        tries(world, 'gc', '--grace', '0', '--force')
        put(OWNER, get(f'{RESULTS}/owner'))
        eq(tool(world, *self.words)['taken'], True, 'the old bucket')
        wait_for('it can be read', lambda: self.can_be_read(world))
        super().check_all(world, mount, point)

    @staticmethod
    def can_be_read(world):
        with contextlib.suppress(OSError):
            return get(world.path('f')) == content('f')


class Rekey(Snapshots):
    """All objects get another key."""

    points = 'rekey-sent', DONE
    words = 'rekey',
    keys = f'{"77" * 32}\n{stores.KEY}'

    def prepare(self, world):
        super().prepare(world)
        put(f'{world.base}/store/key', f'{self.keys}\n', 0o600)
        world.server.helper_stop()
        world.server.helper_start(world.server.conf)
        wait_for('the store is ready', lambda: 'ready' in world.server.ctl('offload', 'status'))

    def check_all(self, world, mount, point):
        keys, = re.findall('(?m)^keys: (.*)', get(OWNER).decode())
        eq(len(keys.split()), 2, 'keys that whoever takes the bucket needs')
        super().check_all(world, mount, point)
        tool(world, 'rekey')
        eq(tool(world, 'rekey')['rewritten'], 0, 'rewritten again')
        eq(tool(world, 'scrub')['bad'], [], 'bad')
        tool(world, 'snapshot', 'create', 'data', 'four')
        self.is_restored(world, mount, 'four')


class Repack(Order):
    """A pack that only one of its files is left in."""

    points = ('commit-recorded', 'repack-recalled', 'push-pack-sent', 'release-recorded', DONE)
    words = 'repack',

    def prepare(self, world):
        names = [f'f{i}' for i in range(12)]
        for name in names:
            put(world.path(name), content(name, 5000), 0o666)
        push(world, *names)
        for name in names[1:]:
            os.unlink(world.path(name))

    def check(self, world, mount, point):
        for _ in range(2):
            for path in f'{mount}/f0', world.path('f0'):
                is_good(path, content('f0', 5000))
            tool(world, *self.words)


class Expose(Snapshots):
    """A snapshot that clients see."""

    points = 'adopt-recorded', 'snapshot-expose', DONE
    words = 'snapshot', 'expose', 'data/one'

    def prepare(self, world):
        super().prepare(world)
        world.server.ctl('share', 'set', 'data', 'snapshots', TREE)

    def is_whole(self, world, mount):
        """What is exposed is whole. Returns the names of it."""
        names = [name for name in os.listdir(world.path(TREE)) if not name.startswith('.ditto')]
        for name in names:
            for folder in mount, world.export:
                for path, data in self.tree.items():
                    is_good(f'{folder}/{TREE}/{name}/{path}', data)
            eq(os.stat(world.path(f'{TREE}/{name}')).st_mode,
               os.stat(world.export).st_mode & ~0o222, 'mode')
        return names

    def check_all(self, world, mount, point):
        world.server.ctl('share', 'set', 'data', 'snapshots', TREE)
        self.check_exposed(world, mount, point)
        eq(os.listdir(world.path(TREE)), self.is_whole(world, mount), 'only what is exposed')
        super().check_all(world, mount, point)
        eq(len(self.is_whole(world, mount)), 1, 'exposed')

    def check_exposed(self, world, mount, point):
        there = self.is_whole(world, mount)
        eq(len(there), point == DONE, 'exposed')
        eq(tries(world, *self.words), len(there), 'status when it is repeated')


class Hide(Expose):
    """It is removed from their sight."""

    points = 'snapshot-removed', DONE
    words = 'snapshot', 'hide', 'data/one'

    def prepare(self, world):
        super().prepare(world)
        tool(world, *Expose.words)

    def reach(self, point):
        point.wait()
        os.sync()

    def check_exposed(self, world, mount, point):
        self.is_whole(world, mount)
        # There is nothing to remove if it was done.
        eq(tries(world, *self.words), point == DONE, 'status when it is repeated')
        eq(os.listdir(world.path(TREE)), [], 'what is left')
        tool(world, *Expose.words)


ORDERS = {'gc': Collect, 'retain': Retain, 'register': Register, 'recall': Recall,
          'undelete': Undelete, 'create': Create, 'delete': Delete, 'restore': Restore,
          'adopt': Adopt, 'forget': Forget, 'take': Take, 'take-new': TakeNew, 'rekey': Rekey,
          'repack': Repack, 'expose': Expose, 'hide': Hide}
# Those that change the file system, which may be another than ext4.
OTHER_ORDERS = 'gc', 'recall', 'restore', 'adopt', 'repack', 'expose', 'hide'
