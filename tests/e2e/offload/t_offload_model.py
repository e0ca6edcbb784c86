# SPDX-License-Identifier: GPL-2.0-only
"""Random steps of users and administrators with offloaded data never lose a byte of a model.

Users (offload_model.py) change files over NFSv3, NFSv4.2 and SMB and on the server, while
administrators (offload_model_server.py) push, recall, collect garbage, make snapshots and change keys,
and the store, the helpers, the disks and the modules fail, go and come. After some steps nothing fails
any more, and all files are compared with the model by each protocol, and all objects that something
refers to are read. At the end another server adopts the bucket.

DITTO_SECONDS is the length, without which nothing is run, SEED the seed, and DITTO_MODEL_FS the
file systems, "ext4 xfs" by default.
"""
import contextlib
import os
import random
import socket
import subprocess
import time

import servers
from checks import eq, wait_for
from harness import Skip, test
from offload_model import FAILURES, LOCAL, NETWORK, Disk, Steps, persistent
from offload_model_server import DAY, Administrator, Trouble
from stores import Store

SECONDS = float(os.environ.get('DITTO_SECONDS', '0'))
KINDS = os.environ.get('DITTO_MODEL_FS', 'ext4 xfs').split()
BOUT = 40                   # steps between two looks at everything
REPORT = 60                 # lines

POLICY = """
[policy {name}]
path = {where}
start = 1
stop = 1
"""


class PatientStore(Store):
    """A store that may be slow, and files of which share objects."""

    timeout = 20


class Run:
    """The disks, and who does what with them, as a seed decides."""

    def __init__(self, w, seed):
        self.w, self.seed, self.dice = w, seed, random.Random(seed)
        self.lines, self.trouble, self.days, self.bouts, self.done = [], [], 0, 0, 0
        self.s = PatientStore(w, packing='on')
        self.disks = [Disk(w, kind) for kind in KINDS]
        self.s.configure('key-file = {folder}/key\n' + ''.join(
            POLICY.format(name=d.name, where=d.where) for d in self.disks))
        wait_for('the policies', lambda: len(self.s.tool('policy', 'list')) == len(self.disks))
        self.limits()
        for disk in self.disks:
            disk.serve()
            disk.connect()
        self.steps, self.admin, self.wrong = Steps(self), Administrator(self), Trouble(self)
        steps, admin, wrong = self.steps, self.admin, self.wrong
        self.table = [
            (8, steps.create), (8, steps.write), (2, steps.write_map), (2, steps.write_both),
            (2, steps.replace), (4, steps.truncate), (4, steps.punch), (2, steps.copy),
            (10, steps.read), (3, steps.rename), (2, steps.link), (2, steps.unlink),
            (2, steps.attributes), (2, steps.hold), (10, admin.push), (3, admin.recall), (2, admin.policies),
            (1, admin.mark), (3, admin.collect), (1, admin.undelete), (1, admin.rekey),
            (1, admin.repack), (1, admin.scrub), (1, admin.lose_index), (2, admin.take_snapshot),
            (1, admin.remove_snapshot), (2, admin.restore), (1, admin.expose), (4, admin.begin), (1, admin.kill),
            (1, admin.away), (0.5, admin.reload), (3, wrong.delay), (2, wrong.store),
            (0.7, wrong.kill_store), (0.5, wrong.kill_dittod), (0.5, wrong.stop_store),
            (0.7, wrong.fail), (1, wrong.fill)]

    def limits(self):
        self.w.server.ctl('server', 'set', 'offload-recall-ms', '20000')

    def log(self, text):
        self.lines.append(f'{self.done}: {text}')

    def expect_trouble(self, text):
        self.trouble.append(text)
        self.log(text)

    def attempt(self, do):
        """Do something that fails at most if something goes wrong; returns whether it worked."""
        try:
            do()
            return True
        except OSError as e:
            if not self.trouble or e.errno not in FAILURES:
                raise
            self.log(f'  {e}')
            return False

    def persist(self, call):
        return persistent(call, FAILURES if self.trouble else ())

    def calm(self):
        """End all that goes wrong, and what goes on in the background; files are in no doubt then."""
        self.steps.let_go()
        self.wrong.end()
        self.admin.join()
        wait_for('the store is ready', lambda: self.s.status().get('ready'), 120)
        for disk in self.disks:
            # Clients of NFS rename what they have open and remove.
            wait_for('the end of removed files', lambda disk=disk: not disk.renamed())
            disk.settle(self.persist)

    def check(self):
        """Compare everything with the model."""
        self.calm()
        self.log('compare')
        for disk in self.disks:
            # The first one to look brings the data back.
            for view in self.dice.sample([LOCAL, *NETWORK], 4):
                disk.compare(view, self.persist)
        self.trouble.clear()
        for disk in self.disks:
            found = self.s.tool('check', disk.where)
            eq(sorted(row['path'] for row in found), sorted(map(disk.path, disk.stubs())), 'stubs')
        _, said = self.admin.tool('scrub')
        eq(said['bad'], [], 'objects that something refers to')
        if self.dice.random() < 0.3:
            eq(self.admin.tool('rebuild')[1]['missing'], 0, 'missing')
        if self.dice.random() < 0.5:
            self.s.wait_for_closes()
            _, _, errors = self.s.tool('push', *(disk.where for disk in self.disks), check=False)
            eq([line for line in errors.splitlines() if 'it is marked' not in line], [],
               'a push when nobody has a file open')
        self.bouts += 1

    def go(self, seconds):
        end = time.monotonic() + seconds
        weights, steps = zip(*self.table)
        while time.monotonic() < end:
            for _ in range(BOUT):
                self.done += 1
                self.dice.choices(steps, weights)[0]()
                if time.monotonic() > end:
                    break
            self.check()
        self.admin.adopt()
        self.check()

    def report(self):
        print('the last steps:', *self.lines[-REPORT:], sep='\n')
        for disk in self.disks:
            print(disk.name, *(f'{name} {len(f.data)}' for name, f in disk.files.items()), sep=' ')
        print(f'seed {self.seed}, step {self.done}; SEED={self.seed} begins the same steps')


@contextlib.contextmanager
def guard(w):
    """ditto-guard runs, and watches what is mounted."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(f'{w.base}/ready')
        p = subprocess.Popen([servers.tool('ditto-guard')],
                             env={**os.environ, 'NOTIFY_SOCKET': f'{w.base}/ready'})
        try:
            s.settimeout(60)
            eq(s.recv(100), b'READY=1')
            yield
        finally:
            p.kill()
            p.wait()


@test(smb=True, share=False, fs=None, timeout=4 * SECONDS + 600)
def random_steps(w):
    """Whatever users and administrators do at random, and whatever fails, no byte is lost."""
    if not SECONDS:
        raise Skip('DITTO_SECONDS says for how many seconds')
    with guard(w):
        run = Run(w, int(os.environ.get('SEED') or time.strftime('%Y%m%d')))
        print(f'SEED={run.seed}')
        try:
            run.go(SECONDS)
        except BaseException:
            run.report()
            raise
        finally:
            time.clock_settime(time.CLOCK_REALTIME, time.time() - run.days * DAY)
    print(f'{run.done} steps, {run.bouts} comparisons with SEED={run.seed}')
