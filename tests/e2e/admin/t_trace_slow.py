# SPDX-License-Identifier: GPL-2.0-only
"""dittoctl trace slow: which calls were slow, whose, on what file, and what they waited for."""
import contextlib
import json
import subprocess
import time

import json_schema
import nfs3
import smb2
from checks import eq, wait_for
from files import get
from harness import test
from helper_files import helper, offloaded
from one_file import setup
from processes import Child
from servers import tool
from smb2 import Smb2
from smb_cachers import H, R, W, key, later, two

PHASES = ('queue', 'break', 'range', 'helper', 'data', 'run', 'sched', 'sleep', 'send')
# So long, in seconds, somebody lets others wait.
LATE = 0.5
# A clock of ticks, and rounding.
NS = (LATE - 0.05) * 1e9
TRACERS = 8


class Trace:
    """A running dittoctl trace slow."""

    number = 0

    def __init__(self, w, *options):
        Trace.number += 1
        self.path = f'{w.base}/trace-{Trace.number}.log'
        with open(self.path, 'wb') as log:
            self.process = w.server_ns.spawn(tool('dittoctl'), 'trace', 'slow', *options,
                                             stdout=log)

    def text(self):
        return get(self.path).decode()

    def told(self):
        """The documents whose lines are complete."""
        return [json.loads(line) for line in self.text().splitlines(True) if line.endswith('\n')]

    def call(self, phase, **members):
        """Wait for a call with these members that was long in a phase."""
        def found():
            return next((d for d in self.told() if 'calls' not in d and d[f'{phase}_ns'] >= NS and
                         members.items() <= d.items()), None)
        wait_for(f'a call with {phase}', found)
        return found()

    def end(self):
        self.process.terminate()
        eq(self.process.wait(), 0, 'exit status')


@contextlib.contextmanager
def tracing(w, n, *options):
    """Trace all calls; it has begun when a call of @n was told."""
    trace = Trace(w, '--over', '0', *options)
    wait_for('the trace', lambda: n.getattr(n.root) and trace.text())
    try:
        yield trace
    finally:
        if trace.process.poll() is None:
            trace.end()


def whole(call):
    """Check that the phases of a call are all of its time."""
    eq(sum(call[f'{p}_ns'] for p in PHASES), call['total_ns'], call)


def late_ack(holder, lease):
    """Answer a break late."""
    of, _, left, wanted, _ = holder.broken()
    eq((of, wanted), (lease, True))
    time.sleep(LATE)
    holder.ack(lease, left)


@test(smb=True, clients=2)
def late_break(w):
    """An NFS write and an SMB open that wait for leases of SMB name their holders."""
    w.server.ctl('server', 'set', 'break-wait-ms', '10000')
    holder, other, n, fh = two(w)
    schema = json_schema.load('dittoctl.json')['$defs']['trace slow']
    with tracing(w, n, '--json') as trace:
        holder.open('f', key=key(1), state=R | W | H)
        write = later(n, 'write', fh, 0, b'NEW')
        late_ack(holder, key(1))
        eq(write.join(), nfs3.OK)
        call = trace.call('break', protocol='nfs3', operation='WRITE')
        whole(call)
        eq((call['share'], call['path'], call['address'], call['holder_protocol']),
           ('data', w.path('f'), w.client.addr, 'smb'))
        assert call['holder_client'], call

        holder.open('g', key=key(2), state=R | W | H)
        number = other.opening('g')
        late_ack(holder, key(2))
        other.opened(number)
        call = trace.call('break', protocol='smb', operation='create')
        whole(call)
        eq((call['share'], call['path'], call['address'], call['holder_protocol']),
           ('data', w.path('g'), w.clients[-1].addr, 'smb'))
        assert call['user'], call
        trace.end()
        *calls, total = trace.told()
    for document in [*calls, total]:
        json_schema.check(document, schema)
    eq(total['calls'], len(calls))
    eq(total['total_ns'], sum(c['total_ns'] for c in calls))
    whole(total)
    assert total['break_ns'] >= 2 * NS, total
    holder.end()
    other.end()


