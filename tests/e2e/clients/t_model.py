# SPDX-License-Identifier: GPL-2.0-only
"""Clients of all protocols do random things to the same files, as a model allows.

The clients speak NFSv3 with NLM, NFSv4.0, 4.1, 4.2 and SMB 3.1.1 (model_nfs.py, model_nfs4.py,
model_smb.py), those of NFSv4 and SMB use streams (model_streams.py), and processes of the server
use the files, too (model_local.py). They do one step at a time; while one waits, others begin
theirs, and now and then some begin at once. Each compares what comes of it with the model
(model_claims.py). In between, all that can be seen of the files is compared with it
(model_checks.py), what a client hears that watches the tree (model_watch.py), ranges that clients
wait for (model_waits.py), and what becomes of clients that lose their connection or are silent, and
of all of them when the server restarts (model_events.py).

DITTO_MODEL is the length in seconds, without which nothing is run, and SEED the seed.
"""
import os
import random
import re
import time

import model_checks
import model_events
import model_nfs4
import model_streams
import model_waits
import truth
from checks import SLOW
from harness import Skip, test
from model_claims import Model
from model_deaf import Deaf
from model_local import Local
from model_loop import Defect, Loop
from model_nfs import Nfs3
from model_persist import Persistent
from model_silent import Silent
from model_streams import Nfs4Streams
from model_watch import Watch

SECONDS = float(os.environ.get('DITTO_MODEL', '0'))
AT_ONCE = 3                 # steps, at most
STEP_S = 100 * SLOW         # until a step has ended
REPORT = 40                 # lines


class Run:
    """The clients and their steps, which a seed decides except for the server's part."""

    def __init__(self, w, seed):
        self.w, self.seed, self.dice, self.loop = w, seed, random.Random(seed), Loop()
        self.m, self.tasks = Model(truth.matrix()), []
        self.m.stream_names = lambda node: model_streams.on_disk(w.export, node)
        self.steps = self.checked = 0
        a, b = w.clients
        w.server.set('data', continuously_available=True)
        self.settings()
        args = self.m, self.loop, self.dice
        self.v3, self.v42 = Nfs3(a, 'NFSv3', *args), Nfs4Streams(a, 2, 'NFSv4.2', *args)
        self.silent = [Deaf(a, 0, 'NFSv4.0', *args), Silent(b, 1, 'NFSv4.1', *args)]
        self.v4 = [*self.silent, self.v42]
        self.nfs, root = [self.v3, *self.v4], self.m.root
        root.fileid = self.loop.run(self.v3.attributes(root)).attrs['fileid']
        self.watch = Watch(b, 'SMB watcher', *args)
        self.loop.run(self.watch.begin())
        self.smb = [Persistent(a, 'SMB-1', *args), Persistent(b, 'SMB-2', *args)]
        self.local = Local(w.export, 'local', *args)
        self.clients = [*self.nfs, *self.smb, self.local]

    def settings(self):
        for name, value in (('recall-pause-s', 0), ('lease-time-s', model_nfs4.LEASE_S)):
            self.w.server.ctl('server', 'set', name, str(value))

    def begin(self):
        """Begin a step of a client that is idle."""
        client = self.dice.choice([c for c in self.clients if not (
            c.busy or c.flushes or c.away)])

        def step():
            yield from client.step()
            client.busy = False
        self.steps += 1
        client.busy, client.overlaps = True, bool(self.tasks)
        for other in self.clients:
            other.overlaps |= client.busy and other.busy and other is not client
        self.tasks.append(self.loop.spawn(step()))

    def ended(self):
        self.tasks = [t for t in self.tasks if not t.done]
        return not self.tasks

    def turn(self):
        """Begin a step, and others while it waits, until all have ended."""
        self.begin()
        now = time.monotonic()
        end, another = now + STEP_S, now + self.dice.choice([0, 0.1, 0.2, STEP_S])
        while not self.ended():
            if another > now:
                self.loop.pump(0.02)
            if time.monotonic() > another and len(self.tasks) < AT_ONCE and not self.ended():
                self.begin()
                another = time.monotonic() + 0.1
            self.renew()
            if time.monotonic() > end:
                raise Defect('a step does not end')

    def renew(self):
        for c in self.v4:
            if not c.away:
                self.loop.run(c.renew())

    def check(self):
        """Compare what there is with the model, of which some is looked at now and then."""
        self.m.reap(self.v3.shares)
        model_events.see_those_away(self)
        model_waits.check(self)
        self.m.check()
        self.watch.check(self.steps - self.checked == 1)
        model_checks.notices(self)
        self.checked = self.steps
        model_checks.listings(self)
        model_checks.learn(self)
        model_streams.check(self)
        if self.dice.random() < 0.3:
            for node in [n for n in self.m.nodes if n.fh3 and n.links]:
                if not node.seen or node.seen[1] != node.edits or self.dice.random() < 0.1:
                    model_checks.attributes(self, node)
        self.m.reap(self.v3.shares)
        if self.dice.random() < 0.2 and not any(c.to is not None for c in self.m.caches):
            model_checks.claims(self)
        self.renew()
        model_events.happen(self)

    def go(self, seconds):
        """Do steps for so long, and give back everything."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.loop.pump()
            self.turn()
            self.check()
        self.loop.until('all breaks are answered', lambda: not self.loop.tasks)
        model_events.all_here(self)
        model_waits.cancel_all(self)
        everyone = [*self.clients, self.watch]
        for c in everyone:
            self.loop.run(c.leave())
        model_checks.claims(self)
        for c in everyone:
            c.end()
        self.loop.close()

    def report(self, error):
        """What was done to the files that an error names, and last; what there is."""
        named = {*re.findall(r'(?:file|directory) \d+', str(error))}
        of_these = [line for line in self.m.log if any(re.search(rf'{x}\b', line) for x in named)]
        print(f'what was done to {", ".join(sorted(named)) or "no file"}:', *of_these[-REPORT:],
              sep='\n')
        print('the last steps:', *list(self.m.log)[-REPORT:], sep='\n')
        print('what the model has:', self.m.held(), sep='\n')
        print('what the server has:', self.w.server.ctl('lock', 'list'), sep='\n')
        print(f'seed {self.seed}, step {self.steps}; SEED={self.seed} begins the same steps')


@test(smb=True, locks='raw', clients=2, squash='none', fs='ext4', timeout=3 * SECONDS + 300)
def random_steps(w):
    """What clients of all protocols do at random has only outcomes that the model allows."""
    if not SECONDS:
        raise Skip('DITTO_MODEL says for how many seconds')
    os.chmod(w.export, 0o777)
    run = Run(w, int(os.environ.get('SEED') or time.strftime('%Y%m%d')))
    print(f'SEED={run.seed}')
    try:
        run.go(SECONDS)
    except BaseException as e:
        run.report(e)
        raise
    run.m.coverage.report(run.clients)
    print(f'{run.steps} steps with SEED={run.seed}')
    w.server.release_clients()
