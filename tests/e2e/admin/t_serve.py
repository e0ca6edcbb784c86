# SPDX-License-Identifier: GPL-2.0-only
"""Serving on a machine with other servers: what is started, stopped, kept and reported."""
import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import time

import nfs3
import rpc
import servers
from checks import eq, wait_for
from files import get, pattern, put
from harness import test
from nfs3 import sattr
from processes import Child, process_stopped, run, stop_process
from raw_helper import Helper
from servers import rpcbind
from volumes import MNT_DETACH, Volume, frozen, hanging, mount, umount
from writers import progress, writer

PMAP, PMAP_SET, PMAP_UNSET = 100000, 1, 2
TCP, UDP = socket.IPPROTO_TCP, socket.IPPROTO_UDP


def pmap(w, proc, prog, vers, proto, port):
    """Make one call to the server's rpcbind from its own machine."""
    c = rpc.Rpc(w.server_ns, '127.0.0.1', 111)
    r = c.call(PMAP, 2, proc, rpc.Enc().u32(prog, vers, proto, port).bytes())
    c.close(abort=True)
    eq((r.stat, rpc.Dec(r.body).u32()), (rpc.SUCCESS, 1), f'rpcbind, {prog} version {vers}')


def entries(w):
    """Registrations as (program, version, transport): port."""
    out = w.server_ns.run('rpcinfo', '-p', '127.0.0.1')
    return {tuple(line.split()[:3]): line.split()[3] for line in out.splitlines()[1:]}


def del_listeners(w):
    for listener in w.server.json('listener', 'list'):
        w.server.ctl('listener', 'del', str(listener['id']))


@test(server='ditto', share=False, clients=1)
def rpcbind_of_others(w):
    """Registrations of other servers are never removed or replaced."""
    daemon = rpcbind(w)
    s = w.server
    pmap(w, PMAP_SET, 100021, 4, TCP, 4567)
    pmap(w, PMAP_SET, 100024, 1, UDP, 4568)
    theirs = {('100021', '4', 'tcp'): '4567', ('100024', '1', 'udp'): '4568'}
    before = entries(w)
    said = s.ctl('listener', 'add', 'nfs')
    assert 'rpcbind keeps program' in said, said
    have = entries(w)
    eq({k: have.get(k) for k in theirs}, theirs, 'while it serves')
    eq(have.get(('100003', '3', 'tcp')), '2049')
    eq(have.get(('100005', '3', 'tcp')), '2049')
    # one that came later and took an entry over
    pmap(w, PMAP_UNSET, 100005, 3, 0, 0)
    pmap(w, PMAP_SET, 100005, 3, TCP, 4569)
    s.ctl('listener', 'add', 'nfs', 'udp')
    del_listeners(w)
    theirs['100005', '3', 'tcp'] = '4569'
    eq(entries(w), {**before, **theirs}, 'after it served')
    daemon.terminate()
    daemon.wait()


@test(server='ditto', share=False, clients=1, timeout=180)
def rpcbind_started_anew(w):
    """Lost registrations are made again after rpcbind restarts or another server leaves."""
    s = w.server

    def own():
        return {k: v for k, v in entries(w).items() if k[0] not in ('100000',)}

    s.ctl('listener', 'add', 'nfs')
    daemon = rpcbind(w)
    eq(own(), {}, 'it came later')
    s.ctl('server', 'set', 'threads', '5')
    before = own()
    eq(before.get(('100003', '3', 'tcp')), '2049')
    s.ctl('server', 'set', 'threads', '5')
    eq(own(), before, 'nothing is there twice')

    # one that is killed forgets; with -w it would read what it wrote when it ended
    daemon.kill()
    daemon.wait()
    daemon = w.server_ns.spawn('rpcbind', '-f')
    wait_for('rpcbind', lambda: w.server_ns.run('rpcinfo', '-p', '127.0.0.1',
                                                check=False).returncode == 0)
    eq(own(), {}, 'forgotten')
    pmap(w, PMAP_SET, 100005, 3, TCP, 4569)
    s.helper_start('[listener nfs]\n')
    wait_for('registered again', lambda: own() == {**before, ('100005', '3', 'tcp'): '4569'},
             seconds=100)
    pmap(w, PMAP_UNSET, 100005, 3, 0, 0)
    wait_for('given back', lambda: own() == before, seconds=100)
    s.helper_stop()
    del_listeners(w)
    eq(own(), {}, 'after it served')
    daemon.terminate()
    daemon.wait()


