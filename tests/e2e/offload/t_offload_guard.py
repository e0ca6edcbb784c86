# SPDX-License-Identifier: GPL-2.0-only
"""ditto-guard: a file whose data is elsewhere is never read as zeros, with or without the module."""
import contextlib
import errno
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import threading

import servers
from checks import eq, expect_errno, wait_for
from files import MIB, get, put
from harness import test
from leftovers import GUARDED_LIST
from machine import is_clean, machine
from processes import Child, process_stopped, run, stop_process
from servers import TOP
from store_files import content, offloaded
from stores import Store
from volumes import frozen, hanging, mount, mount_image, umount

RECORD = 'trusted.ditto.offload'
NOT_CLOSED = 'a reader of /proc/fs/ditto/guarded does not close it'
KINDS = {'ext4': '100m', 'xfs': '400m', 'btrfs': '200m'}


@contextlib.contextmanager
def guard(w, *directories, program=None):
    """Run the guard, from the moment on at which it watches what is mounted."""
    ready = f'{w.base}/ready{len(directories)}'
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(ready)
        p = subprocess.Popen([program or servers.tool('ditto-guard'), *directories],
                             env={**os.environ, 'NOTIFY_SOCKET': ready})
        s.settimeout(60)
        try:
            eq(s.recv(100), b'READY=1')
            yield p
        finally:
            p.kill()
            p.wait()
            os.unlink(ready)


def status(w):
    """Who guards what, by path."""
    said = json.loads(w.server.ctl('--json', 'status', check=False).stdout)
    return said['guard']['runs'], {m['path']: m['by'] for m in said['guard']['filesystems']}, said


def guarded_by(w, path, who):
    wait_for(f'{path} is guarded by {who}', lambda: status(w)[1].get(path) == who)


def stub(path, size=3 * MIB):
    """A file that looks as a release leaves it; its record is believed by nobody else."""
    put(path, b'', 0o755)
    os.truncate(path, size)
    os.setxattr(path, RECORD, b'DOFL' + bytes(60))
    return path


def known(*filesystems):
    """The list for the guard: type and directory of each."""
    lines = []
    for kind, where in filesystems:
        uuid = run('findmnt', '-n', '-o', 'UUID', where).strip()
        lines.append(f'{uuid} {kind} {where}\n')
    os.makedirs(os.path.dirname(GUARDED_LIST), exist_ok=True)
    put(f'{GUARDED_LIST}.test', ''.join(lines))
    os.rename(f'{GUARDED_LIST}.test', GUARDED_LIST)


def refused(path, whole):
    """The file is neither read nor written nor executed, by nobody; another one is."""
    for flags in (os.O_RDONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC, os.O_WRONLY | os.O_APPEND):
        with expect_errno(errno.EPERM):
            os.close(os.open(path, flags))
    os.chmod(path, 0o755)
    with expect_errno(errno.EPERM):
        subprocess.run([path], check=False)
    assert get(whole) == b'whole'


def without_module(w):
    """Stop serving, and unload the modules."""
    for share in list(w.server.shares):
        w.server.delete(share)
    for listener in w.server.listeners():
        w.server.call('LISTENER_DEL', ('LISTENER_ID', listener))
    w.server.helper_stop()
    w.server.unload()


@contextlib.contextmanager
def module_back(w, s, *shares):
    """Load the modules after a test, and serve again."""
    try:
        yield
    finally:
        w.server.load()
        w.server.key()
        w.server.helper_start(w.server.conf)
        s.ready()
        for name, where in shares:
            w.server.serve(name, where, offload=True)
        w.server.listen()


COPIERS = {
    'cp': 'cp {f} {to}/cp',
    'cp -a': 'cp -a {f} {to}/cpa',
    'cp --sparse': 'cp --sparse=always {f} {to}/cps',
    'mv': 'mv {f} {to}/mv',
    'rsync': 'rsync -aX {f} {to}/rsync',
    'tar': 'tar -C {dir} -cf {to}/tar f',
    'tar --sparse': 'tar -C {dir} --xattrs --sparse -cf {to}/tars f',
    'cat': 'cat {f} > {to}/cat',
    'dd': 'dd if={f} of={to}/dd',
}


