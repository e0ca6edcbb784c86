# SPDX-License-Identifier: GPL-2.0-only
"""A machine that systemd starts and powers off, with the units that are installed."""
import contextlib
import fcntl
import json
import os
import shutil
import signal

import fault_points
import smb
from checks import SLOW, eq, wait_for
from fault_points import stopped
from files import get, pattern, put
from harness import test
from machine import in_order, is_clean, machine
from processes import Child, run
from servers import TOP
from stores import PROXY_PORT, start_disk_store
from volumes import Volume
from writers import progress, writer

WHERE, IMAGE, OTHER = '/srv/data', '/var/data.img', '/tmp/other'
CONF = f"""[server]
grace-s = 10
[listener nfs]
[listener smb]
[share data]
path = {WHERE}
mountpoint = yes
squash = root-to-admin
allow = any
"""


@contextlib.contextmanager
def serving(w):
    """A machine that runs, with the programs and units as "make install" leaves them."""
    smb.make_users(w.server)
    with machine(w) as m:
        made = f'{w.base}/made'
        volume = Volume(made, 'ext4', '64m', m.path(IMAGE))
        os.chmod(made, 0o777)
        volume.umount()
        os.mkdir(m.path(WHERE))
        put(m.path('/etc/fstab'), f'{IMAGE} {WHERE} ext4 loop 0 0\n')
        m.boot()
        m.run('mkdir', OTHER)
        m.run('make', '-s', '-o', 'all', '-C', f'{TOP}/userspace', 'install')
        put(m.path('/etc/ditto/ditto.conf'), CONF)
        shutil.copy(smb.USERS_FILE, m.path(smb.USERS_FILE))
        m.run('systemctl', 'enable', '--now', 'ditto')
        yield m


@test(server='ditto', share=False, fs=None, timeout=300)
def power_off(w):
    """Power off while clients write: shares are withdrawn first, then all go on."""
    done = f'{w.base}/done'
    with serving(w) as host:
        image = host.path(IMAGE)
        w.server.shares['data'] = (WHERE, {})
        wait_for('the share', lambda: w.server.json('share', 'list'))
        m = w.client.mount(WHERE, vers='4.1')
        over_smb = w.client.mount_smb()
        put(f'{over_smb}/kept', pattern(1, 100000))
        child = writer(m, done)
        with open(f'{m}/locked', 'wb', buffering=0) as f:
            fcntl.lockf(f, fcntl.LOCK_EX)
            wait_for('the writer is at work', lambda: progress(done) >= 5)
            host.power_off()
            acknowledged = progress(done)
            in_order(host.said(), 'Stopping ditto.service', 'Stopped ditto.service',
                     'Stopping dittod.service', 'Stopped dittod.service',
                     'Unmounted srv-data.mount')
            is_clean(image)
            eq(w.server.json('share', 'list'), [])

            w.server.unload()
            host.boot()
            f.write(b'still mine')
        wait_for('the writer goes on', lambda: progress(done) > acknowledged + 5, 90 * SLOW)
        put(f'{done}.stop')
        for i in range(child.join()):
            eq(get(f'{m}/w{i}') == pattern(i, 40000), True, f'file {i}')
        eq(get(f'{over_smb}/kept') == pattern(1, 100000), True, 'over SMB')
        for path in (m, over_smb):
            w.client.umount(path)
        host.power_off()
        is_clean(image)
        del w.server.shares['data']


@test(server='ditto', share=False, fs=None, timeout=300)
def reload(w):
    """A reload applies what has no mistakes, fails if there are some, and names them."""
    more = f'{CONF}[share other]\npath = {OTHER}\n'

    def shares():
        return sorted(one['name'] for one in w.server.json('share', 'list'))

    def reloaded(conf, *words):
        """Use a configuration; the reload names these mistakes."""
        put(m.path('/etc/ditto/ditto.conf'), conf)
        p = m.run('systemctl', 'reload', 'dittod', check=False)
        eq(p.returncode != 0, bool(words), 'it failed')
        for word in words:
            wait_for(f'the journal names {word}', lambda word=word: word in m.said())

    def problems():
        said = m.run('dittoctl', '--json', 'status', check=False).stdout
        return {p['subject'] for p in json.loads(said)['problems']}
    with serving(w) as m:
        wait_for('the share', lambda: shares() == ['data'])
        reloaded(f'{more}[tls]\ncertificate = /etc/ditto/none.pem\nprivate-key = /etc/ditto/none.key\n',
                 f'[tls]: /etc/ditto/none.pem')
        wait_for('the rest is applied', lambda: shares() == ['data', 'other'])
        eq(problems(), {'tls'}, 'problems')
        # What cannot be read as a whole changes nothing.
        reloaded(f'{CONF}[share wrong]\n', 'share wrong')
        wait_for('the mistake is told', lambda: 'configuration' in problems())
        eq(shares(), ['data', 'other'], 'shares')
        reloaded(CONF)
        wait_for('all is applied', lambda: shares() == ['data'] and not problems())
        m.power_off()