def is_waiting(pid):
    """Whether a process waits in the kernel, a moment from now."""
    time.sleep(0.01)
    return get(f'/proc/{pid}/stat').rpartition(b')')[2].split()[0] == b'D'


def waiting_update(s):
    """The process of a change of settings that waits for rpcbind, which is stopped."""
    update = s.ns.spawn(servers.tool('dittoctl'), 'server', 'set', 'threads', '5')
    wait_for('the update waits for rpcbind', lambda: all(is_waiting(update.pid)
                                                         for _ in range(20)))
    return update


@test(server='ditto', share=False, clients=1)
def rpcbind_update_is_killed(w):
    """Registrations are removed although the process of an update was killed."""
    daemon = rpcbind(w)
    before = entries(w)
    s = w.server
    s.ctl('listener', 'add', 'nfs')
    with process_stopped(daemon.pid):
        update = waiting_update(s)
        update.kill()
        update.wait()
    del_listeners(w)
    eq(entries(w), before)
    daemon.terminate()
    daemon.wait()


@test(server='ditto', share=False, clients=1, timeout=90)
def rpcbind_hangs(w):
    """While rpcbind hangs, settings are changed, and listeners and clients are listed."""
    daemon = rpcbind(w)
    before = entries(w)
    s = w.server
    s.ctl('listener', 'add', 'nfs')
    with process_stopped(daemon.pid):
        update = waiting_update(s)
        # the protocol's own, of the same task, and those of others
        eq(s.setting('threads'), 5)
        others = s.ns.spawn('sh', '-c', f'{servers.tool("dittoctl")} listener list && '
                            f'{servers.tool("dittoctl")} connection list && '
                            f'{servers.tool("dittoctl")} client list', stdout=subprocess.DEVNULL)
        wait_for('the lists', lambda: others.poll() == 0)
        # this one waits for the other to tell rpcbind, and is effective before
        second = s.ns.spawn(servers.tool('dittoctl'), 'server', 'set', 'threads', '6')
        wait_for('another change', lambda: s.setting('threads') == 6)
        eq((update.poll(), second.poll()), (None, None))
        for one in (second, update):
            one.kill()
            one.wait()
    del_listeners(w)
    eq(entries(w), before)
    daemon.terminate()
    daemon.wait()


@test(server='ditto', share=False)
def port_of_another(w):
    """A port in use is reported with its owner, whose registrations stay."""
    daemon = rpcbind(w)
    pmap(w, PMAP_SET, 100003, 3, TCP, 2049)
    pmap(w, PMAP_SET, 100003, 4, TCP, 2049)
    before = entries(w)
    with w.server_ns:
        other = socket.create_server(('', 2049))
    said = w.server.refused('listener', 'add', 'nfs')
    assert f'port 2049 is in use by run (process {os.getpid()})' in said, said
    w.server.helper_start('[listener nfs]\n')
    wait_for('the helper tells it', lambda: 'port 2049 is in use by another server'
             in w.server.helper_log())
    eq(entries(w), before, 'what rpcbind knows')
    w.server.helper_stop()
    other.close()
    w.server.ctl('listener', 'add', 'nfs')
    eq(w.client.connect().call(nfs3.NFS, 3, 0).stat, rpc.SUCCESS)
    del_listeners(w)
    daemon.terminate()
    daemon.wait()


def health(w):
    """Exit status and output of dittoctl status."""
    for _ in range(10):
        p = w.server.ctl('status', '--json', check=False)
        text = w.server.ctl('status', check=False)
        # else it changed in between
        if text.returncode == p.returncode:
            break
    told = json.loads(p.stdout)
    eq(text.returncode, p.returncode)
    assert text.stdout.startswith(told['state']), text.stdout
    return p.returncode, {x['subject']: x['problem'] for x in told['problems']}


def names(w):
    return [x['name'] for x in w.server.json('share', 'list')]


