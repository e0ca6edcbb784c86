// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into a program, marks it as one whose allocations in the kernel may
 * fail. From its start on, not before: a fork or exec that fails half-way is
 * more than User Mode Linux survives.
 */
#include <fcntl.h>
#include <unistd.h>

__attribute__((constructor)) static void mark(void)
{
	int fd = open("/proc/self/make-it-fail", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) != 1)
		_exit(99);
	close(fd);
}
