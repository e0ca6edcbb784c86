# SPDX-License-Identifier: GPL-2.0-only
"""Metrics: what the exporter tells, and Prometheus, which reads it with the rules that ship."""
import json
import os
import urllib.parse

import rpc
from checks import eq, wait_for
from files import put
from harness import test
from servers import TOP, tool

PORT, PROMETHEUS = 9955, 9090
RULES = f'{TOP}/userspace/exporter/rules.yml'
CONFIG = """
global:
  scrape_interval: 1s
  evaluation_interval: 1s
rule_files: [ "{rules}" ]
scrape_configs:
  - job_name: ditto
    static_configs:
      - targets: [ "127.0.0.1:{port}" ]
"""


def start_exporter(w):
    w.server_ns.spawn('setpriv', '--reuid=1001', '--regid=1001', '--clear-groups',
                      tool('ditto-exporter'), str(PORT))
    wait_for('the exporter listens', lambda: f':{PORT} ' in w.server_ns.run('ss', '-Hltn'))


def metrics(w):
    """The text, and the numbers by name with labels."""
    text = w.server_ns.run('curl', '-sf', f'http://127.0.0.1:{PORT}/metrics')
    return text, {line.rpartition(' ')[0]: float(line.rpartition(' ')[2])
                  for line in text.splitlines() if line[:1] not in ('', '#')}


def of_nfs(op):
    return f'ditto_operation_seconds_count{{group="nfs3",op="{op}"}}'


@test(server='ditto', smb=True)
def metrics_of_the_server(w):
    """Anybody may ask; requests, claims, shares and problems are counted."""
    start_exporter(w)
    before = metrics(w)[1]
    eq((before['ditto_up'], before['ditto_helper'], before['ditto_daemon_up']), (1, 1, 1))
    mount = w.client.mount(vers='3')
    put(f'{mount}/file', b'content')
    with open(f'{mount}/file', 'rb') as f:
        eq(f.read(), b'content')
    # What is held by few is seen late, as each CPU counts up to eight of them by itself.
    conns = [w.client.connect() for _ in range(8 * os.cpu_count())]
    for conn in conns:
        eq(conn.call(100003, 3, 0).stat, rpc.SUCCESS)
    text, after = metrics(w)
    for conn in conns:
        conn.close()
    calls = after[of_nfs('WRITE')]
    assert calls > before.get(of_nfs('WRITE'), 0), calls
    eq(after[of_nfs('WRITE').replace('_count{', '_bucket{')[:-1] + ',le="+Inf"}'], calls)
    assert after['ditto_operation_bytes_total{group="nfs3",op="WRITE"}'] >= 7
    assert 'ditto_share_request_seconds_count{share="data"}' not in before, before
    eq(before['ditto_share_read_bytes_total{share="data"}'], 0)
    assert after['ditto_share_request_seconds_count{share="data"}'] >= 2
    eq(after['ditto_share_written_bytes_total{share="data"}'], 7)
    assert after['ditto_nodes'] > 0
    held = {x: after[f'ditto_budget_{x}{{level="user",kind="connections"}}']
            for x in ('used', 'limit')}
    assert 0 < held['used'] < held['limit'], held
    assert 'ditto_budget_used{level="unproven",kind="questions"}' in after, text
    p = w.server_ns.run('promtool', 'check', 'metrics', input=text, check=False)
    eq((p.returncode, p.stdout), (0, ''), 'promtool')
    code = w.server_ns.run('curl', '-s', '-o', '/dev/null', '-w', '%{http_code}',
                           f'http://127.0.0.1:{PORT}/other')
    eq(code, '404')
    w.server.helper_stop()
    wait_for('the end of the helper', lambda: not metrics(w)[1]['ditto_helper'])
    eq((metrics(w)[1]['ditto_up'], metrics(w)[1]['ditto_daemon_up']), (1, 0))


@test(server='ditto')
def prometheus_reads_it(w):
    """Prometheus stores the metrics and evaluates the rules; an alert fires."""
    def ask(path):
        out = w.server_ns.run('curl', '-sf', f'http://127.0.0.1:{PROMETHEUS}/api/v1/{path}',
                              check=False).stdout
        return json.loads(out)['data'] if out else None

    def value(query):
        data = ask('query?query=' + urllib.parse.quote(query))
        return float(data['result'][0]['value'][1]) if data and data['result'] else None

    start_exporter(w)
    os.makedirs(f'{w.base}/prometheus')
    put(f'{w.base}/prometheus.yml', CONFIG.format(rules=RULES, port=PORT))
    w.server_ns.spawn('prometheus', f'--config.file={w.base}/prometheus.yml',
                      f'--storage.tsdb.path={w.base}/prometheus',
                      f'--web.listen-address=127.0.0.1:{PROMETHEUS}')
    wait_for('the metrics', lambda: value('ditto_up') == 1, 60)
    rules = [r for g in ask('rules')['groups'] for r in g['rules']]
    assert {r['name'] for r in rules} >= {'DittoDown', 'DittoStoreDown'}, rules

    def alerts():
        return {a['labels']['alertname']: a['state'] for a in ask('alerts')['alerts']}
    # No dittod runs, and the alert waits for its minute.
    wait_for('the alert', lambda: 'DittoHelperDown' in alerts(), 60)
    bad = [r['name'] for g in ask('rules')['groups'] for r in g['rules'] if r['health'] == 'err']
    eq(bad, [])
