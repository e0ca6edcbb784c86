# SPDX-License-Identifier: GPL-2.0-only
"""NFS over RDMA, between the kernel's client and the server of one machine.

The device is software over a network interface. Linux 6.12 has such a device in the first network
namespace only, and so are server and client.
"""
import contextlib
import errno
import functools
import os

import rdma_cm
import writers
from checks import eq, expect_errno, one_of, wait_for
from files import KIB, MIB, get, pattern, put
from harness import Skip, test
from processes import run
from servers import Ditto
from trees import digest, make_tree
from volumes import MNT_DETACH, MNT_FORCE, mount, umount

LINK, DEVICE, ADDRESS, PORT = 'e2e-rdma', 'e2e_rxe', '192.168.77.1', '20049'
ALL_VERSIONS = ('3', '4.0', '4.1', '4.2')

rdma = functools.partial(test, server='ditto', clients=0, share=False, timeout=300)


class Machine:
    """The first network namespace, in the place of one of a test's own."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    @staticmethod
    def run(*args, **kw):
        return run(*args, **kw)


def add_device():
    run('rdma', 'link', 'add', DEVICE, 'type', 'rxe', 'netdev', LINK)
    wait_for('the device is up', lambda: 'state ACTIVE' in run('rdma', 'link', 'show'))


def remove_device():
    run('rdma', 'link', 'delete', DEVICE)


@contextlib.contextmanager
def device():
    if run('modprobe', '-a', 'dummy', 'rdma_rxe', 'rpcrdma', check=False).returncode:
        raise Skip('the kernel has no RDMA')
    run('ip', 'link', 'delete', LINK, check=False)
    run('ip', 'link', 'set', 'lo', 'up')
    run('ip', 'link', 'add', LINK, 'type', 'dummy')
    try:
        run('ip', 'address', 'add', f'{ADDRESS}/24', 'dev', LINK)
        run('ip', 'link', 'set', LINK, 'up')
        add_device()
        yield
    finally:
        # It waits as long as a connection is left.
        run('timeout', '60', 'ip', 'link', 'delete', LINK)


class Rdma:
    """The server of the machine, and what its client has mounted."""

    def __init__(self, w):
        self.w, self.mounts = w, []
        self.server = Ditto(w)
        self.server.ns = Machine()

    def add(self, *address):
        """Listen; the port of a listener that has just gone may still be in use."""
        def added():
            try:
                self.server.ctl('listener', 'add', 'nfs', 'rdma', *address)
            except AssertionError:
                return False
            return True
        wait_for('the port is free', added)

    def listen(self):
        self.server.listen()
        self.add()

    def listener(self):
        """The listener over RDMA, as it is listed."""
        return next(x for x in self.server.json('listener', 'list') if x['transport'] == 'rdma')

    def mount(self, vers, share='data', opts=''):
        path = self.server.shares[share][0]
        where = f'{self.w.base}/c.{len(self.mounts)}'
        os.makedirs(where, exist_ok=True)
        data = f'vers={vers},addr={ADDRESS},proto=rdma,port={PORT},hard,timeo=300'
        if vers == '3':
            data += f',mountaddr={ADDRESS},mountvers=3,mountport=2049,mountproto=tcp,nolock'
        else:
            data += f',clientaddr={ADDRESS}'
            path = f'/{share}'
        mount(f'{ADDRESS}:{path}', where, 'nfs', 0,
              data + (f',{opts}' if opts else ''))
        self.mounts.append(where)
        return where

    def umount(self, flags=0):
        while self.mounts:
            umount(self.mounts.pop(), flags)


@contextlib.contextmanager
def serving(w, **options):
    """A share that is served over RDMA."""
    with device():
        r = Rdma(w)
        try:
            r.server.start()
            r.server.serve('data', w.export, **options)
            r.listen()
            yield r
            r.umount()
        finally:
            # After a failure: the interface cannot go while its device is in use.
            r.umount(MNT_FORCE | MNT_DETACH)
            r.server.stop()


def drop_cache(path):
    fd = os.open(path, os.O_RDONLY)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)


@test(server='ditto')
def refused_without_a_device(w):
    """What cannot be served is refused with what is missing."""
    s = w.server
    has_rpcrdma = not run('modprobe', '-n', 'rpcrdma', check=False).returncode
    if has_rpcrdma:
        said = s.refused('listener', 'add', 'nfs', 'rdma', w.client.server_addr)
        assert 'no RDMA device has this address' in said, said
    else:
        said = s.refused('listener', 'add', 'nfs', 'rdma')
        assert "the kernel's module rpcrdma" in said, said
    eq(sorted(x['transport'] for x in s.json('listener', 'list')), ['tcp', 'udp'])


@test(server='ditto', smb=True)
def no_smb(w):
    said = w.server.refused('listener', 'add', 'smb', 'rdma')
    assert 'smb is not served over rdma' in said, said


@rdma
def listed(w):
    """A listener has its own default port, beside those for TCP and UDP."""
    with serving(w) as r:
        one = r.listener()
        eq((one['port'], one['transport']), (int(PORT), 'rdma'))
        # It is there already.
        eq(r.server.ctl('listener', 'add', 'nfs', 'rdma').strip(), f'listener {one["id"]}')
        said = r.server.refused('listener', 'add', 'nfs', 'rdma', ADDRESS)
        assert 'the port is in use on all addresses' in said, said
        r.server.ctl('listener', 'del', str(one['id']))
        with expect_errno(errno.ECONNREFUSED, errno.ETIMEDOUT, errno.EIO, errno.ENOTCONN):
            r.mount('4.2', opts='retrans=0,soft')
        r.add(ADDRESS)
        r.mount('4.2')


def placed():
    """The transfers that the device made from the client's memory, and into it."""
    return [int(get(f'/proc/sys/sunrpc/svc_rdma/rdma_stat_{what}')) for what in ('read', 'write')]


