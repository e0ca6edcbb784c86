// SPDX-License-Identifier: GPL-2.0-only
/*
 * The key worker: what commands print, their limits, and their confinement. And the scan worker:
 * what they say about files.
 */

#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "broker/key_command.h"
#include "broker/scan_order.h"
#include "worker/worker.h"
#include "mem.h"
#include "test.h"

/* Milliseconds of a command that must not be in time, and of all others. */
#define SHORT	3000
#define LONG	60000

#define FOLDER	"/tmp/ditto-key.XXXXXX"
static char folder[24];
static int spawner;
static struct key_answer answer;

/* A script for everybody. */
static char *script_write(const char *text)
{
	char *path = mem_print("%s/script", folder);
	FILE *f = fopen(path, "we");

	if (CHECK(f)) {
		fprintf(f, "#!/bin/sh\n%s\n", text);
		fclose(f);
	}
	chmod(path, 0755);
	return path;
}

static int order_send(const char *path, const char *argument, u32 ms)
{
	struct key_order order = { .ms = ms };
	int pair[2];

	memcpy(order.words, path, strlen(path) + 1);
	memcpy(order.words + strlen(path) + 1, argument, strlen(argument) + 1);
	CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	CHECK(!worker_spawner_program(spawner, WORKER_KEYS, pair[1]));
	close(pair[1]);
	CHECK(send(pair[0], &order, sizeof(order), 0) == (ssize_t)sizeof(order));
	return pair[0];
}

static void command_run(const char *path, const char *argument, u32 ms)
{
	int fd = order_send(path, argument, ms);

	memset(&answer, 0, sizeof(answer));
	CHECK(recv(fd, &answer, sizeof(answer), 0) == (ssize_t)sizeof(answer));
	close(fd);
}

static void script_run(const char *text, u32 ms)
{
	char *path = script_write(text);

	command_run(path, "an-id", ms);
	free(path);
}

static void command_prints(void)
{
	script_run("echo key of $1; echo more >&2; read x || echo no input", LONG);
	CHECK(answer.good && answer.len == strlen(answer.text));
	SAME(answer.text, "key of an-id\nno input\n");
	/* Words are not interpreted. */
	command_run("/bin/echo", "$HOME;id>x", LONG);
	SAME(answer.text, "$HOME;id>x\n");
	script_run("env | sort | cut -d= -f1 | tr '\\n' ' '", LONG);
	SAME(answer.text, "HOME LC_ALL PATH PWD ");
}

static void command_fails(void)
{
	char *path;

	script_run("echo secret; echo first >&2; echo 'no such key' >&2; exit 3", LONG);
	CHECK(!answer.good);
	SAME(answer.text, "it ended with status 3: no such key");
	script_run("kill -9 $$", LONG);
	SAME(answer.text, "it was ended by signal 9");
	command_run("/nowhere/program", "x", LONG);
	CHECK(!answer.good);
	SAME(answer.text, "it ended with status 127: No such file or directory");
	path = script_write("echo");
	chmod(path, 0644);
	command_run(path, "x", LONG);
	free(path);
	SAME(answer.text, "it ended with status 127: Permission denied");
}

static void command_limits(void)
{
	script_run("yes", LONG);
	CHECK(!answer.good);
	SAME(answer.text, "it printed more than 4096 bytes");
	script_run("yes | head -c 4096", LONG);
	CHECK(answer.good && answer.len == KEY_OUTPUT_MAX);
	script_run("yes | head -c 4097", LONG);
	SAME(answer.text, "it printed more than 4096 bytes");
	/* What it says is dropped. */
	script_run("head -c 1000000 /dev/zero >&2; echo done", LONG);
	CHECK(answer.good);
	SAME(answer.text, "done\n");
}

/* The message has what it says last, also if that was a lot. */
static void command_says_much(void)
{
	script_run("head -c 1000000 /dev/zero >&2; echo >&2; echo the cause >&2; exit 1", LONG);
	CHECK(!answer.good);
	SAME(answer.text, "it ended with status 1: the cause");
	script_run("yes first | head -n 100 >&2; sleep 0.2; yes more | head -n 70 >&2;"
		   "sleep 0.2; echo last >&2; exit 1", LONG);
	SAME(answer.text, "it ended with status 1: last");
	script_run("printf '%0300d' 7 >&2; exit 1", LONG);
	CHECK(strlen(answer.text) == 24 + 256 && answer.text[24 + 255] == '7');
	/* One that never stops has no more time than others. */
	script_run("exec cat /dev/zero >&2", SHORT);
	CHECK(!strncmp(answer.text, "it did not end within 3.0 s", 27));
}

