# SPDX-License-Identifier: GPL-2.0-only
"""Clients that nobody here wrote: each logs in and does what people do with it."""
import os

import foreign
from checks import eq
from files import get, pattern, put
from harness import test

NAMES = ('with space', "it's", 'a#b%c', 'ünïcode ß', '日本語', '\U0001f642', 'x' * 200,
         'UPPER.TXT', '.hidden', '~tilde', '[brackets]', 'a&b=c', 'trailing.tar.gz')


def works(w, make):
    """Data both ways, names, and what must be refused."""
    os.chmod(w.export, 0o777)
    data, here, back = pattern(3, 10 << 20), f'{w.base}/here', f'{w.base}/back'
    put(here, data)
    c = make(w.client)
    c.put(here, 'f')
    eq(get(w.path('f')) == data, True, 'written')
    c.get('f', back)
    eq(get(back) == data, True, 'read')
    c.mkdir('d')
    c.mv('f', 'd/g')
    eq((os.listdir(w.path('d')), c.ls('d')), (['g'], {'g'}))
    put(here, b'shorter')
    c.put(here, 'd/g')
    eq(get(w.path('d/g')), b'shorter', 'truncated')
    c.rm('d/g')
    eq(os.listdir(w.path('d')), [])
    names = [n for n in NAMES if c.emoji or ord(max(n)) < 0x10000]
    for name in names:
        put(here, name.encode())
        c.put(here, f'd/{name}')
    eq(sorted(os.listdir(w.path('d'))), sorted(names))
    eq(c.ls('d'), set(names))
    for name in names:
        c.get(f'd/{name}', back)
        eq(get(back), name.encode())
    c.end()
    eq(foreign.failed(lambda: make(w.client, password='wrong').ls('d')), True, 'a wrong password')
    eq(foreign.failed(lambda: make(w.client, user='mallory', password='x').ls('d')), True)


def lists(w, make):
    os.chmod(w.export, 0o777)
    os.mkdir(w.path('many'))
    names = {f'file number {i:05}' for i in range(5000)}
    for name in names:
        put(w.path('many', name), b'')
    c = make(w.client)
    eq(c.ls('many') == names, True, 'all of 5,000 names')
    c.end()


def guest(w, make):
    """A share with guest on is open to somebody without a name."""
    put(w.path('f'), b'for all', 0o644)
    w.server.ctl('share', 'set', 'data', 'guest', 'on')
    c = make(w.client, user=None)
    eq('f' in c.ls(''), True)
    c.get('f', f'{w.base}/back')
    eq(get(f'{w.base}/back'), b'for all')
    eq(foreign.failed(lambda: c.put(f'{w.base}/back', 'new')), True, 'and cannot write')
    c.end()
    w.server.ctl('share', 'set', 'data', 'guest', 'off')
    eq(foreign.failed(lambda: make(w.client, user=None).ls('')), True)


def encrypted(w, make):
    os.chmod(w.export, 0o777)
    w.server.ctl('share', 'set', 'data', 'encrypt', 'on')
    put(f'{w.base}/here', pattern(4, 3 << 20))
    c = make(w.client)
    c.put(f'{w.base}/here', 'f')
    c.get('f', f'{w.base}/back')
    eq(get(f'{w.base}/back') == pattern(4, 3 << 20), True)
    c.end()


def cut(w, make):
    """Connections that end in the middle leave nothing behind that keeps the next one out."""
    os.chmod(w.export, 0o777)
    put(f'{w.base}/here', pattern(5, 20 << 20))
    foreign.cut(w.client, w.server, lambda: make(w.client).put(f'{w.base}/here', 'f'))
    c = make(w.client)
    c.put(f'{w.base}/here', 'f')
    eq(get(w.path('f')) == pattern(5, 20 << 20), True)
    c.end()


KINDS = {
    'rclone': foreign.Rclone,
    'impacket': foreign.Impacket,
    'smbclient': foreign.Smbclient,
    'smbc': foreign.Smbc,
    'gio': foreign.Gio,
    'v9u': foreign.npm('v9u-smb2'),
    'tryjsky': foreign.npm('@tryjsky/v9u-smb2'),
}
# What knows no other proof than that of NTLM version 1.
OLD = ('@marsaud/smb2', '@awo00/smb2', 'smb2')


def register(name, kind, what):
    def check(w):
        if not kind.signs:
            w.server.ctl('server', 'set', 'require-ntlm-signing', 'off')
        what(w, kind)
    check.__name__ = f'{name}_{what.__name__}'
    check.__doc__ = what.__doc__
    check.__module__ = __name__
    test(check, smb=True, squash='none', timeout=240)


for _name, _kind in KINDS.items():
    register(_name, _kind, works)
    register(_name, _kind, lists)
    register(_name, _kind, cut)
    if _kind.encrypts:
        register(_name, _kind, encrypted)
    if _kind.anonymous:
        register(_name, _kind, guest)


@test(smb=True, squash='none')
def old_proofs(w):
    """NTLM version 1 is refused, and the log says so and not that a password is wrong."""
    w.server.ctl('server', 'set', 'require-ntlm-signing', 'off')
    for package in OLD:
        client = foreign.npm(package)(w.client)
        eq(foreign.failed(lambda c=client: c.ls('')), True, package)
    log = w.server.helper_log()
    eq((log.count('version 1'), 'wrong password' in log), (len(OLD), False), log)


def libnfs(w, vers):
    """The programs of libnfs, which have no kernel below them."""
    os.chmod(w.export, 0o777)
    data, here, back = pattern(6, 10 << 20), f'{w.base}/here', f'{w.base}/back'
    put(here, data)
    url = f'nfs://{w.client.server_addr}/data'

    def at(path):
        return f'{url}/{path}?version={vers}&nfsport=2049&mountport=2049'
    if vers == 3:
        w.client.run('nfs-cp', here, at('f'))
        eq(get(w.path('f')) == data, True)
    else:
        # Version 4.0.0 of libnfs opens the file for that, and sends no WRITE, whatever the server is.
        put(w.path('f'), data, 0o644)
    w.client.run('nfs-cp', at('f'), back)
    eq(get(back) == data, True)
    names = {f'file-number-{i:05}' for i in range(5000)}
    os.mkdir(w.path('many'))
    for name in names:
        put(w.path('many', name), b'')
    out = w.client.run('nfs-ls', at('many'))
    eq({line.split()[-1] for line in out.splitlines()} == names, True)


@test(server='ditto', squash='none')
def libnfs_v3(w):
    libnfs(w, 3)


@test(server='ditto', squash='none')
def libnfs_v4(w):
    libnfs(w, 4)
