# SPDX-License-Identifier: GPL-2.0-only
"""The page of Cockpit: what an administrator sees and does in a browser, after a real login."""
import os

import cockpit
import nlm
import nlm_lockers
from checks import eq, wait_for
from files import get, put
from harness import test
from smb2 import Smb2

# What runs as a script if it is read as HTML.
SCRIPT = '<img src=x onerror=window.attacked=1>'
VIEWS = {'state': 'State', 'shares': 'Shares', 'who': 'Connected', 'locks': 'Locks',
         'access': 'Access', 'jobs': 'Jobs'}


def not_attacked(p):
    eq(p.js('[w.attacked === undefined, w.parent.attacked === undefined, '
            'd.querySelectorAll("img, main script").length]'), [True, True, 0], 'scripts in names')


@test(server='ditto', smb=True, timeout=300)
def share_made_by_keyboard(w):
    """The state is seen; a share made in the form by keyboard alone is then mounted by NFS."""
    folder = w.path('made')
    os.mkdir(folder)
    put(f'{folder}/file', b'of the share')
    with cockpit.page(w) as p:
        p.says('serving: 1 share, 3 listeners', '.state')
        p.picture('state')
        p.js('d.querySelector("#views a").focus()')
        p.tab_to('Shares')
        p.browser.key('Enter')
        p.says(w.export)
        p.tab_to('New share')
        p.browser.key('Enter')
        p.wait('d.querySelector("dialog[open]")')
        eq(p.focused(), 'Name')
        p.browser.type('made')
        p.tab_to('Path')
        p.browser.type(f'{folder}x')
        p.tab_to('Rules about clients')
        p.browser.type('any=rw,squash=none')
        p.tab_to('Serve')
        p.browser.key('Enter')
        # Refused, as dittoctl says it, and the form stays.
        p.says('made: path: no such directory', 'dialog [role=alert]')
        eq(p.focused(), 'Serve')
        p.picture('form')
        p.tab_to('Path', back=True)
        p.js('d.activeElement.select()')
        p.browser.type(folder)
        p.browser.key('Enter')
        p.wait('!d.querySelector("dialog")')
        eq(p.focused(), 'New share', 'the focus returns')
        p.says('any=rw,squash=none', 'table')
        mount = w.client.mount(folder)
        eq(get(f'{mount}/file'), b'of the share')
        w.client.umount(mount)
        p.picture('shares')
        p.click('Remove the share made')
        p.click('Remove')
        p.wait('d.querySelector("tbody").rows.length === 1')
    eq([s['name'] for s in w.server.json('share', 'list')], ['data'])


@test(server='ditto', smb=True, timeout=300, comment=SCRIPT, users=('root=write',))
def share_changed(w):
    """The form has what a share has; only what is changed there is told to dittoctl."""
    before, = w.server.json('share', 'list')
    with cockpit.page(w) as p:
        p.view('shares', 'Shares')
        p.click('Change the share data')
        p.wait('d.querySelector("dialog[open]")')
        eq(p.js('[...d.querySelectorAll("dialog input[type=text], dialog textarea")].slice(0, 3)'
                '.map(i => i.value)'), [SCRIPT, 'any=rw', 'user 0=write'])
        p.click('Change')
        p.wait('!d.querySelector("dialog")')
        eq(w.server.json('share', 'list'), [before])
        p.click('Change the share data')
        p.wait('d.querySelector("dialog[open]")')
        p.js('d.querySelector("summary").click()')
        for label, value in (('browse', 'no'), ('create-mask', '0750'), ('Users and groups', '')):
            p.js('(function(i) { i.value = %r; })([...d.querySelectorAll("dialog label")]'
                 '.find(l => l.textContent === %r).control)' % (value, label))
        p.js('d.querySelector("dialog input[value=krb5]").click()')
        # From now on, the table is made anew after what is done on the page only.
        p.js('(function(timeout) { w.polls = 0; w.setTimeout = (f, ms) => ms < 5000 ? '
             'timeout.call(w, f, ms) : ++w.polls; })(w.setTimeout)')
        p.click('Change')
        p.wait('!d.querySelector("dialog") && w.polls')
        # The form knows what others have changed since the table was made.
        w.server.ctl('share', 'set', 'data', 'force-create-mode', '0020')
        p.click('Change the share data')
        p.wait('[...d.querySelectorAll("dialog label")].find(l => l.textContent === '
               '"force-create-mode")?.control.value === "0020"')
        p.click('Cancel')
        after, = w.server.json('share', 'list')
        eq({key: after[key] for key in after
            if key != 'problems' and after[key] != before.get(key)},
           {'browse': False, 'create_mask': 0o750, 'force_create_mode': 0o20, 'users': [],
            'sec': ['sys', 'krb5']})
        p.click('Save to the configuration file')
        p.says('Saved to ', '#notices')
        p.wait('d.querySelector("#view .notice").hidden')
    assert b'[share data]' in get(f'{w.base}/ditto.conf')


