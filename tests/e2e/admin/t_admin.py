# SPDX-License-Identifier: GPL-2.0-only
"""The tools: their output, their errors, and the effect of each setting."""
import contextlib
import errno
import json
import os
import signal
import socket
import struct
import subprocess

import netlink
import nfs3
import rpc
import servers
import uring
from checks import eq, expect_errno, wait_for
from files import get, pattern, put
from harness import test
from processes import run, stop_process
from raw_helper import Helper
from servers import rpcbind


def registered(w):
    out = w.server_ns.run('rpcinfo', '-p', '127.0.0.1')
    return {tuple(line.split()[:4]) for line in out.splitlines()[1:]}


@test(server='ditto')
def many_connections(w):
    """More connections than the kernel looks up at once are listed in order, each once."""
    conns = [w.client.connect() for _ in range(150)]
    for conn in conns:
        eq(conn.call(nfs3.NFS, 3, nfs3.NULL).stat, rpc.SUCCESS)
    ids = [c['id'] for c in w.server.json('connection', 'list') if c['protocol'] == 'nfs']
    eq(ids, sorted(set(ids)))
    assert len(ids) >= len(conns), f'{len(ids)} connections'
    for conn in conns:
        conn.close()


@test(server='ditto', timeout=60)
def interrupted_lists(w):
    """A list says that it may lack something if a protocol goes meanwhile, and only then."""
    run('modprobe', 'ditto_smb')
    eq(netlink.dump_interrupted(w.server_ns, 'STAT_GET', lambda: None), False)
    eq(netlink.dump_interrupted(w.server_ns, 'STAT_GET', lambda: run('rmmod', 'ditto_smb')), True)
    run('modprobe', 'ditto_smb')


@test(server='ditto')
def details_for_people(w):
    """Each setting, and each option of a share, is a line of a name and its value."""
    s = w.server

    def lines(*words):
        return dict((line.split(None, 1) + [''])[:2] for line in s.ctl(*words).splitlines()
                    if line)
    have = lines('server', 'show')
    for name, value in s.json('server', 'show').items():
        if isinstance(value, int) and not isinstance(value, bool):
            eq(have[name.replace('_', '-')].split()[0], str(value), name)
    have = lines('share', 'show', 'data')
    eq(set(netlink.OPTIONS) - set(have), set())
    eq(have['audit'].strip(), 'no (default)')
    s.ctl('share', 'set', 'data', 'xprtsec', 'mtls', 'audit', 'yes')
    have = lines('share', 'show', 'data')
    eq((have['xprtsec'].strip(), have['audit'].strip()), ('mtls', 'yes'))
    p = s.ctl('listener', 'add', 'nosuch', check=False)
    eq((p.returncode, "no protocol 'nosuch': nfs, smb are" in p.stdout), (2, True), p.stdout)
    if servers.loaded('ditto_smb'):
        run('rmmod', 'ditto_smb')
    said = s.refused('listener', 'add', 'smb')
    assert 'modprobe ditto_smb' in said and 'in use' not in said, said


@test(server='ditto', timeout=60)
def many_clients(w):
    """More clients than the kernel looks up at once are listed in their order, each once."""
    addresses = [f'10.99.{i // 200}.{i % 200 + 1}' for i in range(150)]
    w.client.run('ip', '-batch', '-', input=''.join(
        f'addr add {one}/32 dev lo\n' for one in addresses))
    w.server_ns.run('ip', 'route', 'add', '10.99.0.0/16', 'via', w.client.addr)
    for one in addresses:
        conn = w.client.connect(src=one)
        eq(conn.call(nfs3.NFS, 3, nfs3.NULL).stat, rpc.SUCCESS)
        conn.close()
    have = [c['address'] for c in w.server.json('client', 'list')]
    eq([x for x in have if x.startswith('10.99.')], addresses)