def copies_fail(path, to):
    """Each program that copies says that it could not."""
    for name, line in COPIERS.items():
        line = line.format(f=path, dir=os.path.dirname(path), to=to)
        p = run('sh', '-c', line, check=False)
        assert p.returncode and 'not permitted' in p.stdout, (name, p.returncode, p.stdout)
        assert os.path.exists(path), name
    for folder, _, names in os.walk(to):
        for name in names:
            # An archive may have the name without data, but no file has zeros.
            assert bytes(MIB) not in get(f'{folder}/{name}'), name


CHECKS = {'ext4': ('e2fsck', '-fy'), 'xfs': ('xfs_repair',), 'btrfs': ('btrfs', 'check', '--repair',
                                                                       '--force')}


@test(smb=True, offload=True, timeout=600)
def without_the_module(w):
    """Pushed files of each file system are refused while no module is loaded, and whole again later."""
    s, data, disks = Store(w), content('x', 3 * MIB), {}
    for kind, size in KINDS.items():
        w.served_volume(kind, kind, size, offload=True)
        disks[kind] = w.volumes[-1]
        offloaded(s, f'{disks[kind].where}/f', data)
        put(f'{disks[kind].where}/g', b'whole', 0o644)
    shares = [('data', w.export), *((kind, disk.where) for kind, disk in disks.items())]
    with guard(w):
        for disk in disks.values():
            eq(status(w)[1][disk.where], 'ditto.ko', 'guarded by')
        with module_back(w, s, *shares):
            without_module(w)
            to = f'{w.base}/to'
            os.mkdir(to)
            for kind, disk in disks.items():
                path = f'{disk.where}/f'
                refused(path, f'{disk.where}/g')
                copies_fail(path, to)
                # Also what is mounted later, after a repair, is watched.
                disk.umount()
                run(*CHECKS[kind], disk.image, check=False)
                disk.mount()
                guarded_by(w, disk.where, 'ditto-guard')
                refused(path, f'{disk.where}/g')
            assert 'systemctl start ditto' in run('dmesg'), 'log'
        for disk in disks.values():
            guarded_by(w, disk.where, 'ditto.ko')
            m = w.client.mount(path=disk.where, vers='4.2')
            eq(get(f'{m}/f') == data, True, 'content over NFS')
            w.client.umount(m)
            eq(get(f'{disk.where}/f') == data, True, 'content')


@test(smb=True, offload=True, timeout=300)
def from_a_tape(w):
    """What was saved while nothing guarded it is no data where it is restored, to server and guard."""
    s, data = Store(w), content('x', 3 * MIB)
    w.served_volume('disk', size='100m', offload=True)
    disk = w.volumes[-1].where
    path, whole = offloaded(s, f'{disk}/f', data), put(f'{disk}/g', b'whole', 0o644)
    options, tape = ('--xattrs', '--xattrs-include=*'), f'{w.base}/tape'
    with module_back(w, s, ('data', w.export), ('disk', disk)):
        without_module(w)
        run('tar', '-C', disk, *options, '-cf', tape, 'f')
        for name in ('tar', 'rsync'):
            os.mkdir(f'{disk}/{name}')
        run('tar', '-C', f'{disk}/tar', *options, '-xf', tape)
        run('rsync', '-aX', path, f'{disk}/rsync/')
        with guard(w):
            for name in (path, f'{disk}/tar/f', f'{disk}/rsync/f'):
                refused(name, whole)
    m = w.client.mount(path=disk, vers='4.2')
    for where in (disk, m):
        eq(get(f'{where}/f') == data, True, 'content')
        for name in ('tar', 'rsync'):
            with expect_errno(errno.EIO):
                get(f'{where}/{name}/f')
    w.client.umount(m)


