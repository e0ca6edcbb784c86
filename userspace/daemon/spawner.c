// SPDX-License-Identifier: GPL-2.0-only
/* Starting the login worker. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "sandbox.h"
#include "types.h"
#include "worker.h"

#define SPAWNER_WORD	"--login-spawner"
#define WORKER_WORD	"--login-worker"

/* Above all descriptors of the layout. */
#define FD_ABOVE	64

/* Descriptors @fds become @first and so on; all others from @first on are closed. */
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

/* This program: by its path, which is also true under valgrind, else whatever became of it. */
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

/* In the child of the spawner: the control socket, the replay cache, then the channels. */
static void spawner_exec_worker(const int sockets[WORKER_SOCKETS])
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int fds[WORKER_SOCKETS];
	int i;

	/* Those that the worker makes itself are between. */
	for (i = 0; i < WORKER_SOCKETS; i++) {
		fds[i] = fcntl(sockets[i], F_DUPFD_CLOEXEC, FD_ABOVE);
		if (fds[i] < 0)
			_exit(127);
	}
	/* Lines in the log are dittod's to write. */
	for (i = 0; i < WORKER_FD_CONTROL; i++)
		if (dup2(null, i) < 0)
			_exit(127);
	if (dup2(fds[0], WORKER_FD_CONTROL) < 0 || dup2(null, WORKER_FD_USERS) < 0 ||
	    dup2(null, WORKER_FD_KEYTAB) < 0 ||
	    !fds_lay_out(fds + 1, WORKER_FD_CHANNEL, WORKER_CHANNELS))
		_exit(127);
	spawner_exec(WORKER_WORD);
}

/* Wait for an order. Its sockets; false when dittod has ended. */
static bool spawner_next_order(int sockets[WORKER_SOCKETS])
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(WORKER_SOCKETS * sizeof(int))];
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	ssize_t len;

	do {
		len = recvmsg(WORKER_FD_CONTROL, &h, MSG_CMSG_CLOEXEC);
	} while (len < 0 && errno == EINTR);
	if (len != 1 || h.msg_controllen < CMSG_LEN(WORKER_SOCKETS * sizeof(int)))
		return false;
	memcpy(sockets, CMSG_DATA(&control.header), WORKER_SOCKETS * sizeof(int));
	return true;
}

static void spawner_run(void)
{
	int sockets[WORKER_SOCKETS];
	pid_t pid = -1;
	int i;

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	while (spawner_next_order(sockets)) {
		if (pid > 0) {
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
		}
		pid = fork();
		if (!pid)
			spawner_exec_worker(sockets);
		for (i = 0; i < WORKER_SOCKETS; i++)
			close(sockets[i]);
	}
	if (pid > 0)
		kill(pid, SIGKILL);
	_exit(0);
}

void worker_main(int argc, char **argv)
{
	if (argc != 2)
		return;
	if (!strcmp(argv[1], SPAWNER_WORD))
		spawner_run();
	if (!strcmp(argv[1], WORKER_WORD)) {
		worker_run();
		_exit(0);
	}
}

int worker_spawner_start(int replay, int *control)
{
	int pair[2];
	struct why why;
	gid_t gid;
	uid_t uid;
	pid_t pid;
	char failed;
	int said[2];

	if (!sandbox_user(&uid, &gid, &why)) {
		log_error("%s", why.text);
		return -ENOENT;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	if (pipe2(said, O_CLOEXEC)) {
		close(pair[0]);
		close(pair[1]);
		return -ENFILE;
	}
	pid = fork();
	if (!pid) {
		const int fds[] = { pair[1], replay };
		int rc = sandbox_drop_user(uid, gid);
		int tell = fcntl(said[1], F_DUPFD_CLOEXEC, FD_ABOVE);

		failed = (char)-rc;
		if (rc && write(tell, &failed, 1) < 0)
			_exit(126);
		if (rc || !fds_lay_out(fds, WORKER_FD_CONTROL, 2))
			_exit(127);
		spawner_exec(SPAWNER_WORD);
	}
	close(pair[1]);
	close(said[1]);
	/* A byte is an error; its end means that the spawner is executed. */
	if (pid < 0 || read(said[0], &failed, 1) == 1) {
		int rc = pid < 0 ? -errno : -(int)failed;

		close(said[0]);
		close(pair[0]);
		return rc;
	}
	close(said[0]);
	*control = pair[0];
	return 0;
}

int worker_spawner_order(int control, const int sockets[WORKER_SOCKETS])
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(WORKER_SOCKETS * sizeof(int))];
	} c = { 0 };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c,
			    .msg_controllen = sizeof(c) };

	c.header.cmsg_level = SOL_SOCKET;
	c.header.cmsg_type = SCM_RIGHTS;
	c.header.cmsg_len = CMSG_LEN(WORKER_SOCKETS * sizeof(int));
	memcpy(CMSG_DATA(&c.header), sockets, WORKER_SOCKETS * sizeof(int));
	return sendmsg(control, &h, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}
