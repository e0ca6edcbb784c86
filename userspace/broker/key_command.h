/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands that print keys, such as clients of a key server (KMIP). A worker without privileges
 * runs them: as the user of the workers, without a shell, and with limits of time and output.
 *
 * dittod sends a struct key_order over the worker's control socket, and gets a struct key_answer.
 * Then the worker exits.
 */
#ifndef _DITTOD_KEY_COMMAND_H
#define _DITTOD_KEY_COMMAND_H

#include "common/types.h"
#include "worker/command.h"

/* Most bytes that a command may print. */
#define KEY_OUTPUT_MAX	COMMAND_OUTPUT_MAX

/**
 * struct key_order - run a command
 * @ms: time that it may take
 * @words: the program's path and its arguments, each with a NUL; ends with an empty one
 */
struct key_order {
	u32 ms;
	char words[COMMAND_WORDS_MAX + 1];
};

/**
 * struct key_answer - what came of it
 * @good: it has ended with success; else @text says why not
 * @len: bytes of @text
 * @text: what it has printed, with a NUL
 */
struct key_answer {
	u32 good;
	u32 len;
	char text[KEY_OUTPUT_MAX + 1];
};

#endif
