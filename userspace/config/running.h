/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel serves, and how that differs from a configuration. */
#ifndef _DITTOD_RUNNING_H
#define _DITTOD_RUNNING_H

#include "daemon/kernel.h"

struct config;
struct share;

/**
 * struct running - what the kernel serves
 * @server: settings
 * @shares: the shares
 * @listeners: the listeners
 */
struct running {
	struct kernel_server server;
	struct kernel_shares shares;
	struct kernel_listeners listeners;
};

/* Ask the kernel. Returns 0, or a negative errno with kernel_why(); @r is freed in either case. */
int running_read(struct kernel *k, struct running *r);
void running_free(struct running *r);

/**
 * enum difference_kind - what has another value, or is there on one side only
 * @DIFFERENCE_SETTING: a setting of the server, by its place
 * @DIFFERENCE_SHARE: a whole share
 * @DIFFERENCE_OPTION: a key of a share, by its number for share_conf_get()
 * @DIFFERENCE_LISTENER: a listener
 */
enum difference_kind {
	DIFFERENCE_SETTING,
	DIFFERENCE_SHARE,
	DIFFERENCE_OPTION,
	DIFFERENCE_LISTENER,
};

/**
 * struct difference - one thing that differs
 * @kind: what it is
 * @id: place of the setting or of the key
 * @in_file: place of the share or the listener in the configuration, or -1
 * @in_kernel: place in what the kernel serves, or -1
 *
 * A setting that the file does not name and that has not its default has -1 as @in_file.
 */
struct difference {
	enum difference_kind kind;
	unsigned int id;
	int in_file;
	int in_kernel;
};

struct differences {
	struct difference *list;
	unsigned int n;
};

/*
 * Fill @d, which is empty: settings, then shares in the order of the file and those that are not
 * there, then listeners. Of a share with another path only that differs.
 */
void differences_find(const struct running *r, const struct config *cfg, struct differences *d);
void differences_free(struct differences *d);
/* Has a share of the file another i-th key than one of the kernel? See share_conf_get(). */
bool share_key_differs(const struct share *want, const struct share *have, unsigned int i);
/* What differs, in the words of apply(): "share NAME". Freed by the caller. */
char *difference_subject(const struct difference *d, const struct running *r,
			 const struct config *cfg);

#endif
