// SPDX-License-Identifier: GPL-2.0-only
/*
 * Starts the spawner, and in it the workers. The spawner has one thread and no privileges; it
 * exits when dittod closes its socket.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/log.h"
#include "priority.h"
#include "sandbox.h"
#include "types.h"
#include "worker.h"

#define SPAWNER_WORD	"--spawner"

/*
 * Kinds of workers: a word for this program and the function that it runs then, or a program
 * beside it. A program, and a worker that is alone, has only a control socket. A worker that tidies
 * ends others before it ends itself, as soon as dittod has closed its socket.
 */
static const struct {
	const char *word;
	void (*run)(void);
	const char *program;
	bool alone;
	bool tidies;
} workers[WORKER_KINDS] = {
	[WORKER_LOGINS] = { "--login-worker", worker_run_logins },
	[WORKER_PIPES] = { "--pipe-worker", worker_run_pipes },
	[WORKER_HOSTS] = { "--host-worker", worker_run_hosts },
	[WORKER_TLS] = { "--tls-worker", worker_run_tls },
	[WORKER_STORES] = { .program = WORKER_STORES_PROGRAM, .alone = true },
	[WORKER_KEYS] = { "--key-worker", worker_run_keys, .alone = true, .tidies = true },
	[WORKER_KEYTABS] = { "--keytab-worker", worker_run_keytabs, .alone = true },
	[WORKER_SCANS] = { "--scan-worker", worker_run_scans, .alone = true, .tidies = true },
};

/* Milliseconds for that, in which other orders wait. */
#define TIDY_TIME	2000
/* The same for others. */
#define END_TIME	100

/**
 * struct order - an order to the spawner
 * @kind: enum worker_kind
 * @fds: sockets of the worker, followed by the file if there is one
 * @n: number of entries in @fds
 */
struct order {
	u8 kind;
	int fds[WORKER_SOCKETS + 1];
	size_t n;
};

/* Higher than all fixed descriptors. */
#define FD_ABOVE	64

/* Move @fds to the numbers from @first on, and close all other descriptors from @first on. */
static bool fds_lay_out(const int *fds, int first, int n)
{
	int up[WORKER_SOCKETS];
	int i;

	for (i = 0; i < n; i++) {
		up[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, FD_ABOVE);
		if (up[i] < 0)
			return false;
	}
	for (i = 0; i < n; i++)
		if (dup2(up[i], first + i) < 0)
			return false;
	return !close_range((unsigned int)(first + n), ~0U, 0);
}

/*
 * Execute this program again: by its path, which also works under valgrind, otherwise through
 * /proc in case the file was replaced.
 */
static void spawner_exec(const char *word)
{
	char path[PATH_MAX];
	sigset_t none;
	ssize_t len;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (len > 0) {
		path[len] = '\0';
		execl(path, "dittod", word, NULL);
	}
	execl("/proc/self/exe", "dittod", word, NULL);
	_exit(127);
}

bool worker_program_path(const char *program, char path[PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	if (len <= 0)
		return false;
	path[len] = '\0';
	slash = strrchr(path, '/');
	if (!slash || (size_t)(slash + 1 - path) + strlen(program) >= PATH_MAX)
		return false;
	memcpy(slash + 1, program, strlen(program) + 1);
	return true;
}

/* Runs in the child of the spawner. */
static void spawner_exec_alone(enum worker_kind kind, int control)
{
	const char *program = workers[kind].program;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	char path[PATH_MAX];
	sigset_t none;
	int i;

	for (i = 0; i < WORKER_FD_CONTROL; i++)
		if (dup2(null, i) < 0)
			_exit(127);
	if (!fds_lay_out(&control, WORKER_FD_CONTROL, 1))
		_exit(127);
	if (!program)
		spawner_exec(workers[kind].word);
	if (!worker_program_path(program, path))
		_exit(127);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execl(path, program, NULL);
	_exit(127);
}

/* Runs in the child of the spawner. */
static void spawner_exec_worker(const struct order *order)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int fds[WORKER_SOCKETS + 1];
	size_t i;

	/* Move the descriptors out of the range of the fixed ones. */
	for (i = 0; i < order->n; i++) {
		fds[i] = fcntl(order->fds[i], F_DUPFD_CLOEXEC, FD_ABOVE);
		if (fds[i] < 0)
			_exit(127);
	}
	if (order->n == WORKER_SOCKETS)
		fds[WORKER_SOCKETS] = null;
	/* Only dittod writes to the log. */
	for (i = 0; i < WORKER_FD_CONTROL; i++)
		if (dup2(null, (int)i) < 0)
			_exit(127);
	if (dup2(fds[0], WORKER_FD_CONTROL) < 0 ||
	    dup2(fds[WORKER_SOCKETS], WORKER_FD_REPLAY) < 0 || dup2(null, WORKER_FD_KEYTAB) < 0 ||
	    !fds_lay_out(fds + 1, WORKER_FD_CHANNEL, WORKER_CHANNELS))
		_exit(127);
	/* All workers with channels do what clients ask for. */
	priority_lower();
	spawner_exec(workers[order->kind].word);
}

