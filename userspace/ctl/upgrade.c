// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittoctl upgrade: the installed modules in place of the loaded ones, under clients. To them it is
 * a restart of the server, after which they reclaim what they held.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "fault.h"
#include "installed.h"
#include "program.h"
#include "serve.h"

/* Milliseconds until a module must have no users, and between two attempts to unload it. */
#define UNUSED_MS	15000
#define POLL_MS		100

/* Those that use others come first. */
static const char *const modules[] = { "ditto_smb", "ditto_nfs", "ditto" };

/*
 * What dittoctl added is in no file, and gone with the modules. Returns an exit status: CTL_OK if
 * there is nothing of it.
 */
static int upgrade_saved(struct ctl *ctl)
{
	int status = dittod_run(ctl, "--diff-config", -1, true);

	if (!status)
		return CTL_OK;
	if (status == CTL_DEGRADED)
		return ctl_failed(ctl,
				  "what is served is not what is configured, and would be lost: see dittoctl config diff; keep it by dittoctl config save, or lose it by --discard");
	return ctl_failed(ctl,
			  "what is served could not be compared with what is configured: see dittoctl config diff; --discard replaces the modules nevertheless");
}

static void poll_pause(void)
{
	const struct timespec pause = { 0, POLL_MS * 1000000L };

	nanosleep(&pause, NULL);
}

/*
 * Find out whether the modules can be unloaded, before anything is stopped: a new module may not
 * fit to an old one that stays.
 */
static int modules_unused(const struct ctl *ctl)
{
	unsigned int i;
	int ms = 0;

	for (i = 0; i < ARRAY_SIZE(modules); i++) {
		for (; module_is_used(modules[i]); ms += POLL_MS) {
			if (ms >= UNUSED_MS)
				return ctl_failed(ctl,
						  "%s stays loaded, since a process uses it; no module was replaced: run the command again when it has ended, or start the machine again",
						  modules[i]);
			poll_pause();
		}
	}
	return CTL_OK;
}

/* The module's last users may be about to go. */
static int module_unload(const char *name)
{
	int ms;

	for (ms = 0; syscall(SYS_delete_module, name, O_NONBLOCK); ms += POLL_MS) {
		if (errno == ENOENT)
			return 0;
		if ((errno != EAGAIN && errno != EBUSY) || ms >= UNUSED_MS)
			return errno;
		poll_pause();
	}
	return 0;
}

static int modules_unload(const struct ctl *ctl)
{
	unsigned int i;
	int rc;

	for (i = 0; i < ARRAY_SIZE(modules); i++) {
		rc = module_unload(modules[i]);
		if (rc)
			return ctl_failed(ctl,
					  "%s cannot be unloaded: %s; nothing is served by modules that do not fit to it: run dittoctl upgrade --discard, or start the machine again",
					  modules[i], strerror(rc));
	}
	return CTL_OK;
}

static int unit_do(const struct ctl *ctl, char *verb, char *unit)
{
	char *const argv[] = { "systemctl", verb, unit, NULL };

	if (!program_run(argv))
		return CTL_OK;
	return ctl_failed(ctl, "systemctl %s %s failed: see systemctl status %s", verb, unit, unit);
}

/* A server of one protocol need not have the module of the other one. */
static bool module_is_wanted(const char *name)
{
	return module_is_loaded(name) || module_is_installed(name);
}

/* Before anything is stopped: whether the kernel loads all that the unit wants. */
static int modules_fit(const struct ctl *ctl)
{
	unsigned int i;
	struct why why;

	for (i = 0; i < ARRAY_SIZE(modules); i++)
		if (module_is_wanted(modules[i]) && !module_fits(modules[i], &why))
			return ctl_failed(ctl, "%s", why.text);
	return CTL_OK;
}

/* Load what the unit wants, with messages. None loads over a core of another version. */
static int modules_load(const struct ctl *ctl)
{
	char *argv[ARRAY_SIZE(modules) + 3] = { "modprobe", "-ab" };
	unsigned int i, n = 2;

	for (i = ARRAY_SIZE(modules); i--;)
		if (module_is_installed(modules[i]))
			argv[n++] = (char *)modules[i];
	if (!program_run(argv))
		return CTL_OK;
	return ctl_failed(ctl,
			  "not all modules can be loaded: see dmesg, and, if keys are named, the README of the package ditto-dkms about Secure Boot");
}

/* dittod is started whatever happens, and serves with the modules that there are. */
static int modules_replace(struct ctl *ctl)
{
	int status;

	/* Between stop and start nothing is served: the end of the terminal must not end that. */
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	/*
	 * Not ditto.service, whose stop removes shares and ends the claims of clients for good
	 * (Documentation/locking.md).
	 */
	status = unit_do(ctl, "stop", "dittod.service");
	if (status)
		return status;
	/* Once more, for as long as all old ones are there. */
	status = modules_unused(ctl);
	if (!status)
		fault_point("upgrade-unused");
	if (!status)
		status = modules_unload(ctl);
	status |= modules_load(ctl);
	status |= unit_do(ctl, "start", "dittod.service");
	return status ? CTL_REFUSED : serve_reload(ctl);
}

static int upgrade_run(struct ctl *ctl, char **words)
{
	bool check = false, discard = false;
	int status;

	for (; *words; words++) {
		if (!strcmp(*words, "--check"))
			check = true;
		else if (!strcmp(*words, "--discard"))
			discard = true;
		else
			return ctl_usage(ctl, "'%s' is neither --check nor --discard", *words);
	}
	if (!module_is_loaded("ditto"))
		return ctl_failed(ctl,
				  "ditto.ko is not loaded: systemctl start ditto uses the installed one");
	if (!modules_are_replaced()) {
		if (!ctl->json)
			puts("the modules that are loaded are the installed ones");
		return CTL_OK;
	}
	if (check) {
		if (!ctl->json)
			puts("other modules are installed than are loaded: dittoctl upgrade");
		return CTL_DEGRADED;
	}
	if (access("/run/systemd/system", F_OK))
		return ctl_failed(ctl,
				  "systemd does not run here: stop dittod, rmmod ditto_smb ditto_nfs ditto, and start dittod again");
	if (modules_fit(ctl) || modules_unused(ctl) || (!discard && upgrade_saved(ctl)))
		return CTL_REFUSED;
	status = modules_replace(ctl);
	if (!status && !ctl->json)
		puts("the installed modules serve; clients reclaim (dittoctl grace status)");
	return status;
}

const struct verb upgrade_verbs[] = {
	{ "", upgrade_run, "[--check] [--discard]" },
	{ NULL, NULL, NULL }
};
