# SPDX-License-Identifier: GPL-2.0-only
"""How fast offloaded data comes back, beside what curl gets of the same objects.

DITTO_SPEED=MIB,ROUNDS,MS chooses how much, and how long calls of NFSv3 wait for their data. All
runs are in one boot; before each of them the file is offloaded, the store process is a new one, and
the client's cache is empty.
"""
import glob
import os
import statistics
import subprocess
import time

from checks import eq, wait_for
from fast_store import FastStore
from files import MIB, put
from harness import test
from store_files import content, sha

TOTAL, ROUNDS, WAIT = (int(n) for n in os.environ.get('DITTO_SPEED', '256,5,3000').split(','))
TICK = os.sysconf('SC_CLK_TCK')


def ticks():
    """CPU time by the name of the process or the kernel's thread."""
    found = {}
    for path in glob.glob('/proc/[0-9]*/stat'):
        try:
            with open(path, encoding='ascii', errors='replace') as f:
                name, rest = f.read().split('(', 1)[1].rsplit(')', 1)
        except OSError:
            continue
        rest = rest.split()
        name = 'kworker' if name.startswith('kworker') else name
        old = found.get(name, (0, 0))
        found[name] = (old[0] + int(rest[11]), old[1] + int(rest[12]))
    return found


def spent(before):
    rows = []
    for name, (user, system) in ticks().items():
        was = before.get(name, (0, 0))
        rows.append(((user - was[0]) / TICK, (system - was[1]) / TICK, name))
    rows.sort(key=lambda row: -row[0] - row[1])
    return ', '.join(f'{name} {user:.2f}+{system:.2f}' for user, system, name in rows
                     if user + system >= 0.05)


@test(smb=True, offload=True, fs='ext4', timeout=4 * 3600)
def beside_curl(w):
    """A sequential read of a big file, and a recall by dittoctl, beside curl."""
    s = FastStore(w)
    w.server.ctl('server', 'set', 'offload-wait-ms', str(WAIT))
    data = b''.join(content(f'speed{i}', MIB) for i in range(TOTAL))
    path, want = put(w.path('f'), data, 0o644), sha(data)
    del data
    where = {'nfs3': w.client.mount(vers='3'), 'nfs42': w.client.mount(vers='4.2'),
             'smb': w.client.mount_smb(opts='cache=none,closetimeo=0')}
    runs = {'curl': s.curl, 'recall': lambda: s.recall(path)}
    for kind, at in where.items():
        runs[kind] = lambda at=at: subprocess.run(
            ['dd', f'if={at}/f', 'of=/dev/null', 'bs=1M'], check=True, stderr=subprocess.DEVNULL)
    speeds, cpu = {kind: [] for kind in runs}, {}
    for _ in range(ROUNDS):
        for kind, action in runs.items():
            # A client may have the file open for a while.
            wait_for('the file is offloaded', lambda: s.states(path)['offloaded'] or
                     s.push(path, check=False) and False)
            wait_for('there is a store process', s.process)
            s.kill_process()
            wait_for('there is another one', s.process)
            s.ready()
            put('/proc/sys/vm/drop_caches', '3')
            before, start = ticks(), time.monotonic()
            action()
            speeds[kind].append(TOTAL * MIB / 1e6 / (time.monotonic() - start))
            cpu[kind] = spent(before)
    eq(sha(open(path, 'rb').read()), want, 'content')
    plain = statistics.median(speeds['curl'])
    for kind, all_ in speeds.items():
        speed = statistics.median(all_)
        print(f'{kind:8} {speed:6.0f} MB/s  {100 * speed / plain:4.0f}% of curl  '
              f'(all: {" ".join(f"{n:.0f}" for n in all_)}); CPU: {cpu[kind]}', flush=True)
