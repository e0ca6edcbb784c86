# SPDX-License-Identifier: GPL-2.0-only
"""Every claim of five actors against every operation of the others."""
import os

import smb
import truth
import truth_actors
from files import put
from harness import test
from truth import ALLOWED, BROKEN, FILE_INTENTS, IN_DIRECTORY, NEWEST, OLD, REFUSED, TOLD

LETTER = {ALLOWED: '.', TOLD: 't', BROKEN: 'b', REFUSED: 'x'}


def prepare(w, name, directory):
    """Make the claim and its file."""
    if directory:
        os.mkdir(w.path(name))
        os.chmod(w.path(name), 0o777)
        files = [f'{name}/there']
    else:
        files = [name, f'{name}.other']
    for f in files:
        put(w.path(f), OLD, 0o666)
        os.chown(w.path(f), smb.UIDS['alice'], smb.UIDS['alice'])


def one(w, cells, holder, claim, other, intent, name):
    """The result of one cell, and its deviation."""
    directory = 'directory' in claim
    prepare(w, name, directory)
    held = holder.hold(claim, name)
    want = other.expected(cells, holder, claim, held.parts, intent)
    caching = any(p.bits for p in held.parts)
    got, why, data = truth.cell(held, other, intent, name, caching, want)
    held.end()
    wrong = got != want
    if intent == 'read' and got != REFUSED:
        # what a holder kept back to write is there when another reads
        newest = NEWEST if got == BROKEN else OLD
        if data != newest:
            why, wrong = f'reads {data!r}', True
    return got, want, why, wrong


def table(w, kind):
    """All cells in which one actor holds."""
    os.chmod(w.export, 0o777)
    cells, wrong, lines, number = truth.matrix(), [], [], 0
    holder = kind(w, w.clients[0])
    for other_kind in truth_actors.ACTORS:
        if other_kind is kind and kind is truth_actors.Local:
            continue
        other = other_kind(w, w.clients[1])
        for claim in kind.claims:
            row = ''
            for intent in IN_DIRECTORY if 'directory' in claim else FILE_INTENTS:
                if intent in FILE_INTENTS and intent not in other.intents:
                    row += ' '
                    continue
                number += 1
                got, want, why, bad = one(w, cells, holder, claim, other, intent, f'f{number}')
                row += LETTER.get(got, '!')
                if bad:
                    wrong.append(f'{holder.name} holds {claim}, {other.name} wants to {intent}: '
                                 f'{got} {why}, expected {want}')
            lines.append(f'{holder.name:8} {claim:20} {other.name:8} {row}'.rstrip())
        other.end()
    holder.end()
    w.server.release_clients()      # a client of 4.0 cannot say that it goes
    tell(kind, lines)
    if wrong:
        raise AssertionError(f'{len(wrong)} of {number}:\n' + '\n'.join(wrong))


def tell(kind, lines):
    """Print on the screen, and into the results."""
    print('\n'.join(lines))
    where = os.environ.get('DITTO_RESULTS')
    if where:
        with open(f'{where}/truth.txt', 'a', encoding='utf-8') as f:
            print('\n'.join(lines), file=f)


OPTIONS = {'smb': True, 'squash': 'root-to-admin', 'locks': 'raw', 'clients': 2, 'timeout': 400}


@test(**OPTIONS)
def smb_holds(w):
    table(w, truth_actors.Smb)


@test(**OPTIONS)
def nfs3_holds(w):
    table(w, truth_actors.Nfs3)


@test(**OPTIONS)
def nfs40_holds(w):
    table(w, truth_actors.Nfs40)


@test(**OPTIONS)
def nfs41_holds(w):
    table(w, truth_actors.Nfs41)


@test(**OPTIONS)
def a_process_holds(w):
    table(w, truth_actors.Local)
