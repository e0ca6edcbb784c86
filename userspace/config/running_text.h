/* SPDX-License-Identifier: GPL-2.0-only */
/* The texts of a configuration that is what the kernel serves. */
#ifndef _DITTOD_RUNNING_TEXT_H
#define _DITTOD_RUNNING_TEXT_H

#include "config_text.h"

struct config;
struct problems;
struct running;
struct status;

/**
 * running_text - change the texts of a configuration
 * @r: what the kernel serves
 * @cfg: the configuration, with users by number
 * @texts: its texts; lines that are not changed stay, and so do comments
 * @status: status of dittod, or NULL: what that could not apply stays in the texts as it is
 * @kept: filled with what stayed for that reason
 *
 * Return: the texts, freed by the caller.
 */
struct config_texts running_text(const struct running *r, const struct config *cfg,
				 const struct config_texts *texts, const struct status *status,
				 struct problems *kept);

#endif
