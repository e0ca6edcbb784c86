# SPDX-License-Identifier: GPL-2.0-only
"""What shares and clients do per second, by all protocols."""
import json
import os
import subprocess

import json_schema
from checks import eq, wait_for
from files import get, put
from harness import test
from servers import tool
from smb import SmbClient

SIZE = 256 * 1024


def seen(w, by, work):
    """The rows that are printed for an interval in which work was done."""
    with w.server_ns.spawn(tool('dittoctl'), 'top', 'count', '1', '--by', by, '--json',
                           stdout=subprocess.PIPE, text=True) as p:
        while p.poll() is None:
            work()
        told = json.load(p.stdout)
    command = f'top --by {by}'
    json_schema.check(told, json_schema.load('dittoctl.json')['$defs'][command], command)
    return told[f'{by}s']


def check_busy(w, by, name, work):
    """Only the one that works is shown. On a busy machine the work may stall for an interval."""
    def busy():
        rows = seen(w, by, work)
        assert {x[by] for x in rows} <= {name}, rows
        return [x for x in rows if x['read_bytes_per_s'] and x['written_bytes_per_s']]
    row, = wait_for(f'{name} works', busy, 60)
    assert row['requests_per_s'] > 0 and row['average_us'] > 0, row
    # There is no limit for requests of more than two seconds.
    assert row['slowest_us'] > 8 or not row['slowest_us'], row


def rewrite(path):
    """Write and read a file past the client's cache."""
    data = b'x' * SIZE
    with open(path, 'wb') as f:
        f.write(data)
        f.flush()
        os.fsync(f.fileno())
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    eq(get(path), data)


@test(server='ditto', smb=True, squash='none', clients=2)
def used_and_idle(w):
    """Each protocol counts for the share and the client that are used, and for no others."""
    os.chmod(w.export, 0o777)
    w.served_volume('idle', 'tmpfs')
    # A client that has used no share.
    conn = w.clients[1].connect()
    eq(conn.call(100003, 3, 0).stat, 0)
    for vers in ('3', '4.2'):
        where = w.client.mount(vers=vers)
        for by, name in (('share', 'data'), ('client', w.client.addr)):
            check_busy(w, by, name, lambda: rewrite(f'{where}/nfs'))  # noqa: B023
        w.client.umount(where)
    where = w.client.mount_smb(opts='cache=none')
    for by, name in (('share', 'data'), ('client', w.client.addr)):
        check_busy(w, by, name, lambda: rewrite(f'{where}/smb'))
    w.client.umount(where)
    local = put(f'{w.base}/local', b'y' * SIZE)
    commands = f'put {local} f; get f {w.base}/back'
    check_busy(w, 'share', 'data', lambda: SmbClient(w.client).do(commands))
    conn.close()


@test(server='ditto', clients=0)
def words_and_rights(w):
    """Anybody may see shares, the administrator also clients; other words are refused."""
    ctl, user = tool('dittoctl'), ('setpriv', '--reuid=1001', '--regid=1001', '--clear-groups')
    text = w.server.ctl('top', '--by', 'share', '1', 'count', '1')
    assert '0 requests/s' in text and 'SHARE' in text and 'data' not in text, text
    w.server_ns.run(*user, ctl, 'top', 'count', '1', '--by', 'share')
    p = w.server_ns.run(*user, ctl, 'top', 'count', '1', '--by', 'client', check=False)
    eq(p.returncode, 1, p.stdout)
    assert 'CAP_NET_ADMIN' in p.stdout or 'root' in p.stdout or 'permitted' in p.stdout, p.stdout
    eq(list(w.server.json('top', '--by', 'operation', 'count', '1')), ['seconds', 'ops'])
    for words in (['--by'], ['--by', 'colour'], ['1', '2'], ['count'], ['x']):
        eq(w.server.ctl('top', *words, check=False).returncode, 2, words)
