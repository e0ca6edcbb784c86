# SPDX-License-Identifier: GPL-2.0-only
"""The two guests of tests/e2e/powercut: powercut_guest.py points | cut POINT | check POINT

The first one stops at the point and loses its power; the second one looks at the disk. Disk and
objects are in the folder of the results. stored:POINT is the point in a release of a file that came
back whole, room:POINT in one for a recall on a full disk.
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
from processes import Child, run  # noqa: E402

RANGE = 8 << 20
SIZE = RANGE + 12345
# A write of a client that was acknowledged before the power was cut.
WRITTEN, PLACE = b'acknowledged', 1000
# Bytes that are left on a full disk.
LITTLE = 3 << 20
# Other file systems than ext4, and the bytes of their disks; points of the kernel at which these are
# used, too.
OTHERS = {'btrfs': 200 << 20, 'xfs': 320 << 20}
POINTS = ('release-recorded', 'release-freed', 'fill-owned', 'fill-written', 'commit-data',
         'commit-record', 'commit-recorded', 'cut-record')
# At these, what is done so far may be on the disk or not: here it is.
SYNCED = 'stored-replaced', 'stored-written', 'fill-owned', 'fill-written', 'commit-data'
RESULTS = os.environ.get('DITTO_RESULTS', '')
DISK = f'{RESULTS}/disk'
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


def good(point):
    """What the file may contain afterwards."""
    if point == 'cut-record':
        return [content(), content()[:RANGE]]
    return [written() if point in RECALL else content()]


def split(where):
    """The file system, scenario and point of an argument."""
    scenario, _, name = where.rpartition(':')
    return (scenario, '', name) if scenario in OTHERS else ('ext4', scenario, name)


def make_disk(kind):
    with open(DISK, 'wb') as f:
        f.truncate(OTHERS.get(kind, 200 << 20))
    if kind in OTHERS:
        run(f'mkfs.{kind}', '-q', DISK)
    else:
        run('mkfs.ext4', '-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0', DISK)


def serve(kind):
    """A world whose share is on the disk that is kept, and whose objects are, too."""
    harness.prepare()
    spec = dict(clients=1, fs=None, locks=False, smb=False, vers='3', share=False)
    world = harness.World('powercut', spec, servers.Ditto)
    os.makedirs(world.export)
    volumes.mount(run('losetup', '-f', '--show', DISK).strip(), world.export, kind)
    folder = f'{world.base}/store'
    stores.start_disk_store(world.server_ns, folder, f'{RESULTS}/objects')
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
    elif point == 'cut-record':
        Child(lambda: os.truncate(f'{mount}/f', RANGE))
    else:
        Child(lambda: get(f'{mount}/f'))


def cut(where):
    kind, scenario, name = split(where)
    make_disk(kind)
    world = serve(kind)
    put(world.path('f'), content(), 0o666)
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
    world = serve(kind)
    mount = world.client.mount()
    if scenario == 'room':
        os.unlink(world.path('filler'))
        compare(f'{mount}/g', [content('g')])
    for path in (f'{mount}/f', world.path('f')):
        compare(path, good(name))


def main():
    if sys.argv[1] == 'points':
        print('\n'.join([*PUSH, *RECALL, *FLUSH, 'cut-record', STORED,
                         *(f'{kind}:{point}' for kind in OTHERS for point in POINTS),
                         *(f'{scenario}:{point}' for scenario in ('stored', 'room')
                           for point in AGAIN)]))
        return
    {'cut': cut, 'check': check}[sys.argv[1]](sys.argv[2])


main()
