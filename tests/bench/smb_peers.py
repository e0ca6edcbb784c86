# SPDX-License-Identifier: GPL-2.0-only
"""Servers of SMB inside the guest, each on a port of its own, and mounts of them."""

import os
import subprocess

import files
import processes
import servers
import smb
import volumes

BASE = '/tmp/bench-smb'
USER = 'alice'
PASSWORD = smb.USERS[USER]
PROTECTION = {'plain': '', 'signed': ',sign', 'encrypted': ',seal'}
LISTED = 10000
FILE_SIZE = 32 << 20
LOAD = '/sys/kernel/debug/ditto_vfs_load/run'


def make_user():
    """The account that everybody logs in to."""
    with open('/etc/passwd', 'a', encoding='ascii') as f:
        f.write(f'{USER}:x:{smb.UIDS[USER]}:100::/nonexistent:/bin/false\n')


class Peer:
    """A server on a port of its own, with the directory it serves."""

    name, port, share = '', 0, 'bench'
    daemon = None

    def __init__(self):
        self.path = f'{BASE}/{self.name}'
        os.mkdir(self.path)
        os.chmod(self.path, 0o777)
        self.mounts = {}

    def write(self, name, text):
        return files.put(f'{BASE}/{self.name}.{name}', text)

    def spawn(self, *args, **kw):
        log = open(f'{BASE}/{self.name}.log', 'ab')
        return subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **kw)

    def mount(self, protection):
        where = f'{BASE}/m-{self.name}-{protection}'
        os.makedirs(where)
        data = (f'ip=127.0.0.1,port={self.port},vers=3.1.1,user={USER},pass={PASSWORD},'
                f'uid=0,nosharesock,actimeo=0,cache=none,nohandlecache{PROTECTION[protection]}')
        volumes.mount(f'//127.0.0.1/{self.share}', where, 'cifs', 0, data)
        self.mounts[protection] = where

    def prepare(self):
        """Files for the operations, made by a client."""
        where = self.mounts['plain']
        for name in ('work', 'list'):
            os.mkdir(f'{where}/{name}')
        for n in range(LISTED):
            os.close(os.open(f'{where}/list/entry-{n:05d}', os.O_WRONLY | os.O_CREAT, 0o644))
        with open(f'{where}/data', 'wb') as f:
            for _ in range(FILE_SIZE >> 20):
                f.write(b'x' * (1 << 20))

    def measure(self, protection, operation, count):
        """Microseconds of one operation."""
        files.put(LOAD, f'{operation} {count} {self.mounts[protection]}')
        return int(files.get(LOAD)) / 1000

    def stop(self):
        for where in set(self.mounts.values()):
            if where != self.path:
                volumes.umount(where)
        if self.daemon:
            self.daemon.terminate()


class Local(Peer):
    """No server: the time that the file system takes."""

    name = 'local'

    def start(self):
        self.mounts = dict.fromkeys(PROTECTION, self.path)


class Ditto(Peer):
    name, port = 'ditto', 446

    def start(self):
        processes.run('modprobe', 'ditto_smb')
        ctl = servers.tool('dittoctl')
        conf = self.write('conf', '')
        os.makedirs(f'{BASE}/state')
        self.daemon = self.spawn(servers.tool('dittod'), '-c', conf, '-s', f'{BASE}/state')
        processes.run(ctl, 'share', 'add', self.share, self.path, 'squash', 'none')
        # as its peers: what is measured says whether it is signed
        processes.run(ctl, 'server', 'set', 'require-ntlm-signing', 'off')
        processes.run(ctl, 'listener', 'add', 'smb', 'port', str(self.port))
        subprocess.run([ctl, 'user', 'add', USER, '--password-stdin'], input=PASSWORD + '\n',
                       text=True, check=True, stdout=subprocess.DEVNULL)


class Again(Peer):
    """The same server with another share and other connections."""

    name, port, share = 'again', Ditto.port, 'again'

    def start(self):
        processes.run(servers.tool('dittoctl'), 'share', 'add', self.share, self.path,
                      'squash', 'none')


class Ksmbd(Peer):
    name, port = 'ksmbd', 447

    def start(self):
        processes.run('modprobe', 'ksmbd')
        conf = self.write('conf', f"""[global]
tcp port = {self.port}
server signing = auto
smb2 leases = no
oplocks = no
[bench]
path = {self.path}
read only = no
oplocks = no
""")
        users = f'{BASE}/ksmbd.users'
        processes.run('ksmbd.adduser', '-a', USER, '-p', PASSWORD, '-i', users, '-c', conf)
        self.daemon = self.spawn('ksmbd.mountd', '-n', '-c', conf, '-u', users)


class Samba(Peer):
    name, port = 'samba', 448

    def start(self):
        root = os.environ['DITTO_SAMBA']
        state = f'{BASE}/samba.state'
        for name in ('private', 'state', 'cache', 'lock', 'pid', 'ncalrpc'):
            os.makedirs(f'{state}/{name}')
        conf = self.write('conf', f"""[global]
smb ports = {self.port}
bind interfaces only = yes
interfaces = lo
private dir = {state}/private
state directory = {state}/state
cache directory = {state}/cache
lock directory = {state}/lock
pid directory = {state}/pid
ncalrpc dir = {state}/ncalrpc
passdb backend = smbpasswd:{state}/private/smbpasswd
disable netbios = yes
load printers = no
log level = 0
log file = {BASE}/samba.smbd.log
oplocks = no
smb2 leases = no
kernel oplocks = no
strict sync = yes
[bench]
path = {self.path}
read only = no
oplocks = no
level2 oplocks = no
""")
        libs = f'{root}/usr/lib/x86_64-linux-gnu/samba:{root}/usr/lib/x86_64-linux-gnu'
        env = dict(os.environ, LD_LIBRARY_PATH=libs)
        files.put(f'{state}/private/smbpasswd')
        subprocess.run(['/usr/bin/smbpasswd' if os.path.exists('/usr/bin/smbpasswd') else
                        f'{root}/usr/bin/smbpasswd', '-c', conf, '-a', '-s', USER],
                       input=f'{PASSWORD}\n{PASSWORD}\n', text=True, check=True, env=env,
                       stdout=subprocess.DEVNULL)
        self.daemon = self.spawn(f'{root}/usr/sbin/smbd', '-F', '--no-process-group', '-s', conf,
                                 env=env)
