# SPDX-License-Identifier: GPL-2.0-only
"""Well-behaved clients beside an attack: they must go on working.

A bystander mounts the share over NFSv4.1 and over SMB 3.1.1 with the kernel's clients and
repeats one unit of work: create a file, write 4 KiB, read them back, stat, remove. Windows
without and with the attack follow each other in one boot, so that both meet the same machine.

The attacker is a program on another machine in the real case. Here it shares the guest's CPU:
it runs niced, and the time that its own processes used is not held against the server.
"""
import contextlib
import glob
import os
import resource
import time

from checks import SLOW, wait_for
from files import put
from processes import Child

# Seconds of one window. The long form is for `make check-attack`.
LONG = os.environ.get('DITTO_ATTACK') == 'long'
WINDOW = (10 if LONG else 2) * SLOW
# Windows are tried again where the machine itself was slow meanwhile.
ROUNDS = 10
NICE = 10
# A latency below this is the guest's scheduler, whatever it was without the attack.
FLOOR_S = 0.1


class Result:
    """Measurements of a bystander in one window."""

    def __init__(self, times, seconds):
        self.times, self.seconds = sorted(times), seconds

    @property
    def rate(self):
        return len(self.times) / self.seconds

    @property
    def p99(self):
        return self.times[min(len(self.times) - 1, len(self.times) * 99 // 100)] if self.times else 0

    def __repr__(self):
        return f'{self.rate:.0f}/s, p99 {1000 * self.p99:.1f} ms'


def unit(folder, data):
    path = f'{folder}/bystander'
    put(path, data)
    with open(path, 'rb') as f:
        if f.read() != data:
            raise AssertionError(f'{path}: not what was written')
    os.stat(path)
    os.unlink(path)


def work(folder, seconds):
    """Repeat the unit of work for this many seconds; an error of any unit fails the test."""
    data, times = os.urandom(4096), []
    start = now = time.monotonic()
    while now < start + seconds:
        unit(folder, data)
        now, before = time.monotonic(), now
        times.append(now - before)
    return times, now - start


def attacker(attack, until):
    """Run the attack; return the seconds of CPU that it took."""
    os.nice(NICE)
    attack(until)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


class Attack:
    """Runs a function of the time.monotonic() at which it must end, beside a block."""

    def __init__(self, attack, seconds):
        self.attack, self.seconds, self.cpu, self.child = attack, seconds, 0, None

    def __enter__(self):
        self.child = Child(attacker, self.attack, time.monotonic() + self.seconds)
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.child.kill()
        else:
            self.cpu = self.child.join()

    @property
    def share(self):
        """The attack's part of the guest's CPU."""
        return min(self.cpu / self.seconds, 0.9)


def window(folders, seconds):
    """Run all bystanders at once; return a Result of each by its name."""
    children = {name: Child(work, folder, seconds) for name, folder in folders.items()}
    return {name: Result(*child.join()) for name, child in children.items()}


def fits(calm, attacked, share):
    """No wait was long, and the throughput is half of what the rest of the CPU allows.

    Half is just what a server gives that is as fair to the attacker as to the others, so only
    long windows on a machine without other work can tell it from less.
    """
    return (attacked.p99 <= max(10 * calm.p99, FLOOR_S * SLOW) and
            (not LONG or attacked.rate >= calm.rate * (1 - share) / 2))


def mounts(client, smb=True):
    """Mount the share for a client by each protocol, each with a folder of its own."""
    where = {'nfs': client.mount(vers='4.1')}
    if smb:
        where['smb'] = client.mount_smb()
    for name, top in where.items():
        local = client.world.path(name)
        os.makedirs(local, exist_ok=True)
        os.chmod(local, 0o777)
        where[name] = f'{top}/{name}'
    return where


def survives(client, attack, smb=True, settle=0.3):
    """The client's work goes on while another machine attacks.

    Nothing that it asks for fails, its p99 stays below ten times its own, and in the long form
    it keeps half of its throughput. settle is how many seconds the attack has before the window begins.
    """
    folders = mounts(client, smb)
    window(folders, 0.2)  # caches are warm
    said = []
    for _ in range(ROUNDS):
        calm = window(folders, WINDOW)
        with Attack(attack, WINDOW + settle) as attacking:
            time.sleep(settle)
            attacked = window(folders, WINDOW)
        said.append(f'calm {calm}, attacked {attacked}, attacker {attacking.share:.0%} of the CPU')
        print(said[-1])
        if all(fits(calm[name], attacked[name], attacking.share) for name in folders):
            return
    raise AssertionError('the well-behaved client was kept from its work:\n' + '\n'.join(said))


def survives_long(client, attack, **kw):
    """The same, in the long form only: the short one checks by other means that others work."""
    if LONG:
        survives(client, attack, **kw)


def shrink_caches():
    """Free slabs without objects, and the freed objects that KASAN keeps to find late uses."""
    for shrink in glob.glob('/sys/kernel/slab/*/shrink'):
        with contextlib.suppress(OSError), open(shrink, 'w', encoding='ascii') as f:
            f.write('1')


def kernel_memory():
    """Bytes that the kernel cannot give back by itself."""
    with open('/proc/sys/vm/drop_caches', 'w', encoding='ascii') as f:
        f.write('2')
    shrink_caches()
    with open('/proc/meminfo', encoding='ascii') as f:
        fields = dict(line.split(':') for line in f)
    return sum(int(fields[name].split()[0]) << 10
               for name in ('SUnreclaim', 'VmallocUsed', 'KernelStack', 'Percpu'))


@contextlib.contextmanager
def memory_returns(slack=8 << 20, seconds=30):
    """The kernel frees after the block the memory that it took in it."""
    before = kernel_memory()
    yield
    wait_for(f'kernel memory is back at {before >> 20} MiB',
             lambda: kernel_memory() <= before + slack, seconds)
