// SPDX-License-Identifier: GPL-2.0-only
/* Restrictions of a worker, tested in a child with the same confinement. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/netlink.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/privileges.h"
#include "hosts/resolver.h"
#include "worker/sandbox.h"
#include "store/confine.h"
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
	bool loads;

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
	/* Only processes that load libraries may map files executable. */
	loads = kind == SANDBOX_LIBRARIES || kind == SANDBOX_CLIENT;
	if (refused_map(PROT_READ | PROT_EXEC, MAP_PRIVATE, file) == loads)
		return 8;
	return 0;
}

static void no_new_code(void)
{
	int kind, status;

	for (kind = SANDBOX_SOCKETS; kind <= SANDBOX_CLIENT; kind++) {
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

/* Commands write into no file, whatever its mode, also not past its directory. */
static int try_command(enum sandbox_kind kind)
{
	long landlock = syscall(SYS_landlock_create_ruleset, NULL, 0,
				LANDLOCK_CREATE_RULESET_VERSION);
	char path[] = "/tmp/ditto-sandbox-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);
	int status = 0;

	(void)kind;
	if (fd < 0 || write(fd, "x", 1) != 1)
		return 1;
	if (landlock < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || sandbox_command())
		status = NO_SANDBOX;
	else if (can_open(path, O_WRONLY) || !can_open("/dev/null", O_WRONLY | O_TRUNC))
		status = 2;
	else if (landlock >= 3 && (!truncate(path, 0) || can_open(path, O_RDONLY | O_TRUNC)))
		status = 3;
	unlink(path);
	return status;
}

static void files_of_commands(void)
{
	int status = in_child(try_command, SANDBOX_HOSTS);

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

/* System calls by which a process attacks others or the kernel. */
static const int attacks[] = {
	SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_process_madvise, SYS_kcmp,
	SYS_pidfd_open, SYS_pidfd_getfd, SYS_pidfd_send_signal, SYS_kill, SYS_tkill,
	SYS_prlimit64, SYS_setpriority, SYS_sched_setaffinity, SYS_mount, SYS_umount2,
	SYS_fsopen, SYS_mount_setattr, SYS_open_tree, SYS_unshare, SYS_setns, SYS_chroot,
	SYS_pivot_root, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup,
	SYS_io_uring_enter, SYS_io_uring_register, SYS_io_setup, SYS_keyctl, SYS_add_key,
	SYS_request_key, SYS_init_module, SYS_finit_module, SYS_kexec_load, SYS_kexec_file_load,
	SYS_open_by_handle_at, SYS_personality, SYS_vmsplice, SYS_splice, SYS_fanotify_init,
	SYS_inotify_init1, SYS_mq_open, SYS_shmget, SYS_msgget, SYS_listen, SYS_accept4,
	SYS_unlinkat, SYS_renameat2, SYS_fchmodat, SYS_setxattr, SYS_mknodat, SYS_symlinkat,
	SYS_execve, SYS_execveat, SYS_landlock_create_ruleset, SYS_seccomp,
};

/* Returns the first one that is not refused, -1 if all are. No arguments are valid. */
static int attack_that_passes(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(attacks); i++)
		if (syscall(attacks[i], -1L, -1L, -1L, -1L, -1L, -1L) >= 0 || errno != EPERM)
			return attacks[i];
	return -1;
}

static const int families[] = { AF_PACKET, AF_ALG, AF_VSOCK, AF_BLUETOOTH, AF_XDP, AF_RDS };

static int try_attacks(void)
{
	size_t i;
	int call = attack_that_passes();

	if (call >= 0) {
		printf("system call %d is not refused\n", call);
		fflush(stdout);
		return 2;
	}
	for (i = 0; i < ARRAY_SIZE(families); i++)
		if (socket(families[i], SOCK_RAW, 0) >= 0 || errno != EPERM)
			return 3;
	/* That of routes is the only one of netlink. */
	if (socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC) >= 0 || errno != EPERM)
		return 4;
	if (fork() >= 0 || can_open("/dev/null", O_RDWR) ||
	    can_open("/tmp/ditto-sandbox", O_RDWR | O_CREAT))
		return 5;
	return 0;
}

static void *look_up(void *arg)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list;

	if (getaddrinfo(arg, "80", &hints, &list))
		return NULL;
	freeaddrinfo(list);
	return arg;
}

/* What it works with: threads, names, connections, sealed files in memory. */
static int try_work(void)
{
	char name[] = "localhost";
	pthread_t thread;
	void *got;
	int fd;

	if (pthread_create(&thread, NULL, look_up, name) || pthread_join(thread, &got) || !got)
		return 6;
	if (connect_error(SOCK_STREAM, 9) != ECONNREFUSED)
		return 7;
	fd = memfd_create("object", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || write(fd, "x", 1) != 1 || fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE))
		return 8;
	return 0;
}

static int try_store_process(enum sandbox_kind kind)
{
	struct why why;

	(void)kind;
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
		return NO_SANDBOX;
	return confine(&why) ? try_attacks() ?: try_work() : 1;
}

static void store_process_can_do_little(void)
{
	int status = in_child(try_store_process, SANDBOX_CLIENT);

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
		TEST(no_new_code), TEST(files_of_names), TEST(files_of_commands),
		TEST(sockets_of_libraries), TEST(sockets_of_names),
		TEST(store_process_can_do_little), TEST(secrets_stay), { 0 }
	};

	return test_main(tests);
}