@test(server='ditto', share=False, timeout=90)
def notes_of_the_status(w):
    """The status says why it is not good also if nothing of the configuration is wrong."""
    s = w.server

    def notes(code):
        p = s.ctl('status', '--json', check=False)
        eq(p.returncode, code)
        return ' '.join(json.loads(p.stdout)['notes'])
    other = Helper(w)
    eq(other.register(1), (0, ''))
    assert 'no dittod of this network namespace' in notes(4), notes(4)
    started = s.ctl('start', check=False)
    eq((started.returncode, 'systemctl start dittod' in started.stdout), (1, True))
    other.sock.close()
    wait_for('it is gone', lambda: not s.setting('helper'))
    s.helper_start('')
    wait_for('health', lambda: health(w) == (0, {}))
    eq(notes(0), '')
    del_listeners(w)
    assert 'there is no listener' in notes(3), notes(3)
    assert 'note: clients cannot connect' in s.ctl('status', check=False).stdout
    for words in (('share', '--help'), ('share', 'del', '--help'), ('help', 'share')):
        assert s.ctl(*words).startswith('share: '), words


@test(server='ditto', share=False, clients=1, timeout=90)
def one_bad_share(w):
    """A share that cannot be served is reported, retried, and disturbs no other share."""
    s, late = w.server, w.path('late')
    for name in ('good', 'group'):
        os.mkdir(w.path(name))
    eq(health(w), (4, {}))
    conf = s.helper_start(f"""[share good]
path = {w.path('good')}
allow = any
[share group]
path = {w.path('group')}
group = e2e-late=write
[share late]
path = {late}
""")
    wait_for('the good share', lambda: names(w) == ['good'])
    wait_for('a listener', lambda: s.json('listener', 'list'))
    wait_for('two problems', lambda: len(health(w)[1]) == 2)
    status, problems = health(w)
    eq(status, 3)
    eq(problems['share group'], "there is no group 'e2e-late' on this machine")
    eq(problems['share late'], 'not added: path: no such directory')
    eq(s.helper_log().count('e2e-late'), 1, 'times it is told')
    n = w.client.nfs(path='good')
    os.mkdir(late)
    wait_for('the late share', lambda: names(w) == ['good', 'late'], 70)
    run('groupadd', 'e2e-late')
    wait_for('the share with a group', lambda: names(w) == ['good', 'group', 'late'], 70)
    wait_for('health', lambda: health(w) == (0, {}))
    eq(n.getattr(n.root).status, nfs3.OK)
    # deleting a group changes nothing for shares that are served
    run('groupdel', 'e2e-late')
    s.helper.send_signal(signal.SIGHUP)
    wait_for('the problem', lambda: list(health(w)[1]) == ['share group'])
    eq(names(w), ['good', 'group', 'late'])
    put(conf, '')
    s.helper.send_signal(signal.SIGHUP)
    wait_for('nothing is served', lambda: not names(w))


@test(server='ditto', share=False, clients=1, timeout=90)
def what_is_mounted(w):
    """An empty directory below a mount point is not served in place of the files."""
    s, where = w.server, f'{w.base}/disk'
    volume = Volume(where, 'ext4', '200m')
    put(f'{where}/f', b'data')
    conf = f'[share data]\npath = {where}\nallow = any\n'
    s.helper_start(conf)
    wait_for('the share', lambda: names(w) == ['data'])
    wait_for('a listener', lambda: s.json('listener', 'list'))
    n = w.client.nfs(path='data')
    f = n.lookup(n.root, 'f').fh
    s.ctl('stop')
    volume.umount()
    s.ctl('start')
    wait_for('the problem', lambda: 'another file system' in health(w)[1].get('share data', ''))
    eq((names(w), health(w)[0]), ([], 3))

    volume.mount()
    wait_for('the share', lambda: names(w) == ['data'], 70)
    eq(w.client.nfs(path='data').read(f, 0, 10).data, b'data', 'by the handle from before')
    # the same with nothing remembered: the file says that it must be a mount point
    s.ctl('stop')
    volume.umount()
    os.unlink(f'{w.base}/state/state.db')
    s.helper_stop()
    s.helper_start(f'{conf}mountpoint = yes\n')
    wait_for('the problem', lambda: 'no mount point' in health(w)[1].get('share data', ''))
    eq(names(w), [])
    volume.mount()
    wait_for('the share', lambda: names(w) == ['data'], 70)
    s.ctl('stop')
    volume.umount()