/* Whether the process of the number at the end of a text ends. */
static bool process_ends(const char *text)
{
	const char *word = strrchr(text, ' ');
	pid_t pid = (pid_t)strtol(word ?: text, NULL, 10);
	u64 until = clock_ms() + LONG;
	char *path;
	bool gone;

	while (pid > 1 && !kill(pid, 0) && clock_ms() < until)
		usleep(10000);
	path = mem_print("/proc/%d", pid);
	gone = pid > 1 && access(path, F_OK);
	free(path);
	return gone;
}

/* Nobody of the command's processes stays. */
static void command_time_is_up(void)
{
	script_run("echo waiting >&2; sleep 1000", SHORT);
	CHECK(!answer.good);
	SAME(answer.text, "it did not end within 3.0 s: waiting");
	/* A child that goes on without it holds up nothing. */
	script_run("sleep 1000 & echo $!", LONG);
	CHECK(answer.good && process_ends(answer.text));
}

/* Prints its pid when it has a session of its own, and stays. */
#define DAEMON	"$(setsid -f sh -c 'echo $$; exec sleep 1000 >/dev/null 2>&1')"

/* The same for those that have left its group and session. */
static void command_has_daemons(void)
{
	script_run("echo " DAEMON, LONG);
	CHECK(answer.good && process_ends(answer.text));
	script_run("echo " DAEMON " >&2; sleep 1000", 10000);
	CHECK(!answer.good && !strncmp(answer.text, "it did not end within 10.0 s: ", 30));
	CHECK(process_ends(answer.text));
	script_run("echo " DAEMON " >&2; exec yes", LONG);
	SAME(answer.text, "it printed more than 4096 bytes");
}

/* It ends with the connection. */
static void command_is_cancelled(void)
{
	char *path = script_write("echo $$ >&2; exec sleep 1000");
	int fd = order_send(path, "x", LONG);
	char byte;

	usleep(100000);
	CHECK(recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	close(fd);
	free(path);
	/* The next one works all the same. */
	script_run("echo next", LONG);
	SAME(answer.text, "next\n");
}

/* The parent of the process that runs "sleep SECONDS", or 0. */
static pid_t sleeper_parent(const char *seconds)
{
	char text[256], *at;
	pid_t parent = 0;
	glob_t found;
	size_t i, n;
	FILE *f;

	if (glob("/proc/[0-9]*/stat", 0, NULL, &found))
		return 0;
	for (i = 0; i < found.gl_pathc && !parent; i++) {
		/* The command line has its words one after the other. */
		snprintf(text, sizeof(text), "%.*s/cmdline", (int)strlen(found.gl_pathv[i]) - 5,
			 found.gl_pathv[i]);
		f = fopen(text, "re");
		n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
		if (f)
			fclose(f);
		text[n] = '\0';
		if (strcmp(text, "sleep") || n < sizeof("sleep") || strcmp(text + 6, seconds))
			continue;
		f = fopen(found.gl_pathv[i], "re");
		at = f && fgets(text, sizeof(text), f) ? strrchr(text, ')') : NULL;
		if (at)
			parent = (pid_t)strtol(at + 4, NULL, 10);
		if (f)
			fclose(f);
	}
	globfree(&found);
	return parent;
}

/* One that is replaced by the next has time to end all its processes. */
static void command_is_replaced(void)
{
	char *path = script_write("setsid -f sleep 4321.5; exec sleep 1000");
	int fd = order_send(path, "x", LONG), next;
	u64 until = clock_ms() + LONG;
	pid_t worker = 0, before;

	/* Its parent is the worker, after it was setsid for a moment. */
	do {
		before = worker;
		usleep(100000);
		worker = sleeper_parent("4321.5");
	} while (clock_ms() < until && (!worker || worker != before));
	CHECK(worker > 1 && !kill(worker, SIGSTOP));
	close(fd);
	next = order_send(path, "x", LONG);
	usleep(100000);
	CHECK(!kill(worker, SIGCONT));
	close(next);
	script_run("echo next", LONG);
	SAME(answer.text, "next\n");
	while (clock_ms() < until && sleeper_parent("4321.5"))
		usleep(10000);
	CHECK(!sleeper_parent("4321.5"));
	free(path);
}

static void command_is_confined(void)
{
	script_run("id -u; grep -c 'NoNewPrivs:.1$' /proc/self/status", LONG);
	CHECK(strstr(answer.text, "\n1\n"));
	if (!geteuid()) {
		CHECK(strncmp(answer.text, "0\n", 2));
		script_run("grep -c 'Cap\\(Eff\\|Bnd\\):.0*$' /proc/self/status", LONG);
		SAME(answer.text, "2\n");
	}
	/* Descriptors of others are closed. */
	script_run("ls /proc/self/fd | wc -l", LONG);
	SAME(answer.text, "4\n");
	/* The mode of the folder would permit it. */
	chmod(folder, 0777);
	script_run("cd ${0%/*}; (echo x > made) 2>/dev/null && echo written;"
		   "echo x > /dev/null && echo null", LONG);
	chmod(folder, 0755);
	SAME(answer.text, "null\n");
}

/* Give the scan worker a file with this content. */
static void scan_send(int fd, const char *path, u64 id, const char *content, u32 ms)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct scan_order order = { .id = id, .ms = ms };
	struct iovec iov = { &order, sizeof(order) };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	FILE *file = tmpfile();
	int number = file ? fileno(file) : -1;

	CHECK(file && fputs(content, file) >= 0 && !fflush(file));
	rewind(file);
	CHECK(command_put_words(order.words, path, "an-argument"));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &number, sizeof(int));
	CHECK(sendmsg(fd, &h, 0) == (ssize_t)sizeof(order));
	fclose(file);
}

