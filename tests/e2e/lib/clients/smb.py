# SPDX-License-Identifier: GPL-2.0-only
"""Users of SMB, and Samba's client."""
import os
import re
import shutil
import subprocess

# name: password. They are accounts of the server with uids from 3000.
USERS = {'alice': 'Wonder-1and', 'bob': 'Bui1der.bob', 'carol': 'Xmas carol 9'}
UIDS = {name: 3000 + i for i, name in enumerate(USERS)}
USERS_FILE = '/etc/ditto/users'
MADE_FILE = '/run/e2e-users'

DIALECTS = ('2.0', '2.1', '3.0', '3.0.2', '3.1.1')


def make_users(server):
    """Accounts of the guest, and their passwords for SMB, which are made once for all tests."""
    with open('/etc/passwd', encoding='ascii') as f:
        known = {line.split(':')[0] for line in f}
    for name, uid in UIDS.items():
        if name not in known:
            with open('/etc/passwd', 'a', encoding='ascii') as f:
                f.write(f'{name}:x:{uid}:{uid}::/nonexistent:/bin/false\n')
            with open('/etc/group', 'a', encoding='ascii') as f:
                f.write(f'{name}:x:{uid}:\n')
    if not os.path.exists(MADE_FILE):
        for name, password in USERS.items():
            add_user(server, name, password)
        shutil.copy(USERS_FILE, f'{MADE_FILE}.new')
        os.rename(f'{MADE_FILE}.new', MADE_FILE)
    os.makedirs(os.path.dirname(USERS_FILE), mode=0o700, exist_ok=True)
    shutil.copy(MADE_FILE, USERS_FILE)


def add_user(server, name, password, check=True):
    import servers
    with server.ns:
        p = subprocess.run([servers.tool('dittoctl'), 'user', 'add', name, '--password-stdin'],
                           input=password + '\n', stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, check=False, timeout=30)
    if check and p.returncode:
        raise AssertionError(f'dittoctl user add {name}: {p.stdout}')
    return p.stdout


class SmbClient:
    """smbclient, run with one command line each time."""

    def __init__(self, client, user='alice', password=None, share='data', options=()):
        self.client, self.share = client, share
        self.auth = ['-N'] if user is None else ['-U', f'{user}%{password or USERS[user]}']
        self.options = [f'--option={o}' for o in options]

    def command(self, *args, check=True):
        p = self.client.run('smbclient', '-s', '/dev/null', *self.options, *self.auth, *args,
                            check=False)
        if check and (p.returncode or re.search(r'^NT_STATUS_|failed with NT_STATUS_', p.stdout,
                                                re.M)):
            raise AssertionError(f'smbclient {args}: exit {p.returncode}\n{p.stdout}')
        return p.stdout

    def do(self, commands, *args, check=True):
        """Commands of smbclient, separated by semicolons."""
        return self.command(f'//{self.client.server_addr}/{self.share}', *args, '-c', commands,
                            check=check)

    def shares(self):
        """The shares that a browser sees: name: (kind, comment)."""
        out = {}
        for line in self.command('-g', '-L', f'//{self.client.server_addr}').splitlines():
            kind, _, rest = line.partition('|')
            if kind in ('Disk', 'IPC', 'Printer'):
                name, _, comment = rest.partition('|')
                out[name] = (kind, comment)
        return out

    def refused(self, commands, status):
        """Check that a command fails with this status."""
        out = self.do(commands, check=False)
        if status not in out:
            raise AssertionError(f'{commands}: {status} expected, smbclient says:\n{out}')
        return out


def listing(text):
    """A listing of smbclient as {name: (attributes, size)}."""
    out = {}
    for line in text.splitlines():
        m = re.match(r'  (.+?) +([ADHNRSO]+) +(\d+)  \w{3} \w{3} ', line)
        if m:
            out[m[1]] = (m[2], int(m[3]))
    return out