static void spawner_child_ended(int signal)
{
	(void)signal;
}

/* Reap workers that have ended, and log how, unless they were to end. */
static void spawner_reap(pid_t pids[WORKER_KINDS])
{
	const char *name;
	int status, i;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (i = 0; i < WORKER_KINDS && pids[i] != pid; i++)
			;
		if (i == WORKER_KINDS)
			continue;
		pids[i] = -1;
		name = workers[i].program ?: workers[i].word + strlen("--");
		if (WIFSIGNALED(status))
			log_error("%s was ended by signal %d (%s)", name, WTERMSIG(status),
				  strsignal(WTERMSIG(status)));
		else if (WEXITSTATUS(status))
			log_error("%s ended with status %d", name, WEXITSTATUS(status));
	}
}

/* Wait for an order. Returns false when dittod has ended. */
static bool spawner_next_order(struct order *order, pid_t pids[WORKER_KINDS])
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(order->fds))];
	} control;
	struct iovec iov = { &order->kind, 1 };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct pollfd p = { .fd = WORKER_FD_CONTROL, .events = POLLIN };
	sigset_t none;
	ssize_t len;

	/* The end of a worker is noticed here only. */
	sigemptyset(&none);
	do {
		spawner_reap(pids);
	} while (ppoll(&p, 1, NULL, &none) < 0 && errno == EINTR);
	len = recvmsg(WORKER_FD_CONTROL, &h, MSG_CMSG_CLOEXEC);
	/* The order may be there before the end of the worker that it replaces is known. */
	spawner_reap(pids);
	if (len != 1 || h.msg_controllen < CMSG_LEN(0) || order->kind >= WORKER_KINDS)
		return false;
	order->n = (control.header.cmsg_len - CMSG_LEN(0)) / sizeof(int);
	if (workers[order->kind].alone ? order->n != 1 :
	    order->n < WORKER_SOCKETS || order->n > ARRAY_SIZE(order->fds))
		return false;
	memcpy(order->fds, CMSG_DATA(&control.header), order->n * sizeof(int));
	return true;
}

/*
 * Kill a worker, unless it ends by itself. It keeps its number until it is reaped. Returns true if
 * it has ended: its sockets are closed a moment before that is known.
 */
static bool spawner_end_worker(unsigned int kind, pid_t pid)
{
	struct pollfd p = { .events = POLLIN };
	bool ended = false;

	if (pid <= 0)
		return false;
	p.fd = pidfd_open(pid, 0);
	if (p.fd >= 0) {
		ended = poll(&p, 1, workers[kind].tidies ? TIDY_TIME : END_TIME) > 0;
		close(p.fd);
	}
	kill(pid, SIGKILL);
	return ended;
}

/* Returns its process, or -1. */
static pid_t spawner_start_worker(const struct order *order)
{
	pid_t pid = fork();

	if (!pid && workers[order->kind].alone)
		spawner_exec_alone(order->kind, order->fds[0]);
	if (!pid)
		spawner_exec_worker(order);
	return pid;
}