static const struct scan_case {
	const char *content;
	u32 ms;
	u32 error;
	bool clean;
	const char *why;
} scans[] = {
	{ "good", LONG, 0, true, "" },
	{ "virus", LONG, 0, false, "Test an-argument" },
	{ "silent", LONG, 0, false, "" },
	{ "fail", LONG, EIO, false, "it ended with status 2: no signatures" },
	{ "die", LONG, EIO, false, "it was ended by signal 9" },
	{ "hang", SHORT, EIO, false, "it did not end within 3.0 s" },
	{ "endless", SHORT, EIO, false, "it did not end within 3.0 s" },
	{ "much", LONG, 0, true, "" },
};

/* Files are scanned at the same time, each in a process of its own. */
static void scan_answers(void)
{
	char *path = script_write("case $(cat) in good) exit 0 ;;"
				  "virus) echo Test $1; echo more; exit 1 ;; silent) exit 1 ;;"
				  "fail) echo no signatures >&2; exit 2 ;; die) kill -9 $$ ;;"
				  "hang) sleep 1000 ;; endless) exec yes ;;"
				  "much) yes | head -c 100000; exit 0 ;; esac; exit 3");
	bool seen[ARRAY_SIZE(scans)] = { false };
	struct scan_answer a;
	const struct scan_case *c;
	int pair[2];
	size_t i;

	CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	CHECK(!worker_spawner_program(spawner, WORKER_SCANS, pair[1]));
	close(pair[1]);
	for (i = 0; i < ARRAY_SIZE(scans); i++)
		scan_send(pair[0], path, i, scans[i].content, scans[i].ms);
	for (i = 0; i < ARRAY_SIZE(scans); i++) {
		if (!CHECK(recv(pair[0], &a, sizeof(a), 0) == (ssize_t)sizeof(a) &&
			   a.id < ARRAY_SIZE(scans) && !seen[a.id]))
			break;
		seen[a.id] = true;
		c = &scans[a.id];
		CHECK(a.error == c->error && a.clean == c->clean);
		SAME(a.why, c->why);
	}
	close(pair[0]);
	free(path);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		TEST(command_prints), TEST(command_fails), TEST(command_limits),
		TEST(command_says_much), TEST(command_time_is_up), TEST(command_has_daemons),
		TEST(command_is_cancelled), TEST(command_is_replaced), TEST(command_is_confined),
		TEST(scan_answers),
		{ 0 }
	};
	char command[64];
	int status;

	worker_main(argc, argv);
	snprintf(folder, sizeof(folder), "%s", FOLDER);
	spawner = worker_spawner_start();
	if (spawner < 0 || !mkdtemp(folder) || chmod(folder, 0755)) {
		printf("not ok key_command: it cannot begin\n");
		return EXIT_FAILURE;
	}
	status = test_main(tests);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command) ? EXIT_FAILURE : status;
}