@test(share=False)
def rpcbind_and_mount_program(w):
    """The server is registered with rpcbind; showmount and a plain mount(8) work."""
    daemon = rpcbind(w)
    w.server.add('data', w.export)
    put(w.path('f'), b'data')
    have = registered(w)
    mount_port = str(w.server.mount_port)
    for entry in (('100003', '3', 'tcp', '2049'), ('100227', '3', 'tcp', '2049'),
                  ('100005', '3', 'tcp', mount_port), ('100005', '3', 'udp', mount_port)):
        assert entry in have, f'{entry} is missing: {sorted(have)}'
    if w.server.name == 'ditto':
        eq({('100011', v, p, '2049') for v in '12' for p in ('tcp', 'udp')} - have, set())
        eq({e for e in have if e[:2] == ('100003', '4')}, {('100003', '4', 'tcp', '2049')})
    for prog in ('100003', '100005'):
        out = w.client.run('rpcinfo', '-t', w.client.server_addr, prog, '3')
        assert 'ready and waiting' in out, out
    out = w.client.run('rpcinfo', '-u', w.client.server_addr, '100005', '3')
    assert 'ready and waiting' in out, out
    out = w.client.run('showmount', '--no-headers', '-e', w.client.server_addr)
    eq(out.split()[0] in (w.export, 'data', '/data'), True, out)
    where = f'{w.base}/plain'
    os.mkdir(where)
    w.client.run('mount', '-t', 'nfs', '-o', 'vers=3,nolock',
                 f'{w.client.server_addr}:{w.export}', where)
    eq(get(f'{where}/f'), b'data')
    if w.server.name == 'ditto':
        assert w.client.addr in w.client.run('showmount', '--no-headers', '-a',
                                             w.client.server_addr), 'showmount -a'
    run('umount', where)
    if daemon:
        w.server.delete('data')
        for listener in w.server.json('listener', 'list'):
            w.server.ctl('listener', 'del', str(listener['id']))
        wait_for('no registration is left',
                 lambda: not {e for e in registered(w) if e[0] in ('100003', '100005', '100011',
                                                               '100227')})
        daemon.terminate()
        daemon.wait()


@test(server='ditto')
def lists_and_json(w):
    """Every list has a form for people and one for programs."""
    s = w.server
    m = w.client.mount()
    put(f'{m}/f', pattern(1, 5000))
    s.set('data', allow=['192.168.0.0/16=rw,squash=root-to-admin', '*=ro'], anon=(11, 12),
          sec=('sys', 'none'))
    share, = s.json('share', 'list')
    eq((share['name'], share['path'], share['anon_uid'], share['anon_gid']),
       ('data', w.export, 11, 12))
    eq(set(share['sec']), {'sys', 'none'})
    for words in (('share', 'list'), ('listener', 'list'), ('client', 'list'), ('stats',),
                  ('stats', 'nfs3'), ('server', 'show')):
        text = s.ctl(*words)
        assert text.strip(), f'dittoctl {" ".join(words)} says nothing'
        assert json.loads(s.ctl(*words, '--json')), words
    assert 'data' in s.ctl('share', 'list') and w.export in s.ctl('share', 'list')
    client, = s.json('client', 'list')
    eq((client['address'], client['connections'] >= 1, client['requests'] > 0),
       (w.client.addr, True, True))
    assert w.client.addr in s.ctl('client', 'list')
    before = s.calls().get('getattr', 0)
    n = w.client.nfs()
    for _ in range(10):
        n.getattr(n.root)
    eq(s.calls()['getattr'] - before, 10, 'GETATTR counted')
    n.lookup(n.root, 'missing')
    row, = [r for r in s.json('stats', 'nfs3') if r['op'].lower() == 'lookup']
    assert row['errors'] >= 1 and row['nanoseconds'] > 0, row
    row, = [r for r in s.json('stats', 'nfs3') if r['op'].lower() == 'write']
    assert row['bytes'] >= 5000, row
    server = s.json('server', 'show')
    assert 'nfs' in server['protocols'] and server['nodes'] > 0 and server['started'], server
    eq(s.json('version')['module'], server['version'])


