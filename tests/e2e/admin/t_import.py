# SPDX-License-Identifier: GPL-2.0-only
"""What other servers serve is served after a few commands."""
import base64
import json
import os
import shutil
import subprocess

import json_schema
import servers
import smb
from checks import eq, wait_for
from files import get, put
from harness import test
from smb import SmbClient

SMB_CONF = """[global]
  workgroup = OLD
  server min protocol = SMB3
  map to guest = bad user
[team]
  path = {team}
  valid users = alice
  writeable = yes
  vfs objects = recycle
  recycle:keeptree = yes
[hidden]
  path = {team}/hidden
  veto files = /[st]ecret/
[homes]
  path = /srv/%m/%S
"""


def imported(w, *words, code=0):
    """What an import tells in JSON, as its schema says; it ends with a code."""
    p = w.server.ctl(*words, '--json', check=False)
    eq(p.returncode, code, p.stdout)
    told = json.loads(p.stdout)
    command = ' '.join(words[:2])
    json_schema.check(told, json_schema.load('dittoctl.json')['$defs'][command], command)
    return told


def report(told, verdict):
    return [line['what'] for line in told['report'] if line['verdict'] == verdict]


@test(server='ditto', share=False, smb=True, fs='ext4')
def shares(w):
    """Exports and shares of Samba are added to the file, whose text stays, and served."""
    s, exports, smb_conf = w.server, f'{w.base}/exports', f'{w.base}/smb.conf'
    for name in 'old', 'team':
        os.mkdir(w.path(name))
        os.chmod(w.path(name), 0o777)
        put(w.path(name, 'f'), name)
    os.mkdir(w.path('team/hidden'))
    put(exports, f'# old\n{w.path("old")} {w.client.addr}(rw,no_root_squash,async) \\\n *(ro)\n')
    put(smb_conf, SMB_CONF.format(team=w.path('team')))
    conf = s.helper_start('# ours\n[listener nfs]\n')
    before = get(conf).decode()
    told = imported(w, 'config', 'import', 'exports', exports, '--dry-run')
    eq((told['written'], report(told, 'no-counterpart')), (False, [f'{w.client.addr}(async)']))
    eq(get(conf).decode(), before)
    told = imported(w, 'config', 'import', 'exports', exports)
    eq(told['written'], True)
    told = imported(w, 'config', 'import', 'smb.conf', smb_conf, code=3)
    eq((report(told, 'not-needed'), [x['section'] for x in told['sections'] if 'left_out' in x]),
       (['map to guest = bad user'], ['share hidden', 'homes']))
    assert 'recycle:keeptree = yes' in report(told, 'no-counterpart'), told
    text = get(conf).decode()
    assert text.startswith(before), text
    assert '\n[listener smb]\n' in text, text
    assert '\n[server]\nworkgroup = OLD\nmin-dialect = 3.1.1\n' in text, text
    # what is there stays: the same can be there, nothing else
    put(smb_conf, SMB_CONF.format(team=w.path('team')).replace('SMB3', 'SMB2').replace(
        'writeable = yes', 'browseable = no'))
    said = s.refused('config', 'import', 'smb.conf', smb_conf)
    assert "another share 'team' already" in said and "'min-dialect' is there already" in said, said
    assert 'no share' in s.refused('config', 'import', 'exports', '/dev/null')
    eq(get(conf).decode(), text)
    # once the lines that left a share out are gone
    put(smb_conf, SMB_CONF.format(team=w.path('team')).replace('  veto files = /[st]ecret/\n', ''))
    imported(w, 'config', 'import', 'smb.conf', smb_conf, code=3)
    assert get(conf).decode().startswith(text), get(conf)
    eq(get(conf).decode()[len(text):].split('\n')[1], '[share hidden]')
    s.ctl('config', 'check')
    s.ctl('config', 'apply')
    wait_for('all is served', lambda: not s.ctl('status', check=False).returncode)
    where = w.client.mount(w.path('old'))
    put(f'{where}/g', 'by root')
    eq((get(f'{where}/f'), os.stat(w.path('old/g')).st_uid), (b'old', 0))
    where = w.client.mount_smb('alice', share='team')
    eq(get(f'{where}/f'), b'team')
    put(f'{where}/h', 'by alice')
    eq(os.stat(w.path('team/h')).st_uid, smb.UIDS['alice'])
    said = SmbClient(w.client, 'bob', share='team').do('ls', check=False)
    assert 'ACCESS_DENIED' in said, said
    s.ctl('stop')


@test(server='ditto', share=False, clients=0)
def parameters(w):
    """Every parameter that Samba has is known, and its own file can be read."""
    if not shutil.which('testparm'):
        return
    full, conf = f'{w.base}/full', f'{w.base}/smb.conf'
    put(conf, SMB_CONF.format(team=w.export))
    p = subprocess.run(['testparm', '-s', '-v', conf], stdout=subprocess.PIPE,
                       stderr=subprocess.DEVNULL, check=True)
    put(full, p.stdout)
    told = imported(w, 'config', 'import', 'smb.conf', full, '--dry-run', code=3)
    assert len(told['report']) > 400, len(told['report'])
    eq([x['what'] for x in told['report'] if 'not known' in x['text']], [])


def logins(w):
    """Which users log in with their passwords."""
    return [name for name, password in smb.USERS.items() if 'session setup failed' not in
            SmbClient(w.client, name, password).do('ls', check=False)]


@test(server='ditto', smb=True)
def accounts(w):
    """Users of Samba and ksmbd log in with the passwords that they had, and no hash is printed."""
    s, path = w.server, f'{w.base}/accounts'
    lines = {line.split(':')[0]: line for line in get(smb.USERS_FILE).decode().splitlines()}
    hashes = {name: line.split(':')[3] for name, line in lines.items()}
    for name in smb.USERS:
        s.ctl('user', 'del', name)
    eq(logins(w), [])
    bob = 'bob:' + base64.b64encode(bytes.fromhex(hashes['bob'])).decode()
    put(path, f'{lines["alice"]}\n{bob}\nnobody-here{lines["carol"][5:]}\n'
        f'{lines["carol"].replace("[U", "[LU")}\n', 0o644)
    assert 'chmod 600' in s.refused('user', 'import', path)
    os.chmod(path, 0o600)
    told = imported(w, 'user', 'import', path, '--dry-run', code=3)
    eq([(x['name'], x['imported']) for x in told],
       [('alice', True), ('bob', True), ('nobody-here', False), ('carol', False)])
    eq(logins(w), [])
    # nobody is imported who cannot be written
    os.mkdir(f'{smb.USERS_FILE}.new')
    p = s.ctl('user', 'import', path, check=False)
    assert p.returncode and 'imported' not in p.stdout, p.stdout
    os.rmdir(f'{smb.USERS_FILE}.new')
    said = s.ctl('user', 'import', path, check=False).stdout
    eq([text for text in (*hashes.values(), bob) if text in said], [])
    eq(logins(w), ['alice', 'bob'])
    eq(os.stat(smb.USERS_FILE).st_mode & 0o777, 0o600)
    # as "pdbedit -Lw | dittoctl user import"; those that are there keep their passwords
    with s.ns:
        p = subprocess.run([servers.tool('dittoctl'), 'user', 'import'], text=True, check=False,
                           input=f'{lines["carol"]}\n{lines["alice"]}\n', stdout=subprocess.PIPE)
    eq(p.returncode, 3, p.stdout)
    assert 'it is there already' in p.stdout, p.stdout
    eq(logins(w), ['alice', 'bob', 'carol'])