def touch_modules(m, field='srcversion', text='0' * 20):
    """Other builds of the modules, as after an upgrade of their package; returns the text."""
    tree = m.path(f'/lib/modules/{os.uname().release}/updates')
    for name in ('ditto', 'ditto_nfs', 'ditto_smb'):
        path = f'{tree}/{name}.ko'
        module = get(path)
        at = module.index(f'\0{field}='.encode()) + len(field) + 2
        put(path, module[:at] + text.encode() + module[at + len(text):])
    return text


def renumber_modules(m):
    """Another version of the modules is installed."""
    with open(f'{TOP}/net/version.h', encoding='ascii') as f:
        number = next(line.split('"')[1] for line in f if 'DITTO_VERSION' in line).encode()
    for name in ('ditto', 'ditto_nfs', 'ditto_smb'):
        path = m.path(f'/lib/modules/{os.uname().release}/updates/{name}.ko')
        module = get(path)
        assert number + b'\0' in module, name
        put(path, module.replace(number + b'\0', number[:-1] + b'x\0'))


def version(name='ditto_nfs'):
    """Which build of a module serves."""
    return get(f'/sys/module/{name}/srcversion').decode()


def upgrade_by(m, *words, status=0):
    """Returns what dittoctl says."""
    p = m.run(*words, 'dittoctl', 'upgrade', '--discard', check=False)
    eq(p.returncode, status, p.stdout)
    return p.stdout


@test(server='ditto', share=False, fs=None, timeout=300)
def upgrade_that_would_fail(w):
    """Modules that the kernel would refuse are named before anything is stopped."""
    release = os.uname().release
    with serving(w) as m:
        wait_for('the share', lambda: w.server.json('share', 'list'))
        old, began = version(), m.run('systemctl', 'show', '-P', 'MainPID', 'dittod')
        touch_modules(m)
        touch_modules(m, 'vermagic', '5')
        said = upgrade_by(m, status=1)
        assert f'built for the kernel 5{release[1:]}' in said and f'-k {release}' in said, said
        # The kernel does not compare the release if symbols have versions.
        touch_modules(m, 'vermagic', '5 modversions ')
        # As with Secure Boot.
        m.run('mount', '-t', 'tmpfs', 'tmpfs', '/sys/kernel')
        m.run('mkdir', '/sys/kernel/security')
        m.run('sh', '-c', 'echo "none [integrity] confidentiality" >/sys/kernel/security/lockdown')
        said = upgrade_by(m, status=1)
        assert 'ditto_smb is not signed' in said and 'README' in said, said
        m.run('umount', '/sys/kernel')
        os.rename(m.path(f'/lib/modules/{release}/updates/ditto_smb.ko'), m.path('/root/smb.ko'))
        m.run('depmod')
        said = upgrade_by(m, status=1)
        assert 'ditto_smb is not installed' in said, said
        eq((version(), m.run('systemctl', 'show', '-P', 'MainPID', 'dittod')), (old, began),
           'what serves')
        m.power_off()
    w.server.unload()
    w.server.load()