@test(server='ditto')
def mistakes_are_told(w):
    s = w.server
    put(w.path('file'))
    bad = []
    for words, says in ((('share', 'add', 'data', w.export), 'data'),
                        (('share', 'add', 'x', w.path('none')), 'path'),
                        (('share', 'add', 'x', w.path('file')), 'directory'),
                        (('share', 'add', 'a/b', w.export), 'a/b'),
                        (('share', 'add', 'x', w.export, 'squash', 'rot'), 'rot'),
                        (('share', 'add', 'x', w.export, 'allow', '1.2.3.4/33'), '1.2.3.4/33'),
                        (('share', 'add', 'x', w.export, 'sec', 'krb9'), 'krb9'),
                        (('share', 'set', 'nosuch', 'ro'), 'nosuch'),
                        (('share', 'del', 'nosuch'), 'nosuch'),
                        (('listener', 'add', 'ftp'), 'ftp'),
                        (('listener', 'del', '99999'), '99999'),
                        (('server', 'set', 'threads', '100000'), '1024'),
                        (('server', 'set', 'no-such-key', '1'), 'no-such-key'),
                        (('client', 'disconnect', '192.168.77.77'), '192.168.77.77'),
                        (('shar', 'list'), 'share')):
        said = s.refused(*words)
        if says not in said or 'error -' in said:
            bad.append(f'{says}: {said}')
    eq(bad, [], 'messages that do not help')
    eq([x['name'] for x in s.json('share', 'list')], ['data'])
    tool = servers.tool('dittoctl')
    for words in (('share', 'del', 'data'), ('share', 'set', 'data', 'ro'), ('cache', 'flush'),
                  ('server', 'set', 'threads', '3'), ('share', 'add', 'mine', '/tmp'),
                  ('client', 'disconnect', w.client.addr), ('listener', 'add', 'nfs')):
        p = w.server_ns.run('setpriv', '--reuid=1001', '--regid=1001', '--clear-groups', tool,
                            *words, check=False)
        assert p.returncode, f'a user may {words}'
    eq(s.json('share', 'list')[0]['read_only'], False)


@test(server='ditto')
def events(w):
    """Events are reported as they happen."""
    s = w.server
    with open(f'{w.base}/events.log', 'wb') as log:
        watcher = w.server_ns.spawn(servers.tool('dittoctl'), 'events', stdout=log)

    def told(kind, subject):
        text = get(f'{w.base}/events.log').decode()
        return any(kind in line and subject in line for line in text.splitlines())
    os.mkdir(w.path('d'))

    def begun():
        s.ctl('share', 'set', 'data', 'rw')
        return told('share-changed', 'data')
    wait_for('an event', begun)
    s.add('second', w.path('d'))
    s.delete('second')
    w.client.nfs()
    w.server.ctl('client', 'disconnect', w.client.addr)
    w.server.ctl('server', 'set', 'threads', '3')
    for kind, subject in (('share-added', 'second'), ('share-removed', 'second'),
                          ('client-new', w.client.addr), ('client-disconnected', w.client.addr),
                          ('settings-changed', '')):
        wait_for(f'{kind} {subject}', lambda k=kind, t=subject: told(k, t))
    watcher.terminate()
    watcher.wait()


@test(server='ditto')
def disconnect(w):
    """A disconnected client loses its connection and may connect again."""
    m = w.client.mount()
    n = w.client.nfs()
    put(f'{m}/f', b'before')
    w.server.ctl('client', 'disconnect', w.client.addr)
    with expect_errno(errno.ECONNRESET, errno.EPIPE):
        try:
            n.null()
        except EOFError as e:
            raise ConnectionResetError(errno.ECONNRESET, str(e)) from e
    put(f'{m}/g', b'after')
    eq(get(w.path('g')), b'after', 'the kernel client came again')
    n = w.client.nfs()
    eq(n.getattr(n.root).status, nfs3.OK)


@test(server='ditto')
def setting_threads(w):
    s = w.server
    for n in (1, 5, 12, 2):
        s.ctl('server', 'set', 'threads', str(n))
        wait_for(f'{n} service threads', lambda n=n: len(servers.service_threads()) == n)
        eq(w.client.nfs().null().stat, rpc.SUCCESS)