@test(server='ditto', clients=2, locks='raw', timeout=300)
def conflict_of_locks(w):
    """Who waits is shown with who holds what against him; a claim is released."""
    fh = nlm_lockers.file(w, SCRIPT)
    a = nlm_lockers.connect(w.clients[0], fh)
    b = nlm_lockers.connect(w.clients[1], fh)
    nlm_lockers.status(a.lock((0, 10)), nlm.OK)
    nlm_lockers.status(b.lock((5, 10), block=True), nlm.BLOCKED)
    holder, = (c for c in w.server.locks() if c['state'] == 'held')
    waiter, = (c for c in w.server.locks() if c['state'] == 'waiting')
    with cockpit.page(w) as p:
        p.view('locks', 'Locks')
        row = 'd.querySelector("table").tBodies[0].rows[0]'
        p.wait(row)
        cells = p.js(f'[...{row}.cells].map(c => c.innerText)')
        eq(cells[0], w.path(SCRIPT))
        for text, claim, what in ((cells[1], waiter, 'write 5-14'),
                                  (cells[2], holder, 'write 0-9')):
            assert claim['client'] in text and what in text, cells
        not_attacked(p)
        p.picture('locks')
        p.click(release_name(holder))
        p.click('Release')
        p.says('Nobody waits.')
    assert holder['id'] not in [c['id'] for c in w.server.locks()]
    w.server.release_clients()


def release_name(claim):
    """The name of the button that releases a lock of the bytes 0 to 9."""
    return (f'Release write 0-9 of {claim["path"]}, claim {claim["id"]} of {claim["client"]} '
            f'(nlm), {claim["owner_name"]}')


@test(server='ditto', locks='raw', timeout=300)
def one_of_several_locks(w):
    """By keyboard the lock is released that was chosen, although others of it come and go."""
    def held(name):
        claim, = (c for c in w.server.locks() if c['path'] == w.path(name))
        return claim

    def locked(name):
        nlm_lockers.status(nlm_lockers.connect(w.client, nlm_lockers.file(w, name))
                           .lock((0, 10)), nlm.OK)
        return held(name)
    first, chosen = locked('first'), locked('chosen')
    with cockpit.page(w) as p:
        p.view('locks', 'Locks')
        p.wait('d.querySelectorAll("table")[1].tBodies[0].rows.length === 2')
        p.js('d.querySelectorAll("input[type=search]")[1].focus()')
        p.tab_to(release_name(chosen))
        # The table is made anew, without one that was there, and with another.
        w.server.ctl('lock', 'release', str(first['id']))
        other = locked('other')
        p.says(other['path'], 'tbody:not(:empty)')
        p.wait(f'!d.querySelectorAll("table")[1].innerText.includes("{first["path"]}")')
        eq(p.focused(), release_name(chosen))
        p.browser.key('Enter')
        p.says(f'Release: write 0-9 of {chosen["path"]}, claim {chosen["id"]} of ', 'dialog h2')
        eq(p.focused(), 'Cancel', 'for Enter that is held down')
        p.tab_to('Release', back=True)
        p.browser.key('Enter')
        p.wait('!d.querySelector("dialog")')
        p.wait('d.querySelectorAll("table")[1].tBodies[0].rows.length === 1')
        eq([c['path'] for c in w.server.locks()], [other['path']])
        # The focus does not go on to a lock that nobody has chosen.
        p.js('d.querySelectorAll("input[type=search]")[1].focus()')
        p.tab_to(release_name(other))
        third = locked('third')
        w.server.ctl('lock', 'release', str(other['id']))
        p.wait(f'!d.querySelectorAll("table")[1].innerText.includes("{other["path"]}")')
        p.says(third['path'], 'tbody:not(:empty)')
        eq(p.js('d.activeElement === d.body'), True, 'the focus is nowhere')
    w.server.release_clients()