static void spawner_run(void)
{
	const struct sigaction ended = { .sa_handler = spawner_child_ended };
	pid_t pids[WORKER_KINDS];
	struct order order;
	sigset_t child;
	size_t i;

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	log_open();
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	sigaction(SIGCHLD, &ended, NULL);
	for (i = 0; i < WORKER_KINDS; i++)
		pids[i] = -1;
	while (spawner_next_order(&order, pids)) {
		if (spawner_end_worker(order.kind, pids[order.kind]))
			spawner_reap(pids);
		pids[order.kind] = spawner_start_worker(&order);
		for (i = 0; i < order.n; i++)
			close(order.fds[i]);
	}
	for (i = 0; i < WORKER_KINDS; i++)
		spawner_end_worker((unsigned int)i, pids[i]);
	_exit(0);
}

void worker_main(int argc, char **argv)
{
	size_t i;

	if (argc != 2)
		return;
	if (!strcmp(argv[1], SPAWNER_WORD))
		spawner_run();
	for (i = 0; i < WORKER_KINDS; i++)
		if (workers[i].word && !strcmp(argv[1], workers[i].word)) {
			/* From here on, processes of the same user must not trace it. */
			prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
			workers[i].run();
			_exit(0);
		}
}

int worker_spawner_start(void)
{
	int pair[2];
	struct why why;
	gid_t gid;
	uid_t uid;
	pid_t pid;
	char failed;
	int said[2];
	int rc = 0;

	if (!sandbox_user(&uid, &gid, &why)) {
		log_error("%s", why.text);
		return -ENOENT;
	}
	if (!getpwnam(SANDBOX_USER))
		log_warning("there is no user " SANDBOX_USER
			    ": the workers, which have a copy of the keytab, run as " SANDBOX_OTHER
			    ", as other programs may; \"useradd --system --shell /usr/sbin/nologin "
			    SANDBOX_USER "\" makes one");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	if (pipe2(said, O_CLOEXEC)) {
		close(pair[0]);
		close(pair[1]);
		return -ENFILE;
	}
	pid = fork();
	if (!pid) {
		int tell = fcntl(said[1], F_DUPFD_CLOEXEC, FD_ABOVE);

		rc = sandbox_drop_user(uid, gid);
		failed = (char)-rc;
		if (rc && write(tell, &failed, 1) < 0)
			_exit(126);
		if (rc || !fds_lay_out(&pair[1], WORKER_FD_CONTROL, 1))
			_exit(127);
		spawner_exec(SPAWNER_WORD);
	}
	if (pid < 0)
		rc = -errno;
	close(pair[1]);
	close(said[1]);
	/* A byte is an error; end of file means that the spawner was executed. */
	if (!rc && read(said[0], &failed, 1) == 1)
		rc = -(int)failed;
	close(said[0]);
	if (!rc)
		return pair[0];
	close(pair[0]);
	log_error("the user of the workers cannot be taken on: %s", strerror(-rc));
	return rc;
}

/* Send an order with descriptors, which become the worker's. */
static int spawner_send(int spawner, enum worker_kind kind, const int *fds, size_t n)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE((WORKER_SOCKETS + 1) * sizeof(int))];
	} c = { 0 };
	u8 byte = (u8)kind;
	struct iovec iov = { &byte, 1 };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c,
			    .msg_controllen = CMSG_SPACE(n * sizeof(int)) };

	c.header.cmsg_level = SOL_SOCKET;
	c.header.cmsg_type = SCM_RIGHTS;
	c.header.cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(&c.header), fds, n * sizeof(int));
	return sendmsg(spawner, &h, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int worker_spawner_order(int spawner, enum worker_kind kind, const int sockets[WORKER_SOCKETS],
			 int file)
{
	int fds[WORKER_SOCKETS + 1];

	memcpy(fds, sockets, WORKER_SOCKETS * sizeof(int));
	fds[WORKER_SOCKETS] = file;
	return spawner_send(spawner, kind, fds, WORKER_SOCKETS + (file >= 0));
}

int worker_spawner_program(int spawner, enum worker_kind kind, int control)
{
	return spawner_send(spawner, kind, &control, 1);
}