def closed(c):
    """Whether the server has closed a connection."""
    c.sock.setblocking(False)
    try:
        return not c.sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def connected(client, count):
    """Connections that were tried; the server may refuse one while it is made."""
    conns = []
    for _ in range(count):
        with contextlib.suppress(ConnectionError):
            conns.append(client.connect())
    return conns


@test(server='ditto')
def setting_max_connections(w):
    w.server.ctl('server', 'set', 'max-connections', '4')
    conns = connected(w.client, 20)
    wait_for('most are closed', lambda: sum(not closed(c) for c in conns) <= 5)
    alive = 0
    for c in conns:
        try:
            c.sock.settimeout(2)
            alive += c.call(nfs3.NFS, 3, 0).stat == rpc.SUCCESS
        except (OSError, EOFError):
            pass
    assert 1 <= alive <= 5, f'{alive} of 20 connections live where 4 are allowed'
    for c in conns:
        c.close()
    w.server.ctl('server', 'set', 'max-connections', '100')
    conns = []
    wait_for('room for new connections', lambda: w.client.nfs().null().stat == rpc.SUCCESS)
    conns = [w.client.connect() for _ in range(20)]
    eq([c.call(nfs3.NFS, 3, 0).stat for c in conns], [rpc.SUCCESS] * 20)


@test(server='ditto', clients=2)
def max_connections_of_strangers(w):
    """A stranger who connects above max-connections ends no connection of another machine."""
    n = w.clients[0].nfs()
    conns = [n.rpc] + [w.clients[0].connect() for _ in range(3)]

    def all_work():
        eq([c.call(nfs3.NFS, 3, 0).stat for c in conns], [rpc.SUCCESS] * 4)
        eq([nfs3.Nfs3(c).getattr(n.root).status for c in conns], [nfs3.OK] * 4)
    all_work()
    w.server.set('data', allow=[f'{w.clients[0].addr}=rw'])
    w.server.ctl('server', 'set', 'max-connections', '4')
    for _ in range(10):
        for c in connected(w.clients[1], 1):
            c.close()
    strangers = connected(w.clients[1], 10)
    all_work()
    wait_for('they are refused', lambda: all(map(closed, strangers)))
    all_work()


def many_files(w):
    """Make 200 files; returns them with their handles."""
    n, fhs = w.client.nfs(), []
    for i in range(200):
        put(w.path(f'f{i}'), b'x')
        fhs.append(n.lookup(n.root, f'f{i}').fh)
    return n, fhs


@test(server='ditto')
def setting_file_limit(w):
    """Open files of the cache stay below the limit, also after it is lowered."""
    s = w.server
    n, fhs = many_files(w)
    s.ctl('server', 'set', 'file-idle-ms', '3600000', 'file-limit', '16')
    for fh in fhs[:50]:
        n.read(fh, 0, 1)
    wait_for('few files are open', lambda: s.setting('open_files') <= 24)
    s.ctl('server', 'set', 'file-limit', '1000')
    for fh in fhs[:150]:
        n.read(fh, 0, 1)
    assert s.setting('open_files') > 100, s.setting('open_files')
    s.ctl('server', 'set', 'file-limit', '16')
    for fh in fhs[150:]:
        n.read(fh, 0, 1)
    wait_for('few files are open with a lowered limit', lambda: s.setting('open_files') <= 24)