@test(server='ditto', share=False, clients=1, timeout=120)
def covered_shares(w):
    """A share whose path leads elsewhere by now is told, with what to do, until it does not."""
    s, disk = w.server, f'{w.base}/disk'
    for where in (w.path('a'), w.path('b'), w.path('c'), disk):
        os.mkdir(where)
    put(f'{w.path("a")}/f', b'old')
    mount('one', disk, 'tmpfs')
    conf = ''.join(f'[share {name}]\npath = {path}\nallow = any\n' for name, path in (
        ('a', w.path('a')), ('b', w.path('b')), ('disk', disk)))
    s.helper_start(conf)
    wait_for('health', lambda: health(w) == (0, {}))
    for share in s.json('share', 'list'):
        st = os.stat(share['path'])
        eq((share['device'], share['inode']), (st.st_dev, st.st_ino))
        eq((share['problems'], share['mounted']), ([], []))
    assert f'inode {os.stat(disk).st_ino}' in s.ctl('share', 'show', 'disk')

    def problems():
        return [row.split()[0] for row in s.ctl('share', 'list').splitlines()[1:]
                if row.split()[-1] != '0']
    eq(problems(), [])
    mount('two', w.path('a'), 'tmpfs')
    wait_for('the problem', lambda: list(health(w)[1]) == ['share a'])
    said = health(w)[1]['share a']
    assert w.path('a') in said and 'unmount that' in said, said
    eq((health(w)[0], problems()), (3, ['a']))
    eq(s.json('share', 'show', 'a')[0]['problems'], [said])
    assert said in s.ctl('share', 'show', 'a'), s.ctl('share', 'show', 'a')
    eq(f'share a: {said}' in s.helper_log(), True)
    n = w.client.nfs(path='a')
    eq(n.read(n.lookup(n.root, 'f').fh, 0, 10).data, b'old')
    # the file system of a share is replaced, and a share that was added by hand is covered
    s.ctl('share', 'add', 'hand', w.path('c'))
    mount('three', w.path('b'), 'tmpfs')
    mount('three', w.path('c'), 'tmpfs')
    umount(disk, MNT_DETACH)
    mount('four', disk, 'tmpfs')
    wait_for('all problems', lambda: problems() == ['a', 'b', 'disk', 'hand'])
    umount(w.path('a'))
    umount(w.path('b'))
    wait_for('those of the others', lambda: problems() == ['disk', 'hand'])
    s.ctl('share', 'del', 'hand')
    umount(w.path('c'))
    # what is to be done
    s.ctl('share', 'del', 'disk')
    wait_for('another problem', lambda: health(w)[1] == {
        'share disk': 'in the configuration file, and not served'})
    s.helper.send_signal(signal.SIGHUP)
    wait_for('it is back', lambda: 'disk' in names(w) and health(w) == (0, {}))
    s.ctl('stop')
    umount(disk)


@test(server='ditto', share=False, timeout=120)
def covered_by_what_hangs(w):
    """A share that is known to be covered stays so while what covers it does not answer."""
    s = w.server
    for name in 'ab':
        os.mkdir(w.path(name))
    s.helper_start(''.join(f'[share {name}]\npath = {w.path(name)}\n' for name in 'ab'))
    wait_for('health', lambda: health(w) == (0, {}))
    mount('one', w.path('a'), 'tmpfs')
    wait_for('the problem', lambda: list(health(w)[1]) == ['share a'])
    fuse = hanging(w.path('a'))
    mount('two', w.path('b'), 'tmpfs')
    wait_for('a later problem', lambda: 'share b' in health(w)[1], 30)
    eq(sorted(health(w)[1]), ['share a', 'share b'], 'problems')
    os.close(fuse)
    run('umount', '-l', w.path('a'))
    umount(w.path('b'))
    umount(w.path('a'))
    wait_for('none is left', lambda: health(w) == (0, {}), 30)
    s.ctl('stop')


@test(server='ditto', share=False, timeout=90)
def file_system_hangs(w):
    """A share whose file system hangs delays no other share."""
    s, stuck = w.server, f'{w.base}/stuck'
    os.mkdir(stuck)
    fuse = hanging(stuck)
    s.helper_start(f'[share one]\npath = {stuck}\n[share two]\npath = {stuck}\n'
                   f'[share good]\npath = {w.export}\n')
    wait_for('the good share', lambda: names(w) == ['good'], 30)
    want = f'not added: the file system at {stuck} does not answer'
    wait_for('health', lambda: health(w) == (3, {'share one': want, 'share two': want}), 30)
    # the setting can be changed
    put(f'{w.base}/ditto.conf', f'[share other]\npath = {w.export}\n'
                                f'[share one]\npath = {stuck}\n')
    s.ctl('start')
    wait_for('the other share', lambda: names(w) == ['other'], 30)
    os.close(fuse)
    run('umount', '-l', stuck)
    os.rmdir(stuck)
    os.mkdir(stuck)
    wait_for('the share', lambda: names(w) == ['one', 'other'], 70)
    s.ctl('stop')