@test(smb=True, offload=True, timeout=300)
def handover(w):
    """From the end of the last share to the end of the module, there is no open between two guards."""
    s = Store(w)
    w.served_volume('disk', size='100m', offload=True)
    disk = w.volumes[-1].where
    path = offloaded(s, f'{disk}/f', content('x', 3 * MIB))
    with guard(w) as p, module_back(w, s, ('data', w.export), ('disk', disk)):
        guarded_by(w, disk, 'ditto.ko')
        # It is late, so the module waits for it.
        stop_process(p.pid)
        w.server.delete('disk')
        w.server.delete('data')
        for listener in w.server.listeners():
            w.server.call('LISTENER_DEL', ('LISTENER_ID', listener))
        w.server.helper_stop()
        run('rmmod', 'ditto_smb')
        run('rmmod', 'ditto_nfs')
        end = subprocess.Popen(['rmmod', 'ditto'])
        wait_for('the module ends', lambda: get('/sys/module/ditto/initstate') == b'going\n')
        with expect_errno(errno.EIO):
            get(path)
        p.send_signal(signal.SIGCONT)
        eq(end.wait(60), 0, 'rmmod')
        with expect_errno(errno.EPERM):
            get(path)
        eq(status(w)[1][disk], 'ditto-guard', 'guarded by')


@test(smb=True, offload=True, timeout=300)
def removed_and_unmounted(w):
    """When the last share is removed, its file system is watched already, and can be unmounted."""
    s = Store(w)
    w.served_volume('disk', size='100m', offload=True)
    disk = w.volumes[-1]
    path = offloaded(s, f'{disk.where}/f', content('x', MIB))
    with guard(w):
        for _ in range(30):
            w.server.delete('disk')
            eq(status(w)[1][disk.where], 'ditto-guard', 'guarded by')
            eq(readable(path), False, 'opened')
            disk.umount()
            disk.mount()
            guarded_by(w, disk.where, 'ditto-guard')
            w.server.add('disk', disk.where, offload=True)
            guarded_by(w, disk.where, 'ditto.ko')
        eq(get(path) == content('x', MIB), True, 'content')


@test(smb=True, offload=True, timeout=300)
def handover_of_a_dead_guard(w):
    """A guard that has ended does not keep the module; status tells that none runs."""
    s = Store(w)
    path = offloaded(s, w.path('f'), content('x', MIB))
    with guard(w) as p, module_back(w, s, ('data', w.export)):
        eq(status(w)[0], True, 'runs')
        p.kill()
        p.wait()
        runs, _, said = status(w)
        eq(runs, False, 'runs')
        assert any('ditto-guard does not run' in note for note in said['notes']), said['notes']
        without_module(w)
        eq(NOT_CLOSED in run('dmesg'), False, 'waited for')
    with guard(w) as p:
        # One at a time.
        eq(run(servers.tool('ditto-guard'), check=False).returncode, 1, 'a second one')
        eq(get(path) == content('x', MIB), True, 'content')


@test(smb=True, offload=True, timeout=300)
def handover_to_nobody(w):
    """Who has the module's file open and does not answer keeps neither shares nor the module."""
    s, data = Store(w), content('x', 3 * MIB)
    w.served_volume('disk', size='100m', offload=True)
    disk = w.volumes[-1].where
    path, whole = offloaded(s, f'{disk}/f', data), put(f'{disk}/g', b'whole', 0o644)
    shares = ('data', w.export), ('disk', disk)
    with guard(w) as p:
        with module_back(w, s, *shares):
            guarded_by(w, disk, 'ditto.ko')
            with process_stopped(p.pid):
                without_module(w)
            assert NOT_CLOSED in run('dmesg'), 'log'
            # It finds out when it goes on.
            guarded_by(w, disk, 'ditto-guard')
            refused(path, whole)
        guarded_by(w, disk, 'ditto.ko')
    run('dmesg', '--clear')
    with open('/proc/fs/ditto/guarded', 'rb', buffering=0) as reader, module_back(w, s, *shares):
        assert reader.read(100).startswith(b'ditto 1\n')
        without_module(w)
        assert NOT_CLOSED in run('dmesg'), 'log'
        with expect_errno(errno.EIO):
            reader.read(100)
    eq(get(path) == data, True, 'content')


