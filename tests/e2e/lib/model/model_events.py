# SPDX-License-Identifier: GPL-2.0-only
"""What happens to the clients of the model between their steps: they lose their connection, are
silent for longer than their lease, cannot be called back, or the server restarts under all of
them."""
import model_checks
import model_lasting
import model_restart
import model_waits

CUT, BACK = 0.1, 0.1            # how likely each is, between two steps
SILENT, SPEAKS = 0.001, 0.05
DEAF, REACTS = 0.01, 0.03
RESTART = 0.004


def happen(run):
    """Let something happen, maybe."""
    cut_or_back(run)
    silent_or_not(run)
    deaf_or_not(run, run.silent[0])
    if run.dice.random() < RESTART and not run.loop.tasks:
        nfs_here(run)
        model_restart.restart(run)
        model_checks.claims(run)
        run.m.check()
    model_waits.check(run)


def see_those_away(run):
    """See what is left of clients that are away, until the claims are as the model has them."""
    def look():
        model_lasting.look(run, run.smb)
        for c in run.silent:
            c.look()
    model_lasting.await_ends(run, run.smb)
    model_checks.settle(run, lambda: any(c.away for c in run.smb) or
                        any(c.doubtful() for c in run.silent), look)


def all_here(run):
    """Let those come back that are away."""
    for c in run.smb:
        if c.away:
            run.loop.run(c.back())
    nfs_here(run)


def nfs_here(run):
    """The same for clients of NFS."""
    for c in run.silent:
        if c.away:
            run.loop.run(c.speak())
    if run.silent[0].deaf:
        run.loop.run(run.silent[0].hear())


def cut_or_back(run):
    """Cut the connection of a client of SMB, or connect it again."""
    away, dice = [c for c in run.smb if c.away], run.dice.random()
    if away and dice < BACK:
        run.loop.run(away[0].back())
    if away or dice > CUT:
        return
    client = run.dice.choice(run.smb)
    run.loop.pump(0.05)
    if not run.loop.tasks and client.may_cut():
        client.cut()
        model_checks.claims(run)


def silent_or_not(run):
    """Let a client of NFSv4 be silent, or speak again."""
    away, dice = [c for c in run.silent if c.away], run.dice.random()
    if away and dice < SPEAKS:
        run.loop.run(away[0].speak())
    if away or dice > SILENT or run.loop.tasks:
        return
    client = run.dice.choice(run.silent)
    if client.may_be_silent():
        client.be_silent(run)


def deaf_or_not(run, client):
    """Let the client of 4.0 refuse callbacks, do what RENEW says it should, or take them again."""
    dice = run.dice.random()
    if client.deaf and client.path_is_down and dice < REACTS:
        run.loop.run(client.return_all())
    if client.deaf and client.hears_again():
        run.loop.run(client.hear())
    elif dice < DEAF and not run.loop.tasks and client.may_be_deaf():
        client.be_deaf(run)
