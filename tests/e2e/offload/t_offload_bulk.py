# SPDX-License-Identifier: GPL-2.0-only
"""Many files and much data offloaded, on a disk that is smaller than the data.

DITTO_BULK=FILES,MIB,SECONDS chooses how much. The objects are on the disk of the machine that the
guest runs on, so memory is no limit.
"""
import concurrent.futures
import contextlib
import errno
import hashlib
import json
import os
import random
import shutil
import subprocess
import threading
import time

import servers
from checks import eq
from files import MIB, put
from harness import test
from store_files import digest
from stores import Store, forget_index, start_disk_store

FILES, TOTAL, SECONDS = (int(n) for n in
                         os.environ.get('DITTO_BULK', '20000,10240,600').split(','))
RESULTS = os.environ.get('DITTO_RESULTS', '')
# Size of the disk in MiB, and of the large files.
DISK = max(TOTAL // 5, 128)
LARGE = min(64 * MIB, DISK * MIB // 128)
# One file of so many has the content of another.
TWINS = 8
LIMIT = 4 * 3600
# A policy for the soak.
POLICY = """
[policy soak]
path = {export}
start = 60
stop = 40
"""


class DiskStore(Store):
    """The share on a small disk, and a store whose objects are files."""

    timeout = 60

    # pylint: disable=super-init-not-called
    def __init__(self, world, more=''):
        self.world, self.server, self.packing = world, world.server, 'on'
        for name in ('objects', 'disk'):
            shutil.rmtree(f'{RESULTS}/{name}', ignore_errors=True)
        os.makedirs(f'{RESULTS}/objects')
        forget_index()
        os.makedirs(world.export, exist_ok=True)
        world.volume(world.export, 'ext4', f'{DISK}m', image=f'{RESULTS}/disk')
        os.chmod(world.export, 0o777)
        self.folder, self.bucket = f'{world.base}/store', 'bucket'
        start_disk_store(self.server.ns, self.folder, f'{RESULTS}/objects')
        self.conf = (self.server.conf or servers.LISTENERS) + more
        self.configure('key-file = {folder}/key')
        self.ready()
        self.server.add('data', world.export, offload=True)
        self.mounts = {'nfs3': world.client.mount(vers='3'),
                       'nfs42': world.client.mount(vers='4.2'),
                       'smb': world.client.mount_smb(opts='cache=none')}

    def push_all(self):
        """Push what can be; returns the totals."""
        with self.server.ns:
            p = subprocess.run([servers.tool('dittoctl'), '--json', 'offload', 'push',
                                self.world.export], stdout=subprocess.PIPE, check=False)
        return json.loads(p.stdout)

    def close(self):
        shutil.rmtree(f'{RESULTS}/objects')


def contents():
    """Names and contents: small files in directories, and large ones."""
    some = random.Random('bulk')
    left, seeds = TOTAL * MIB, []
    for i in range(FILES):
        # Of every hundred, as many are large as are needed for the total.
        size = some.randrange(5000, 40000)
        seeds.append((size, str(i)))
        left -= size
    for i in range(max(left // LARGE, 1)):
        seeds.append((LARGE, f'large{i}'))
    for i, (size, seed) in enumerate(seeds):
        if i % TWINS == TWINS - 1:
            size, seed = seeds[i - 1]
        yield f'd{i % 100}/f{i}', random.Random(seed).randbytes(size)


def used(path):
    f = os.statvfs(path)
    return (f.f_blocks - f.f_bfree) * f.f_frsize


def rate(size, start):
    return f'{size / 1e6 / (time.monotonic() - start):.1f} MB/s'


@test(smb=True, offload=True, share=False, timeout=LIMIT)
def written_and_read_back(w):
    """All data goes through a disk of a fifth of its size, and comes back with its checksums."""
    s, sums, size, totals = DiskStore(w), {}, 0, {}

    def push():
        done = s.push_all()
        eq(done['failed'], 0, 'failed')
        for key in ('done', 'uploaded', 'deduplicated', 'requests', 'milliseconds'):
            totals[key] = totals.get(key, 0) + done[key]

    start = time.monotonic()
    for i in range(100):
        os.makedirs(w.path(f'd{i}'))
    for name, data in contents():
        put(w.path(name), data, 0o644)
        sums[name], size = hashlib.sha256(data).hexdigest(), size + len(data)
        if used(w.export) > DISK * MIB // 2:
            push()
    push()
    eq(s.states()['offloaded'], len(sums), 'offloaded')
    gib = size / (1 << 30)
    print(f'{len(sums)} files, {gib:.2f} GiB, on a disk of {DISK} MiB: offloaded at '
          f'{rate(size, start)}, {totals["milliseconds"] / 1000:.0f} s in pushes; '
          f'{totals["uploaded"] / MIB:.0f} MiB sent, '
          f'{totals["deduplicated"] / MIB:.0f} MiB were in the store already, '
          f'{totals["requests"]} requests, {totals["requests"] / gib:.0f} per GiB', flush=True)

    start, kinds, names = time.monotonic(), list(s.mounts), sorted(sums)

    def read(i):
        name = names[i]
        return name, digest(f'{s.mounts[kinds[i % len(kinds)]]}/{name}')
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for i in range(0, len(names), 48):
            for name, got in pool.map(read, range(i, min(i + 48, len(names)))):
                eq(got, sums[name], f'checksum of {name}')
    eq(sum(s.states().values()), len(sums), 'files')
    # What was read before has given way to what was read later.
    print(f'read back over {", ".join(kinds)} at {rate(size, start)}; '
          f'{s.states()["offloaded"]} files were released again', flush=True)
    s.close()


class Worker:
    """A client that writes files, changes them, reads them and compares."""

    def __init__(self, number, where, end, full):
        self.some, self.where, self.end, self.full = random.Random(number), where, end, full
        self.sums, self.number, self.bytes, self.error = {}, number, 0, None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def patiently(self, action):
        """Repeat what does not fit on the disk: the policy makes room."""
        while True:
            try:
                return action()
            except OSError as e:
                if e.errno != errno.ENOSPC:
                    raise
                self.full.append(self.number)
                time.sleep(1)

    def write(self, name):
        data = self.some.randbytes(self.some.choice((1000, 100000, 3 * MIB, 12 * MIB)))
        path = f'{self.where}/{name}'
        self.sums.pop(name, None)

        def once():
            with open(path, 'wb', buffering=0) as f:
                view = memoryview(data)
                while view:
                    view = view[f.write(view):]
                os.fsync(f.fileno())
        self.patiently(once)
        os.chmod(path, 0o644)
        self.sums[name] = hashlib.sha256(data).hexdigest()
        self.bytes += len(data)

    def read(self, name):
        got = self.patiently(lambda: digest(f'{self.where}/{name}'))
        eq(got, self.sums[name], f'checksum of {self.where}/{name}')

    def run(self):
        try:
            while time.monotonic() < self.end:
                if self.sums and self.some.random() < 0.5:
                    self.read(self.some.choice(sorted(self.sums)))
                else:
                    self.write(f'w{self.number}-{self.some.randrange(400)}')
        except Exception as e:  # pylint: disable=broad-exception-caught
            self.error = e


@test(smb=True, offload=True, share=False, timeout=SECONDS + LIMIT)
def watermarks(w):
    """Clients write and read more than the disk holds while a policy keeps it half empty."""
    s = DiskStore(w, POLICY.format(export=w.export))
    end, full, runs, most = time.monotonic() + SECONDS, [], 0, 0
    workers = [Worker(i, where, end, full) for i, where in enumerate(s.mounts.values())]
    while any(worker.thread.is_alive() for worker in workers):
        most = max(most, used(w.export))
        with contextlib.suppress(subprocess.TimeoutExpired):
            # A file that is written meanwhile is none of the policy's.
            w.server.ctl('offload', 'policy', 'run', check=False, timeout=300)
        runs += 1
        time.sleep(1)
    for worker in workers:
        if worker.error:
            raise worker.error
        for name in worker.sums:
            worker.read(name)
    written = sum(worker.bytes for worker in workers)
    status, found, problems = s.tool('scrub', check=False)
    eq((status, problems), (0, ''), 'scrub')
    print(f'{written / MIB:.0f} MiB written in {SECONDS} s on a disk of {DISK} MiB, of which at '
          f'most {most / MIB:.0f} MiB were used; {runs} runs of the policy; {len(full)} times '
          f'without room; {found}', flush=True)
    s.close()
