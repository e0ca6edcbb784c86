/* SPDX-License-Identifier: GPL-2.0-only */
/* The record of a committed file, as the kernel writes it: fs/op/check/worm.h. */
#ifndef _DITTO_CTL_WORM_H
#define _DITTO_CTL_WORM_H

#include "common/types.h"

#define WORM_XATTR	"trusted.ditto.worm"

/**
 * struct worm_record - what is stored with a committed file
 * @committed: seconds since 1970
 * @until: the same, by the clock of the file system; 0 for ever
 * @compliance: it cannot be released
 * @damaged: it cannot be read, and counts as one for ever
 */
struct worm_record {
	s64 committed;
	s64 until;
	bool compliance;
	bool damaged;
};

/* Returns false if it is damaged; @record is filled all the same. */
bool worm_record_read(struct worm_record *record, const char *text);

#endif
