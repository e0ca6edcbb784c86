# SPDX-License-Identifier: GPL-2.0-only
"""The ground of every test: network namespaces, mounts, users, servers.

A test is a function with the decorator @test. It gets a World: a server in a
network namespace of its own, clients in theirs, joined to the server by one
pair of interfaces each, and a directory that is served.

    server 192.168.N.1 ---- 192.168.N.2 client N        (N from 1)

Everything is created for a test and removed after it. A test that passes
must leave nothing behind, and the exported file system must unmount at once.
"""
import contextlib
import ctypes
import errno
import fcntl
import glob
import os
import pickle
import select
import shutil
import signal
import socket
import stat
import struct
import subprocess
import time
import traceback

import daemons
import netlink
import nfs3
import nfs4as3
import rpc
import smb

KIB, MIB = 1 << 10, 1 << 20

BASE = '/tmp/e2e'
NETNS = '/run/netns'
UTSNS = '/run/utsns'
# Folders of daemons that stay for all tests of a run, each with a file 'pids'.
KEEP = '/run/e2e-keep'
# Where dittoctl notes the file systems that ditto-guard watches.
GUARDED_LIST = '/var/lib/ditto/offload-filesystems'
MNT_FORCE, MNT_DETACH = 1, 2
MS_RDONLY, MS_BIND = 1, 4096
CLONE_NEWUTS, CLONE_NEWNET = 0x04000000, 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
FIFREEZE, FITHAW = 0xc0045877, 0xc0045878

libc = ctypes.CDLL(None, use_errno=True)

# Limits are for a guest that is quick to start; others emulate or check everything.
SLOW = 1 if os.environ.get('DITTO_VM', 'uml') == 'uml' else 5
# Seconds: the shortest limit of a test, and the usual one of a wait. Both only end what hangs;
# other guests may have the CPU meanwhile.
TEST_LIMIT, WAIT_LIMIT = 120, 30

# The file systems that can be served; 'lower' is an overlay with files in its lower layer.
KINDS = ('tmpfs', 'ext4', 'xfs', 'btrfs', 'overlay')
# What those of the tests cannot do; World.needs() skips what depends on it. Documentation/ has the
# same for users.
LIMITS = {
    'ext4': {
        'large attributes': 'the extended attributes of a file share 4 KiB',
        'many files': 'it is made with fewer inodes',
    },
    'xfs': {
        'long links': 'a symbolic link has 1024 bytes at most',
    },
}
LIMITS['overlay'] = LIMITS['lower'] = LIMITS['ext4']  # below it

NFS4_VERSIONS = ('4.0', '4.1', '4.2')

TESTS = []


class Skip(Exception):
    """The test does not apply here."""


def test(func=None, *, server=None, clients=1, timeout=0, fs='tmpfs', share=True, locks=False,
         smb=False, nfs4='', **options):
    """Register a test.

    server: the test is only for this one; locks: all machines have the daemons that NFSv3
    locking needs, with 'raw' only those that a raw client needs; smb: the share is served over
    SMB too, to the users of smb.py; nfs4: themes in which it is run again, with clients of each
    version of NFSv4; options: options of the share 'data'.
    """
    def register(f):
        theme = f.__module__.removeprefix('t_')
        f.spec = dict(server='ditto' if smb else server, clients=clients,
                      timeout=max(timeout, TEST_LIMIT) * SLOW, fs=fs, share=share, locks=locks,
                      smb=smb, vers='3', options=options)
        f.test_name = f'{theme}.{f.__name__}'
        TESTS.append(f)
        for again in nfs4.split():
            for vers in NFS4_VERSIONS:
                register_version(f, again, vers)
        return f
    return register(func) if func else register


def register_version(func, theme, vers):
    """Register the same test once more, with clients that speak another version of NFS."""
    def copy(w):
        func(w)
    name = func.__name__ if theme != 'nfs4' else func.test_name.replace('.', '_')
    copy.spec = dict(func.spec, vers=vers, server='ditto')
    copy.test_name = f'{theme}.{name}_v{vers.replace(".", "")}'
    TESTS.append(copy)


# small helpers

def syscall(result, what):
    if result:
        e = ctypes.get_errno()
        raise OSError(e, f'{what}: {os.strerror(e)}')