@test(server='ditto')
def setting_caches(w):
    """node-limit bounds the cache, file-idle-ms closes files, and a flush empties the cache."""
    s = w.server
    n, fhs = many_files(w)
    assert s.setting('nodes') >= 200, s.setting('nodes')
    s.ctl('server', 'set', 'node-limit', '16')
    for fh in fhs:
        n.getattr(fh)
    wait_for('few nodes are kept', lambda: s.setting('nodes') <= 48)
    s.ctl('server', 'set', 'file-idle-ms', '3600000')
    for fh in fhs[:10]:
        n.read(fh, 0, 1)
    assert s.setting('open_files') > 0
    s.ctl('cache', 'flush')
    eq(s.setting('open_files'), 0, 'after a flush')
    s.ctl('server', 'set', 'file-idle-ms', '100')
    for fh in fhs[:50]:
        n.read(fh, 0, 1)
    wait_for('idle files are closed', lambda: s.setting('open_files') == 0)
    s.ctl('server', 'set', 'node-limit', '100000')
    for fh in fhs:
        eq(n.read(fh, 0, 1).data, b'x')
    s.ctl('cache', 'flush')
    assert s.setting('nodes') <= 1 and s.setting('open_files') == 0, s.json('server', 'show')


@test(server='ditto')
def listeners(w):
    """Listeners on other ports and addresses are added and removed while others work."""
    s = w.server
    n = w.client.nfs()
    s.ctl('listener', 'add', 'nfs', 'tcp', '192.168.1.1', 'port', '3049')
    listener, = [x for x in s.json('listener', 'list') if x['port'] == 3049]
    c = w.client.connect(port=3049)
    eq(c.call(nfs3.NFS, 3, 0).stat, rpc.SUCCESS)
    with expect_errno(errno.ECONNREFUSED):
        with w.server_ns:
            rpc.Rpc(w.server_ns, '127.0.0.1', 3049)
    # what is there already, is there
    eq(s.ctl('listener', 'add', 'nfs', 'tcp', '192.168.1.1', 'port', '3049'),
       f'listener {listener["id"]}\n')
    eq(s.json('listener', 'add', 'nfs', 'tcp', '192.168.1.1', 'port', '3049'),
       {'id': listener['id']})
    main, = [x['id'] for x in s.json('listener', 'list')
             if (x['port'], x['transport']) == (2049, 'tcp')]
    eq(s.ctl('listener', 'add', 'nfs'), f'listener {main}\n')
    # it is this server that has the port
    said = s.refused('listener', 'add', 'nfs', 'tcp', '192.168.1.1')
    assert f'in use by listener {main} of this server' in said, said
    s.refused('listener', 'add', 'nfs', 'tcp', '192.168.55.55')
    s.ctl('listener', 'del', str(listener['id']))
    with expect_errno(errno.ECONNREFUSED):
        w.client.connect(port=3049)
    eq(n.getattr(n.root).status, nfs3.OK, 'the other listener goes on')


def messages(w):
    return w.server.helper_log()


@test(server='ditto', share=False)
def config_mistakes(w):
    """Each mistake is reported with file, line and key, and nothing of the file is applied."""
    conf, state = f'{w.base}/ditto.conf', f'{w.base}/state'
    os.mkdir(state)
    good = f'[share good]\npath = {w.export}\n'
    for line, text, words in ((4, '[share bad]\npth = /tmp\n', ('pth', 'path')),
                              (3, '[sahre x]\n', ('sahre', 'share')),
                              (4, '[server]\nthreads = many\n', ('threads', 'many', '1024')),
                              (5, f'[share b]\npath = {w.export}\nsquash = rot\n',
                               ('squash', 'rot', 'root')),
                              (3, 'squash root\n', ()),
                              (3, '[share b]\nread_only = yes\n', ('path',)),
                              (5, '[share b]\npath = /tmp\nallow = 10.0.0.0/99\n',
                               ('allow', '10.0.0.0/99')),
                              (3, '[share good]\npath = /tmp\n', ('good',))):
        put(conf, good + text)
        p = w.server_ns.run('timeout', '50', servers.tool('dittod'), '-c', conf, '-s', state,
                            check=False)
        assert p.returncode not in (0, 124), f'dittod runs with:\n{good + text}'
        assert f'ditto.conf:{line}:' in p.stdout, f'line {line} of\n{good + text}: {p.stdout}'
        for word in words:
            assert word in p.stdout, f'{word} is not in: {p.stdout}'
        eq(w.server.json('share', 'list'), [], 'applied in spite of a mistake')


