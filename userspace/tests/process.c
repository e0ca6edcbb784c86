// SPDX-License-Identifier: GPL-2.0-only
/* Processes as /proc shows them, and the worker among them. */

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process.h"
#include "test.h"

long long process_status(pid_t pid, const char *name, int base)
{
	char path[64], line[256];
	long long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			value = strtoll(line + strlen(name) + 1, NULL, base);
	if (file)
		fclose(file);
	return value;
}

pid_t process_child(pid_t parent)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	pid_t found = -1;

	while (found < 0 && (e = readdir(dir)))
		if (isdigit((unsigned char)e->d_name[0]) &&
		    process_status(atoi(e->d_name), "PPid", 10) == parent)
			found = atoi(e->d_name);
	closedir(dir);
	return found;
}

pid_t process_worker(void)
{
	return process_child(process_child(getpid()));
}

bool process_stop(pid_t pid)
{
	char path[64], line[256];
	char state = 0;
	int tries;
	FILE *file;

	if (pid <= 0 || kill(pid, SIGSTOP))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	for (tries = 0; tries < 1000 && state != 'T'; tries++) {
		if (tries)
			usleep(10000);
		file = fopen(path, "r");
		if (!file)
			return false;
		while (fgets(line, sizeof(line), file))
			sscanf(line, "State: %c", &state);
		fclose(file);
	}
	return state == 'T';
}

bool process_worker_gone(void)
{
	int tries;

	for (tries = 0; tries < 6000 && process_worker() > 0; tries++)
		usleep(10000);
	return tries < 6000;
}

pid_t process_worker_after(pid_t old)
{
	pid_t pid = process_worker();
	int tries;

	for (tries = 0; tries < 6000 && (pid <= 0 || pid == old); tries++) {
		usleep(10000);
		pid = process_worker();
	}
	return tries < 6000 ? pid : -1;
}

void process_check_worker(int threads)
{
	pid_t pid = process_worker();
	int tries;

	/* A worker answers as soon as the first of its threads runs. */
	for (tries = 0; tries < 6000 && process_status(pid, "Threads", 10) != threads; tries++) {
		usleep(10000);
		pid = process_worker();
	}
	CHECK(pid > 0);
	CHECK(process_status(pid, "CapPrm", 16) == 0 && process_status(pid, "CapEff", 16) == 0);
	CHECK(process_status(pid, "CapInh", 16) == 0 && process_status(pid, "CapAmb", 16) == 0);
	CHECK(process_status(pid, "NoNewPrivs", 10) == 1);
	CHECK(getuid() || process_status(pid, "Uid", 10) > 0);
	CHECK(process_status(pid, "Threads", 10) == threads);
	if (process_status(getpid(), "Seccomp", 10) >= 0)
		CHECK(process_status(pid, "Seccomp", 10) == 2);
}