def mount(source, target, fstype, flags=0, data=''):
    syscall(libc.mount(source.encode(), target.encode(), fstype.encode(),
                       ctypes.c_ulong(flags), data.encode()), f'mount {source} on {target}')


def umount(target, flags=0):
    syscall(libc.umount2(target.encode(), flags), f'umount {target}')


def run(*args, check=True, ns=None, quiet=False, **kw):
    """Run a program and return its output; an unexpected failure raises an error with it."""
    if 'input' not in kw:
        kw['stdin'] = subprocess.DEVNULL
    kw.setdefault('timeout', 60 * SLOW)
    with ns or contextlib.nullcontext():
        p = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           check=False, **kw)
    if check and p.returncode:
        raise AssertionError(f'{" ".join(args)}: exit {p.returncode}\n{p.stdout}')
    if not check and not quiet:
        return p
    return p.stdout


def wait_for(what, condition, seconds=WAIT_LIMIT):
    """Poll until the condition holds; the limit only ends a test that would hang."""
    end = time.monotonic() + seconds * SLOW
    pause = 0.005
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f'waited {seconds} s in vain: {what}')
        time.sleep(pause)
        pause = min(2 * pause, 0.05)


def has_stopped(path, program=None):
    """Whether a process or thread has stopped, by its folder; of one program, if that is named."""
    with contextlib.suppress(OSError), \
            open(f'{path}/stat', encoding='ascii', errors='replace') as f:
        name, rest = f.read().split('(', 1)[1].rsplit(')', 1)
        return program in (None, name) and rest.split()[0] == 'T'
    return False


def sleepers(name='', pid='[0-9]*'):
    """The processes that sleep and that no signal ends, by id or a part of their name."""
    found = []
    for path in glob.glob(f'/proc/{pid}/stat'):
        with contextlib.suppress(OSError), open(path, encoding='ascii', errors='replace') as f:
            comm, rest = f.read().split('(', 1)[1].rsplit(')', 1)
            if name in comm and rest.split()[0] == 'D':
                found.append(path)
    return found


def all_stopped(pid):
    """Whether all threads of a process have stopped."""
    tasks = f'/proc/{pid}/task'
    try:
        return all(has_stopped(f'{tasks}/{task}') for task in os.listdir(tasks))
    except FileNotFoundError as e:
        raise ProcessLookupError(f'process {pid} is gone') from e


def stop_process(pid):
    """Stop a process. It goes on for some time after the signal is sent."""
    os.kill(pid, signal.SIGSTOP)
    wait_for('the process stops', lambda: all_stopped(pid))


@contextlib.contextmanager
def process_stopped(pid):
    """A process does not run during the block."""
    try:
        stop_process(pid)
        yield
    finally:
        # Who waited for it may have killed it.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def expect_errno(*numbers):
    """The block must fail with one of these errors."""
    @contextlib.contextmanager
    def manager():
        try:
            yield
        except OSError as e:
            if e.errno not in numbers:
                raise
        else:
            names = ', '.join(errno.errorcode[n] for n in numbers)
            raise AssertionError(f'worked, {names} expected')
    return manager()


def eq(got, want, what=''):
    if got != want:
        raise AssertionError(f'{what or "value"}: {got!r}, expected {want!r}')


def one_of(got, want, what=''):
    if got not in want:
        raise AssertionError(f'{what or "value"}: {got!r}, expected one of {want!r}')


def put(path, data=b'', mode=None):
    """Write a file; its content becomes durable at the close of an NFS mount."""
    with open(path, 'wb') as f:
        f.write(data.encode() if isinstance(data, str) else data)
    if mode is not None:
        os.chmod(path, mode)
    return path


def get(path):
    with open(path, 'rb') as f:
        return f.read()


