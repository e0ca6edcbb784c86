# SPDX-License-Identifier: GPL-2.0-only
"""A machine that systemd starts and powers off, with the units that are installed."""
import contextlib
import fcntl
import json
import os
import shutil
import subprocess

import smb
from harness import SLOW, Volume, eq, get, pattern, put, run, test, wait_for
from servers import TOP
from t_life import progress, writer

UNITS = '/usr/local/lib/systemd/system'
CONF = """[server]
grace-s = 10
[listener nfs]
[listener smb]
[share data]
path = {where}
mountpoint = yes
squash = root-to-admin
allow = any
"""
# What a machine wants that serves; that of Debian would start whatever is installed here.
TARGET = """[Unit]
Requires=basic.target
Wants=dittod.service ditto.service
After=dittod.service ditto.service
"""
# Process 1 of a container, which has the files of this machine and its own processes.
# It must not see what clients have mounted, and would wait for.
INIT = """for mount; do umount -l "$mount" || exit 1; done
mount -t proc proc /proc &&
mount -t tmpfs -o mode=755 tmpfs /run &&
umount -l /sys/fs/cgroup &&
mount -t cgroup2 cgroup2 /sys/fs/cgroup &&
exec env -i container=e2e PATH="$PATH" \
	/lib/systemd/systemd --unit=e2e.target --show-status=no
"""
JOURNAL = '/var/log/journal'



class Machine:
    """Process 1 and what it starts, in the server's network namespace."""

    def __init__(self, w):
        self.w, self.process, self.init = w, None, None

    def boot(self):
        self.process = self.w.server_ns.spawn(
            'unshare', '--pid', '--mount', '--cgroup', '--fork', '--kill-child', 'sh', '-c', INIT,
            'sh', *self.w.client.mounts)
        wait_for('systemd runs', lambda: 'systemd' in run(
            'pgrep', '-l', '-P', str(self.process.pid), check=False).stdout)
        self.init = run('pgrep', '-P', str(self.process.pid)).strip()
        wait_for('systemd started all units', self.has_started, 90 * SLOW)

    def has_started(self):
        assert self.process.poll() is None, f'systemd ended: {self.said()}'
        p = self.run('systemctl', 'is-active', 'e2e.target', check=False)
        return p.stdout == 'active\n'

    @staticmethod
    def said():
        """What systemd and its services have written."""
        return run('journalctl', '-D', JOURNAL, '-o', 'cat', '--no-pager')

    def run(self, *args, **kw):
        """Run a program in the container."""
        return self.w.server_ns.run('nsenter', '-t', self.init, '--pid', '--mount', *args, **kw)

    def power_off(self):
        self.run('systemctl', 'poweroff')
        self.process.wait(180 * SLOW)


@contextlib.contextmanager
def installed(w, where, image):
    """The programs and units as "make install" leaves them, and a file system to serve.

    The programs were made before; on the machine they may just be made once more.
    """
    kept = {name: get(name) for name in ('/etc/fstab', '/etc/machine-id') if os.path.exists(name)}
    # Without it systemd thinks that this machine starts for the first time.
    put('/etc/machine-id', f'{"0123456789abcdef" * 2}\n'.encode())
    os.makedirs(JOURNAL, exist_ok=True)
    run('make', '-s', '-o', 'all', '-C', f'{TOP}/userspace', 'install')
    put('/etc/ditto/ditto.conf', CONF.format(where=where).encode())
    put('/etc/fstab', f'{image} {where} ext4 loop 0 0\n'.encode())
    put(f'{UNITS}/e2e.target', TARGET.encode())
    try:
        yield Machine(w)
    finally:
        for name in ('/etc/fstab', '/etc/machine-id'):
            os.unlink(name)
        for name, data in kept.items():
            put(name, data)
        os.unlink(f'{UNITS}/e2e.target')
        run('make', '-s', '-C', f'{TOP}/userspace', 'uninstall')
        for path in ('/etc/ditto', '/var/lib/ditto', JOURNAL):
            shutil.rmtree(path)


