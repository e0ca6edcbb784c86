# SPDX-License-Identifier: GPL-2.0-only
"""The two guests of tests/e2e/powercut: powercut_guest.py points | cut POINT | check POINT

The first one stops at the point and loses its power; the second one looks at the disk. The disks,
of the share and of /var/lib, and the objects are in the folder of the results. stored:POINT is the
point in a release of a file that came back whole, room:POINT in one for a recall on a full disk,
and others in an order of an administrator (power_orders.py).
"""
import os
import random
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import folders  # noqa: E402,F401  (finds the modules of lib/)
import harness  # noqa: E402
import servers  # noqa: E402
import stores  # noqa: E402
import volumes  # noqa: E402
from fault_points import AGAIN, FLUSH, PUSH, RECALL, STORED, Point  # noqa: E402
from checks import wait_for  # noqa: E402
from files import get, put  # noqa: E402
from power_orders import DONE, ORDERS, OTHER_ORDERS  # noqa: E402
from processes import Child, run  # noqa: E402

RANGE = 8 << 20
# A client's truncation: not in the record, and there, but not durable.
CUT = 'cut-record', 'cut-written'
SIZE = RANGE + 12345
# Of a file that becomes part of a pack.
SMALL = 54321
# A write of a client that was acknowledged before the power was cut.
WRITTEN, PLACE = b'acknowledged', 1000
# Bytes that are left on a full disk.
LITTLE = 3 << 20
# Other file systems than ext4, and the bytes of their disks; points of the kernel at which these
# are used, too.
OTHERS = {'btrfs': 200 << 20, 'xfs': 320 << 20}
POINTS = ('release-recorded', 'release-freed', 'fill-owned', 'fill-written', 'commit-data',
         'commit-record', 'commit-recorded', 'cut-record')
# At these, what is done so far may be on the disk or not: here it is.
SYNCED = 'stored-replaced', 'stored-written', 'fill-owned', 'fill-written', 'commit-data'
RESULTS = os.environ.get('DITTO_RESULTS', '')
DISK, STATE = f'{RESULTS}/disk', f'{RESULTS}/state'
# Nothing is on a disk that nobody has written there.
LATE = {'ext4': 'commit=300', 'btrfs': 'commit=300', 'xfs': ''}
CONF = """[store main]
probe-s = 0
endpoint = http://127.0.0.1:9000
bucket = bucket
credentials-file = {folder}/credentials
key-file = {folder}/key

[listener nfs]
"""


def content(seed='powercut'):
    return random.Random(seed).randbytes(SIZE)


def written():
    data = content()
    return data[:PLACE] + WRITTEN + data[PLACE + len(WRITTEN):]


def is_cut(point):
    return point.startswith('cut-')


def good(point):
    """What the file may contain afterwards."""
    if is_cut(point):
        return [content(), content()[:RANGE]]
    if point.startswith('push-pack'):
        return [content()[:SMALL]]
    return [written() if point in RECALL else content()]


def split(where):
    """The file system, scenario and point of an argument: [KIND:][SCENARIO:]POINT."""
    kind, _, rest = where.partition(':')
    if kind not in OTHERS:
        kind, rest = 'ext4', where
    scenario, _, name = rest.rpartition(':')
    return kind, scenario, name