@test(smb=True)
def locked_range(w):
    """A LOCK that waits tells whose range it waits for."""
    a, n, _ = setup(w)
    b = Smb2(w.client)
    with tracing(w, n, '--json') as trace:
        mine, theirs = a.create('f'), b.create('f')
        a.lock(mine, 0, 10)
        number = b.wait_lock(theirs, 5, 1)
        time.sleep(LATE)
        a.unlock(mine, 0, 10)
        eq(b.answer(number)[0], smb2.OK)
        call = trace.call('range', protocol='smb', operation='lock')
        whole(call)
        eq((call['share'], call['holder_protocol'], bool(call['holder_client'])),
           ('data', 'smb', True))
    a.end()
    b.end()


@test(offload=True)
def absent_data(w):
    """A read of an offloaded file tells that it waited for its data."""
    w.server.ctl('server', 'set', 'offload-read-ahead', '0')
    with helper(w, lambda request: 'hold', 60000) as h:
        offloaded(w, h, 'f')
        n, other = w.client.nfs(timeout=60), w.client.nfs(timeout=60)
        fh = n.lookup(n.root, 'f').fh
        with tracing(w, other, '--json') as trace:
            read = Child(lambda: n.read(fh, 0, 100).status)
            wait_for('the question', lambda: h.requests)
            time.sleep(LATE)
            h.go()
            eq(read.join(), nfs3.OK)
            call = trace.call('data', protocol='nfs3', operation='READ')
            whole(call)
            eq((call['share'], call['path']), ('data', w.path('f')))


@test(smb=True)
def for_people(w):
    """Each call is a line, and the last line says where the time went."""
    _, n, fh = setup(w)
    with tracing(w, n) as trace:
        eq(n.write(fh, 0, b'x').status, nfs3.OK)
        wait_for('the WRITE', lambda: 'nfs3 WRITE' in trace.text())
        line = next(x for x in trace.text().splitlines() if 'nfs3 WRITE' in x)
        for word in (w.client.addr, 'data', w.path('f'), 'run '):
            assert word in line, f'{word} is not in {line}'
        # of a COMPOUND, what took the longest
        mount = w.client.mount(vers='4.2')
        with open(f'{mount}/f', 'rb') as f:
            f.read()
        wait_for('NFSv4', lambda: any(
            'nfs4 ' in x and w.path('f') in x for x in trace.text().splitlines()))
        trace.end()
    assert ' calls took at least 0 ms, together ' in trace.text().splitlines()[-1], trace.text()
    text = w.server.ctl('trace', 'slow', '--over', '86400000', '--for', '1')
    eq(text.startswith('0 calls took at least 86400000 ms'), True, text)
    for words in (('--over',), ('--over', 'x'), ('--for', '0'), ('more',)):
        eq(w.server.ctl('trace', 'slow', *words, check=False).returncode, 2, words)


@test(smb=True)
def several(w):
    """Two trace at a time, with limits of their own, and nothing is left of those that were killed."""
    _, n, _ = setup(w)
    with tracing(w, n, '--json') as trace:
        other = w.server_ns.spawn(tool('dittoctl'), 'trace', 'slow', '--over', '86400000', '--for',
                                  '2', '--json', stdout=subprocess.PIPE)
        eq(n.getattr(n.root).status, nfs3.OK)
        eq(json.loads(other.communicate()[0])['calls'], 0)
        for _ in range(TRACERS + 1):
            with tracing(w, n, '--json') as another:
                another.process.kill()
                another.process.wait()
        with contextlib.ExitStack() as more:
            others = [more.enter_context(tracing(w, n)) for _ in range(TRACERS - 1)]
            why = w.server.ctl('trace', 'slow', '--for', '1', check=False)
            eq(why.returncode, 1, why.stdout)
            assert 'trace slow calls already' in why.stdout, why.stdout
            for one in others:
                one.process.kill()
                one.process.wait()
        w.server.ctl('trace', 'slow', '--for', '1')
        seen = len(trace.told())
        n.getattr(n.root)
        wait_for('the trace goes on', lambda: len(trace.told()) > seen)
    # when nobody traces, calls are served as before
    eq(n.getattr(n.root).status, nfs3.OK)


@test(smb=True)
def stranger(w):
    """Only the administrator may trace."""
    p = w.server.ns.run('setpriv', '--reuid=1001', '--regid=1001', '--clear-groups',
                        tool('dittoctl'), 'trace', 'slow', '--for', '1', check=False)
    eq((p.returncode, 'calls took' in p.stdout), (1, False), p.stdout)
