/* SPDX-License-Identifier: GPL-2.0-only */
/* Other programs. */
#ifndef _DITTO_CTL_PROGRAM_H
#define _DITTO_CTL_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Start a program, which the search path finds; @in, @out and @errors become its input and outputs,
 * unless they are -1. Returns 0 or an errno.
 */
int program_start(char *const argv[], int in, int out, int errors, pid_t *pid);
/* Wait for its end. Returns its exit status, or -1 if it was killed. */
int program_wait(pid_t pid);
/* Both. Returns the exit status, or -1 if it did not start or was killed. */
int program_run(char *const argv[]);
/*
 * Run a program, and read the first line of what it prints, without the newline, into @line; what
 * it says of errors is thrown away. Returns false if it fails or prints nothing.
 */
bool program_line(char *const argv[], char *line, size_t size);

#endif
