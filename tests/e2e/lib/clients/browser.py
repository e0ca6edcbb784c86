# SPDX-License-Identifier: GPL-2.0-only
"""A browser that no screen shows, driven by the protocol of its developer tools over a pipe."""
import base64
import json
import os
import shutil
import subprocess
import tempfile

from checks import WAIT_LIMIT, wait_for

PROGRAM = 'chromium-headless-shell'
OPTIONS = ('--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
           '--disable-background-networking', '--disable-component-update',
           '--remote-debugging-pipe', 'about:blank')
# Names, codes and texts of keys.
KEYS = {'Tab': (9, ''), 'Enter': (13, '\r'), 'Escape': (27, ''), ' ': (32, ' ')}
SHIFT = 8


class Browser:
    """One page. Expressions are evaluated in its outermost frame."""

    def __init__(self, ns, folder):
        ask, self.to = os.pipe()
        self.answers, tell = os.pipe()
        self.rest, self.number = b'', 0
        self.profile = tempfile.mkdtemp()
        # The protocol is spoken on the descriptors 3 and 4.
        self.process = ns.spawn(
            'bash', '-c', f'exec "$@" 3<&{ask} 4>&{tell}', 'bash', PROGRAM,
            f'--user-data-dir={self.profile}', *OPTIONS, pass_fds=(ask, tell),
            env={**os.environ, 'HOME': folder}, stderr=subprocess.DEVNULL)
        os.close(ask)
        os.close(tell)
        self.session = None
        page = next(t for t in self.call('Target.getTargets')['targetInfos'] if t['type'] == 'page')
        self.session = self.call('Target.attachToTarget', targetId=page['targetId'],
                                 flatten=True)['sessionId']
        self.call('Page.enable')

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method, **params):
        """Call a method of the developer tools; returns its result."""
        self.number += 1
        message = {'id': self.number, 'method': method, 'params': params}
        if self.session:
            message['sessionId'] = self.session
        os.write(self.to, json.dumps(message).encode() + b'\0')
        while True:
            while b'\0' not in self.rest:
                data = os.read(self.answers, 1 << 16)
                if not data:
                    raise AssertionError('the browser ended')
                self.rest += data
            one, self.rest = self.rest.split(b'\0', 1)
            answer = json.loads(one)
            if answer.get('id') != self.number:
                continue
            if 'error' in answer:
                raise AssertionError(f'{method}: {answer["error"]}')
            return answer['result']

    def js(self, expression):
        """The value of an expression."""
        r = self.call('Runtime.evaluate', expression=expression, returnByValue=True,
                      awaitPromise=True)
        if 'exceptionDetails' in r:
            raise AssertionError(f'{expression}: {r["exceptionDetails"]}')
        return r['result'].get('value')

    def wait(self, expression, seconds=WAIT_LIMIT):
        """Wait for an expression to be true; while a page is loaded, it may fail."""
        def holds():
            try:
                return self.js(expression)
            except AssertionError:
                return None
        return wait_for(expression, holds, seconds)

    def open(self, url):
        self.call('Page.navigate', url=url)

    def type(self, text):
        """Text for the element that has the focus."""
        self.call('Input.insertText', text=text)

    def key(self, name, modifiers=0):
        """Press and release a key."""
        code, text = KEYS[name]
        about = dict(key=name, code='Space' if name == ' ' else name, windowsVirtualKeyCode=code,
                     modifiers=modifiers)
        self.call('Input.dispatchKeyEvent', type='keyDown' if text else 'rawKeyDown',
                  **about, **({'text': text} if text else {}))
        self.call('Input.dispatchKeyEvent', type='keyUp', **about)

    def size(self, width, height=900):
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height,
                  deviceScaleFactor=1, mobile=False)

    def picture(self, path):
        """Keep what the page looks like."""
        data = self.call('Page.captureScreenshot', format='png')['data']
        with open(path, 'wb') as f:
            f.write(base64.b64decode(data))
