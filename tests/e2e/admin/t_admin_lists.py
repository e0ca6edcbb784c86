# SPDX-License-Identifier: GPL-2.0-only
"""Lists for people: who uses the server, filters, and what fits into a terminal."""
import os

import servers
from checks import eq
from harness import test
from smb2 import Smb2


@test(server='ditto', smb=True, squash='none')
def who_uses_it(w):
    """Each session, and each machine of NFS, is one line with what it uses."""
    s = w.server
    os.chmod(w.export, 0o777)
    a, n = Smb2(w.client), w.client.nfs()
    f = a.create('f')
    a.lock(f, 0, 4)
    rows = {x['protocol']: x for x in s.json('who')}
    session, = s.json('session', 'list')
    eq({k: rows['smb'].get(k) for k in ('address', 'dialect', 'user', 'opens', 'shares')},
       {**{k: session[k] for k in ('dialect', 'user')}, 'address': session['address'][0],
        'opens': 1, 'shares': ['data']})
    assert rows['smb']['locks'] >= 1, rows
    eq(rows['smb']['protection'], 'encrypted' if 'encryption' in session else
       'signed' if 'signing' in session else 'none')
    eq((rows['nfs']['address'], rows['nfs']['protection']), (w.client.addr, 'none'))
    text = s.ctl('who')
    assert text.startswith('ADDRESS') and len(text.splitlines()) == 3, text
    eq(len(s.ctl('who', session['user'].upper()).splitlines()), 2)
    eq(s.json('who', 'nobody'), [])
    a.close(f)
    del n


@test(server='ditto', smb=True, squash='none')
def lists_of_some(w):
    """Lists have only the rows with all the words; long ones are cut on a terminal, no number is."""
    s, tool = w.server, servers.tool('dittoctl')
    os.chmod(w.export, 0o777)
    long = 'a-long-name-' + 'x' * 150
    os.mkdir(w.path(long))
    os.chmod(w.path(long), 0o777)
    a = Smb2(w.client)
    one, two = a.create('first'), a.create(f'{long}\\two')
    a.lock(one, 0, 4)
    eq([x['path'] for x in s.json('open', 'list', 'FIRST')], ['first'])
    eq(len(s.ctl('open', 'list', 'first', 'smb').splitlines()), 2)
    eq(s.json('open', 'list', 'first', 'nfs'), [])
    eq({x['path'] for x in s.json('lock', 'list', 'first')}, {w.path('first')})
    eq([x['type'] for x in s.json('lock', 'list', 'first', 'write 0-3')], ['range'])
    eq(s.json('session', 'list', 'no such user'), [])
    eq(s.ctl('open', 'list', '--path', check=False).returncode, 2)
    assert long in s.ctl('lock', 'list')
    for columns in (80, 120):
        said = s.ns.run('script', '-qec', f'stty cols {columns}; {tool} lock list', '/dev/null')
        lines = said.replace('\r', '').splitlines()
        assert max(map(len, lines)) <= columns and any('…' in x for x in lines), said
    a.close(two)
    a.close(one)