def make_disk(image, kind, size=200 << 20):
    with open(image, 'wb') as f:
        f.truncate(OTHERS.get(kind, size))
    if kind in OTHERS:
        run(f'mkfs.{kind}', '-q', image)
    else:
        run('mkfs.ext4', '-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image)


def mount_disk(image, where, kind):
    os.makedirs(where, exist_ok=True)
    volumes.mount(run('losetup', '-f', '--show', image).strip(), where, kind, 0, LATE[kind])


def serve(kind, keys=stores.KEY):
    """A world whose share is on the disk that is kept, and whose objects are, too."""
    harness.prepare()
    spec = dict(clients=1, fs=None, locks=False, smb=False, vers='3', share=False)
    world = harness.World('powercut', spec, servers.Ditto)
    mount_disk(DISK, world.export, kind)
    mount_disk(STATE, '/var/lib/ditto', 'ext4')
    os.makedirs('/var/lib/ditto/state', exist_ok=True)
    os.symlink('/var/lib/ditto/state', f'{world.base}/state')
    folder = f'{world.base}/store'
    stores.start_disk_store(world.server_ns, folder, f'{RESULTS}/objects', keys)
    # A write must not have all of the file brought back.
    world.server.ctl('server', 'set', 'offload-read-ahead', '0')
    world.fault_file = Point.prepare(world.base)
    world.server.helper_start(CONF.format(folder=folder))
    world.server.serve('data', world.export, offload=True)
    wait_for('the store is ready', lambda: 'ready' in world.server.ctl('offload', 'status'))
    wait_for('the listener', lambda: world.server.json('listener', 'list'))
    return world


def push(world, name='f'):
    world.server.ctl('offload', 'push', world.path(name), timeout=200)


def come_back(world, mount):
    """A file that is whole again, whose content is in the store, and that was looked up since."""
    get(f'{mount}/f')
    wait_for('the file is whole', lambda: 'trusted.ditto.offload' not in
             os.listxattr(world.path('f')))
    assert 'trusted.ditto.stored' in os.listxattr(world.path('f')), 'no attribute'
    n = world.client.nfs()
    n.lookup(n.root, 'f')


def fill_disk(world):
    f = os.statvfs(world.export)
    with open(world.path('filler'), 'wb') as filler:
        os.posix_fallocate(filler.fileno(), 0, f.f_bavail * f.f_bsize - LITTLE)
    os.sync()


def lose_power():
    put(f'{RESULTS}/cut')
    # At once, and without writing anything back.
    put('/proc/sysrq-trigger', 'o')
    time.sleep(60)


def begin(world, mount, scenario, point):
    """Begin what comes to the point."""
    if scenario == 'room':
        Child(lambda: get(f'{mount}/g'))
    elif point in PUSH or scenario:
        world.server_ns.spawn(servers.tool('dittoctl'), 'offload', 'push', world.path('f'))
    elif is_cut(point):
        Child(lambda: os.truncate(f'{mount}/f', RANGE))
    else:
        Child(lambda: get(f'{mount}/f'))


def cut_order(world, order, name):
    """The power is cut while an order of an administrator is carried out, or behind it."""
    order.prepare(world)
    os.sync()
    point = None if name == DONE else Point(name, world.fault_file)
    process = order.begin(world)
    if point:
        order.reach(point)
    elif process.wait() != order.status:
        sys.exit(f'the order ends with {process.returncode}')
    lose_power()


def cut(where):
    kind, scenario, name = split(where)
    make_disk(DISK, kind)
    make_disk(STATE, 'ext4', 32 << 20)
    world = serve(kind)
    if scenario in ORDERS:
        cut_order(world, ORDERS[scenario](), name)
    put(world.path('f'), content()[:SMALL if name.startswith('push-pack') else SIZE], 0o666)
    os.sync()
    mount = world.client.mount()
    if scenario or name not in PUSH:
        push(world)
    if scenario:
        come_back(world, mount)
    if scenario == 'room':
        put(world.path('g'), content('g'), 0o666)
        push(world, 'g')
        fill_disk(world)
    if name in RECALL:
        with open(f'{mount}/f', 'r+b', buffering=0) as f:
            f.seek(PLACE)
            f.write(WRITTEN)
            os.fsync(f.fileno())
        # The write had its range brought back, and the next one perhaps.
        wait_for('no recall runs', lambda: not any(
            row['recalling'] for row in world.server.json('offload', 'status', world.export)))
    point = Point(name, world.fault_file)
    begin(world, mount, scenario, name)
    point.wait()
    if name in SYNCED:
        os.sync()
    lose_power()


def compare(path, contents):
    if get(path) not in contents:
        sys.exit(f'{path}: other content than before')


def check(where):
    kind, scenario, name = split(where)
    order = ORDERS[scenario]() if scenario in ORDERS else None
    world = serve(kind, order.keys if order else stores.KEY)
    mount = world.client.mount()
    if order:
        order.check_all(world, mount, name)
        return
    if scenario == 'room':
        os.unlink(world.path('filler'))
        compare(f'{mount}/g', [content('g')])
    for path in (f'{mount}/f', world.path('f')):
        compare(path, good(name))
    if is_cut(name) and os.path.getsize(world.path('f')) == RANGE:
        os.truncate(world.path('f'), SIZE)
        compare(f'{mount}/f', [content()[:RANGE] + bytes(SIZE - RANGE)])


def main():
    if sys.argv[1] == 'points':
        print('\n'.join([*PUSH, *RECALL, *FLUSH, *CUT, STORED,
                         *(f'{kind}:{point}' for kind in OTHERS for point in POINTS),
                         *(f'{scenario}:{point}' for scenario in ('stored', 'room')
                           for point in AGAIN),
                         *(f'{name}:{point}' for name, order in ORDERS.items()
                           for point in order.points),
                         *(f'{kind}:{name}:{point}' for kind in OTHERS for name in OTHER_ORDERS
                           for point in ORDERS[name].points)]))
        return
    {'cut': cut, 'check': check}[sys.argv[1]](sys.argv[2])


main()
