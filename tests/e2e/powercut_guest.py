# SPDX-License-Identifier: GPL-2.0-only
"""The two guests of tests/e2e/powercut: powercut_guest.py points | cut POINT | check POINT

The first one stops at the point and loses its power; the second one looks at the disk. Disk and
objects are in the folder of the results.
"""
import hashlib
import os
import random
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import harness  # noqa: E402
import servers  # noqa: E402
import stores  # noqa: E402
from fault_points import PUSH, RECALL, Point  # noqa: E402
from harness import Child, get, put, run, wait_for  # noqa: E402

RANGE = 8 << 20
SIZE = RANGE + 12345
# A write of a client that was acknowledged before the power was cut.
WRITTEN, PLACE = b'acknowledged', 1000
RESULTS = os.environ.get('DITTO_RESULTS', '')
DISK = f'{RESULTS}/disk'
CONF = """[store main]
endpoint = http://127.0.0.1:9000
bucket = bucket
credentials-file = {folder}/credentials
key-file = {folder}/key

[listener nfs]
"""


def content():
    return random.Random('powercut').randbytes(SIZE)


def written():
    data = content()
    return data[:PLACE] + WRITTEN + data[PLACE + len(WRITTEN):]


def good(point):
    """What the file may contain afterwards."""
    if point in PUSH:
        return [content()]
    if point == 'cut-record':
        return [content(), content()[:RANGE]]
    return [written()]


def make_disk():
    with open(DISK, 'wb') as f:
        f.truncate(200 << 20)
    run('mkfs.ext4', '-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0', DISK)


def serve():
    """A world whose share is on the disk that is kept, and whose objects are, too."""
    harness.prepare()
    spec = dict(clients=1, fs=None, locks=False, smb=False, vers='3', share=False)
    world = harness.World('powercut', spec, servers.Ditto)
    os.makedirs(world.export)
    harness.mount(run('losetup', '-f', '--show', DISK).strip(), world.export, 'ext4')
    folder = f'{world.base}/store'
    os.makedirs(folder)
    put(f'{folder}/credentials', 'access-key = x\nsecret-key = y\n', 0o600)
    put(f'{folder}/key', f'{stores.KEY}\n', 0o600)
    world.server_ns.spawn('/usr/bin/python3', '-B', f'{servers.TOP}/tests/e2e/disk_store.py',
                          f'{RESULTS}/objects', '9000')
    wait_for('the store listens', lambda: ':9000 ' in world.server_ns.run('ss', '-Hltn'))
    shutil.copy(f'{servers.TOP}/userspace/{stores.PROGRAM}',
                os.path.dirname(servers.tool('dittod')))
    # A write must not have all of the file brought back.
    world.server.ctl('server', 'set', 'offload-read-ahead', '0')
    world.fault_file = Point.prepare(world.base)
    world.server.helper_start(CONF.format(folder=folder))
    world.server.serve('data', world.export, offload=True)
    wait_for('the store is ready', lambda: 'ready' in world.server.ctl('offload', 'status'))
    wait_for('the listener', lambda: world.server.json('listener', 'list'))
    return world


def push(world):
    world.server.ctl('offload', 'push', world.path('f'), timeout=200)


def lose_power():
    put(f'{RESULTS}/cut')
    # At once, and without writing anything back.
    put('/proc/sysrq-trigger', 'o')
    time.sleep(60)


def begin(world, mount, point):
    """Begin what comes to the point."""
    if point in PUSH:
        world.server_ns.spawn(servers.tool('dittoctl'), 'offload', 'push', world.path('f'))
    elif point == 'cut-record':
        Child(lambda: os.truncate(f'{mount}/f', RANGE))
    else:
        Child(lambda: get(f'{mount}/f'))


def cut(name):
    make_disk()
    world = serve()
    put(world.path('f'), content(), 0o666)
    os.sync()
    mount = world.client.mount()
    if name not in PUSH:
        push(world)
    if name in RECALL:
        with open(f'{mount}/f', 'r+b', buffering=0) as f:
            f.seek(PLACE)
            f.write(WRITTEN)
            os.fsync(f.fileno())
        # The write had its range brought back, and the next one perhaps.
        wait_for('no recall runs', lambda: not any(
            row['recalling'] for row in world.server.json('offload', 'status', world.export)))
    point = Point(name, world.fault_file)
    begin(world, mount, name)
    point.wait()
    lose_power()


def check(name):
    world = serve()
    mount = world.client.mount()
    sums = [hashlib.sha256(data).hexdigest() for data in good(name)]
    for path in (f'{mount}/f', world.path('f')):
        got = hashlib.sha256(get(path)).hexdigest()
        if got not in sums:
            sys.exit(f'{path}: other content than before')


def main():
    if sys.argv[1] == 'points':
        print('\n'.join([*PUSH, *RECALL, 'cut-record']))
        return
    {'cut': cut, 'check': check}[sys.argv[1]](sys.argv[2])


main()