@test(smb=True, offload=True, timeout=300)
def lost_list(w):
    """On a new system disk, a rebuild and dittod fill the list of file systems to watch."""
    s = Store(w)
    w.served_volume('disk', size='100m', offload=True)
    disk = w.volumes[-1].where
    offloaded(s, f'{disk}/f', content('x', MIB))
    listed = get(GUARDED_LIST)
    assert disk in listed.decode(), listed

    def notes():
        return [n for n in status(w)[2]['notes'] if 'ditto-guard does not know' in n]
    eq(notes(), [], 'notes')
    os.unlink(GUARDED_LIST)
    note, = notes()
    assert note.startswith('share disk: '), note
    s.tool('rebuild')
    eq(get(GUARDED_LIST), listed, 'after a rebuild')
    eq(notes(), [], 'notes after a rebuild')

    conf = w.server.conf
    os.mkdir(f'{disk}/more')
    # The first time dittod adds the share, which is there already the second time.
    for _ in range(2):
        os.unlink(GUARDED_LIST)
        w.server.helper_stop()
        w.server.helper_start(f'{conf}[share more]\npath = {disk}/more\noffload = yes\n')
        wait_for('it is listed', lambda: os.path.exists(GUARDED_LIST))
        eq(get(GUARDED_LIST), listed, 'with a share that offloads')
    w.server.helper_stop()
    w.server.helper_start(conf)
    wait_for('the share is gone', lambda: len(w.server.json('share', 'list')) == 2)


@test(smb=True, offload=True, timeout=300)
def shares_without_offload(w):
    """A share without the option, where the guard watches, is served as one with it."""
    s, data = Store(w), content('x', MIB)
    w.served_volume('disk', size='100m', offload=True)
    disk = w.volumes[-1].where
    for name in 'fg':
        offloaded(s, f'{disk}/{name}', data)
    with guard(w):
        w.server.delete('disk')
        guarded_by(w, disk, 'ditto-guard')
        w.server.add('disk', disk)
        guarded_by(w, disk, 'ditto.ko')
        m = w.client.mount(path=disk, vers='4.2')
        eq(get(f'{m}/f') == data, True, 'content over NFS')
        eq(get(f'{disk}/g') == data, True, 'content')
        w.client.umount(m)


@test(share=False, fs=None, timeout=300)
def copies_of_disks(w):
    """A copy of a disk that is mounted for a backup is watched, and its stubs can be listed."""
    disk = w.volume(f'{w.base}/disk', 'ext4', '100m')
    path, whole = stub(f'{disk.where}/f'), put(f'{disk.where}/g', b'whole', 0o644)
    os.mkdir(f'{disk.where}/d')
    stub(f'{disk.where}/d/a b[1]*')
    os.sync()
    run('cp', '--sparse=always', disk.image, f'{w.base}/copy.img')
    copy, to = f'{w.base}/copy', f'{w.base}/to'
    for name in (copy, to):
        os.mkdir(name)
    known(('ext4', disk.where))
    with guard(w):
        refused(path, whole)
        mount_image(f'{w.base}/copy.img', copy, 'ext4')
        guarded_by(w, copy, 'ditto-guard')
        refused(f'{copy}/f', f'{copy}/g')
    # Another machine, which has no list.
    os.unlink(GUARDED_LIST)
    assert get(f'{copy}/f') == bytes(3 * MIB), 'nothing guards it'
    tool = servers.tool('dittoctl')
    said = json.loads(run(tool, '--json', 'offload', 'check', copy))
    eq(sorted((x['path'], x['size']) for x in said),
       [(f'{copy}/d/a b[1]*', 3 * MIB), (f'{copy}/f', 3 * MIB)], 'listed')
    with guard(w, copy):
        refused(f'{copy}/f', f'{copy}/g')
        run('sh', '-c', f'{tool} offload check {copy} >{to}/list')
        run('tar', '-P', '--anchored', '--no-wildcards', f'--exclude-from={to}/list', '-cf',
            f'{to}/tar', copy)
        eq(sorted(os.path.basename(n) for n in run('tar', '-Ptf', f'{to}/tar').splitlines()
                  if not n.endswith('/')), ['g'], 'in the archive')
        run('sh', '-c', f"{tool} offload check --null . | sed -z 's,^\\.,,; s/[][*?\\\\]/\\\\&/g' | "
                        f'rsync -a --from0 --exclude-from=- ./ {to}/rsync', cwd=copy)
        eq([sorted(names) for _, _, names in os.walk(f'{to}/rsync')], [['g'], []], 'copied')
    umount(copy)
    eq(run(tool, 'offload', 'check', f'{w.base}/none', check=False).returncode, 1, 'no such folder')