@test(server='ditto', share=False, clients=1)
def config_difference(w):
    """SIGHUP applies only what differs; a file with mistakes changes nothing."""
    s = w.server
    for name in 'abcd':
        os.mkdir(w.path(name))
        put(w.path(name, 'f'), name)

    def section(name, more=''):
        return (f'[share {name}]\npath = {w.path(name)}\nsquash = root_to_admin\n'
                f'allow = any\n{more}\n')

    def apply(text):
        put(conf, text)
        s.helper.send_signal(signal.SIGHUP)

    def names():
        return [x['name'] for x in s.json('share', 'list')]
    conf = s.helper_start(section('a') + section('b'))
    wait_for('both shares', lambda: names() == ['a', 'b'])
    wait_for('a listener', lambda: s.json('listener', 'list'))
    s.ctl('share', 'add', 'by-hand', w.path('d'), 'allow', 'any')
    n = w.client.nfs(path='a')
    f = n.lookup(n.root, 'f').fh
    m = w.client.mount('a', opts='timeo=600')
    with open(f'{m}/f', 'r+b', buffering=0) as held:
        ident = s.json('share', 'list')[0]['id']
        apply(section('a', 'read_only = yes') + section('c') + '[server]\nthreads = 3\n')
        wait_for('b goes, c comes', lambda: names() == ['a', 'by-hand', 'c'])
        wait_for('a is read-only', lambda: n.write(f, 0, b'x').status == nfs3.ROFS)
        wait_for('the setting', lambda: s.setting('threads') == 3)
        eq(s.json('share', 'list')[0]['id'], ident)
        eq(held.read(), b'a')
        eq(n.getattr(f).status, nfs3.OK, 'the handle of a share that stays')
        lines = len(messages(w).splitlines())
        apply(section('a') + '[share b\npath = x\n')
        wait_for('the mistake is told', lambda: 'ditto.conf:6' in messages(w))
        eq(names(), ['a', 'by-hand', 'c'])
        eq(n.write(f, 0, b'x').status, nfs3.ROFS, 'still read-only')
        assert len(messages(w).splitlines()) > lines
        apply(section('a') + section('c'))
        wait_for('writable again', lambda: n.write(f, 0, b'A').status == nfs3.OK)
        wait_for('the setting is taken back', lambda: s.setting('threads') != 3)
    w.client.umount(m)
    apply('')
    wait_for('only what was added by hand is left', lambda: names() == ['by-hand'])
    s.shares['by-hand'] = (w.path('d'), {})


@test(server='ditto', share=False)
def long_share(w):
    """A share with long rules and many users is shown, changed and removed as any other."""
    s = w.server

    def section(users):
        return (f'[share data]\npath = {w.export}\n' +
                ''.join(f'allow = n{i:0254}=ro\n' for i in range(226)) +
                ''.join(f'user = {i}=read\n' for i in range(users)))

    def sizes():
        shares = s.json('share', 'list')
        return [(len(x['rules']), len(x['users'])) for x in shares]
    conf = s.helper_start(section(1000))
    wait_for('the share', lambda: sizes() == [(226, 1000)])
    got, = s.json('share', 'show', 'data')
    eq((len(got['rules']), len(got['users'])), (226, 1000))
    assert 'default-access' in s.ctl('share', 'show', 'data')
    for text, want in ((section(1024), [(226, 1024)]), ('', [])):
        put(conf, text)
        s.helper.send_signal(signal.SIGHUP)
        wait_for(f'{want}', lambda w=want: sizes() == w)


@contextlib.contextmanager
def groups_that_hang():
    """A look-up of a group that hangs delays its caller, and the file is unchanged after it."""
    os.mkfifo('/etc/group.stuck')
    os.link('/etc/group.stuck', '/etc/group.fifo')
    os.link('/etc/group', '/etc/group.real')
    os.rename('/etc/group.fifo', '/etc/group')
    try:
        yield
    finally:
        os.rename('/etc/group.real', '/etc/group')
        with contextlib.suppress(OSError):
            os.close(os.open('/etc/group.stuck', os.O_WRONLY | os.O_NONBLOCK))
        os.unlink('/etc/group.stuck')


