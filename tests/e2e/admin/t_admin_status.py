# SPDX-License-Identifier: GPL-2.0-only
"""dittoctl status, the one place to look: what it tells beside shares that cannot be served."""
import fcntl
import json
import os
import signal

import kdc
from checks import eq, wait_for
from files import put
from harness import test
from processes import run
from stores import Store
from volumes import mount, umount


def told(w):
    """The exit status of dittoctl status, what it tells as JSON, and its text."""
    p = w.server.ctl('--json', 'status', check=False)
    return p.returncode, json.loads(p.stdout), w.server.ctl('status', check=False).stdout


def problems(w):
    return {x['subject']: x['problem'] for x in told(w)[1]['problems']}


def configure(w, conf):
    put(f'{w.base}/ditto.conf', conf)
    w.server.helper.send_signal(signal.SIGHUP)


def share(name, path, *options):
    return '\n'.join((f'[share {name}]', f'path = {path}', *options, ''))


@test(server='ditto', share=False, clients=0)
def space_of_shares(w):
    """How much space each share has, and a share whose file system is full."""
    where = w.volume(f'{w.base}/small', 'ext4', '16m').where
    w.server.helper_start(share('small', where))
    wait_for('the space', lambda: told(w)[1]['space'])
    code, status, text = told(w)
    st = os.statvfs(where)
    eq((code, status['space']), (0, [{'share': 'small', 'size': st.f_blocks * st.f_frsize,
                                      'free': st.f_bavail * st.f_frsize}]))
    assert 'SHARE  ' in text and 'small  ' in text, text
    put(f'{where}/all', bytes((st.f_bavail * 49 // 50) * st.f_frsize))
    configure(w, share('small', where))
    wait_for('the note', lambda: [note for note in told(w)[1]['notes']
                                  if note.endswith('% of its file system is free')])
    eq(told(w)[0], 0)
    run('dd', 'if=/dev/zero', f'of={where}/rest', 'bs=4096', check=False)
    configure(w, share('small', where))
    wait_for('the problem', lambda: problems(w) == {'share small': 'its file system is full'})
    eq(told(w)[0], 3)
    os.unlink(f'{where}/rest')
    os.unlink(f'{where}/all')
    configure(w, share('small', where))
    wait_for('all is well', lambda: told(w)[0] == 0 and not told(w)[1]['notes'])
    configure(w, '')
    wait_for('the share is gone', lambda: not w.server.json('share', 'list'))


@test(server='ditto', share=False, clients=0)
def errors_as_json(w):
    """What goes wrong is told as JSON to who wants JSON, with the same words."""
    for command, *words in (('', 'bogus'), ('lock', 'lock', 'lst'), ('start', 'start'),
                            ('share add', 'share', 'add', 'a', 'b', 'c'),
                            ('share del', 'share', 'del', 'none'),
                            ('user add', 'user', 'add', 'no"body')):
        plain, p = w.server.ctl(*words, check=False), w.server.ctl('--json', *words, check=False)
        eq((p.returncode, p.returncode > 0), (plain.returncode, True), words)
        said = json.loads(p.stdout)
        eq(said['command'], command)
        assert said['error'] in plain.stdout, (said, plain.stdout)


@test(server='ditto', share=False, clients=0)
def open_to_everybody(w):
    """A share that serves anybody who asks is noted, until somebody is asked for a proof."""
    def notes(*options):
        configure(w, share('data', w.export, *options))
        wait_for('it is applied', lambda: told(w)[0] == 0)
        return [note for note in told(w)[1]['notes'] if 'everybody' in note]
    w.server.helper_start(share('data', w.export))
    open_, = notes('allow = 192.0.2.1=none', 'allow = any')
    assert 'share data is open to everybody by NFS' in open_, open_
    assert f'note: {open_}' in told(w)[2], told(w)[2]
    for options in ((), ('allow = 192.0.2.0/24',), ('allow = any=none',), ('allow = any', 'sec = krb5'),
                    ('allow = any', 'xprtsec = mtls'), ('allow = any', 'protocols = smb')):
        configure(w, share('data', w.export, *options))
        wait_for(f'nothing is open with {options}',
                 lambda: not [note for note in told(w)[1]['notes'] if 'everybody' in note])
    configure(w, '')
    wait_for('the share is gone', lambda: not w.server.json('share', 'list'))


@test(server='ditto', share=False, smb=True)
def guests_are_everybody(w):
    """A share for guests is noted, as long as SMB is listened for."""
    s = w.server
    s.helper_stop()
    conf = share('data', w.export, 'guest = on', 'protocols = smb')
    s.helper_start(f'[listener smb]\n{conf}')

    def noted():
        return any('open to everybody by SMB' in note for note in told(w)[1]['notes'])
    wait_for('the note', noted)
    configure(w, f'[listener nfs]\n{conf}')
    wait_for('nobody can come', lambda: not noted())
    configure(w, '')
    wait_for('the share is gone', lambda: not s.json('share', 'list'))


@test(server='ditto', share=False, clients=0)
def no_file_handles(w):
    """A share that NFS cannot serve for want of file handles is a problem, but not one for SMB."""
    lower, where = f'{w.base}/lower', f'{w.base}/merged'
    for folder in (lower, f'{w.base}/upper', f'{w.base}/work', where):
        os.mkdir(folder)
    mount('e2e', where, 'overlay', 0,
          f'lowerdir={lower},upperdir={w.base}/upper,workdir={w.base}/work')
    w.server.helper_start(share('data', where))
    wait_for('the problem', lambda: 'NFS cannot serve it' in problems(w).get('share data', ''))
    eq(told(w)[0], 3)
    configure(w, share('data', where, 'protocols = smb'))
    wait_for('no problem', lambda: told(w)[0] == 0)
    configure(w, '')
    wait_for('the share is gone', lambda: not w.server.json('share', 'list'))
    umount(where)


@test(server='ditto', locks=True)
def whose_grace(w):
    """Who may take back what after a restart, and how long it lasts at the most."""
    s = w.server
    m = w.client.mount()
    with open(f'{m}/f', 'wb', buffering=0) as f:
        fcntl.lockf(f, fcntl.LOCK_EX)
        s.lengthen_grace()
        w.client.daemons.kill_statd()   # it does not hear of the restart
        s.restart()
        code, status, _ = told(w)
        eq((status['grace']['state'], status['grace']['active'], status['grace']['known']),
           ('grace', True, 1))
        assert 0 < status['grace']['left_ms'] <= 300000, status['grace']
        note, = [x for x in status['notes'] if 'no new locks' in x]
        assert '(0 of 1 have), for ' in note, note
        eq(code, 0, 'a grace is as it should be')
        s.end_grace()
        wait_for('no note', lambda: not [x for x in told(w)[1]['notes'] if 'no new locks' in x])
        eq(told(w)[1]['grace']['state'], 'normal')
    s.release_clients()
    w.client.daemons.statd()


@test(server='ditto', share=False, clients=0, timeout=300)
def store_that_does_not_answer(w):
    """dittod asks object stores; one that does not answer is a problem until it does."""
    Store.probe = 1
    store = Store(w, timeout=3)

    def answers():
        return [(s['name'], s['answers']) for s in told(w)[1]['stores']]
    wait_for('it answers', lambda: answers() == [('main', True)], 60)
    code, status, text = told(w)
    eq(code, 0)
    assert 'STORE  ANSWERS' in text and 'main   yes' in text, text
    eq(status['stores'][0]['bucket'], 'UUID unknown; versions off; object lock off; lifecycle none; '
       'class unknown')
    store.mode('500')
    wait_for('the problem', lambda: 'store main' in problems(w), 120)
    code, _, text = told(w)
    eq((code, answers()), (3, [('main', False)]))
    assert 'main   no' in text, text
    store.mode('ok')
    wait_for('it answers again', lambda: told(w)[0] == 0, 120)
    # It is read, and was written once.
    eq(len(store.requests('PUT', 'ditto-check')), 1)


@test(smb=True, timeout=180)
def keys_of_the_kdc(w):
    """Keys of the keytab that are not the KDC's are a problem, and that nobody can tell is noted."""
    service = f'cifs/{kdc.HOST}'

    def again():
        w.server.helper.send_signal(signal.SIGHUP)

    def problem():
        return problems(w).get('keytab', '')

    def notes():
        return [note for note in told(w)[1]['notes'] if 'keytab' in note]

    def other_key():
        realm.admin(f'cpw -randkey {service}')
        again()

    realm = kdc.Realm(w, {})
    other_key()
    wait_for('the problem', problem)
    assert problem().startswith(
        f'key version 2 of {service}@{kdc.REALM} is not what the KDC has (3): run "kadmin -q '
        f"'ktadd {service}@{kdc.REALM}'\""), problem()
    eq(told(w)[0], 3)
    assert 'keytab' in told(w)[2], told(w)[2]
    realm.make_keytab()
    again()
    wait_for('it is right again', lambda: told(w)[0] == 0)

    # The KDC does not tell its version to a client that it does not believe.
    realm.admin(f'modprinc +requires_preauth {service}')
    other_key()
    wait_for('the problem', problem)
    assert f'the KDC does not take key version 4 of {service}@' in problem(), problem()

    # Another name of the keytab gets a ticket, which shows the version.
    realm.admin(f'addprinc +requires_preauth -randkey nfs/{kdc.HOST}')
    realm.admin(f'ktadd -k {realm.keytab} nfs/{kdc.HOST}')
    again()
    wait_for('the version', lambda: f'key version 4 of {service}@{kdc.REALM} is not what the KDC '
             'has (5)' in problem())
    realm.make_keytab()
    again()
    wait_for('it is right again', lambda: told(w)[0] == 0)

    # A key of the same version that was made elsewhere.
    keys = open(realm.keytab, 'rb').read()
    realm.admin(f'delprinc -force {service}')
    realm.admin(f'addprinc -randkey {service}')
    for _ in range(5):
        realm.admin(f'cpw -randkey {service}')
    put(realm.keytab, keys)
    again()
    wait_for('the problem', lambda: 'key version 6 of' in problem() and
             'is another one than that of the KDC' in problem())
    realm.make_keytab()
    again()
    wait_for('it is right again', lambda: told(w)[0] == 0)

    realm.stop()
    again()
    wait_for('the note', notes)
    eq((told(w)[0], problem()), (0, ''))
    assert "not compared with the KDC's keys" in notes()[0], notes()
    os.unlink(realm.keytab)
    again()
    wait_for('no keytab', lambda: not notes())