@test(share=False, fs=None, timeout=300)
def what_is_mounted_where(w):
    """Bind mounts, overlays, and what is mounted after others, over others, and again."""
    disk = w.volume(f'{w.base}/disk', 'ext4', '100m')
    path, whole = stub(f'{disk.where}/f'), put(f'{disk.where}/g', b'whole', 0o644)
    known(('ext4', disk.where))
    disk.umount()
    with guard(w):
        eq(status(w)[1], {}, 'nothing is mounted')
        disk.mount()
        guarded_by(w, disk.where, 'ditto-guard')
        refused(path, whole)
        ovl, top = f'{w.base}/ovl', f'{w.base}/top'
        for name in (ovl, top):
            os.mkdir(name)
        mount('e2e', top, 'tmpfs')
        for name in 'uw':
            os.mkdir(f'{top}/{name}')
        mount('e2e', ovl, 'overlay', 0, f'lowerdir={disk.where},upperdir={top}/u,workdir={top}/w')
        for flags in (os.O_RDONLY, os.O_RDWR):
            with expect_errno(errno.EPERM):
                os.close(os.open(f'{ovl}/f', flags))
        umount(ovl)
        mount(disk.where, ovl, '', 4096)
        refused(f'{ovl}/f', f'{ovl}/g')
        # Its first place is hidden, and what hides it has another file system.
        mount(top, disk.where, '', 4096)
        refused(f'{ovl}/f', f'{ovl}/g')
        umount(disk.where)
        umount(ovl)
        for _ in range(3):
            disk.umount()
            disk.mount()
            guarded_by(w, disk.where, 'ditto-guard')
            wait_for('it is watched', lambda: not readable(path))
        umount(top)


def readable(path):
    try:
        get(path)
        return True
    except OSError as e:
        assert e.errno in (errno.EPERM, errno.EIO), e
        return False


