/* SPDX-License-Identifier: GPL-2.0-only */
/* The text of a configuration that is what the kernel serves. */
#ifndef _DITTOD_RUNNING_TEXT_H
#define _DITTOD_RUNNING_TEXT_H

struct config;
struct problems;
struct running;
struct status;

/**
 * running_text - change the text of a configuration
 * @r: what the kernel serves
 * @cfg: the configuration, with users by number
 * @text: its text; lines that are not changed stay, and so do comments
 * @status: status of dittod, or NULL: what that could not apply stays in the text as it is
 * @kept: filled with what stayed for that reason
 *
 * Return: the text, freed by the caller.
 */
char *running_text(const struct running *r, const struct config *cfg, const char *text,
		   const struct status *status, struct problems *kept);

#endif
