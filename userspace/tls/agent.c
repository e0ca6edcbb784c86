// SPDX-License-Identifier: GPL-2.0-only
/* dittod --tls-agent, see agent.h. */

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent.h"
#include "config/config.h"
#include "config/config_file.h"
#include "daemon/log.h"
#include "daemon/loop.h"
#include "daemon/notify.h"
#include "worker/privileges.h"
#include "tls.h"
#include "worker/worker.h"

/**
 * struct agent - state of the process
 * @file: the configuration file
 * @signals: signal descriptor
 * @tls: the agent
 * @failed: @stop was set because of an error
 * @stop: ends the loop
 */
struct agent {
	const struct config_file *file;
	int signals;
	struct tls *tls;
	bool failed;
	bool stop;
};

static void agent_tell(void *arg, const char *problem)
{
	(void)arg;
	notify("STATUS=%s", problem ?: "TLS handshakes only");
}

static bool agent_configure(struct agent *a)
{
	struct config *cfg = config_file_load(a->file, NULL, NULL);

	if (!cfg)
		return false;
	tls_configure(a->tls, &cfg->tls);
	config_free(cfg);
	return true;
}

static void agent_signalled(void *arg)
{
	struct signalfd_siginfo info;
	struct agent *a = arg;

	if (read(a->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		agent_configure(a);
	else
		a->stop = true;
}

static void agent_spawner_ended(void *arg)
{
	struct agent *a = arg;

	log_error("the process that starts workers has ended: dittod must be started again");
	a->failed = true;
	a->stop = true;
}

int agent_run(const struct config_file *file)
{
	struct agent a = { .file = file };
	int spawner, rc;

	a.signals = loop_signals();
	spawner = worker_spawner_start();
	if (spawner < 0)
		return EXIT_FAILURE;
	rc = privileges_drop();
	if (rc) {
		log_error("this needs root (CAP_NET_ADMIN): %s", strerror(-rc));
		return EXIT_FAILURE;
	}
	a.tls = tls_new(spawner, agent_tell, NULL);
	if (!a.tls || !agent_configure(&a)) {
		tls_free(a.tls);
		return EXIT_FAILURE;
	}
	notify("READY=1");

	struct source sources[] = {
		{ a.signals, agent_signalled, &a, 0 },
		{ spawner, agent_spawner_ended, &a, 0 },
		tls_source(a.tls),
	};

	rc = loop_run(sources, ARRAY_SIZE(sources), &a.stop);
	if (rc)
		log_error("cannot wait for events: %s", strerror(-rc));
	tls_free(a.tls);
	return rc || a.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
