// SPDX-License-Identifier: GPL-2.0-only
/* Other programs, see program.h. */

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"

extern char **environ;

int program_start(char *const argv[], int in, int out, int errors, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int rc;

	posix_spawn_file_actions_init(&actions);
	if (in >= 0)
		posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (out >= 0)
		posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (errors >= 0)
		posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
	rc = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

int program_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int program_run(char *const argv[])
{
	pid_t pid;

	return program_start(argv, -1, -1, -1, &pid) ? -1 : program_wait(pid);
}

bool program_line(char *const argv[], char *line, size_t size)
{
	int nowhere, pipes[2];
	bool read = false;
	pid_t pid;
	FILE *f;
	int rc;

	if (pipe2(pipes, O_CLOEXEC))
		return false;
	nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	rc = program_start(argv, -1, pipes[1], nowhere, &pid);
	close(pipes[1]);
	if (nowhere >= 0)
		close(nowhere);
	f = fdopen(pipes[0], "r");
	if (f && !rc)
		read = fgets(line, (int)size, f);
	if (f)
		fclose(f);
	else
		close(pipes[0]);
	if (rc || program_wait(pid) || !read)
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}