def pattern(seed, size):
    """Bytes that show where they belong: each 16-byte line has its seed and its offset."""
    lines = (b'%07x %07x' % (seed & 0xfffffff, i) + b'\n' for i in range(size // 16 + 1))
    return b''.join(lines)[:size]


@contextlib.contextmanager
def accounts(users, groups):
    """More lines of /etc/passwd and /etc/group, which are as before afterwards."""
    more = {'/etc/passwd': users, '/etc/group': groups}
    saved = {path: get(path) for path in more}
    try:
        for path, lines in more.items():
            put(path, saved[path] + lines.encode())
        yield
    finally:
        for path, data in saved.items():
            put(path, data)


@contextlib.contextmanager
def frozen(path):
    """Nothing is written to a file system."""
    fd = os.open(path, os.O_RDONLY)
    fcntl.ioctl(fd, FIFREEZE, struct.pack('i', 0))
    try:
        yield
    finally:
        fcntl.ioctl(fd, FITHAW, struct.pack('i', 0))
        os.close(fd)


def hanging(where):
    """Mount a file system in user space that does not even say hello."""
    fuse = os.open('/dev/fuse', os.O_RDWR)
    run('mount', '-i', '-t', 'fuse', '-o', f'fd={fuse},rootmode=40000,user_id=0,group_id=0', 'hangs',
        where, pass_fds=(fuse,))
    return fuse


class Child:
    """A function in a forked process; join() returns its value or raises its error."""

    def __init__(self, fn, *args):
        r, w = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(r)
            code = 0
            try:
                out = (True, fn(*args))
            except BaseException as e:  # the parent gets it, whatever it is
                out, code = (False, (e, traceback.format_exc())), 1
            try:
                blob = pickle.dumps(out)
            except Exception:
                blob = pickle.dumps((False, (AssertionError(repr(out[1])), '')))
            with os.fdopen(w, 'wb') as f:
                f.write(blob)
            os._exit(code)
        os.close(w)
        self.fd = r

    def join(self):
        with os.fdopen(self.fd, 'rb') as f:
            blob = f.read()
        os.waitpid(self.pid, 0)
        if not blob:
            raise AssertionError('a process of the test was killed')
        good, value = pickle.loads(blob)
        if good:
            return value
        error, trace = value
        if not isinstance(error, OSError):
            print(trace)
        raise error

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def parallel(*functions):
    """Run all functions at once, each in its own process."""
    return [c.join() for c in [Child(f) for f in functions]]


def as_user(uid, fn, gid=None, groups=()):
    """Call a function as another user."""
    def change():
        os.setgroups(list(groups))
        os.setresgid(*[uid if gid is None else gid] * 3)
        os.setresuid(uid, uid, uid)
        os.umask(0o022)
        return fn()
    return Child(change).join()


def loopback_up():
    """Bring the loopback interface of the thread's network namespace up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack('16sH14x', b'lo', IFF_UP))


class Ns:
    """A network namespace with a host name; 'with ns:' puts the calling thread into it."""

    def __init__(self, name, hostname):
        self.name, self.hostname = name, hostname
        self.files = {'net': f'{NETNS}/{name}', 'uts': f'{UTSNS}/{name}'}
        self.back = []
        with self._current():
            syscall(libc.unshare(CLONE_NEWNET | CLONE_NEWUTS), 'unshare')
            socket.sethostname(hostname)
            loopback_up()
            for kind, path in self.files.items():
                os.makedirs(os.path.dirname(path), exist_ok=True)
                put(path)
                mount(f'/proc/thread-self/ns/{kind}', path, '', MS_BIND)

    @staticmethod
    def _enter(path):
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            syscall(libc.setns(fd, 0), f'setns {path}')
        finally:
            os.close(fd)

    @contextlib.contextmanager
    def _current(self):
        """Remember the thread's namespaces and return to them afterwards."""
        self._remember()
        try:
            yield
        finally:
            self.__exit__()

    def _remember(self):
        self.back.append([os.open(f'/proc/thread-self/ns/{kind}', os.O_RDONLY | os.O_CLOEXEC)
                          for kind in self.files])

    def __enter__(self):
        self._remember()
        for path in self.files.values():
            self._enter(path)
        return self

    def __exit__(self, *_):
        for fd in self.back.pop():
            self._enter(f'/proc/self/fd/{fd}')
            os.close(fd)

    def run(self, *args, **kw):
        return run(*args, ns=self, **kw)

    def spawn(self, *args, **kw):
        """Start a program in the background; the runner ends it with the test."""
        with self:
            return subprocess.Popen(args, stdin=subprocess.DEVNULL, **kw)

    def remove(self):
        """Remove the name; the namespace disappears when nothing is left in it."""
        for path in self.files.values():
            umount(path, MNT_DETACH)
            os.unlink(path)


def ip(ns, *commands):
    """Run commands of ip in a namespace by one process, because starting one takes long."""
    run('ip', '-n', ns.name, '-batch', '-', input='\n'.join(commands) + '\n')


class Client(Ns):
    """A machine with the kernel's NFS client, and a raw one."""

    def __init__(self, world, number):
        super().__init__(f'e2e-c{number}', f'client{number}')
        self.world, self.number, self.mounts, self.daemons = world, number, [], None
        self.server_addr, self.addr = f'192.168.{number}.1', f'192.168.{number}.2'
        netlink.cable(world.server_ns, f'veth{number}', self, 'eth0')
        netlink.bring_up(world.server_ns, f'veth{number}',
                         [f'{self.server_addr}/24', f'fd00:{number}::1/64'])
        netlink.bring_up(self, 'eth0', [f'{self.addr}/24', f'fd00:{number}::2/64'],
                         self.server_addr)

    def _options3(self, proto):
        server = self.world.server
        return (f'addr={self.server_addr},port={server.port},proto={proto},'
                f'mountaddr={self.server_addr},mountvers=3,mountport={server.mount_port},'
                f'mountproto=tcp,hard,timeo=20,retrans=3,'
                f'{"lock" if self.daemons else "nolock"}')

    def _options4(self):
        return (f'addr={self.server_addr},port={self.world.server.port},proto=tcp,'
                f'clientaddr={self.addr},hard,timeo=20,retrans=3')

    def mount(self, path=None, opts='', fstype='nfs', where=None, proto='tcp', vers=None):
        """Mount the served share; returns the mount point."""
        server = self.world.server
        path = path or self.world.export
        vers = vers or self.world.vers
        where = where or f'{self.world.base}/c{self.number}.{len(self.mounts)}'
        os.makedirs(where, exist_ok=True)
        if vers.startswith('4'):
            path = server.path4(path)
        data = f'vers={vers},'
        data += self._options4() if vers.startswith('4') else self._options3(proto)
        if opts:
            data += f',{opts}'
        with self:
            mount(f'{self.server_addr}:{path}', where, fstype, 0, data)
        self.mounts.append(where)
        return where

    def mount_smb(self, user='alice', share='data', vers='3.1.1', opts='', password=None,
                  where=None, host=None):
        """Mount a share with the kernel's SMB client; returns the mount point."""
        where = where or f'{self.world.base}/c{self.number}.{len(self.mounts)}'
        os.makedirs(where, exist_ok=True)
        data = (f'ip={self.server_addr},vers={vers},user={user},'
                f'pass={password or smb.USERS[user]},serverino,nosharesock,hard,'
                f'iocharset=utf8')
        if opts:
            data += f',{opts}'
        with self:
            mount(f'//{host or self.server_addr}/{share}', where, 'cifs', 0, data)
        self.mounts.append(where)
        return where

    def umount(self, where, flags=0):
        umount(where, flags)
        self.mounts.remove(where)

    def connect(self, proto='tcp', port=None, **kw):
        return rpc.Rpc(self, self.server_addr, port or self.world.server.port, proto, **kw)

    def nfs(self, cred=rpc.ROOT, path=None, **kw):
        """A raw client; its .root is the handle of the share."""
        if self.world.vers.startswith('4'):
            return nfs4as3.make(self, cred, path, self.world.vers, **kw)
        n = nfs3.Nfs3(self.connect(**kw), cred)
        server = self.world.server
        if server.mount_port != server.port:
            n.mount_conn = self.connect(port=server.mount_port)
        r = n.mnt(path or self.world.export)
        if r.status != nfs3.OK:
            raise AssertionError(f'MNT {path or self.world.export}: status {r.status}')
        n.root = r.fh
        return n


def mount_image(image, where, kind, options=''):
    """Mount a file. Returns the device, which goes when it is unmounted."""
    # not mount -o loop: it keeps the device open for writing while it mounts it
    loop = run('losetup', '-f', '--show', image).strip()
    mount(loop, where, kind, 0, options)
    run('losetup', '-d', loop)
    return loop


class Volume:
    """A file system of a test, mounted locally on the server's side."""

    def __init__(self, where, kind, size='700m', image=None, options=()):
        self.where, self.kind = where, kind
        os.makedirs(where, exist_ok=True)
        self.image = image or f'{where}.img'
        self.lower = None
        if kind == 'tmpfs':
            mount('e2e', where, 'tmpfs', 0, f'size={size},mode=755')
        elif kind in ('overlay', 'lower'):
            self.lower = Volume(f'{where}.lower', 'ext4', size)
            d = self.lower.where
            for name in ('l', 'u', 'w'):
                os.mkdir(f'{d}/{name}')
            if kind == 'lower':
                put(f'{d}/l/from-lower', b'lower\n')
                os.makedirs(f'{d}/l/lower-dir/deep')
                put(f'{d}/l/lower-dir/deep/file', b'deep\n')
            mount('e2e', where, 'overlay', 0,
                  f'lowerdir={d}/l,upperdir={d}/u,workdir={d}/w,nfs_export=on,index=on')
        else:
            self._make_image(size, options)
            self.mount()
            with contextlib.suppress(FileNotFoundError):
                os.rmdir(f'{where}/lost+found')

    def _make_image(self, size, more):
        with open(self.image, 'wb') as f:
            f.truncate(int(size[:-1]) << 20)
        # Metadata that is written later could fail on a disk that holds less than it says.
        lazy = 'nodiscard,lazy_itable_init=0,lazy_journal_init=0'
        ext = ['-q', '-F', '-E', lazy]
        options = {'ext3': ext, 'ext4': ext, 'xfs': ['-q', '-K'], 'btrfs': ['-q', '-K']}
        run(f'mkfs.{self.kind}', *options[self.kind], *more, self.image)

    def mount(self):
        """Mount the image, at first and after umount()."""
        mount_image(self.image, self.where, self.kind)

    def umount(self):
        umount(self.where)
        if self.lower:
            self.lower.umount()


def prepare():
    """Make the guest ready: resolve names without DNS, and make room in memory."""
    with open('/etc/hosts', 'w', encoding='ascii') as f:
        f.write('127.0.0.1 localhost\n')
        for i in range(1, 9):
            f.write(f'192.168.{i}.2 client{i}.e2e.test client{i}\n')
            f.write(f'192.168.{i}.1 server{i}.e2e.test server{i} server\n')
    databases = 'passwd group shadow hosts networks protocols services rpc netgroup'
    with open('/etc/nsswitch.conf', 'w', encoding='ascii') as f:
        f.write(''.join(f'{db}: files\n' for db in databases.split()))
    with open('/etc/netgroup', 'w', encoding='ascii') as f:
        f.write('trusted (client1.e2e.test,,)\nothers (client2.e2e.test,,)\n')
    os.makedirs(BASE, exist_ok=True)
    if not os.path.ismount(BASE):
        mount('e2e', BASE, 'tmpfs', 0, 'mode=755')
    socket.sethostname('server')  # what threads of the kernel go by
    os.chdir('/')
    os.umask(0o022)
    # a subreaper: what a test leaves behind becomes the runner's child
    libc.prctl(36, 1, 0, 0, 0)


class World:
    """The server, the clients and the served directory of a test."""

    def __init__(self, name, spec, server_class):
        self.name, self.spec, self.vers = name, spec, spec['vers']
        self.base = f'{BASE}/{name}'
        self.export = f'{self.base}/export'
        os.makedirs(self.base)
        self.volumes = []
        self.server_ns = Ns('e2e-s', 'server')
        self.clients = [Client(self, i + 1) for i in range(spec['clients'])]
        self.client = self.clients[0] if self.clients else None
        if spec['fs']:
            self.volume(self.export, spec['fs'])
        self.server = server_class(self)
        if spec['locks']:
            for client in self.clients:
                client.daemons = daemons.Daemons(client, f'{self.base}/{client.hostname}',
                                                 statd=spec['locks'] != 'raw')
        self.server.start()
        if spec['share']:
            self.server.add('data', self.export, **spec['options'])

    def volume(self, where, kind, size='700m', image=None, options=()):
        v = Volume(where, kind, size, image, options)
        self.volumes.append(v)
        return v

    def served_volume(self, name, kind='ext4', size='700m', **options):
        """A share on a file system of its own, in whose root all may write. Returns its path."""
        where = self.volume(f'{self.base}/{name}', kind, size).where
        os.chmod(where, 0o777)
        self.server.add(name, where, **options)
        return where

    def needs(self, *what):
        """Skip the test if the served file system cannot do something of LIMITS."""
        kind = self.spec['fs']
        for one in what:
            assert any(one in limits for limits in LIMITS.values()), one
            if one in LIMITS.get(kind, ()):
                raise Skip(f'{kind}: {LIMITS[kind][one]}')

    def path(self, *parts):
        """Path of a file in the served directory, on the server."""
        return os.path.join(self.export, *parts)

    def finish(self):
        """Take everything down in order; the test fails if something cannot be removed."""
        for client in self.clients:
            for where in reversed(client.mounts[:]):
                client.umount(where)
        self.server.stop()
        for v in reversed(self.volumes):
            self.server.released(v)
        for client in self.clients:
            if client.daemons:
                client.daemons.stop()


# taking down by force, after any test

def under_base():
    with open('/proc/self/mounts', encoding='utf-8', errors='replace') as f:
        return [line.split()[1] for line in f if line.split()[1].startswith(BASE + '/')]


def kept():
    """The processes that stay for other tests."""
    out = set()
    for folder in os.listdir(KEEP) if os.path.isdir(KEEP) else ():
        with contextlib.suppress(OSError), open(f'{KEEP}/{folder}/pids', encoding='ascii') as f:
            out |= {int(pid) for pid in f.read().split()}
    return out


def reap(pids, seconds):
    """Wait for children that were killed, which may be in a call that takes its time."""
    end = time.monotonic() + seconds
    for pid in pids:
        with contextlib.suppress(OSError):
            fd = os.pidfd_open(pid)
            select.select([fd], [], [], max(end - time.monotonic(), 0))
            os.close(fd)
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def kill_children():
    """End the processes that the test started; the runner inherits them as a subreaper.

    Returns True if there were any.
    """
    me, stay = str(os.getpid()), kept()
    for tries in range(50):
        pids = []
        if not stay:
            try:
                os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return tries > 0
        for pid in filter(str.isdigit, os.listdir('/proc')):
            with contextlib.suppress(OSError), open(f'/proc/{pid}/stat', 'rb') as f:
                if f.read().rsplit(b')', 1)[1].split()[1].decode() == me \
                        and int(pid) not in stay:
                    pids.append(int(pid))
        if not pids:
            return tries > 0
        for pid in pids:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        reap(pids, 0.1)
    return True


def clean_up(server_class, passed):
    """Remove everything, whatever state a test ended in."""
    mounted = under_base()
    for where in reversed(mounted):
        if os.path.basename(where).startswith('c'):
            with contextlib.suppress(OSError):
                umount(where, MNT_FORCE | MNT_DETACH)
    left = kill_children()
    if not passed:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            server_class.reset()
    for folder in (NETNS, UTSNS):
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            with contextlib.suppress(OSError):
                umount(f'{folder}/{name}', MNT_DETACH)
            os.unlink(f'{folder}/{name}')
    for where in reversed(under_base()) if mounted or left or not passed else ():
        with contextlib.suppress(OSError):
            umount(where, MNT_DETACH)
    for name in os.listdir(BASE):
        shutil.rmtree(f'{BASE}/{name}', ignore_errors=True)
    # Those in the list for ditto-guard were the test's.
    with contextlib.suppress(FileNotFoundError):
        os.unlink(GUARDED_LIST)


def logs():
    """Output of the daemons of a test."""
    out, mounted = '', under_base()
    for folder, folders, names in os.walk(BASE):
        folders[:] = [name for name in folders if f'{folder}/{name}' not in mounted]
        for name in names:
            if name.endswith('.log'):
                out += f'{name}:\n{get(os.path.join(folder, name)).decode(errors="replace")}'
    return out


def file_type(path):
    return stat.S_IFMT(os.lstat(path).st_mode)