@test(share=False, fs=None, timeout=300)
def hostile(w):
    """Many opens at once, a hung file system and a frozen one let no open pass, nor wait."""
    disk, other = (w.volume(f'{w.base}/{name}', 'ext4', '100m') for name in ('disk', 'other'))
    path, whole = stub(f'{disk.where}/f'), put(f'{disk.where}/g', b'whole', 0o644)
    second = stub(f'{other.where}/f')
    os.mkdir(f'{disk.where}/hung')
    known(('ext4', disk.where), ('ext4', other.where))
    fuse = hanging(f'{disk.where}/hung')
    # Its own file is in a file system that waits for its answers, as on a root with stubs.
    program = shutil.copy(servers.tool('ditto-guard'), disk.where)
    with guard(w, program=program) as p:
        def flood():
            passed = 0
            for _ in range(300):
                passed += readable(path)
                get(whole)
            return passed
        many = [Child(flood) for _ in range(20)]
        eq([child.join() for child in many], [0] * 20, 'opens that passed')
        # While it cannot answer, all wait, more than a queue with a limit has room for.
        os.kill(p.pid, signal.SIGSTOP)
        wait_for('it stopped', lambda: 'T' in open(f'/proc/{p.pid}/stat').read().rsplit(')')[1][:3])
        passed = []
        threads = [threading.Thread(target=lambda: passed.append(readable(path)))
                   for _ in range(200)]
        for t in threads:
            t.start()
        os.kill(p.pid, signal.SIGCONT)
        for t in threads:
            t.join()
        eq(passed, [False] * 200, 'opens that waited')
        with frozen(other.where):
            for one in (path, second):
                with expect_errno(errno.EPERM):
                    get(one)
        # What was asked about is not kept open.
        for _ in range(50):
            eq(readable(second), False, 'opened')
            other.umount()
            other.mount()
            guarded_by(w, other.where, 'ditto-guard')
        # Leases that nobody gives back hold up the opens of their files alone, and of these none.
        signal.signal(signal.SIGIO, signal.SIG_IGN)
        names = [put(f'{disk.where}/leased{i}', b'whole', 0o644) for i in range(8)]
        leased = [os.open(name, os.O_RDWR) for name in names]
        for fd in leased:
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        eq([readable(name) for name in names], [False] * 8, 'opens of leased files')
        eq(get(whole), b'whole')
        for fd in leased:
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
            os.close(fd)
        eq([readable(name) for name in names], [True] * 8, 'opens after that')
    os.close(fuse)
    umount(f'{disk.where}/hung')


READER = """[Unit]
After=local-fs.target

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'cat /srv/data/f >/var/early 2>/var/early.err; echo $? >/var/early.status'

[Install]
WantedBy=basic.target
"""


@test(server='ditto', share=False, fs=None, timeout=300)
def at_boot(w):
    """A unit that starts with all others finds the guard there, with no module and no dittod."""
    with machine(w) as m:
        image = m.path('/var/data.img')
        volume = w.volume(f'{w.base}/made', 'ext4', '64m', image)
        stub(f'{volume.where}/f')
        uuid = run('findmnt', '-n', '-o', 'UUID', volume.where).strip()
        volume.umount()
        w.volumes.remove(volume)
        os.mkdir(m.path('/srv/data'))
        put(m.path('/etc/fstab'), '/var/data.img /srv/data ext4 loop 0 0\n')
        w.server.unload()
        m.start('sleep', 'infinity')
        m.run('make', '-s', '-o', 'all', '-C', f'{TOP}/userspace', 'install')
        m.kill()
        put(m.path('/etc/systemd/system/early.service'), READER)
        os.makedirs(m.path('/var/lib/ditto'), exist_ok=True)
        put(m.path(GUARDED_LIST), f'{uuid} ext4 /srv/data\n')
        for name, target in (('early', 'basic'), ('ditto-guard', 'sysinit')):
            folder = m.path(f'/etc/systemd/system/{target}.target.wants')
            os.makedirs(folder, exist_ok=True)
            os.symlink('/usr/local/lib/systemd/system/ditto-guard.service' if name != 'early' else
                       '/etc/systemd/system/early.service', f'{folder}/{name}.service')
        m.boot()
        eq(get(m.path('/var/early.status')).strip() != b'0', True, 'cat failed')
        eq(get(m.path('/var/early')), b'', 'what it read')
        assert b'not permitted' in get(m.path('/var/early.err'))
        said = json.loads(m.run('dittoctl', '--json', 'status', check=False).stdout)
        eq(said['guard'], {'runs': True, 'filesystems': [
            {'path': '/srv/data', 'id': uuid, 'by': 'ditto-guard'}]}, 'status')
        # It comes back by itself.
        m.run('systemctl', 'kill', '-s', 'KILL', 'ditto-guard')
        wait_for('it runs again', lambda: json.loads(m.run(
            'dittoctl', '--json', 'status', check=False).stdout)['guard']['runs'])
        p = m.run('cat', '/srv/data/f', check=False)
        eq(p.returncode, 1, p.stdout[:100])
        m.power_off()
        assert 'ordering cycle' not in m.said(), m.said()
        is_clean(image)
    w.server.load()
