# SPDX-License-Identifier: GPL-2.0-only
"""A machine that the commands of the README have made a server, and a client that holds locks."""
import contextlib
import fcntl
import json
import os
import shutil

import netlink
import smb
from checks import eq, wait_for
from documents import known_blocks
from files import get, put
from machine import ENV, type_password
from processes import run
from servers import TOP
from volumes import MNT_DETACH, Volume, umount

# The README's addresses.
SERVER, CLIENT = '192.0.2.1', '192.0.2.2'
IMAGE = '/var/data.img'
# Packages are here already, without a network; they must be those that tests/deps installs.
APT_GET = """#!/bin/sh
[ "$1" = install ] || exit 1
shift
dpkg-query -W -f '${Package} ${Status}\\n' "$@" >/dev/null
"""
# The modules are those of this guest, which take long to make.
MAKE = """#!/bin/sh
exec /usr/bin/make -s -o modules KDIR="$(cat /root/kdir)" "$@"
"""
TRY_LOCKS = """import fcntl, sys
for path in sys.argv[1:]:
    try:
        fcntl.lockf(open(path, 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB)
        print('granted')
    except (BlockingIOError, PermissionError):
        print('refused')
"""


def appliance():
    """The blocks of the section "On an appliance" by what they are for."""
    return known_blocks('README.md', 'On an appliance', {
        'install': 'apt-get install', 'share': 'dittoctl listener', 'mount': 'mount -t nfs',
        'file': 'cat >/etc/ditto/ditto.conf'})


def sources(m):
    """What make and apt-get would do is done already, but for what "make install" does."""
    out = run(f'{TOP}/tests/vm/build-modules', os.environ['DITTO_VM'],
              env={**os.environ, 'DITTO_NOBUILD': '1'}).splitlines()[-1]
    src = f'{os.path.dirname(out)}/src'
    # It names them by their paths.
    shutil.copy(f'{src}/modules.order', m.path(f'{TOP}/modules.order'))
    os.makedirs(m.path('/root/bin'), exist_ok=True)
    put(m.path('/root/kdir'), get(f'{os.path.dirname(out)}/kernel').strip())
    put(m.path('/root/bin/apt-get'), APT_GET, 0o755)
    put(m.path('/root/bin/make'), MAKE, 0o755)


@contextlib.contextmanager
def addresses(w):
    """Server and client have the addresses and names that the README uses."""
    for ns, address, device in ((w.server_ns, SERVER, 'veth1'), (w.client, CLIENT, 'eth0')):
        netlink.bring_up(ns, device, [f'{address}/24'])
    hosts = get('/etc/hosts')
    lines = [line for line in hosts.decode().splitlines() if not line.endswith(' server')]
    put('/etc/hosts', '\n'.join([*lines, f'{SERVER} server', '']))
    try:
        yield
    finally:
        put('/etc/hosts', hosts)


@contextlib.contextmanager
def acts_as(uid):
    """Files are opened by a user of the client."""
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)


def disk(w, m):
    """A file system that is mounted where the README's share lies. Returns its image."""
    image = m.path(IMAGE)
    Volume(f'{w.base}/made', 'ext4', '64m', image).umount()
    os.makedirs(m.path('/srv/data'))
    put(m.path('/etc/fstab'), f'{IMAGE} /srv/data ext4 loop 0 0\n')
    return image


class Hour:
    """The machine, its client, and the steps."""

    def __init__(self, w, m):
        self.w, self.m, self.text = w, m, appliance()
        w.server.unload()
        shutil.rmtree('/etc/ditto', ignore_errors=True)

    def shell(self, script):
        """Run commands in a shell of the machine, in the folder of the sources."""
        path = f'/root/bin:{ENV["PATH"]}'
        return self.m.run('env', f'PATH={path}', 'bash', '-eu', '-c', f'cd {TOP}\n{script}')

    def install(self, skip=''):
        """Install everything, without a line."""
        lines = self.text['install'].replace('\\\n', ' ').splitlines()
        script = [line for line in lines if not skip or not line.startswith(skip)]
        eq(len(lines) - len(script), 1 if skip else 0, f'lines that start with {skip}')
        self.shell('\n'.join(script))
        self.shell('id ditto')

    def alice(self):
        """The account that the README gives a password."""
        self.shell('id alice || useradd --uid 3000 --no-create-home alice')
        return int(self.shell('id -u alice'))

    def share(self, text):
        """The commands that add a share and a user."""
        for line in text.splitlines():
            if 'dittoctl user add' not in line:
                self.shell(line)
                continue
            words = self.m.inside('bash', '-c', line)
            type_password(self.w.server_ns, words, 'alice', smb.USERS['alice'], ENV)

    def mount(self, kind, where, options=''):
        """A mount of the README, elsewhere and with more options than there."""
        line, = [line for line in self.text['mount'].splitlines() if f'-t {kind} ' in line]
        line = line.split('#')[0].strip().replace(' /mnt', f' {where}')
        if options:
            line = line.replace(f'-t {kind} ', f'-t {kind} -o {options} ')
        os.makedirs(where, exist_ok=True)
        self.w.client.run('sh', '-c', line, env={**ENV, 'PASSWD': smb.USERS['alice']})
        if where != '/mnt':
            self.w.client.mounts.append(where)
        return where

    @contextlib.contextmanager
    def mounted(self, kind):
        """The mount of the README, as it is there."""
        self.mount(kind, '/mnt')
        try:
            yield '/mnt'
        finally:
            umount('/mnt', MNT_DETACH)

    def status(self):
        """What "dittoctl status" tells, and its exit status."""
        p = self.m.run('dittoctl', '--json', 'status', check=False)
        return p.returncode, json.loads(p.stdout)

    def serves(self):
        """Wait until the status has nothing to complain about."""
        wait_for(f'all is served: {self.status()}', lambda: self.status()[0] == 0, 60)


def locked(path, uid):
    """A file with a lock of a user."""
    with acts_as(uid):
        f = open(path, 'w+b', buffering=0)
        f.write(b'one')
        fcntl.lockf(f, fcntl.LOCK_EX)
    return f


def still_mine(f, uid, text):
    """Write to a file, as soon as the server answers again. True if it worked."""
    with acts_as(uid), contextlib.suppress(OSError):
        f.write(text)
        os.fsync(f.fileno())
        return True
    return False


def keep_out(m, files):
    """A process of the machine gets none of the locks, whether the server knows them or, where the
    client has a delegation or a lease, has to ask for them."""
    said = m.run('python3', '-c', TRY_LOCKS, *(f'/srv/data/of-{name}' for name in files))
    eq(said.split(), ['refused'] * len(files), 'locks of the machine itself')


def readable(path):
    with contextlib.suppress(OSError):
        return get(path) == b'nfs'
    return False