@test(server='ditto', share=False, clients=0)
def directory_hangs(w):
    """Shares wait for their groups while the directory hangs; all others are served."""
    s = w.server
    for name in 'abc':
        os.mkdir(w.path(name))

    def section(name, more=''):
        return f'[share {name}]\npath = {w.path(name)}\n{more}\n'

    def apply(*sections):
        put(conf, ''.join(sections))
        s.helper.send_signal(signal.SIGHUP)

    def names():
        return [x['name'] for x in s.json('share', 'list')]
    conf = s.helper_start(section('b'))
    wait_for('b', lambda: names() == ['b'])
    with groups_that_hang():
        apply(section('a', 'group = users=read'), section('b'), section('c'))
        wait_for('c comes', lambda: names() == ['b', 'c'], 30)
        wait_for('a is told of', lambda: 'does not answer about its users' in s.helper_log(), 30)
        apply(section('a', 'group = users=read'), section('c'))
        wait_for('b goes', lambda: names() == ['c'], 30)
    wait_for('a comes when it is known', lambda: names() == ['a', 'c'], 90)
    apply()
    wait_for('all are gone', lambda: not names())


@test(server='ditto')
def helper_ends_cleanly(w):
    s = w.server
    s.helper_start()
    eq(bool(s.setting('helper')), True)
    s.helper_stop()
    wait_for('the helper is gone', lambda: not s.setting('helper'))
    eq(w.client.nfs().null().stat, rpc.SUCCESS)


def helper_files(ns):
    """What dittod has below /run in a network namespace: its status, and the socket for uploads."""
    with ns:
        number = os.stat('/proc/self/ns/net').st_ino
    return f'/run/ditto/helper-{number}', f'/run/ditto/offload-{number}.sock'


