# SPDX-License-Identifier: GPL-2.0-only
"""Clients of all protocols do random things to the same files, as a model allows.

The clients speak NFSv3 with NLM, NFSv4.0, 4.1, 4.2 and SMB 3.1.1 (model_nfs.py, model_nfs4.py,
model_smb.py). They do one step at a time; while one waits, others begin theirs. Each compares
what comes of it with the model (model_claims.py), and all that can be seen of the files is
compared with it in between (model_checks.py).

DITTO_MODEL is the length in seconds, without which nothing is run, and SEED the seed.
"""
import os
import random
import time

import model_checks
import truth
from harness import SLOW, Skip, test
from model_claims import Model
from model_loop import Defect, Loop
from model_nfs import Nfs3
from model_nfs4 import Nfs4
from model_smb import Smb

SECONDS = float(os.environ.get('DITTO_MODEL', '0'))
AT_ONCE = 3                 # steps, at most
STEP_S = 60 * SLOW          # until a step has ended
REPORT = 50                 # lines


class Run:
    """The clients and their steps, which a seed decides except for the server's part."""

    def __init__(self, w, seed):
        self.w, self.seed, self.dice, self.loop = w, seed, random.Random(seed), Loop()
        self.m, self.tasks, self.steps = Model(truth.matrix()), [], 0
        a, b = w.clients
        args = self.m, self.loop, self.dice
        self.v3, self.v42 = Nfs3(a, 'NFSv3', *args), Nfs4(a, 2, 'NFSv4.2', *args)
        self.v4 = [Nfs4(a, 0, 'NFSv4.0', *args), Nfs4(b, 1, 'NFSv4.1', *args), self.v42]
        self.nfs, root = [self.v3, *self.v4], self.m.root
        root.fileid = self.loop.run(self.v3.attributes(root)).attrs['fileid']
        self.clients = [*self.nfs, Smb(a, 'SMB-1', *args), Smb(b, 'SMB-2', *args)]

    def begin(self):
        """Begin a step of a client that is idle."""
        client = self.dice.choice([c for c in self.clients if not (c.busy or c.flushes)])

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
        end, another = now + STEP_S, now + self.dice.choice([0.1, 0.2, STEP_S])
        while not self.ended():
            self.loop.pump(0.02)
            if time.monotonic() > another and len(self.tasks) < AT_ONCE and not self.ended():
                self.begin()
                another = time.monotonic() + 0.1
            if time.monotonic() > end:
                raise Defect('a step does not end')

    def check(self):
        """Compare what there is with the model, of which some is looked at now and then."""
        self.m.check()
        model_checks.listings(self)
        model_checks.learn(self)
        if self.dice.random() < 0.3:
            for node in [n for n in self.m.nodes if n.fh3 and n.links]:
                if not node.seen or node.seen[1] != node.edits or self.dice.random() < 0.1:
                    model_checks.attributes(self, node)
        self.m.reap(self.v3.shares)
        if self.dice.random() < 0.2 and not any(c.to is not None for c in self.m.caches):
            model_checks.claims(self)
        for c in self.v4:
            self.loop.run(c.renew())

    def go(self, seconds):
        """Do steps for so long, and give back everything."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.loop.pump()
            self.turn()
            self.check()
        self.loop.until('all breaks are answered', lambda: not self.loop.tasks)
        for c in self.clients:
            self.loop.run(c.leave())
        model_checks.claims(self)
        for c in self.clients:
            c.end()
        self.loop.close()

    def report(self):
        """What was done last, what the model has, and what the server has."""
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
    w.server.ctl('server', 'set', 'recall-pause-s', '0')
    run = Run(w, int(os.environ.get('SEED') or time.strftime('%Y%m%d')))
    print(f'SEED={run.seed}')
    try:
        run.go(SECONDS)
    except BaseException:
        run.report()
        raise
    print(f'{run.steps} steps with SEED={run.seed}')
    w.server.release_clients()
