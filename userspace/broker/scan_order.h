/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scan worker: it runs the program of the site for each file that clients are about to read,
 * with the file as standard input, as the user of the workers. The program ends with 0 if the
 * content is clean, and with 1 if nobody may read it; then the first line that it prints is the
 * reason.
 *
 * dittod sends struct scan_order with the file over the control socket, and gets a struct
 * scan_answer for each, in any order.
 */
#ifndef _DITTOD_SCAN_ORDER_H
#define _DITTOD_SCAN_ORDER_H

#include "worker/command.h"

/* Bytes of a reason, as the kernel keeps them. */
#define SCAN_WHY_MAX	256

/**
 * struct scan_order - run the program for a file, which is passed along
 * @id: number for the answer
 * @ms: time that it may take
 * @words: see command_put_words()
 */
struct scan_order {
	u64 id;
	u32 ms;
	char words[COMMAND_WORDS_MAX + 1];
};

/**
 * struct scan_answer - what came of it
 * @id: number of the order
 * @error: 0, or a positive errno: the program said nothing
 * @clean: clients may read the file
 * @why: the reason of a refusal or an error
 */
struct scan_answer {
	u64 id;
	u32 error;
	u32 clean;
	char why[SCAN_WHY_MAX];
};

#endif