def all_files(w, vers):
    """Files of all sizes, large ones and many, listings, links and locks, there and back."""
    with serving(w) as r:
        m = r.mount(vers)
        assert 'xprt:\trdma' in get('/proc/self/mountstats').decode()
        one_of(r.listener()['connections'], range(1, 8))
        before = placed()
        make_tree(f'{m}/.')
        put(f'{m}/large', pattern(7, 12 * MIB + 5))
        eq(digest(w.export), digest(m))
        with open(f'{m}/large', 'r+b') as f:
            for at in (0, 5, 1023, 4096, MIB - 1, 7 * MIB + 3):
                f.seek(at)
                f.write(b'x' * 3 * KIB)
        # The client has all it wrote; what it reads again comes from the server.
        drop_cache(f'{m}/large')
        assert get(f'{m}/large') == get(w.path('large'))
        assert all(now > then for now, then in zip(placed(), before)), (placed(), before)
        put(w.path('holes'))
        os.truncate(w.path('holes'), 3 * MIB + 1)
        assert get(f'{m}/holes') == bytes(3 * MIB + 1)
        for size in (1, 2, 3, 900, 1023, 1024, 3900, 4095, 4097, 16 * KIB + 1, 17 * KIB):
            put(w.path(f's{size}'), pattern(size, size))
            assert get(f'{m}/s{size}') == pattern(size, size), size
        os.mkdir(f'{m}/many')
        names = [f'{"n" * 100}{i}' for i in range(400)]
        for name in names:
            os.close(os.open(w.path('many', name), os.O_CREAT | os.O_WRONLY))
        eq(sorted(os.listdir(f'{m}/many')), sorted(names))
        os.symlink('t' * 3000, f'{w.export}/long')
        eq(os.readlink(f'{m}/long'), 't' * 3000)


@rdma
def files_v3(w):
    all_files(w, '3')


@rdma
def files_v40(w):
    all_files(w, '4.0')


@rdma
def files_v41(w):
    all_files(w, '4.1')


@rdma
def files_v42(w):
    all_files(w, '4.2')


@contextlib.contextmanager
def calls_in_progress(number):
    """Connections made meanwhile have a send queue for fewer calls."""
    setting = '/proc/sys/sunrpc/svc_rdma/max_requests'
    before = get(setting).decode()
    put(setting, str(number).encode())
    try:
        yield
    finally:
        put(setting, before.encode())


@rdma
def short_queue(w):
    """With a short send queue calls wait until there is room, but no service thread does."""
    waited = '/proc/sys/sunrpc/svc_rdma/rdma_stat_sq_starve'
    with serving(w) as r, calls_in_progress(4):
        before = get(waited)
        m = r.mount('4.2', opts='rsize=8192,wsize=8192')
        put(f'{m}/file', pattern(9, MIB + 5))
        drop_cache(f'{m}/file')
        assert get(f'{m}/file') == pattern(9, MIB + 5)
        eq(get(waited), before)
        r.umount()


@rdma
def delegation_recalled(w):
    """Recalls take the connection of the session, as over TCP."""
    with serving(w) as r:
        # The counts are those of the namespace, which other tests use, too.
        before = r.server.calls('delegations')
        for vers in ('4.1', '4.2'):
            name = f'f{vers}'
            put(w.path(name), b'old')
            m = r.mount(vers)
            with contextlib.ExitStack() as opened:
                def delegated(where=f'{m}/{name}', opened=opened):
                    # None is granted with an open before the client has answered a callback.
                    opened.close()
                    eq(opened.enter_context(open(where, 'rb')).read(), b'old')
                    return r.server.claims().get('leases') == 1
                wait_for('a delegation', delegated)
                put(w.path(name), b'new')
            wait_for('it is given back', lambda: not r.server.claims().get('leases'))
            eq(get(f'{m}/{name}'), b'new')
            r.umount()
        counts = r.server.calls('delegations')
        eq([counts.get(x, 0) - before.get(x, 0) for x in ('recalled', 'revoked')], [2, 0])


