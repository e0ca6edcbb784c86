# SPDX-License-Identifier: GPL-2.0-only
"""A machine as it is after the installation of Debian: a root of its own, which nothing is left of.

Its files are an overlay over those of the guest, without units that others have enabled. It is in
the server's network namespace, or another one, and has processes and mounts of its own.
"""
import contextlib
import glob
import os
import shutil
import subprocess
import termios

from checks import SLOW, wait_for
from files import put
from processes import run
from volumes import MNT_DETACH, mount, umount

ENV = {'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': '/root',
       'LANG': 'C.UTF-8', 'TERM': 'dumb'}
# What a login needs, and what looks at devices, which a container has none of.
MASKED = ('getty.target', 'systemd-logind.service', 'systemd-firstboot.service')
UNITS, GENERATORS = '/etc/systemd/system', '/lib/systemd/system-generators'
JOURNAL = '/var/log/journal'
# Enters the root, where nothing of the guest is mounted, such as what clients have.
ENTER = """cd "$0" &&
mount -t proc proc proc &&
mount -t sysfs sysfs sys &&
mount -t cgroup2 cgroup2 sys/fs/cgroup &&
mount --bind /dev dev &&
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts dev/pts &&
mount -t tmpfs -o mode=755 tmpfs run &&
mount -t tmpfs -o mode=1777 tmpfs tmp &&
pivot_root . . && umount -l . && cd / && exec "$@"
"""
SYSTEMD = ('env', '-i', 'container=e2e', f'PATH={ENV["PATH"]}', '/lib/systemd/systemd',
           '--show-status=no')


class Machine:
    """The machine, whose process 1 is systemd, or another program that stays."""

    def __init__(self, w, name, ns=None):
        self.w, self.root, self.ns = w, f'{w.base}/{name}', ns or w.server_ns
        self.process = self.init = None
        for name in ('', '.upper', '.work'):
            os.mkdir(f'{self.root}{name}')
        mount('e2e', self.root, 'overlay', 0,
              f'lowerdir=/,upperdir={self.root}.upper,workdir={self.root}.work')
        self._make_bare()

    def path(self, name):
        """Path of one of its files, as it is outside of it and of what is mounted there."""
        return f'{self.root}{name}'

    def _make_bare(self):
        for program in ('dittoctl', 'dittod'):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path(f'/usr/local/sbin/{program}'))
        for folder in glob.glob(self.path(f'{UNITS}/*.wants')):
            for unit in os.listdir(folder):
                if not unit.startswith('rpcbind.'):
                    os.unlink(f'{folder}/{unit}')
        for folder in glob.glob(self.path('/etc/rc?.d')):
            shutil.rmtree(folder)
        os.makedirs(self.path('/etc/systemd/system-generators'), exist_ok=True)
        for name in os.listdir(self.path(GENERATORS)):
            if name != 'systemd-fstab-generator':
                os.symlink('/dev/null', self.path(f'/etc/systemd/system-generators/{name}'))
        for name in MASKED:
            os.symlink('/dev/null', self.path(f'{UNITS}/{name}'))
        # Without it systemd thinks that this machine starts for the first time.
        put(self.path('/etc/machine-id'), f'{"0123456789abcdef" * 2}\n')
        put(self.path('/etc/fstab'))
        os.makedirs(self.path(JOURNAL), exist_ok=True)

    def start(self, *program):
        """Start process 1."""
        self.process = self.ns.spawn(
            'unshare', '--pid', '--mount', '--cgroup', '--fork', '--kill-child', 'sh', '-c', ENTER,
            self.root, *program)
        name = os.path.basename(program[0] if program[0] != 'env' else program[4])
        wait_for(f'{name} runs', lambda: name in run(
            'pgrep', '-l', '-P', str(self.process.pid), check=False).stdout.split())
        self.init = run('pgrep', '-P', str(self.process.pid)).strip()

    def boot(self):
        """Let systemd start all that is enabled."""
        self.start(*SYSTEMD)
        wait_for('systemd started all units', self._has_started, 90 * SLOW)

    def _has_started(self):
        assert self.process.poll() is None, f'systemd ended: {self.said()}'
        p = self.run('systemctl', 'is-system-running', check=False)
        return p.stdout.strip() in ('running', 'degraded')

    def said(self):
        """What systemd and its services have written."""
        return run('journalctl', '-D', self.path(JOURNAL), '-o', 'cat', '--no-pager')

    def inside(self, *args):
        """A command line that runs the command in the machine."""
        return ('nsenter', '-t', self.init, '--pid', '--mount', *args)

    def run(self, *args, **kw):
        """Run a program in the machine."""
        return self.ns.run(*self.inside(*args), env=ENV, **kw)

    def power_off(self):
        self.run('systemctl', 'poweroff')
        self.process.wait(180 * SLOW)

    def kill(self):
        """End process 1, and so all others."""
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def machine(w, name='machine', ns=None):
    """A machine that does not run yet."""
    one = Machine(w, name, ns)
    try:
        yield one
    finally:
        if one.process and one.process.poll() is None:
            one.kill()
        umount(one.root, MNT_DETACH)


def in_order(said, *sentences):
    """All sentences were written, one behind the other."""
    at = -1
    for sentence in sentences:
        at = said.find(sentence, at + 1)
        assert at >= 0, f'"{sentence}" is not there, or too early:\n{said}'


def is_clean(image):
    """The file system was unmounted, and nothing has it any more."""
    assert not run('losetup', '-j', image), 'a loop device is left'
    features = run('dumpe2fs', '-h', image)
    assert 'needs_recovery' not in features and 'state:         clean' in features, features
    run('e2fsck', '-fn', image)


def type_password(ns, args, name, password, env):
    """Run a program that asks a terminal for a user's new password, twice."""
    typist, terminal = os.openpty()
    with ns:
        p = subprocess.Popen(args, stdin=terminal, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, env=env)
    text = b''
    for prompt in (f'{name}: ', 'Again: '):
        while not text.endswith(prompt.encode()):
            some = os.read(p.stdout.fileno(), 4096)
            assert some, text.decode()
            text += some
        # What is typed before is thrown away.
        wait_for('nothing is shown', lambda: not termios.tcgetattr(terminal)[3] & termios.ECHO)
        os.write(typist, f'{password}\n'.encode())
    text += p.stdout.read()
    assert p.wait() == 0, text.decode()
    for fd in (typist, terminal):
        os.close(fd)
