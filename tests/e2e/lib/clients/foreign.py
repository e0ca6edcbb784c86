# SPDX-License-Identifier: GPL-2.0-only
"""Programs and libraries that speak SMB or NFS and that nobody here wrote, behind one shape.

A client has the methods ls, put, get, mv, rm and mkdir. Paths begin below the share and use '/';
`put` and `get` name a local file. Each raises Refused if the program says that it failed.
"""
import contextlib
import io
import os
import subprocess
import threading
import urllib.parse

import smb
from harness import Skip
from processes import run

COMMANDS = ('ls', 'put', 'get', 'mv', 'rm', 'mkdir')
HERE = os.path.dirname(os.path.abspath(__file__))


class Refused(Exception):
    """The client reports an error."""


def find(program, package):
    for folder in os.environ['PATH'].split(':'):
        if os.path.exists(f'{folder}/{program}'):
            return program
    raise Skip(f'{program} is not installed: package {package}')


class Foreign:
    """One user of one share; None is nobody."""

    # What the client cannot do, whatever the server does.
    encrypts = signs = anonymous = emoji = True

    def __init__(self, client, user='alice', password=None, share='data'):
        self.client, self.user, self.share = client, user, share
        self.password = (smb.USERS[user] if password is None else password) if user else ''
        self.host = client.server_addr

    def program(self, *args, env=None, timeout=120, **kw):
        p = run(*args, ns=self.client, check=False, timeout=timeout,
                env={**os.environ, 'HOME': self.client.world.base, 'LANG': 'C.UTF-8', **(env or {})},
                **kw)
        if p.returncode:
            raise Refused(p.stdout)
        return p.stdout

    def end(self):
        """Close what is open."""


class Rclone(Foreign):
    """rclone, which is go-smb2."""
    anonymous = False       # it always has a name

    def __init__(self, *args, **kw):
        super().__init__(*args, **kw)
        find('rclone', 'rclone')
        word = run('rclone', 'obscure', '-', input=self.password).strip()
        self.env = {'RCLONE_CONFIG': '/dev/null', 'RCLONE_CONFIG_S_TYPE': 'smb',
                    'RCLONE_CONFIG_S_HOST': self.host, 'RCLONE_CONFIG_S_USER': self.user,
                    'RCLONE_CONFIG_S_PASS': word, 'RCLONE_RETRIES': '1',
                    'RCLONE_LOW_LEVEL_RETRIES': '1'}

    def rclone(self, *args):
        return self.program('rclone', *args, env=self.env)

    def at(self, path):
        return f's:{self.share}/{path}'

    def ls(self, folder):
        return {n.rstrip('/') for n in self.rclone('lsf', self.at(folder)).splitlines()}

    def put(self, local, path):
        self.rclone('copyto', '--ignore-times', local, self.at(path))

    def get(self, path, local):
        self.rclone('copyto', '--ignore-times', self.at(path), local)

    def mv(self, path, new):
        self.rclone('moveto', self.at(path), self.at(new))

    def rm(self, path):
        self.rclone('deletefile', self.at(path))

    def mkdir(self, path):
        self.rclone('mkdir', self.at(path))


class Impacket(Foreign):
    """impacket, a library."""
    emoji = False           # it counts characters, not units of UTF-16

    def __init__(self, *args, **kw):
        from impacket.smbconnection import SessionError, SMBConnection
        super().__init__(*args, **kw)
        self.error = SessionError
        with self.client:
            self.smb = SMBConnection(self.host, self.host, timeout=20)
        self.call('login', self.user or '', self.password)

    def call(self, method, *args):
        try:
            return getattr(self.smb, method)(*args)
        except self.error as e:
            raise Refused(str(e)) from e

    def ls(self, folder):
        entries = self.call('listPath', self.share, f'{folder}/*')
        return {e.get_longname() for e in entries} - {'.', '..'}

    def put(self, local, path):
        with open(local, 'rb') as f:
            self.call('putFile', self.share, path, f.read)

    def get(self, path, local):
        out = io.BytesIO()
        self.call('getFile', self.share, path, out.write)
        with open(local, 'wb') as f:
            f.write(out.getvalue())

    def mv(self, path, new):
        self.call('rename', self.share, path, new)

    def rm(self, path):
        self.call('deleteFile', self.share, path)

    def mkdir(self, path):
        self.call('createDirectory', self.share, path)

    def end(self):
        self.smb.close()


class Smbclient(Foreign):
    """smbclient, of Samba."""

    def smbclient(self, command):
        auth = ['-U', f'{self.user}%{self.password}'] if self.user else ['-N']
        out = self.program('smbclient', '-s', '/dev/null', *auth, f'//{self.host}/{self.share}',
                           '-c', command)
        if 'NT_STATUS_' in out:
            raise Refused(out)
        return out

    def ls(self, folder):
        return set(smb.listing(self.smbclient(f'ls "{folder}/*"'))) - {'.', '..'}

    def put(self, local, path):
        self.smbclient(f'put "{local}" "{path}"')

    def get(self, path, local):
        self.smbclient(f'get "{path}" "{local}"')

    def mv(self, path, new):
        self.smbclient(f'rename "{path}" "{new}"')

    def rm(self, path):
        self.smbclient(f'rm "{path}"')

    def mkdir(self, path):
        self.smbclient(f'mkdir "{path}"')