@rdma
def only_admitted(w):
    """Shares that demand TLS, and those without a rule for the machine, are refused."""
    with serving(w) as r:
        os.mkdir(w.path('secret'))
        os.mkdir(w.path('others'))
        r.server.serve('secret', w.path('secret'), xprtsec=('tls', 'mtls'))
        r.server.serve('others', w.path('others'), allow=('192.0.2.1',))
        for vers in ALL_VERSIONS:
            for name in ('secret', 'others'):
                with expect_errno(errno.EACCES, errno.EPERM, errno.ENOENT):
                    r.mount(vers, name)
            m = r.mount(vers)
            put(f'{m}/f{vers}', b'x')
            eq(get(w.path(f'f{vers}')), b'x')


@rdma
def charged_and_disconnected(w):
    """A connection is listed, its machine is charged for it, and an administrator can end it."""
    with serving(w) as r:
        m = r.mount('3')
        put(f'{m}/f', b'x')
        ours = [c for c in r.server.json('connection', 'list') if c['local'].endswith(f':{PORT}')]
        eq([(c['address'].split(':')[0], c['security']) for c in ours], [(ADDRESS, 'none')])
        client, = (c for c in r.server.json('client', 'list') if c['address'] == ADDRESS)
        used = {b['kind']: b['used'] for b in client['budget']}
        eq(used['connections'], 1)
        assert used['memory-bytes'] >= MIB, used
        r.server.ctl('client', 'disconnect', ADDRESS)
        put(f'{m}/f', b'y')
        eq(get(w.path('f')), b'y')


@rdma
def too_many_connections(w):
    """A machine that has as many connections as it may is refused before another one is made."""
    if run('modprobe', 'rdma_ucm', check=False).returncode:
        raise Skip('the kernel has no RDMA for user space')
    with serving(w) as r, contextlib.ExitStack() as opened:
        def connect():
            c = rdma_cm.Connector()
            opened.callback(c.close)
            return c.connect(ADDRESS, int(PORT))
        r.server.ctl('server', 'set', 'budget-connections', '4')
        opened.callback(r.server.ctl, 'server', 'set', 'budget-connections', '0')
        for i in range(4):
            eq(connect(), rdma_cm.CONNECT_RESPONSE)
            # It is charged when it is listed.
            wait_for('it is accepted', lambda i=i: r.listener()['connections'] == i + 1)
        eq([connect() for _ in range(4)], [rdma_cm.REJECTED] * 4)
        eq(r.listener()['connections'], 4)


@rdma
def device_of_an_address_removed(w):
    """The device of a listener's address can be removed; the listener ends with it."""
    with serving(w) as r:
        r.server.ctl('listener', 'del', str(r.listener()['id']))
        for version in (b'first', b'second'):
            r.add(ADDRESS)
            m = r.mount('4.2')
            put(f'{m}/f', version)
            r.umount()
            eq(get(w.path('f')), version)
            remove_device()
            assert 'its RDMA device is gone' in run('dmesg'), 'no message'
            add_device()
            r.server.ctl('listener', 'del', str(r.listener()['id']))
        r.add()
        assert get(f'{r.mount("3")}/f') == b'second'


@rdma
def device_cut(w):
    """The device goes while clients write, and comes back: nothing is lost."""
    with serving(w) as r:
        for vers in ('3', '4.2'):
            m = r.mount(vers)
            os.mkdir(f'{m}/{vers}')
            done = f'{w.base}/done{vers}'
            with writing(f'{m}/{vers}', done) as progressed:
                progressed()
                remove_device()
                add_device()
                progressed()
            for i in range(writers.progress(done)):
                assert get(w.path(vers, f'w{i}')) == pattern(i, 40000), (vers, i)


@contextlib.contextmanager
def writing(m, done):
    """A client writes; the function that is returned waits until it has written more."""
    child = writers.writer(m, done)

    def progressed():
        before = writers.progress(done)
        wait_for('files are written', lambda: writers.progress(done) > before + 3, 120)
    yield progressed
    put(f'{done}.stop')
    child.join()


@rdma
def unloaded_under_load(w):
    """The listener goes, the modules go, while a client writes; then it goes on."""
    with serving(w) as r:
        m = r.mount('3')
        done = f'{w.base}/done'
        with writing(m, done) as progressed:
            progressed()
            r.server.ctl('listener', 'del', str(r.listener()['id']))
            eq([x['transport'] for x in r.server.json('listener', 'list')], ['tcp', 'udp'])
            r.add()
            progressed()
            r.server.restart()
            r.add()
            progressed()
        for i in range(writers.progress(done)):
            assert get(w.path(f'w{i}')) == pattern(i, 40000), i