def in_order(said, *sentences):
    """All sentences were written, one behind the other."""
    at = -1
    for sentence in sentences:
        at = said.find(sentence, at + 1)
        assert at >= 0, f'"{sentence}" is not there, or too early:\n{said}'


def is_clean(image):
    """The file system was unmounted, and nothing has it any more."""
    eq(run('losetup', '-j', image), '', 'loop devices')
    features = run('dumpe2fs', '-h', image)
    assert 'needs_recovery' not in features and 'state:         clean' in features, features
    run('e2fsck', '-fn', image)


@test(server='ditto', share=False, fs=None, timeout=300)
def power_off(w):
    """Power off while clients write: shares are withdrawn first, then all go on."""
    where, image, done = f'{w.base}/served', f'{w.base}/served.img', f'{w.base}/done'
    volume = Volume(where, 'ext4', '64m', image)
    os.chmod(where, 0o777)
    volume.umount()
    with installed(w, where, image) as machine:
        machine.boot()
        smb.make_users(w.server)
        w.server.shares['data'] = (where, {})
        m = w.client.mount(where, vers='4.1')
        over_smb = w.client.mount_smb()
        put(f'{over_smb}/kept', pattern(1, 100000))
        child = writer(m, done)
        with open(f'{m}/locked', 'wb', buffering=0) as f:
            fcntl.lockf(f, fcntl.LOCK_EX)
            wait_for('the writer is at work', lambda: progress(done) >= 5)
            machine.power_off()
            acknowledged = progress(done)
            in_order(machine.said(), 'Stopping ditto.service', 'Stopped ditto.service',
                     'Stopping dittod.service', 'Stopped dittod.service', 'served.mount - /tmp')
            is_clean(image)
            eq(w.server.json('share', 'list'), [])

            w.server.unload()
            machine.boot()
            f.write(b'still mine')
        wait_for('the writer goes on', lambda: progress(done) > acknowledged + 5, 90 * SLOW)
        put(f'{done}.stop')
        for i in range(child.join()):
            eq(get(f'{m}/w{i}') == pattern(i, 40000), True, f'file {i}')
        eq(get(f'{over_smb}/kept') == pattern(1, 100000), True, 'over SMB')
        for path in (m, over_smb):
            w.client.umount(path)
        machine.power_off()
        is_clean(image)
        del w.server.shares['data']


@test(server='ditto', share=False, fs=None, timeout=300)
def reload(w):
    """A reload applies what has no mistakes, fails if there are some, and names them."""
    where, image = f'{w.base}/served', f'{w.base}/served.img'
    Volume(where, 'ext4', '64m', image).umount()
    other = f'{w.base}/other'
    os.mkdir(other)
    good = CONF.format(where=where)
    more = f'{good}[share other]\npath = {other}\n'

    def shares():
        return sorted(one['name'] for one in w.server.json('share', 'list'))

    def reloaded(conf, *words):
        """Use a configuration; the reload names these mistakes."""
        put('/etc/ditto/ditto.conf', conf.encode())
        p = machine.run('systemctl', 'reload', 'dittod', check=False)
        eq(p.returncode != 0, bool(words), 'it failed')
        for word in words:
            wait_for(f'the journal names {word}', lambda word=word: word in machine.said())

    def problems():
        said = machine.run('dittoctl', '--json', 'status', check=False).stdout
        return {p['subject'] for p in json.loads(said)['problems']}
    with installed(w, where, image) as machine:
        machine.boot()
        wait_for('the share', lambda: shares() == ['data'])
        reloaded(f'{more}[tls]\ncertificate = {w.base}/none.pem\nprivate-key = {w.base}/none.key\n',
                 f'[tls]: {w.base}/none.pem')
        wait_for('the rest is applied', lambda: shares() == ['data', 'other'])
        eq(problems(), {'tls'}, 'problems')
        # What cannot be read as a whole changes nothing.
        reloaded(f'{good}[share wrong]\n', 'share wrong')
        wait_for('the mistake is told', lambda: 'configuration' in problems())
        eq(shares(), ['data', 'other'], 'shares')
        reloaded(good)
        wait_for('all is applied', lambda: shares() == ['data'] and not problems())
        machine.power_off()