# One command of libsmbclient, in a process of its own because the library is one for each process.
SMBC = '''
import os, smbc, sys
host, share, user, command, *args = sys.argv[1:]
c = smbc.Context(auth_fn=lambda *a: ('WORKGROUP', user, os.environ['PASSWORD']))
if not user:
    c.optionNoAutoAnonymousLogin = False
at = lambda path: f'smb://{host}/{share}/{path}'
if command == 'ls':
    for entry in c.opendir(at(args[0])).getdents():
        print(entry.name)
elif command == 'put':
    with open(args[0], 'rb') as f:
        out = c.open(at(args[1]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        while data := f.read(1 << 20):
            assert out.write(data) == len(data)
        out.close()
elif command == 'get':
    with open(args[1], 'wb') as f:
        out = c.open(at(args[0]), os.O_RDONLY)
        while data := out.read(1 << 20):
            f.write(data)
elif command == 'mv':
    c.rename(at(args[0]), at(args[1]))
elif command == 'rm':
    c.unlink(at(args[0]))
elif command == 'mkdir':
    c.mkdir(at(args[0]), 0o755)
'''


class Commands(Foreign):
    """A client whose methods are commands of one program."""

    def command(self, *args):
        raise NotImplementedError

    def ls(self, folder):
        return set(self.command('ls', folder).splitlines()) - {'.', '..'}

    def put(self, local, path):
        self.command('put', local, path)

    def get(self, path, local):
        self.command('get', path, local)

    def mv(self, path, new):
        self.command('mv', path, new)

    def rm(self, path):
        self.command('rm', path)

    def mkdir(self, path):
        self.command('mkdir', path)


class Smbc(Commands):
    """python3-smbc, which is libsmbclient."""

    def command(self, *args):
        return self.program('/usr/bin/python3', '-c', SMBC, self.host, self.share,
                            self.user or '', *args, env={'PASSWORD': self.password})


class Npm(Commands):
    """A package of npm."""
    package = None
    # None of them signs or encrypts, or can do without a name.
    encrypts = signs = anonymous = False

    def __init__(self, *args, **kw):
        super().__init__(*args, **kw)
        self.folder = os.environ.get('DITTO_CLIENTS')
        if not self.folder:
            raise Skip('DITTO_CLIENTS names no folder with them: tests/clients/install')
        find('node', 'nodejs')

    def command(self, *args):
        return self.program('node', f'{HERE}/../../../clients/smb2.js', self.package, self.host,
                            self.share, self.user or '', *args,
                            # MD4 is not among what node allows by itself.
                            env={'PASSWORD': self.password, 'CLIENTS': self.folder,
                                 'NODE_OPTIONS': '--openssl-legacy-provider'})


class Gio(Foreign):
    """gio, which is gvfs and libsmbclient behind D-Bus."""

    def __init__(self, *args, **kw):
        super().__init__(*args, **kw)
        find('gio', 'libglib2.0-bin')
        find('dbus-run-session', 'dbus-daemon')

    def gio(self, *words):
        """Mount and run one command in a session of its own."""
        who = f'{self.user}@' if self.user else ''
        share = f'smb://{who}{self.host}/{self.share}'
        login = f'WORKGROUP\n{self.password}\n' if self.user else '\n\n\n'
        how = '' if self.user else '--anonymous'
        script = (f'gio mount {how} "$1" <<< "$2" >&2 && gio "${{@:3}}"; s=$?; '
                  'gio mount -u "$1" >&2; exit $s')
        with contextlib.suppress(Refused):
            # The bus and what it starts have messages of their own.
            return self.program('bash', '-c', 'exec 2>"$HOME/gio.log"; exec "$@"', 'gio',
                                'dbus-run-session', '--', 'bash', '-c', script, 'gio', share,
                                login, *words, env={'XDG_RUNTIME_DIR': self.client.world.base,
                                                    'GIO_USE_VFS': 'gvfs'})
        with open(f'{self.client.world.base}/gio.log', encoding='utf-8') as f:
            raise Refused(f.read())

    def at(self, path):
        who = f'{self.user}@' if self.user else ''
        return f'smb://{who}{self.host}/{self.share}/{urllib.parse.quote(path)}'

    def ls(self, folder):
        return set(self.gio('list', self.at(folder)).splitlines())

    def put(self, local, path):
        self.gio('copy', local, self.at(path))

    def get(self, path, local):
        self.gio('copy', self.at(path), local)

    def mv(self, path, new):
        self.gio('move', self.at(path), self.at(new))

    def rm(self, path):
        self.gio('remove', self.at(path))

    def mkdir(self, path):
        self.gio('mkdir', self.at(path))


def cut(client, server, work):
    """Run work and cut the client's connections while it goes on; returns what it raised."""
    raised = []

    def do():
        try:
            work()
        except Exception as e:  # pylint: disable=broad-except
            raised.append(e)
    thread = threading.Thread(target=do)
    thread.start()
    while thread.is_alive():
        server.ctl('client', 'disconnect', client.addr, check=False)
        thread.join(0.5)
    return raised[0] if raised else None


def npm(name):
    return type(name, (Npm,), {'package': name})


def failed(work):
    """Whether it raises what a client raises when it is refused."""
    try:
        work()
    except (Refused, subprocess.TimeoutExpired):
        return True
    return False
