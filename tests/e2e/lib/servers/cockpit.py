# SPDX-License-Identifier: GPL-2.0-only
"""Cockpit on the server, with the page of this build and users who log in by PAM."""
import contextlib
import json
import os
import shutil

from accounts import accounts
from browser import PROGRAM, SHIFT, Browser
from checks import eq, wait_for
from files import get, put
from harness import Skip
from processes import run
from servers import TOP

WS = '/usr/lib/cockpit/cockpit-ws'
PORT = 9090
PASSWORD = 'secret-of-cockpit'
USERS = 'cockadmin:x:7001:7001::/:/bin/sh\ncockuser:x:7002:7002::/:/bin/sh\n'
GROUPS = 'cockadmin:x:7001:\ncockuser:x:7002:\n'
PAGE = 'document.querySelector("iframe[name=\'cockpit1:localhost/ditto\']").contentWindow'


def need():
    """What the build machine of CI has, others may lack."""
    for program in (WS, 'cockpit-bridge', PROGRAM, 'sudo'):
        if not shutil.which(program) and 'CI' not in os.environ:
            raise Skip(f'{program} is not installed')


@contextlib.contextmanager
def users():
    """Two users with a password, of whom one may become root."""
    hashed = run('openssl', 'passwd', '-6', PASSWORD).strip()
    saved = get('/etc/shadow')
    sudoers = put('/etc/sudoers.d/e2e-cockpit', 'cockadmin ALL=(ALL) ALL\n', 0o440)
    with accounts(USERS, GROUPS):
        put('/etc/shadow', saved + ''.join(f'{user}:{hashed}:20000:0:99999:7:::\n' for user in
                                           ('cockadmin', 'cockuser')).encode())
        try:
            yield
        finally:
            put('/etc/shadow', saved)
            os.unlink(sudoers)


class Page:
    """The page of the file server in a browser on the server."""

    def __init__(self, w):
        self.w, self.base = w, f'{w.base}/cockpit'
        os.makedirs(self.base)
        run('make', '-s', '-C', f'{TOP}/userspace', 'install-cockpit', 'PREFIX=/usr/local')
        w.server_ns.spawn(WS, '--no-tls', '--address=127.0.0.1', f'--port={PORT}',
                          stderr=open(f'{self.base}/ws.log', 'wb'))
        wait_for('cockpit-ws listens', lambda: f':{PORT} ' in w.server_ns.run('ss', '-Hltn'))
        self.browser = Browser(w.server_ns, self.base)
        self.browser.size(1600)

    def login(self, user, admin):
        """Log in, with administrative access as it was the last time."""
        b = self.browser
        b.open(f'http://127.0.0.1:{PORT}/ditto')
        b.wait('document.activeElement.id === "login-user-input"', 60)
        b.js(f'localStorage.setItem("superuser:{user}", "{"any" if admin else "none"}")')
        b.type(user)
        b.key('Enter')
        b.type(PASSWORD)
        b.key('Enter')
        b.wait(f'{PAGE}.document.querySelector("#view h1").textContent === "State"', 60)

    def js(self, expression):
        """The value of an expression in the page, whose document is d."""
        return self.browser.js(f'(function() {{ const w = {PAGE}, d = w.document; '
                               f'return {expression}; }})()')

    def wait(self, expression, seconds=60):
        return self.browser.wait(f'(function() {{ const w = {PAGE}, d = w.document; '
                                 f'return Boolean({expression}); }})()', seconds)

    def says(self, text, where='body'):
        """Wait until some words can be read."""
        return self.wait(f'd.querySelector({json.dumps(where)})?.innerText'
                         f'.includes({json.dumps(text)})')

    def view(self, name, title):
        self.js(f'd.querySelector("#views a[data-view={name}]").click()')
        self.wait(f'd.querySelector("#view h1").textContent === "{title}"')

    def focused(self):
        """The name of the element that has the focus, as a reader of the screen says it."""
        return self.js('(function(e) { return e.getAttribute("aria-label") || '
                       '(e.labels && e.labels[0] ? e.labels[0] : e).textContent.trim(); })'
                       '(d.activeElement)')

    def tab_to(self, name, back=False):
        """Press Tab until an element has the focus, which it must get."""
        seen = []
        for _ in range(80):
            self.browser.key('Tab', SHIFT if back else 0)
            seen.append(self.focused())
            if seen[-1] == name:
                return
        raise AssertionError(f'{name} does not get the focus: {seen}')

    def click(self, name):
        """Click the button of this name."""
        button = (f'[...d.querySelectorAll("button")].find(b => '
                  f'(b.getAttribute("aria-label") || b.textContent) === {json.dumps(name)})')
        self.wait(f'{button} && !{button}.disabled')
        self.js(f'{button}.click()')

    def fits(self, width):
        """The page fits into windows of this width, without scrolling sideways."""
        self.browser.size(width)
        self.wait(f'w.innerWidth <= {width} && w.innerWidth > {width} / 2')
        eq(self.js('[d.documentElement.scrollWidth - d.documentElement.clientWidth, '
                   'd.body.scrollWidth - d.body.clientWidth]'), [0, 0], f'{width} pixels')

    def picture(self, name):
        self.browser.picture(f'{os.environ["DITTO_RESULTS"]}/cockpit-{name}.png')


@contextlib.contextmanager
def page(w, user='cockadmin', admin=True):
    """The page, for a user who has logged in."""
    need()
    with users():
        p = Page(w)
        try:
            p.login(user, admin)
            yield p
        except AssertionError:
            p.picture(f'failed-{w.name}')
            raise
        finally:
            p.browser.close()
            shutil.rmtree('/usr/local/share/cockpit/ditto')