@test(server='ditto', share=False, smb=True, fs='ext4', clients=2, timeout=90)
def stop_and_start(w):
    """A stop under writing clients frees the file system, and a start lets them go on."""
    s = w.server
    conf = s.conf + (f'[share data]\npath = {w.export}\nsquash = root_to_admin\n'
                     'allow = any\n')
    s.helper_stop()
    s.helper_start(conf)
    wait_for('the share', lambda: names(w) == ['data'])
    s.listen()
    m = w.client.mount()
    smb = w.clients[1].mount_smb(opts='noperm')
    os.chmod(w.export, 0o777)
    done, done_smb = f'{w.base}/done', f'{w.base}/done-smb'
    child = writer(m, done, 100000)
    os.mkdir(w.path('by-smb'), 0o777)
    os.chmod(w.path('by-smb'), 0o777)
    other = writer(f'{smb}/by-smb', done_smb, 100000)
    wait_for('both are at work', lambda: progress(done) >= 3 and progress(done_smb) >= 3, 20)
    s.ctl('stop')
    eq((names(w), s.json('listener', 'list'), health(w)[0]), ([], [], 4))
    volume = w.volumes[-1]
    volume.umount()
    # a restarted helper does not start what was stopped, but "start" does
    volume.mount()
    at = progress(done)
    s.ctl('start')
    wait_for('the share', lambda: names(w) == ['data'])
    wait_for('the writer goes on', lambda: progress(done) >= at + 3, 30)
    put(f'{done}.stop')
    put(f'{done_smb}.stop')
    child.join()
    with contextlib.suppress(OSError):
        other.join()
    for i in range(progress(done)):
        eq(get(w.path(f'w{i}')) == pattern(i, 40000), True, f'file {i}')
    eq(health(w), (0, {}))
    w.clients[1].umount(smb, MNT_DETACH)
    w.client.umount(m)
    s.ctl('stop')


@test(server='ditto', share=False, clients=1, fs='ext4')
def stop_while_draining(w):
    """A helper that waits for requests of a removed share serves nothing more after a stop."""
    s, patient = w.server, '[server]\ndrain-ms = 600000\n'
    conf = s.helper_start(f'{patient}[share data]\npath = {w.export}\nsquash = root_to_admin\n'
                          'allow = any\n')
    wait_for('the share', lambda: health(w) == (0, {}))
    n = w.client.nfs(path='data', timeout=300)
    f = n.create(n.root, 'f').fh
    with frozen(w.export):
        stuck = Child(lambda: n.setattr(f, sattr(mode=0o600)).status)
        wait_for('the request hangs', lambda: 'D' in servers.service_threads())
        put(conf, f'{patient}[share late]\npath = {w.base}\n')
        s.helper.send_signal(signal.SIGHUP)
        wait_for('the share is removed', lambda: names(w) == [])
        # mistakes are told of meanwhile
        good = get(conf)
        put(conf, 'nonsense\n')
        p = s.ctl('start', check=False)
        assert p.returncode == 1 and f'{conf}:1: ' in p.stdout, p.stdout
        put(conf, good)
        s.helper.send_signal(signal.SIGUSR1)
        wait_for('the order is heard', lambda: 'stopped: nothing is applied' in s.helper_log())
    stuck.join()
    wait_for('dittod has stopped', lambda: health(w)[0] == 4)
    eq(names(w), [])
    s.ctl('start')
    eq((names(w), health(w)), (['late'], (0, {})))
    s.ctl('stop')


@test(server='ditto', share=False)
def start_with_mistakes(w):
    """A file with mistakes fails "start" at once, and is a problem until it has none."""
    s = w.server
    good = f'[share data]\npath = {w.export}\n'
    conf = s.helper_start(good)
    wait_for('the share', lambda: health(w) == (0, {}))
    mistake = f'{conf}:4: [share] has no key \'squach\'; did you mean \'squash\'?'
    put(conf, good + '[share other]\nsquach = none\npath = /\n')
    p = s.ctl('start', check=False)
    eq((p.returncode, p.stdout), (1, f'dittoctl: start: {mistake}\n'))
    eq(health(w), (3, {'configuration': mistake}))
    eq(names(w), ['data'], 'the configuration before is in use')
    # stopped by the administrator, with the file as it is
    s.ctl('stop')
    eq(s.ctl('start', check=False).returncode, 1)
    eq((names(w), health(w)[0]), ([], 4))
    put(conf, good)
    s.ctl('start')
    eq((names(w), health(w)), (['data'], (0, {})))
    s.ctl('stop')


