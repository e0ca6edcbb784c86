// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittoctl config: the configuration file beside what is served. dittod has the parser, compares
 * and applies; this runs it.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ctl.h"
#include "import/import.h"
#include "nl/status.h"
#include "program.h"
#include "serve.h"

/* Where a process has a file open that it named by a path. */
static void path_of(const struct status *s, const char *path, char *out, size_t size)
{
	if (path[0] == '/')
		snprintf(out, size, "%s", path);
	else
		snprintf(out, size, "/proc/%d/cwd/%s", s->pid, path);
}

static bool link_read(const char *path, char target[PATH_MAX])
{
	ssize_t len = readlink(path, target, PATH_MAX - 1);

	if (len < 0)
		return false;
	target[len] = '\0';
	return true;
}

/* The program that runs, else the one beside this one, else any that the search path finds. */
static void dittod_find(const struct status *s, char program[PATH_MAX])
{
	char link[64], *name;

	snprintf(link, sizeof(link), "/proc/%d/exe", s->pid);
	if (s->pid && link_read(link, program) && !access(program, X_OK))
		return;
	if (link_read("/proc/self/exe", program)) {
		name = strrchr(program, '/') + 1;
		snprintf(name, (size_t)(program + PATH_MAX - name), "dittod");
		if (!access(program, X_OK))
			return;
	}
	snprintf(program, PATH_MAX, "dittod");
}

/* Tell what a program says on its standard error as this one does. */
static void errors_pass_on(const struct ctl *ctl, int fd)
{
	static const char prefix[] = "dittod: ";
	FILE *f = fdopen(fd, "r");
	char *line = NULL;
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		ctl_failed(ctl, "%s", line + (strncmp(line, prefix, sizeof(prefix) - 1) ? 0 :
					      sizeof(prefix) - 1));
	}
	free(line);
	if (f)
		fclose(f);
	else
		close(fd);
}

int dittod_run(struct ctl *ctl, const char *option, int input, bool quiet)
{
	char program[PATH_MAX], config[PATH_MAX], state[PATH_MAX];
	char *argv[8] = { program, (char *)option };
	int nowhere = -1, errors[2] = { -1, -1 };
	unsigned int n = 2;
	struct status s;
	int rc, status;
	pid_t pid;

	status_read(&s);
	dittod_find(&s, program);
	if (s.config) {
		path_of(&s, s.config, config, sizeof(config));
		argv[n++] = "-c";
		argv[n++] = config;
	}
	if (s.state_dir) {
		path_of(&s, s.state_dir, state, sizeof(state));
		argv[n++] = "-s";
		argv[n++] = state;
	}
	if (ctl->json)
		argv[n++] = "--json";
	status_free(&s);
	if (ctl->json && pipe2(errors, O_CLOEXEC))
		return ctl_failed(ctl, "%s", strerror(errno));
	if (quiet)
		nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	rc = program_start(argv, input, nowhere, errors[1], &pid);
	if (nowhere >= 0)
		close(nowhere);
	if (ctl->json)
		close(errors[1]);
	if (ctl->json && rc)
		close(errors[0]);
	if (rc)
		return ctl_failed(ctl, "%s: %s", program, strerror(rc));
	if (ctl->json)
		errors_pass_on(ctl, errors[0]);
	status = program_wait(pid);
	if (status < 0)
		return ctl_failed(ctl, "%s was killed", program);
	return status <= CTL_DEGRADED ? status : CTL_REFUSED;
}

static int config_option(struct ctl *ctl, char **words, const char *option)
{
	return ctl_no_more(ctl, words) ? CTL_USAGE : dittod_run(ctl, option, -1, false);
}

int config_add(struct ctl *ctl, const char *text)
{
	size_t len = strlen(text);
	int fd = memfd_create("sections", MFD_CLOEXEC), status;

	if (fd < 0 || write(fd, text, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET))
		status = ctl_failed(ctl, "%s", strerror(errno));
	else
		status = dittod_run(ctl, "--add-config", fd, false);
	if (fd >= 0)
		close(fd);
	return status;
}

static int config_show(struct ctl *ctl, char **words)
{
	if (ctl->json)
		return ctl_usage(ctl,
				 "a configuration file is no JSON: server show, share list and listener list are");
	return config_option(ctl, words, "--show-config");
}

static int config_diff(struct ctl *ctl, char **words)
{
	return config_option(ctl, words, "--diff-config");
}

static int config_check(struct ctl *ctl, char **words)
{
	return config_option(ctl, words, "--check-config");
}

/* What was added by hand is dittod's once it has read the file. */
static int config_save(struct ctl *ctl, char **words)
{
	int status = config_option(ctl, words, "--save-config");

	return status ? status : serve_reload(ctl);
}

/* Tell what dittod could not do, as "dittoctl status" does. */
static int config_problems(const struct ctl *ctl)
{
	struct status s;
	unsigned int i;
	int status;

	if (!status_read(&s))
		return ctl_failed(ctl, "dittod has ended: dittoctl status");
	for (i = 0; i < s.nproblems; i++)
		ctl_failed(ctl, "%s: %s", s.problem[i].what, s.problem[i].why);
	status = s.nproblems ? CTL_DEGRADED : CTL_OK;
	status_free(&s);
	return status;
}

static int config_apply(struct ctl *ctl, char **words)
{
	int status;

	if (words[0] && !strcmp(words[0], "--dry-run"))
		return config_option(ctl, words + 1, "--dry-run");
	if (ctl_no_more(ctl, words))
		return CTL_USAGE;
	if (ctl_connect(ctl))
		return CTL_REFUSED;
	status = serve_reload(ctl);
	return status ? status : config_problems(ctl);
}

const struct verb config_verbs[] = {
	{ "show", config_show, "" },
	{ "save", config_save, "" },
	{ "diff", config_diff, "" },
	{ "check", config_check, "" },
	{ "apply", config_apply, "[--dry-run]" },
	{ "import", config_import, "exports|smb.conf|ksmbd.conf [FILE] [--dry-run]" },
	{ NULL, NULL, NULL }
};
