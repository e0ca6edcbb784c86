# SPDX-License-Identifier: GPL-2.0-only
"""The ground of every test: network namespaces, mounts, users, servers.

A test is a function with the decorator @test. It gets a World: a server in a
network namespace of its own, clients in theirs, joined to the server by one
pair of interfaces each, and a directory that is served.

    server 192.168.N.1 ---- 192.168.N.2 client N        (N from 1)

Everything is created for a test and removed after it. A test that passes
must leave nothing behind, and the exported file system must unmount at once.
"""
import os
import socket
import sys

import daemons
import netlink
import nfs3
import nfs4as3
import rpc
import smb
from checks import SLOW, TEST_LIMIT
from namespaces import Ns
from volumes import BASE, LIMITS, Volume, libc, mount, umount

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
        theme = f.__module__.removeprefix('t_').split('-')[0]
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


def prepare():
    """Make the guest ready: resolve names without DNS, and make room in memory."""
    if os.geteuid() or 'DITTO_VM' not in os.environ:
        sys.exit('run this as root in a guest: tests/vm/run -k uml -- COMMAND')
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
            limited, why = LIMITS[one]
            # An overlay has ext4 below it.
            if limited == ('ext4' if kind in ('overlay', 'lower') else kind):
                raise Skip(f'{kind}: {why}')

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