@test(server='ditto', share=False, smb=True)
def module_unloaded(w):
    """A listener whose module was unloaded is a problem until the module is loaded again."""
    s = w.server
    s.helper_stop()
    s.helper_start(f'[listener nfs]\n[listener smb]\n[share data]\npath = {w.export}\n')
    wait_for('both protocols', lambda: health(w) == (0, {}))
    run('rmmod', 'ditto_smb')
    want = {'listener smb tcp *': 'waits for its protocol: modprobe ditto_smb'}
    wait_for('the problem', lambda: health(w) == (3, want))
    run('modprobe', 'ditto_smb')
    wait_for('both protocols', lambda: health(w) == (0, {}))
    s.ctl('stop')


@test(server='ditto', share=False, timeout=90)
def start_while_replaced(w):
    """dittoctl start is answered by the serving helper, not by the one it replaced."""
    s = w.server
    conf = f'[share data]\npath = {w.export}\n'
    s.helper_start(conf)
    # it takes orders before it has applied its configuration
    for _ in range(5):
        s.ctl('start')
    eq(names(w), ['data'])
    stop_process(s.helper.pid)
    child = Child(s.ctl, 'start')
    time.sleep(0.5)
    s.helper.kill()
    s.helper.wait()
    s.helper_start(conf)
    child.join()
    eq(names(w), ['data'])
    s.ctl('stop')


@test(server='ditto', share=False, timeout=90)
def database_in_use(w):
    """A state database that is locked for a while is written later."""
    s = w.server
    s.unload()
    os.makedirs(f'{w.base}/state')
    put(f'{w.base}/ditto.conf', f'[share data]\npath = {w.export}\n')
    with open(f'{w.base}/dittod.log', 'ab') as log:
        s.helper = s.ns.spawn(servers.tool('dittod'), '-c', f'{w.base}/ditto.conf', '-s',
                              f'{w.base}/state', stdout=log, stderr=subprocess.STDOUT)
    wait_for('the helper', lambda: 'waiting for it' in s.helper_log())
    with contextlib.closing(sqlite3.connect(f'{w.base}/state/state.db')) as db:
        db.execute('BEGIN IMMEDIATE')
        s.load()
        wait_for('the complaint', lambda: 'records cannot be written' in s.helper_log(),
                 40)
        db.rollback()
    wait_for('the epoch', lambda: s.setting('epoch') == 1, 40)
    wait_for('the share', lambda: names(w) == ['data'], 40)
    wait_for('health', lambda: health(w) == (0, {}))
    s.ctl('stop')
    # the key stays out of the list of processes
    with s.ns:
        p = subprocess.run([servers.tool('dittoctl'), 'server', 'set', 'handle-key', '-'],
                           input=b'00112233445566778899aabbccddeeff\n', check=False)
    eq(p.returncode, 0)
    with s.ns:
        p = subprocess.run([servers.tool('dittoctl'), 'server', 'set', 'handle-key', '-'],
                           input=b'nonsense\n', check=False)
    eq(p.returncode, 2)


@test(server='ditto', share=False)
def changed_defaults(w):
    """The first start after an upgrade tells once which shares serve nobody for want of a rule."""
    s = w.server
    os.mkdir(w.path('d'))
    conf = (f'[share data]\npath = {w.export}\n[share open]\npath = {w.path("d")}\nallow = any\n'
            f'[share files]\npath = {w.base}\nprotocols = smb\n')

    def told():
        return s.helper_log().count('defaults have changed')
    s.helper_start(conf)
    wait_for('the shares', lambda: names(w) == ['data', 'files', 'open'])
    eq(told(), 0, 'a new installation')
    s.helper_stop()
    with contextlib.closing(sqlite3.connect(f'{w.base}/state/state.db')) as db:
        db.execute("DELETE FROM meta WHERE name = 'defaults'")
        db.commit()
    for _ in range(2):
        s.helper_start(conf)
        wait_for('the shares', lambda: health(w) == (0, {}))
        eq(told(), 1)
        s.helper_stop()
    assert 'by AUTH_SYS of NFS: data;' in s.helper_log(), s.helper_log()
    s.helper_start('')
    s.ctl('stop')
