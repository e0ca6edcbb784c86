# SPDX-License-Identifier: GPL-2.0-only
"""dittoctl config: the configuration file beside what is served."""
import errno
import fcntl
import json
import os
import subprocess

import servers
from checks import eq, expect_errno, wait_for
from files import get, put
from harness import test


def ready(w):
    wait_for('all is served', lambda: not w.server.ctl('status', check=False).returncode)


def config(w, *words):
    """The exit status of a command and its output."""
    p = w.server.ctl('config', *words, check=False)
    return p.returncode, p.stdout


@test(server='ditto', share=False, clients=0)
def saved_and_compared(w):
    """What was changed by hand is told, and saved into the file, whose comments stay."""
    s, other = w.server, w.path('other')
    os.mkdir(other)
    before = (f'# ours\n[listener nfs]\n\n[share data]\n# theirs\npath = {w.export}\n'
              'allow = 192.0.2.1\nmountpoint = no\n')
    conf = s.helper_start(before)
    ready(w)
    eq(config(w, 'diff'), (0, ''))
    eq(json.loads(config(w, 'diff', '--json')[1]), [])
    code, said = config(w, 'save')
    eq((code, get(conf).decode()), (0, before), said)
    s.ctl('share', 'set', 'data', 'ro', 'allow', '192.0.2.1', 'allow', '@x=ro', 'user', 'root=read')
    s.ctl('share', 'add', 'other', other, 'allow', 'any')
    s.ctl('server', 'set', 'drain-ms', '999')
    code, said = config(w, 'diff')
    eq((code, said.splitlines()[2:]), (3, [
        ' [server]', '-drain-ms = 30000', '+drain-ms = 999', ' [share data]',
        '-allow = 192.0.2.1=rw', '+allow = 192.0.2.1=rw', '+allow = @x=ro', '+user = root=read',
        '-read-only = no', '+read-only = yes', '+[share other]']))
    code, said = config(w, 'diff', '--json')
    told = json.loads(said)
    eq((code, len(told)), (3, 5))
    assert {'section': 'share data', 'key': 'read-only', 'file': ['no'],
            'running': ['yes']} in told, told
    assert {'section': 'share other', 'only': 'running'} in told, told
    wait_for('the status tells it', lambda: 'dittoctl config save' in
             s.ctl('status', check=False).stdout)
    shares, shown = s.json('share', 'list'), config(w, 'show')[1]
    code, said = config(w, 'save')
    eq(code, 0, said)
    text = get(conf).decode()
    assert text.startswith('# ours\n[listener nfs]\n\n[share data]\n# theirs\n'), text
    assert 'mountpoint = no\n' in text and get(f'{conf}.bak').decode() == before, text
    eq(config(w, 'diff'), (0, ''))
    ready(w)
    eq(s.ctl('status').count('by hand'), 0)
    # it is the helper's, which removes what the file does not name
    put(conf, shown.replace('drain-ms = 999', 'drain-ms = 998'))
    eq(config(w, 'apply')[0], 0)
    for share in shares:
        del share['problems']
    eq(([{k: x[k] for k in shares[0]} for x in s.json('share', 'list')], s.setting('drain_ms')),
       (shares, 998))
    put(conf, before)
    eq(config(w, 'apply')[0], 0)
    eq(([x['name'] for x in s.json('share', 'list')], s.setting('drain_ms')), (['data'], 30000))
    # a share that was removed by hand is removed from the file, also once it is missed
    s.ctl('share', 'del', 'data')
    wait_for('it is missed', lambda: 'share data' in s.ctl('status', check=False).stdout)
    eq(config(w, 'save')[0], 0)
    assert '[share' not in get(conf).decode(), get(conf).decode()
    ready(w)
    eq(s.json('share', 'list'), [])
    s.ctl('stop')


@test(server='ditto', share=False)
def shares_of_a_template(w):
    """Shares follow their template; one that has less than that leaves it when it is saved."""
    s, other = w.server, w.path('other')
    os.mkdir(other)
    shares = (f'[listener nfs]\n[share data]\npath = {w.export}\ntemplate = office\n'
              f'[share other]\npath = {other}\ntemplate = office\nsquash = root-to-guest\n')
    conf = s.helper_start('[template office]\nallow = any\nsquash = none\nread-only = yes\n' +
                          shares)
    ready(w)
    eq([(x['read_only'], x['squash']) for x in s.json('share', 'list')],
       [(True, 'none'), (True, 'root-to-guest')])
    mounted = w.client.mount()
    with expect_errno(errno.EROFS):
        put(f'{mounted}/f', b'data')
    put(conf, '[template office]\nallow = any\nsquash = none\n' + shares)
    eq(config(w, 'apply')[0], 0)
    put(f'{mounted}/f', b'data')
    eq(config(w, 'diff'), (0, ''))
    # the tool takes the words of the file
    s.ctl('share', 'set', 'data', 'read-only', 'yes', 'anon-uid', '99', 'anon_gid', '98')
    s.ctl('share', 'set', 'other', 'no-rules')
    eq(config(w, 'save')[0], 0)
    sections = get(conf).decode().split('[share ')
    assert 'template = office' in sections[1] and 'read-only = yes' in sections[1], sections
    assert '\ntemplate' not in sections[2] and '\nallow' not in sections[2], sections
    eq(config(w, 'diff'), (0, ''))
    w.client.umount(mounted)
    s.ctl('stop')


