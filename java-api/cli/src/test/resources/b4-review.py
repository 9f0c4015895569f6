# SPDX-License-Identifier: Apache-2.0
"""Has b4 check a series as its review program does when the maintainer presses a key, and prints the cells of its matrix as JSON.

b4-review.py FOLDER CHECK BRANCH: makes FOLDER with a small repository and an archive of one thread, which b4 reads by HTTP. CHECK is
b4.review-series-check-cmd. BRANCH is "branch" if b4 has the series on a review branch, or "archive".
"""
import fcntl
import gzip
import http.server
import json
import os
import socket
import struct
import subprocess
import sys
import threading

folder, check, where = sys.argv[1:]
CHANGE = '20260101-count-1'
BRANCH = f'b4/review/{CHANGE}'
os.makedirs(folder)
os.chdir(folder)


def git(*words):
    return subprocess.run(['git', *words], check=True, stdout=subprocess.PIPE).stdout.decode().strip()


def commit(text, subject):
    with open('a.c', 'w') as file:
        file.write(text)
    git('add', 'a.c')
    git('commit', '-q', '-m', subject)


git('init', '-q', '-b', 'main')
git('config', 'user.name', 'A')
git('config', 'user.email', 'a@example.org')
commit('one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n', 'Begin')
git('tag', 'base')
git('checkout', '-q', '-b', 'topic')
commit('eins\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n', 'Count in German')
commit('eins\ntwo\nthree\nfour\nfive\nsix\nseven\nacht\n', 'Count on')
mails = git('format-patch', '--stdout', '--cover-letter', '--thread=shallow', '--subject-prefix=PATCH v2', 'base..topic')
mails = mails.replace('*** SUBJECT HERE ***', 'Count').replace('*** BLURB HERE ***', f'Words.\n\nchange-id: {CHANGE}')
# On the tip the first patch applies, and the second does not.
git('checkout', '-q', 'main')
commit('one\ntwo\nthree\nfour\nfive\nsix\nseven\nocto\n', 'Count in Latin')


class Archive(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        found = self.path.endswith('/t.mbox.gz') or self.path.endswith('/raw')
        self.send_response(200 if found else 404)
        self.end_headers()
        if found:
            self.wfile.write(gzip.compress(mails.encode()))

    def log_message(self, *words):
        print('archive:', *words, file=sys.stderr)


# A process of a test has a network of its own, whose loopback is down.
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack('16sh22x', b'lo', IFF_UP))

server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Archive)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f'http://127.0.0.1:{server.server_port}/all'
git('config', 'b4.midmask', address + '/%s')
git('config', 'b4.linkmask', address + '/%s')
git('config', 'b4.review-series-check-cmd', check)

import b4
import b4.command
import b4.review
import b4.review.checks
import b4.review_tui._common as common
import b4.review_tui._modals as modals
import liblore.utils

b4.setup_config(b4.command.setup_parser().parse_args(['review', 'tui']))
msgs = liblore.utils.split_mbox(mails.encode())
series = b4.review._review._get_lore_series(msgs)
cover = series.patches[0]
if where == 'branch':
    git('fetch', '-q', '.', 'topic')
    b4.review._review.create_review_branch(
        os.getcwd(), BRANCH, 'base', series, address + '/x', address + '/%s', identifier=None)
    git('checkout', '-q', 'main')


class Program(common.CheckRunnerMixin):
    """The part of b4's review program that runs checks; what it would show is printed."""

    _check_loading = None
    _check_worker = None

    @property
    def app(self):
        return self

    def call_from_thread(self, callback, *words):
        callback(*words)

    def notify(self, message, severity='', **_more):
        sys.exit(f'b4 says: {message}')

    def push_screen(self, screen, callback=None):
        print(json.dumps({'labels': screen._patch_labels, 'cells': [
            dict(cell, row=row) for (row, _tool), cell in screen._matrix.items()]}))


Program()._fetch_and_check(cover.msgid, cover.subject, change_id=CHANGE, force=True)