@test(server='ditto', share=False, fs=None, timeout=300)
def upgrade_of_an_old_core(w):
    """Modules of another version do not load over a core that stays; a second upgrade goes on."""
    def protocols():
        return [name for name in ('ditto_nfs', 'ditto_smb') if os.path.exists(f'/sys/module/{name}')]
    with serving(w) as m:
        wait_for('the share', lambda: w.server.json('share', 'list'))
        old = version('ditto')
        mark = touch_modules(m)
        renumber_modules(m)
        put(m.path('/root/fault'), b'upgrade-unused')
        child = Child(lambda: upgrade_by(m, 'env', 'DITTO_FAULTS=/root/fault', status=1))
        # The program that entered the machine stops and goes on with its child.
        wait_for('nothing uses the modules', lambda: stopped('dittoctl') and stopped('nsenter'))
        put(m.path('/root/fault'))
        with open(fault_points.KERNEL, 'rb'):
            for pid in stopped('nsenter'):
                os.kill(pid, signal.SIGCONT)
            said = child.join()
        for words in 'ditto cannot be unloaded', '--discard', 'not all modules can be loaded: see dmesg':
            assert words in said, said
        eq((version('ditto'), protocols()), (old, []), 'modules')
        log = run('dmesg')
        for name in 'ditto_nfs', 'ditto_smb':
            assert f'{name}: version' in log and 'dittoctl upgrade' in log, log[-2000:]
        eq(m.run('systemctl', 'is-active', 'dittod').strip(), 'active', 'dittod')
        # The unit wants them, too.
        m.run('systemctl', 'restart', 'dittod')
        eq((version('ditto'), protocols()), (old, []), 'modules after a restart of dittod')
        # Somebody uses the core still: nothing is said to serve.
        with open(fault_points.KERNEL, 'rb'):
            said = upgrade_by(m, status=1)
        assert 'no module was replaced' in said and 'served on' not in said, said
        # What is missing has to fit, too.
        touch_modules(m, 'vermagic', '5')
        assert 'ditto_smb is built for' in upgrade_by(m, status=1)
        touch_modules(m, 'vermagic', os.uname().release)
        eq((version('ditto'), protocols()), (old, []), 'modules after that')
        upgrade_by(m)
        for name in 'ditto', 'ditto_nfs', 'ditto_smb':
            assert version(name).startswith(mark), name
        wait_for('all is served', lambda: len(w.server.json('listener', 'list')) == 2)
        m.power_off()
    w.server.unload()
    w.server.load()


@test(server='ditto', share=False, fs=None, timeout=300)
def upgrade_of_one_protocol(w):
    """A server without the module of SMB is upgraded, too; another version is another build."""
    with serving(w) as m:
        put(m.path('/etc/ditto/ditto.conf'), CONF.replace('[listener smb]\n', ''))
        m.run('systemctl', 'reload', 'dittod')
        wait_for('NFS alone is served', lambda: w.server.json('share', 'list') and
                 [x['protocol'] for x in w.server.json('listener', 'list')] == ['nfs'])
        wait_for('SMB goes', lambda: not m.run('modprobe', '-r', 'ditto_smb',
                                               check=False).returncode)
        eq(m.run('dittoctl', 'upgrade', '--check', check=False).returncode, 0, 'the same build')
        renumber_modules(m)
        os.rename(m.path(f'/lib/modules/{os.uname().release}/updates/ditto_smb.ko'),
                  m.path('/root/smb.ko'))
        m.run('depmod')
        eq(m.run('dittoctl', 'upgrade', '--check', check=False).returncode, 3, 'another version')
        upgrade_by(m)
        for name in 'ditto', 'ditto_nfs':
            assert get(f'/sys/module/{name}/version').endswith(b'x\n'), name
        assert not os.path.exists('/sys/module/ditto_smb')
        wait_for('all is served', lambda: w.server.json('share', 'list') and
                 w.server.json('listener', 'list'))
        m.power_off()
    w.server.unload()
    w.server.load()