@test(server='ditto', share=False, clients=0)
def taken_over_by_saving(w):
    """A listener that was saved is the helper's; a share that was added anew is saved whole."""
    s, other = w.server, w.path('other')
    os.mkdir(other)
    before = f'[listener nfs]\n[share data]\npath = {w.export}\nsquash = none\n'
    conf = s.helper_start(before)
    ready(w)
    s.ctl('listener', 'add', 'nfs', 'port', '3049')
    s.ctl('share', 'del', 'data')
    s.ctl('share', 'add', 'data', other, 'allow', 'any=ro')
    code, said = config(w, 'save')
    eq(code, 0, said)
    text = get(conf).decode()
    assert f'path = {other}\n' in text and 'squash = root-to-guest\n' in text, text
    eq(config(w, 'diff'), (0, ''))
    ready(w)
    put(conf, before)
    eq(config(w, 'apply')[0], 0)
    eq([x['port'] for x in s.json('listener', 'list')], [2049])
    eq(config(w, 'diff'), (0, ''))
    # a text of two lines is none of two keys, and no command to the terminal
    s.ctl('share', 'set', 'data', 'comment', 'x\n[share y]\npath = /')
    assert '\ncomment = x?[share y]?path = /\n' in config(w, 'show')[1]
    assert '\n+comment = x?[share y]?path = /\n' in config(w, 'diff')[1]
    s.ctl('share', 'set', 'data', 'comment', 'x\x1b[2J')
    assert '\ncomment = x?[2J\n' in config(w, 'show')[1]
    # one at a time
    folder = os.open(os.path.dirname(conf), os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    saving = s.ns.spawn(servers.tool('dittoctl'), 'config', 'save')
    wait_for('it waits', lambda: '-> FLOCK' in get('/proc/locks').decode())
    s.ctl('share', 'set', 'data', 'comment', 'late')
    os.close(folder)
    eq(saving.wait(), 0)
    assert 'comment = late\n' in get(conf).decode(), get(conf).decode()
    s.ctl('stop')


@test(server='ditto', share=False, clients=0)
def nothing_lost_by_saving(w):
    """What cannot be served stays in the file, and nothing is saved that says something else."""
    s, away = w.server, w.path('away')
    text = f'[listener nfs]\n[share data]\npath = {w.export}\n[share away]\npath = {away}\n'
    conf = s.helper_start(text)
    wait_for('the other share', lambda: 'no such directory' in s.ctl('status', check=False).stdout)
    whole = text.replace('[share away]', 'comment = x\n[share away]')

    s.ctl('share', 'set', 'data', 'comment', 'x')
    code, said = config(w, 'save')
    assert not code and 'share away: stays as it is in the file' in said, said
    eq(get(conf).decode(), whole)
    s.ctl('share', 'set', 'data', 'comment', 'x\n[share y]\npath = /')
    s.refused('config', 'save')
    s.ctl('share', 'set', 'data', 'comment', 'x')
    for listener in s.json('listener', 'list'):
        s.ctl('listener', 'del', str(listener['id']))
    assert 'dittoctl listener add' in s.refused('config', 'save')
    s.ctl('stop')
    assert 'dittoctl start' in s.refused('config', 'save')
    s.helper_stop()
    assert 'systemctl start dittod' in s.refused('config', 'save')
    eq(get(conf).decode(), whole)


@test(server='ditto', share=False, clients=0)
def nothing_undone_by_retry(w):
    """What was changed by hand stays when a share that could not be added is tried again."""
    s, away, other = w.server, w.path('away'), w.path('other')
    os.mkdir(other)
    s.helper_start(f'[server]\ndrain-ms = 999\n[listener nfs]\n[share data]\n'
                          f'path = {w.export}\n[share gone]\npath = {other}\n'
                          f'[share away]\npath = {away}\n')
    wait_for('the other share', lambda: 'no such directory' in s.ctl('status', check=False).stdout)
    s.ctl('share', 'set', 'data', 'comment', 'x')
    s.ctl('share', 'del', 'gone')
    s.ctl('server', 'set', 'drain-ms', '998')
    for listener in s.json('listener', 'list'):
        s.ctl('listener', 'del', str(listener['id']))
    os.mkdir(away)

    def served():
        return {x['name']: x.get('comment', '') for x in s.json('share', 'list')}
    wait_for('it is served', lambda: 'away' in served(), 120)
    eq((served(), s.setting('drain_ms'), s.json('listener', 'list')),
       ({'data': 'x', 'away': ''}, 998, []))
    # an order is for all of the file
    eq(config(w, 'apply')[0], 0)
    eq((served(), s.setting('drain_ms'), len(s.json('listener', 'list'))),
       ({'data': '', 'gone': '', 'away': ''}, 999, 1))
    s.ctl('stop')


@test(server='ditto', share=False, clients=0)
def nothing_undone_by_saving(w):
    """What was written into the file stays, whether it is not applied yet or cannot be."""
    s, text = w.server, f'[listener nfs]\n[share data]\npath = {w.export}\n'
    conf = s.helper_start(text)
    ready(w)
    put(conf, f'{text}browse = no\n')
    assert 'dittoctl config apply' in s.refused('config', 'save')
    eq(get(conf).decode(), f'{text}browse = no\n')
    eq(config(w, 'apply')[0], 0)
    eq(config(w, 'save')[0], 0)
    unknown = f'{text}user = no such user=read\nbrowse = yes\n'
    put(conf, unknown)
    eq(config(w, 'apply')[0], 3)
    eq(config(w, 'diff')[0], 3)
    code, said = config(w, 'save')
    assert not code and 'share data: stays as it is in the file' in said, said
    eq(get(conf).decode(), unknown)
    put(conf, text)
    eq(config(w, 'apply')[0], 0)
    s.ctl('stop')


@test(server='ditto', share=False, clients=0)
def files_of_folder(w):
    """Files of the folder are one configuration with the file, and are saved where they are."""
    s, paths = w.server, [w.path(name) for name in 'abcd']
    for path in paths:
        os.mkdir(path)
    folder = f'{w.base}/ditto.conf.d'
    b, c = f'{folder}/10-b.conf', f'{folder}/20-c.conf'
    first = f'[listener nfs]\n[template ours]\nsquash = none\n[share a]\npath = {paths[0]}\n'
    texts = (f'# ours\n[share b]\npath = {paths[1]}\ntemplate = ours\n',
             f'# theirs\n[server]\ndrain-ms = 999\n[share c]\npath = {paths[2]}\n')
    os.mkdir(folder)
    put(b, texts[0])
    put(c, texts[1])
    conf = s.helper_start(first)
    ready(w)
    eq((config(w, 'diff'), s.setting('drain_ms')), ((0, ''), 999))
    eq([(x['name'], x['squash']) for x in s.json('share', 'list')],
       [('a', 'root-to-guest'), ('b', 'none'), ('c', 'root-to-guest')])
    # changed by hand: each section where it stands, and what is new in the first file
    s.ctl('share', 'set', 'b', 'comment', 'x')
    s.ctl('share', 'del', 'c')
    s.ctl('share', 'add', 'd', paths[3])
    s.ctl('server', 'set', 'drain-ms', '998')
    # all is saved or nothing: one of the files cannot be written
    before = [get(x) for x in (conf, b, c)]
    os.mkdir(f'{b}.new')
    assert b in s.refused('config', 'save')
    eq([get(x) for x in (conf, b, c)], before)
    os.rmdir(f'{b}.new')
    code, said = config(w, 'save', '--json')
    eq((code, json.loads(said)['files']), (0, [conf, b, c]), said)
    assert f'[share d]\npath = {paths[3]}\n' in get(conf).decode(), get(conf)
    eq([get(x).decode() for x in (b, c, f'{b}.bak', f'{c}.bak')],
       [f'{texts[0]}comment = x\n', '# theirs\n[server]\ndrain-ms = 998\n', *texts])
    eq(config(w, 'diff'), (0, ''))
    ready(w)
    eq(s.ctl('status').count('by hand'), 0)
    # what was written since is not undone, in whichever file
    put(c, texts[1])
    assert 'dittoctl config apply' in s.refused('config', 'save')
    eq((config(w, 'apply')[0], [x['name'] for x in s.json('share', 'list')]),
       (0, ['a', 'b', 'c', 'd']))
    # nothing of the files is applied if one has a mistake
    put(c, f'[share e]\npath = {paths[0]}\n\n[share a]\npath = {paths[2]}\n')
    code, said = config(w, 'check')
    assert code and f'{c}:4: [share a] is there already, in {conf}:4\n' in said, said
    assert f'{c}:4: ' in s.refused('config', 'apply')
    wait_for('the status tells it', lambda: f'{c}:4: ' in s.ctl('status', check=False).stdout)
    os.unlink(c)
    os.symlink('nowhere', c)
    assert f'{c}: No such file or directory' in s.refused('config', 'apply')
    eq([x['name'] for x in s.json('share', 'list')], ['a', 'b', 'c', 'd'])
    os.unlink(c)
    os.chmod(b, 0o666)
    assert f'{b}: every user may write it' in s.refused('config', 'apply')
    os.unlink(b)
    eq((config(w, 'apply')[0], [x['name'] for x in s.json('share', 'list')]), (0, ['a', 'd']))
    s.ctl('stop')


@test(server='ditto', share=False, clients=0)
def usual_file_missing(w):
    """The usual file may be missing: it is empty then, and the first save makes it."""
    s, conf, state = w.server, '/etc/ditto/ditto.conf', f'{w.base}/state'
    os.makedirs(os.path.dirname(conf), exist_ok=True)
    os.makedirs(state, exist_ok=True)
    assert not os.path.exists(conf)
    with open(f'{w.base}/dittod.log', 'ab') as log:
        s.helper = s.ns.spawn(servers.tool('dittod'), '-s', state, stdout=log,
                              stderr=subprocess.STDOUT)
    wait_for('a listener', lambda: s.json('listener', 'list'))
    for words in (('check',), ('diff',), ('apply',), ('apply', '--dry-run'), ('save',)):
        code, said = config(w, *words)
        eq(code, 0, said)
    assert not os.path.exists(conf)
    s.ctl('server', 'set', 'drain-ms', '999')
    try:
        code, said = config(w, 'save')
        eq((code, get(conf)), (0, b'[server]\ndrain-ms = 999\n'), said)
        eq(said, f'{conf} is what is served\n')
    finally:
        os.unlink(conf)
    s.ctl('stop')


@test(server='ditto', share=False, clients=0)
def applied_or_only_told(w):
    """A dry run tells what would be changed, and changes nothing; mistakes have their lines."""
    s = w.server
    os.mkdir(w.path('b'))
    conf = s.helper_start(f'[share a]\npath = {w.export}\n')
    ready(w)
    before = s.json('share', 'list')
    put(conf, f'[server]\ndrain-ms = 999\n[share b]\npath = {w.path("b")}\n'
        f'[share c]\npath = {w.path("c")}\nmountpoint = yes\n')
    eq(config(w, 'apply', '--dry-run'), (3, (
        'setting drain-ms: would be changed to 999 from 30000\nshare a: would be removed\n'
        'share b: would be added\n'
        f'share c: not added: {w.path("c")}: No such file or directory\n')))
    eq(s.json('share', 'list'), before)
    code, said = config(w, 'apply')
    eq(code, 3, said)
    assert 'share c: not added' in said, said
    eq([x['name'] for x in s.json('share', 'list')], ['b'])
    put(conf, '[listener ftp]\n[share b]\npath = b\nsquach = x\n')
    code, said = config(w, 'check')
    assert code and f'{conf}:1: ' in said and f'{conf}:3: ' in said and f'{conf}:4: ' in said, said
    told = json.loads(config(w, 'check', '--json')[1])
    eq(len(told['mistakes']), 3)
    for words in (('apply',), ('apply', '--dry-run'), ('diff',), ('save',)):
        assert f'{conf}:1: ' in s.refused('config', *words)
        told = [json.loads(line) for line in s.refused('--json', 'config', *words).splitlines()]
        eq({x['command'] for x in told}, {f'config {words[0]}'})
        assert any(x['error'].startswith(f'{conf}:1: ') for x in told), told
    put(conf, f'[share b]\npath = {w.path("b")}\n[share d]\npath = {w.path("b")}\n'
        f'[share e]\npath = {w.path("e")}\n')
    told = json.loads(config(w, 'check', '--json')[1])
    eq((told['mistakes'], len(told['remarks'])), ([], 2), told)
    put(conf, '')
    eq(config(w, 'apply')[0], 0)
    s.ctl('stop')


@test(server='ditto', share=False, clients=0)
def changes_that_do_not_last(w):
    """Who changes something on a terminal is told how it lasts, and no program is."""
    s, tool = w.server, servers.tool('dittoctl')
    for words in ('server set drain-ms 999', f'share add data {w.export} allow any',
                  'share set data ro', 'share del data'):
        said = s.ns.run('script', '-qec', f'{tool} {words}', '/dev/null')
        assert said.count('dittoctl config save') == 1, said
        if words != 'share del data':
            continue
        eq(s.ctl(*f'share add data {w.export} allow any'.split()), '')
        eq(s.ctl(*words.split()), '')
    assert 'config save' not in s.ns.run('script', '-qec', f'{tool} --json listener add nfs',
                                         '/dev/null')
