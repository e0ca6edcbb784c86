// SPDX-License-Identifier: GPL-2.0-only
/* Commands of the administrator's choice, see command.h. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "mem.h"
#include "text.h"
#include "worker.h"

/* Reads of what is not kept before the clock is looked at again. */
#define LOST_READS	256
/* Milliseconds for the command's processes to die. */
#define KILL_TIME	1000

static char *const command_environment[] = {
	"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/", NULL
};

/* End with a failure, or with the output without one. */
static void command_answer(struct command *c, const char *format, ...)
	__printf(2, 3);

static void command_answer(struct command *c, const char *format, ...)
{
	va_list args;

	if (format) {
		va_start(args, format);
		vsnprintf(c->why, sizeof(c->why), format, args);
		va_end(args);
	}
	c->done(c, !format);
	_exit(1);
}

/* Runs in the child. */
static void command_exec(const struct command *c, int input, int out, int errors)
{
	setpgid(0, 0);
	/* It ends with the worker, whoever kills that. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(input, 0) < 0 || dup2(out, 1) < 0 || dup2(errors, 2) < 0 || chdir("/") ||
	    close_range(3, ~0U, 0))
		_exit(127);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	execve(c->words[0], c->words, command_environment);
	dprintf(2, "%s\n", strerror(errno));
	_exit(127);
}

static void command_start(struct command *c)
{
	int input = c->input >= 0 ? c->input : open("/dev/null", O_RDWR | O_CLOEXEC);
	int out[2], errors[2];

	if (input < 0 || pipe2(out, O_CLOEXEC) || pipe2(errors, O_CLOEXEC))
		command_answer(c, "%s", strerror(errno));
	c->pid = fork();
	if (!c->pid)
		command_exec(c, input, out[1], errors[1]);
	if (c->pid < 0)
		command_answer(c, "%s", strerror(errno));
	setpgid(c->pid, c->pid);
	c->pidfd = pidfd_open(c->pid, 0);
	c->out = out[0];
	c->errors = errors[0];
	close(out[1]);
	close(errors[1]);
	close(input);
	fcntl(c->out, F_SETFL, O_NONBLOCK);
	fcntl(c->errors, F_SETFL, O_NONBLOCK);
}

/* Keep the end of what the command says. */
static void command_keep(struct command *c, const char *more, size_t n)
{
	size_t skip = n > COMMAND_ERRORS_MAX ? n - COMMAND_ERRORS_MAX : 0;
	size_t drop;

	more += skip;
	n -= skip;
	drop = c->nsaid + n > COMMAND_ERRORS_MAX ? c->nsaid + n - COMMAND_ERRORS_MAX : 0;
	c->nsaid -= drop;
	memmove(c->said, c->said + drop, c->nsaid);
	memcpy(c->said + c->nsaid, more, n);
	c->nsaid += n;
}

/* Read what there is. Returns false if the command prints too much. */
static bool command_read(struct command *c)
{
	unsigned int reads;
	char more[4096];
	ssize_t n = 1;

	while (n > 0 && c->len < COMMAND_OUTPUT_MAX) {
		n = read(c->out, c->text + c->len, COMMAND_OUTPUT_MAX - c->len);
		c->len += n > 0 ? (u32)n : 0;
	}
	/* All is read, to get rid of it; a command that never stops has no more time. */
	for (reads = 0; c->len == COMMAND_OUTPUT_MAX && reads < LOST_READS; reads++) {
		if (read(c->out, more, sizeof(more)) <= 0)
			break;
		if (!c->talks)
			return false;
	}
	for (reads = 0; reads < LOST_READS; reads++) {
		n = read(c->errors, more, sizeof(more));
		if (n <= 0)
			break;
		command_keep(c, more, (size_t)n);
	}
	return true;
}

/* What the command has said last, behind a colon. */
static const char *command_said(struct command *c)
{
	static char text[COMMAND_ERRORS_MAX + 3];
	char *line;
	size_t i;

	while (c->nsaid && strchr(" \r\n", c->said[c->nsaid - 1]))
		c->nsaid--;
	for (i = 0; i < c->nsaid; i++)
		if (!c->said[i])
			c->said[i] = '?';
	c->said[c->nsaid] = '\0';
	line = strrchr(c->said, '\n');
	snprintf(text, sizeof(text), "%s%s", c->nsaid ? ": " : "", line ? line + 1 : c->said);
	text_make_printable(text);
	return text;
}

/* Returns false if the kernel does not tell who they are. */
static bool children_kill(void)
{
	FILE *f = fopen("/proc/thread-self/children", "re");
	int pid;

	if (!f)
		return false;
	while (fscanf(f, "%d", &pid) == 1)
		kill(pid, SIGKILL);
	fclose(f);
	return true;
}

/*
 * Nobody of the command's processes stays, even in a group or session of its own: those whose
 * parent has died are children of the worker. Each round may bring more of them.
 */
static void command_kill(struct command *c)
{
	u64 end = clock_ms() + KILL_TIME;

	/* Its pid is not used again before it was waited for. */
	if (c->pid)
		kill(-c->pid, SIGKILL);
	c->pid = 0;
	while (children_kill() && waitpid(-1, NULL, WNOHANG) >= 0 && clock_ms() < end)
		usleep(1000);
}

/* The command has ended. */
static void command_ended(struct command *c)
{
	bool fits = command_read(c);
	int status = 0;

	kill(-c->pid, SIGKILL);
	waitpid(c->pid, &status, 0);
	c->pid = 0;
	command_kill(c);
	c->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	if (WIFSIGNALED(status))
		command_answer(c, "it was ended by signal %d%s", WTERMSIG(status),
			       command_said(c));
	if (WEXITSTATUS(status))
		command_answer(c, "it ended with status %d%s", WEXITSTATUS(status),
			       command_said(c));
	if (!fits)
		command_answer(c, "it printed more than %d bytes", COMMAND_OUTPUT_MAX);
	command_answer(c, NULL);
}

static void command_wait(struct command *c, u32 ms)
{
	struct pollfd p[] = {
		{ .fd = WORKER_FD_CONTROL }, { .fd = c->pidfd, .events = POLLIN },
		{ .fd = c->out, .events = POLLIN }, { .fd = c->errors, .events = POLLIN },
	};
	u64 end = clock_ms() + ms;
	u64 now;

	for (;;) {
		now = clock_ms();
		if (now >= end || (poll(p, ARRAY_SIZE(p), (int)(end - now)) < 0 && errno != EINTR))
			break;
		/* dittod does not want the answer any more. */
		if (p[0].revents) {
			command_kill(c);
			_exit(0);
		}
		if (p[1].revents)
			command_ended(c);
		if (!command_read(c)) {
			command_kill(c);
			command_answer(c, "it printed more than %d bytes", COMMAND_OUTPUT_MAX);
		}
		/* At its end, a pipe is always readable. */
		if (p[2].revents & POLLHUP)
			p[2].fd = -1;
		if (p[3].revents & POLLHUP)
			p[3].fd = -1;
	}
	command_kill(c);
	command_answer(c, "it did not end within %u.%u s%s", ms / 1000, ms % 1000 / 100,
		       command_said(c));
}

bool command_put_words(char words[COMMAND_WORDS_MAX + 1], const char *command, const char *more)
{
	char *copy = mem_print("%s%s%s", command, more ? " " : "", more ?: "");
	size_t at = 0, len;
	char *word, *next;

	for (word = strtok_r(copy, " \t", &next); word; word = strtok_r(NULL, " \t", &next)) {
		len = strlen(word) + 1;
		if (at + len > COMMAND_WORDS_MAX - 1)
			break;
		memcpy(words + at, word, len);
		at += len;
	}
	free(copy);
	return !word;
}

void command_execute(struct command *c, char words[COMMAND_WORDS_MAX + 1], u32 ms)
{
	char *word = words;
	size_t n;

	words[COMMAND_WORDS_MAX - 1] = '\0';
	words[COMMAND_WORDS_MAX] = '\0';
	for (n = 0; *word && n < COMMAND_WORDS; n++) {
		c->words[n] = word;
		word += strlen(word) + 1;
	}
	c->status = -1;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (!n || *word)
		command_answer(c, "it has too many words");
	command_start(c);
	command_wait(c, ms);
	_exit(1);
}