@test(server='ditto', share=False, fs=None, timeout=300)
def upgrade_under_offloaded_files(w):
    """Files that clients have open and whose data is in a store are read after an upgrade."""
    objects, data = f'{w.base}/objects', {name: pattern(i, 3000000) for i, name in enumerate('abc')}

    def drop_caches():
        put('/proc/sys/vm/drop_caches', b'1')
    os.mkdir(objects)
    start_disk_store(w.server_ns, f'{w.base}/store', objects)
    with serving(w) as m:
        for name in 'credentials', 'key':
            shutil.copy(f'{w.base}/store/{name}', m.path(f'/etc/ditto/cold.{name}'))
        put(m.path('/etc/ditto/ditto.conf'), CONF.replace(f'path = {WHERE}\n', f'''path = {WHERE}
offload = on
offload-store = cold
''') + f'''[store cold]
endpoint = http://127.0.0.1:{PROXY_PORT}
bucket = bucket
credentials-file = /etc/ditto/cold.credentials
key-file = /etc/ditto/cold.key
''')
        # In a container it does not know the threads of the kernel that open files for clients, and
        # refuses these until it has seen that the file system is served again.
        m.run('systemctl', 'mask', '--now', 'ditto-guard')
        m.run('systemctl', 'reload', 'dittod')
        wait_for('the share', lambda: w.server.json('share', 'list'))
        w.server.shares['data'] = (WHERE, {})
        mounted = w.client.mount(WHERE, vers='4.1')
        for name, content in data.items():
            put(f'{mounted}/{name}', content, 0o666)

        def pushed():
            p = m.run('dittoctl', '--json', 'offload', 'push', WHERE, check=False)
            said = json.loads(p.stdout or '{}')
            return not p.returncode and said['done'] + said['skipped'] == 3

        def offloaded():
            rows = json.loads(m.run('dittoctl', '--json', 'offload', 'status', WHERE))
            return sum(row['offloaded'] for row in rows)
        wait_for('all are offloaded', pushed, 60)
        eq(offloaded(), 3, 'files without data')
        mark = touch_modules(m)
        with open(f'{mounted}/a', 'rb', buffering=0) as a, open(f'{mounted}/b', 'r+b', buffering=0) as b:
            fcntl.lockf(b, fcntl.LOCK_EX)
            drop_caches()
            eq(a.read(4096) == data['a'][:4096], True, 'a part that came back')
            upgrade_by(m)
            assert version().startswith(mark), version()
            # The client has nothing of the others, either: only the store does.
            drop_caches()
            eq(offloaded(), 2, 'files without data after it')
            eq(a.read() == data['a'][4096:], True, 'the rest')
            eq(b.read() == data['b'], True, 'what was not here')
            b.write(b'more')
        eq(get(f'{mounted}/c') == data['c'], True, 'what nobody had open')
        eq(offloaded(), 0, 'files without data at the end')
        eq(get(f'{mounted}/b') == data['b'] + b'more', True, 'what was written')
        w.client.umount(mounted)
        m.power_off()
        del w.server.shares['data']
    w.server.unload()
    w.server.load()


@test(server='ditto', share=False, fs=None, timeout=300)
def upgrade(w):
    """Other modules are taken into use under clients, and nothing is lost that was not saved."""
    def upgraded(*words, status=0):
        p = m.run('dittoctl', 'upgrade', *words, check=False)
        eq(p.returncode, status, p.stdout)
        return p.stdout

    def noted(words='dittoctl upgrade'):
        said = m.run('dittoctl', '--json', 'status', check=False).stdout
        return [note for note in json.loads(said)['notes'] if words in note]
    with serving(w) as m:
        w.server.shares['data'] = (WHERE, {})
        wait_for('the share', lambda: w.server.json('share', 'list'))
        # A newer kernel is installed, for which DKMS has built nothing.
        os.makedirs(m.path('/var/lib/dkms/ditto'), exist_ok=True)
        os.mkdir(m.path('/lib/modules/99.1-test'))
        put(m.path('/lib/modules/99.1-test/modules.dep'))
        eq(noted('99.1-test'), [], 'notes')
        put(m.path('/boot/vmlinuz-99.1-test'))
        eq(len(noted('99.1-test')), 1, 'notes')
        put(m.path('/lib/modules/99.1-test/modules.dep'), 'updates/dkms/ditto.ko.xz:\n')
        eq(noted('99.1-test'), [], 'notes')

        old = version()
        upgraded('--check')
        upgraded()
        eq(noted(), [], 'notes')
        mark = touch_modules(m)
        upgraded('--check', status=3)
        eq(len(noted()), 1, 'notes')
        mounted = w.client.mount(WHERE, vers='4.1')
        with open(f'{mounted}/locked', 'wb', buffering=0) as f:
            fcntl.lockf(f, fcntl.LOCK_EX)
            w.server.ctl('share', 'set', 'data', 'comment', 'for all')
            assert 'config save' in upgraded(status=1)
            # A process has a file of the module.
            with open(fault_points.KERNEL, 'rb'):
                assert 'no module was replaced' in upgraded('--discard', status=1)
            eq(version(), old, 'the module that serves')
            m.run('dittoctl', 'config', 'save')
            upgraded()
            assert version().startswith(mark), version()
            f.write(b'still mine')
            eq(noted(), [], 'notes')
        eq(w.server.json('share', 'list')[0]['comment'], 'for all', 'comment')
        w.client.umount(mounted)
        m.power_off()
        del w.server.shares['data']
    w.server.unload()
    w.server.load()