@test(server='ditto', timeout=300)
def slow_answers_are_asked_for_less(w):
    """A page asks for its view at most a tenth of the time."""
    with cockpit.page(w) as p:
        p.js('(function(spawn, timeout) {'
             ' w.delays = [];'
             ' w.cockpit.spawn = (...words) => ({ then: (good, bad) => spawn(...words).then('
             '(...said) => timeout.call(w, () => good(...said), 1000), bad) });'
             ' w.setTimeout = (f, ms) => { w.delays.push(ms); return timeout.call(w, f, ms); };'
             '})(w.cockpit.spawn, w.setTimeout)')
        p.view('locks', 'Locks')
        # Each answer takes a second at least.
        p.wait('w.delays.some(ms => ms >= 9000)')
        eq(p.js('w.delays.includes(2000)'), False, 'the period of the view')


@test(server='ditto', smb=True, timeout=300, comment=SCRIPT)
def names_are_text(w):
    """No name is read as HTML; all views fit into 800 and 1600 pixels, dark and light."""
    os.chmod(w.export, 0o777)
    os.mkdir(w.path(SCRIPT))
    w.server.ctl('share', 'add', 'long', w.path(SCRIPT), 'allow', 'any',
                 'comment', SCRIPT + 'x' * 200)
    a = Smb2(w.client)
    name = 'y' * 200 + '\u202e.txt'
    f = a.create(name)
    a.lock(f, 0, 4)
    with cockpit.page(w) as p:
        for view, title in VIEWS.items():
            p.view(view, title)
            p.wait('!d.querySelector("#view [role=alert]")')
            if view == 'shares':
                p.says(SCRIPT)
            elif view == 'locks':
                p.says('y\\u{202e}.txt')
            elif view == 'who':
                p.says(w.client.addr)
            p.fits(800)
            p.picture(f'{view}-800')
            p.fits(1600)
            not_attacked(p)
        p.view('access', 'Access')
        for label, value in (('File', w.path(SCRIPT)), ('User', 'root')):
            p.js('[...d.querySelectorAll("label")].find(l => l.textContent === %r).control.focus()'
                 % label)
            p.browser.type(value)
        p.click('Check')
        p.says(f'File {w.path(SCRIPT)} of the share long.')
        p.says('read-data', 'table[aria-label=Rights]')
        light = p.js('w.getComputedStyle(d.body).backgroundColor')
        p.browser.js('localStorage.setItem("shell:style", "dark"); '
                     f'{cockpit.PAGE}.dispatchEvent(new Event("storage"))')
        p.wait(f'w.getComputedStyle(d.body).backgroundColor !== "{light}"')
        p.picture('dark')
        p.fits(800)
        not_attacked(p)
        p.view('who', 'Connected')
        p.click(f'Disconnect {w.client.addr}')
        p.click('Disconnect')
        p.wait('!d.querySelector("dialog")')
        wait_for('the end of the session', lambda: not w.server.json('session', 'list'))
    w.server.ctl('share', 'del', 'long')


@test(server='ditto', smb=True, timeout=300)
def without_administrative_access(w):
    """A user who is no administrator reads that he must be, and sees nothing of the server."""
    with cockpit.page(w, 'cockuser', admin=False) as p:
        for view, title in VIEWS.items():
            p.view(view, title)
            if view != 'access':
                p.says('Only an administrator may see and change this.', '[role=alert]')
            assert w.export not in p.js('d.body.innerText')
        p.picture('refused')
