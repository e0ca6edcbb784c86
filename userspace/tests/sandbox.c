// SPDX-License-Identifier: GPL-2.0-only
/* Restrictions of a worker, tested in a child with the same confinement. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/privileges.h"
#include "daemon/resolver.h"
#include "daemon/sandbox.h"
#include "test.h"

#define PAGE		4096
#define NO_SANDBOX	99

/* Run a function in a child; returns its exit status. */
static int in_child(int (*run)(enum sandbox_kind kind), enum sandbox_kind kind)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(run(kind));
	if (!CHECK(pid > 0 && waitpid(pid, &status, 0) == pid))
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool refused_map(int prot, int flags, int fd)
{
	return mmap(NULL, PAGE, prot, flags, fd, 0) == MAP_FAILED && errno == EPERM;
}

static bool refused_change(void *page, int prot)
{
	return mprotect(page, PAGE, prot) && errno == EPERM;
}

/* Returns the number of the first step that fails, 0 for success. */
static int try_memory(enum sandbox_kind kind)
{
	int file = memfd_create("code", MFD_CLOEXEC);
	void *data, *code;

	if (file < 0 || ftruncate(file, PAGE))
		return 1;
	code = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 0);
	if (code == MAP_FAILED)
		return 2;
	switch (sandbox_calls(kind)) {
	case 0:
		break;
	case -EOPNOTSUPP:
		return NO_SANDBOX;
	default:
		return 3;
	}
	data = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (data == MAP_FAILED || mprotect(data, PAGE, PROT_READ))
		return 4;
	if (!refused_change(data, PROT_READ | PROT_EXEC) ||
	    !refused_change(data, PROT_READ | PROT_WRITE | PROT_EXEC) ||
	    !refused_change(code, PROT_READ | PROT_EXEC))
		return 5;
	if (!refused_map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1) ||
	    !refused_map(PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1))
		return 6;
	if (!refused_map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, file) ||
	    !refused_map(PROT_READ | PROT_EXEC, MAP_SHARED, file))
		return 7;
	/* Only workers that load libraries may map files executable. */
	if (kind != SANDBOX_LIBRARIES && !refused_map(PROT_READ | PROT_EXEC, MAP_PRIVATE, file))
		return 8;
	if (kind == SANDBOX_LIBRARIES && refused_map(PROT_READ | PROT_EXEC, MAP_PRIVATE, file))
		return 9;
	return 0;
}

static void no_new_code(void)
{
	int kind, status;

	for (kind = SANDBOX_SOCKETS; kind <= SANDBOX_HOSTS; kind++) {
		status = in_child(try_memory, (enum sandbox_kind)kind);
		if (!CHECK(!status || status == NO_SANDBOX))
			printf("kind %d: %d\n", kind, status);
	}
}

static bool can_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Connect to a local port without a listener; returns the error. */
static int connect_error(int type, unsigned short port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	int error = 0;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		error = errno;
	close(fd);
	return error;
}

static int try_files(enum sandbox_kind kind)
{
	long landlock = syscall(SYS_landlock_create_ruleset, NULL, 0,
				LANDLOCK_CREATE_RULESET_VERSION);

	(void)kind;
	if (landlock < 0)
		return NO_SANDBOX;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || sandbox_reading(resolver_files))
		return 1;
	if (!can_open("/etc/hosts", O_RDONLY) || !can_open("/dev/urandom", O_RDONLY) ||
	    can_open("/proc/self/status", O_RDONLY))
		return 2;
	if (can_open("/etc/hosts", O_RDWR) || can_open("/tmp/ditto-sandbox", O_RDWR | O_CREAT))
		return 3;
	if (connect_error(SOCK_DGRAM, 9) == EACCES || connect_error(SOCK_STREAM, 53) == EACCES)
		return 4;
	if (landlock >= 4 && connect_error(SOCK_STREAM, 9) != EACCES)
		return 5;
	return 0;
}

static void files_of_names(void)
{
	int status = in_child(try_files, SANDBOX_HOSTS);

	if (!CHECK(!status || status == NO_SANDBOX))
		printf("%d\n", status);
}

static int try_sockets(enum sandbox_kind kind)
{
	int fd;

	if (sandbox_calls(kind))
		return NO_SANDBOX;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || connect_error(SOCK_DGRAM, 53))
		return 1;
	if (socket(AF_UNIX, SOCK_STREAM, 0) >= 0 || socket(AF_NETLINK, SOCK_RAW, 0) >= 0 ||
	    socket(AF_PACKET, SOCK_RAW, 0) >= 0)
		return 2;
	if (!bind(fd, NULL, 0) || errno != EPERM || !listen(fd, 1) || errno != EPERM)
		return 3;
	if (can_open("/etc/hosts", O_RDWR) || !can_open("/etc/hosts", O_RDONLY))
		return 4;
	if (fork() >= 0 || execl("/bin/true", "true", NULL) >= 0)
		return 5;
	return 0;
}

/* The libraries for authentication talk to local services by read() and write(). */
static int try_libraries(enum sandbox_kind kind)
{
	int pair[2], one = 1;
	char byte = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return 1;
	if (sandbox_calls(kind))
		return NO_SANDBOX;
	if (write(pair[0], &byte, 1) != 1 || read(pair[1], &byte, 1) != 1)
		return 2;
	if (send(pair[0], &byte, 1, 0) >= 0 || errno != EPERM ||
	    !setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) || errno != EPERM ||
	    !shutdown(pair[0], SHUT_RDWR) || errno != EPERM)
		return 3;
	if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || socket(AF_NETLINK, SOCK_RAW, 0) >= 0)
		return 4;
	return socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? 5 : 0;
}

static void sockets_of_libraries(void)
{
	int status = in_child(try_libraries, SANDBOX_LIBRARIES);

	if (!CHECK(!status || status == NO_SANDBOX))
		printf("%d\n", status);
}

static void sockets_of_names(void)
{
	int status = in_child(try_sockets, SANDBOX_HOSTS);

	if (!CHECK(!status || status == NO_SANDBOX))
		printf("%d\n", status);
}

/* Returns 0 if a core of dittod cannot be written, nor its memory be read by its own user. */
static int try_privileges(enum sandbox_kind kind)
{
	int rc = privileges_drop();

	(void)kind;
	if (rc)
		return rc == -EPERM ? NO_SANDBOX : 1;
	return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) ? 2 : 0;
}

static void secrets_stay(void)
{
	int status = in_child(try_privileges, SANDBOX_HOSTS);

	if (!CHECK(!status || status == NO_SANDBOX))
		printf("%d\n", status);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(no_new_code), TEST(files_of_names), TEST(sockets_of_libraries),
		TEST(sockets_of_names),
		TEST(secrets_stay), { 0 }
	};

	return test_main(tests);
}