@test(server='ditto', timeout=60)
def second_dittod(w):
    """A second dittod names the first and what to do, and takes nothing from it."""
    s = w.server
    # The key of the tests is not that of a new database, so the server takes this one's.
    conf = s.helper_start()
    s.restart()
    wait_for('the status', lambda: not s.ctl('status', check=False).returncode)
    have = [(path, os.stat(path).st_ino) for path in helper_files(w.server_ns)]
    told = get(have[0][0])

    def start(ns, state, said):
        p = ns.run('timeout', '50', servers.tool('dittod'), '-c', conf, '-s', f'{w.base}/{state}',
                   check=False)
        eq(p.returncode, 1)
        assert f'(process {s.helper.pid})' in p.stdout and said in p.stdout, p.stdout

    for state in ('state', 'state2'):
        start(w.server_ns, state, "'systemctl reload dittod'")
    eq(os.path.exists(f'{w.base}/state2'), False)
    # a server of another namespace has files of its own, but needs a state of its own too
    start(w.client, 'state', 'give this one a folder of its own with --state')
    other = w.client.spawn(servers.tool('dittod'), '-c', conf, '-s', f'{w.base}/state2',
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for('the other one', lambda: all(map(os.path.exists, helper_files(w.client))))
    eq([(path, os.stat(path).st_ino) for path, _ in have], have)
    eq(get(have[0][0]), told)
    eq(s.json('status')['state'], 'serving')
    other.terminate()
    eq(other.wait(), 0)
    # what a killed one leaves does not count
    s.helper_stop('KILL')
    s.helper_start()


@test(server='ditto', timeout=60)
def helper_after_another(w):
    """A helper that was refused takes the place of one that ends, even if it misses the event."""
    s, log = w.server, f'{w.base}/second.log'
    first = Helper(w)
    eq(first.register(1), (0, ''))
    put(f'{w.base}/ditto.conf')
    with open(log, 'wb') as f:
        second = w.server_ns.spawn(servers.tool('dittod'), '-c', f'{w.base}/ditto.conf', '-s',
                                   f'{w.base}/state2', stdout=f, stderr=subprocess.STDOUT)
    wait_for('the refusal', lambda: b'another helper is registered' in get(log))
    stop_process(second.pid)

    def has_lost():
        """One of its sockets has dropped a message; libnl numbers them by the process."""
        for _ in range(500):
            netlink.call(w.server_ns, 'SHARE_SET', ('SHARE_NAME', 'data'))
        rows = [x.split() for x in w.server_ns.run('cat', '/proc/net/netlink').splitlines()[1:]]
        return any(int(x[2]) & 0x3fffff == second.pid and int(x[8]) for x in rows)
    wait_for('an event is lost', has_lost, 40)
    first.sock.close()
    wait_for('the first is gone', lambda: not s.setting('helper'))
    second.send_signal(signal.SIGCONT)
    wait_for('the second is the helper', lambda: s.setting('helper'))
    second.terminate()
    second.wait()


@test(server='ditto', timeout=60)
def helpers_of_other_ages(w):
    """A helper of another protocol is refused with a reason; an older one is asked less."""
    put(w.path('f'))
    n = w.client.nfs(rpc.auth_sys(7001, 7001, [7100]))
    fh = n.lookup(n.root, 'f').fh
    newer = Helper(w)
    error, words = newer.register(2)
    eq(error, errno.EPROTO)
    assert 'version 2 of the protocol, and ditto.ko 1' in words, words
    newer.sock.close()
    # no helper of before: it says nothing about kinds, and one that only knows netgroups
    for kinds in (None, 2):
        older = Helper(w)
        eq(older.register(1, kinds), (0, ''))
        w.server.ctl('cache', 'flush')
        w.server.set('data', manage_gids=True)
        n.getattr(fh)
        eq(older.is_asked(), kinds is None)
        said = 'the helper is older than ditto.ko and does not know a question for groups'
        eq(said in run('dmesg'), kinds is not None)
        older.sock.close()
        wait_for('the helper is gone', lambda: not w.server.setting('helper'))


@test(server='ditto')
def requests_of_one_datagram(w):
    """Requests that may wait for a file system are done in the order in which they stand."""
    other, where = [('SHARE_NAME', 'other')], f'{w.base}/other'
    os.mkdir(where)
    new = ('SHARE_NEW', *other, ('SHARE_PATH', where))
    remove = ('SHARE_DEL', *other)
    with netlink.family_socket(w.server_ns) as (sock, family):
        sock.send(netlink.datagram(family, new, remove, new, new, remove, remove))
        eq(netlink.acknowledgments(sock, 6),
           [(1, 0), (2, 0), (3, 0), (4, errno.EEXIST), (5, 0), (6, errno.ENOENT)])
        # what does not wait comes first
        sock.send(netlink.datagram(family, ('CLAIM_RELEASE', ('CLAIM_ID', struct.pack('=Q', 1))),
                                   ('JOB_CANCEL', ('JOB_ID', struct.pack('=Q', 1)))))
        eq(netlink.acknowledgments(sock, 2), [(2, errno.ENOENT), (1, errno.ENOENT)])
        # more than are kept are refused
        check = ('NESTED_CHECK',)
        sock.send(netlink.datagram(family, *[check] * 100))
        told = sorted(netlink.acknowledgments(sock, 100))
        eq(told, [(i, 0 if i <= 64 else errno.ENOBUFS) for i in range(1, 101)])


@test(server='ditto')
def request_with_other_credentials(w):
    """A request that may wait for a file system keeps the credentials of its sender, by io_uring."""
    os.mkdir(w.path('secret'), 0o700)
    put(w.path('secret/f'), b'')
    look = ('ACL_GET', ('ACL_PATH', w.path('secret/f')))
    ring = uring.Ring()
    root = ring.personality()
    with netlink.family_socket(w.server_ns) as (sock, family):
        os.seteuid(65534)
        try:
            ring.send(sock, netlink.datagram(family, look), personality=root)
        finally:
            os.seteuid(0)
        eq(netlink.acknowledgments(sock, 1), [(1, 0)])
    ring.close()
