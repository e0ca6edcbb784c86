/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands of the administrator's choice, run by a process without privileges: without a shell, and
 * with limits of time and output. Nothing that a command has started outlives it.
 */
#ifndef _DITTOD_COMMAND_H
#define _DITTOD_COMMAND_H

#include <sys/types.h>

#include "common/types.h"

/* Most words of a command. */
#define COMMAND_WORDS	64
/* Most bytes that a command may print, or of what it prints that are kept. */
#define COMMAND_OUTPUT_MAX	4096
/* Bytes of the longest command, with the NUL of each word. */
#define COMMAND_WORDS_MAX	1152
/* Bytes of error messages that are kept. */
#define COMMAND_ERRORS_MAX	256

/**
 * struct command - a command that runs
 * @input: its standard input; -1 for none
 * @done: called at the end; does not return
 * @arg: for @done
 * @talks: it may print more than @text has room for, which is lost
 * @status: its exit status; -1 if it has none
 * @text: what it has printed, with a NUL
 * @len: bytes of @text
 * @why: why it failed
 * @words: its words; ends with NULL
 * @pid: its process, which leads a process group
 * @pidfd: readable when it has ended
 * @out: what it prints
 * @errors: what it says
 * @said: the end of what it says
 * @nsaid: bytes of @said
 */
struct command {
	int input;
	void (*done)(struct command *c, bool good);
	void *arg;
	bool talks;
	int status;
	char text[COMMAND_OUTPUT_MAX + 1];
	u32 len;
	char why[COMMAND_ERRORS_MAX + 128];
	char *words[COMMAND_WORDS + 1];
	pid_t pid;
	int pidfd;
	int out;
	int errors;
	char said[COMMAND_ERRORS_MAX + 1];
	size_t nsaid;
};

/*
 * Put the words of a command into a buffer, each with a NUL, an empty one at the end; @more may be
 * another one, or NULL. Returns false if they are too many.
 */
bool command_put_words(char words[COMMAND_WORDS_MAX + 1], const char *command, const char *more);

/**
 * command_execute - run a command, and call @c->done at its end
 * @c: the command, with the members up to @talks
 * @words: from command_put_words(), in any state
 * @ms: time that it may take
 *
 * Exits the process if nobody listens at WORKER_FD_CONTROL any more. Does not return.
 */
void command_execute(struct command *c, char words[COMMAND_WORDS_MAX + 1], u32 ms);

#endif
